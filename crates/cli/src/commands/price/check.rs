//! `caddis price check`.

use std::path::PathBuf;

use caddis_core::prices::PriceList;
use caddis_types::Timestamp;
use clap::ValueHint;
use serde::Serialize;

use super::list::days_ago;
use crate::clock;
use crate::config::read_list;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::OutputArgs;
use crate::output::plural::count;

/// Prices that nobody compared with their sources for so many days should be.
const OLD_DAYS: u64 = 180;

/// Check a price list: that it can be used, how old it is, and what in it is assumed.
///
/// A figure that is negative or absurd, a row that is missing, overlaps another or leaves a hole, and a field that is
/// unknown are refused, each named with its row.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The list; the one that counts here by default.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Found {
    /// The file; absent for the list that ships with Caddis.
    file: Option<String>,
    /// The day on which it was compared with its sources.
    checked: Timestamp,
    /// Days since then.
    age_days: u64,
    /// Whether that is long ago.
    old: bool,
    /// How many rows of machines.
    machines: usize,
    /// What its figures assume.
    assumed: Vec<String>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let now = clock::now();
    let (list, file) = match &args.file {
        Some(file) => (read_list(file)?, Some(file.clone())),
        None => {
            // What the config asks of it belongs to the check.
            context.config.tariff(context.home.path())?;
            let listed = context.config.price_list(context.home.path())?;
            ((*listed.list).clone(), listed.file)
        }
    };
    let file = file.map(|file| file.display().to_string());
    args.output.print(&found(&list, file, now), |found| text(found, now))?;
    Ok(0)
}

fn found(list: &PriceList, file: Option<String>, now: Timestamp) -> Found {
    let machines = list.machines.iter().filter_map(|row| row.assumed.clone());
    let disks = list.disks.iter().filter_map(|row| Some(format!("disk {}: {}", row.disk, row.assumed.as_ref()?)));
    let mut assumed: Vec<_> = machines.chain(disks).collect();
    assumed.sort();
    assumed.dedup();
    let age_days = now.since(list.checked).as_secs() / 86_400;
    Found { file, checked: list.checked, age_days, old: age_days > OLD_DAYS, machines: list.machines.len(), assumed }
}

fn text(found: &Found, now: Timestamp) -> String {
    let whose = match &found.file {
        Some(file) => format!("`{file}`"),
        None => "the list that ships with caddis".to_owned(),
    };
    let rows = count(found.machines as u64, "row");
    let mut text = format!(
        "{whose} can be used: {rows} of machines, compared with their sources on {} ({})\n",
        found.checked.date(),
        days_ago(now, found.checked)
    );
    if found.old {
        text.push_str(&format!("notice: that is more than {OLD_DAYS} days ago; compare it with the price pages, and date it anew\n"));
    }
    text + &found.assumed.iter().map(|assumed| format!("assumed: {assumed}\n")).collect::<String>()
}
