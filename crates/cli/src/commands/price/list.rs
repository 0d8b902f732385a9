//! `caddis price list`.

use caddis_core::prices::{MachineRow, PriceList, Tariff};
use caddis_types::{NanoDollars, Timestamp};
use serde::Serialize;

use crate::clock;
use crate::config::Listed;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::OutputArgs;
use crate::output::table::Table;

/// Show what machines cost an hour, and where the figures are from.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// The list as it is printed. Money is in nano-dollars an hour.
#[derive(Debug, Serialize)]
pub struct PriceListView {
    /// The file; absent for the list that ships with Caddis.
    file: Option<String>,
    /// The day on which it was compared with its sources.
    checked: Timestamp,
    /// The region whose prices count here.
    region: String,
    /// The machine type of clusters that name none.
    machine_type: String,
    /// Machines, with the day from which each row holds.
    machines: Vec<MachineView>,
}

/// A machine's row.
#[derive(Debug, Serialize)]
struct MachineView {
    region: String,
    machine_type: String,
    from: Timestamp,
    in_force: bool,
    vcpus: u32,
    memory_gib: f64,
    on_demand_hour: NanoDollars,
    spot_hour: NanoDollars,
    dataproc_hour: NanoDollars,
    source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    assumed: Option<String>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let listed = context.config.price_list(context.home.path())?;
    let tariff = context.config.tariff(context.home.path())?;
    let now = clock::now();
    args.output.print(&view(&listed, &tariff, now), |view| text(view, now))?;
    Ok(0)
}

fn view(listed: &Listed, tariff: &Tariff, now: Timestamp) -> PriceListView {
    PriceListView {
        file: listed.file.as_ref().map(|file| file.display().to_string()),
        checked: listed.list.checked,
        region: tariff.region.clone(),
        machine_type: tariff.machine.clone(),
        machines: listed.list.machines.iter().map(|row| machine(&listed.list, row, now)).collect(),
    }
}

/// The list that ships with Caddis, as it is printed.
#[cfg(test)]
pub fn listed(now: Timestamp) -> PriceListView {
    let listed = Listed { list: caddis_core::prices::built_in(), file: None };
    view(&listed, &Tariff::default(), now)
}

fn machine(list: &PriceList, row: &MachineRow, now: Timestamp) -> MachineView {
    let premium = list.premium(&row.region, row.from.max(now)).map_or(0, |premium| premium.vcpu_hour.0);
    MachineView {
        region: row.region.clone(),
        machine_type: row.machine.clone(),
        from: row.from,
        in_force: list.machine(&row.region, &row.machine, now) == Some(row),
        vcpus: row.vcpus,
        memory_gib: row.memory_gib,
        on_demand_hour: row.on_demand_hour,
        spot_hour: row.spot_hour,
        dataproc_hour: NanoDollars(premium * i64::from(row.vcpus)),
        source: row.source.clone(),
        assumed: row.assumed.clone(),
    }
}

/// The list for people.
pub fn text(view: &PriceListView, now: Timestamp) -> String {
    let mut table =
        Table::new(&["MACHINE", "REGION", ">VCPUS", ">GIB", ">ON DEMAND/H", ">SPOT/H", ">DATAPROC/H", "FROM", ""]);
    for row in &view.machines {
        let usual = row.machine_type == view.machine_type && row.region == view.region;
        let mark = match (row.in_force, usual) {
            (false, _) => "not in force",
            (true, true) => "the usual one",
            (true, false) => "",
        };
        table.row([
            row.machine_type.clone(),
            row.region.clone(),
            row.vcpus.to_string(),
            row.memory_gib.to_string(),
            row.on_demand_hour.to_string(),
            row.spot_hour.to_string(),
            row.dataproc_hour.to_string(),
            row.from.date(),
            mark.to_owned(),
        ]);
    }
    table.render("") + &origin(view, now)
}

fn origin(view: &PriceListView, now: Timestamp) -> String {
    let mut lines = std::collections::BTreeSet::new();
    for row in &view.machines {
        lines.insert(format!("source: {}\n", row.source));
        lines.extend(row.assumed.iter().map(|assumed| format!("assumed: {assumed}\n")));
    }
    let whose = match &view.file {
        Some(file) => format!("`{file}`"),
        None => "the list that ships with caddis".to_owned(),
    };
    let age = days_ago(now, view.checked);
    format!("\n{whose}, compared with its sources on {} ({age})\n{}", view.checked.date(), lines.into_iter().collect::<String>())
}

/// Whether a day is yet to come; a day more, for those to whom it came before it came to UTC.
pub(super) fn is_future(now: Timestamp, then: Timestamp) -> bool {
    then.0 > now.0 + 86_400_000_000
}

/// `2 days ago`.
pub(super) fn days_ago(now: Timestamp, then: Timestamp) -> String {
    if is_future(now, then) {
        return "which is yet to come".to_owned();
    }
    match now.since(then).as_secs() / 86_400 {
        0 => "today".to_owned(),
        1 => "a day ago".to_owned(),
        days => format!("{days} days ago"),
    }
}
