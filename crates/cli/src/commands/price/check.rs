//! `caddis price check`.

use std::path::PathBuf;

use caddis_core::prices::PriceList;
use caddis_types::Timestamp;
use clap::ValueHint;
use serde::Serialize;

use super::list::{days_ago, is_future};
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
    /// Whether that day is yet to come, so that nobody can have compared it.
    future: bool,
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
    Found {
        file,
        checked: list.checked,
        age_days,
        old: age_days > OLD_DAYS,
        future: is_future(now, list.checked),
        machines: list.machines.len(),
        assumed,
    }
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
    if found.future {
        let day = found.checked.date();
        text.push_str(&format!("notice: `checked` is {day}, a day that is yet to come; write the day on which somebody compared it\n"));
    }
    text + &found.assumed.iter().map(|assumed| format!("assumed: {assumed}\n")).collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_long_ago_and_one_of_a_day_to_come_are_told() {
        let told = |checked: &str, now: &str| {
            let day = |text: &str| Timestamp::parse(text).unwrap();
            let list = PriceList { checked: day(checked), ..(*caddis_core::prices::built_in()).clone() };
            text(&found(&list, None, day(now)), day(now))
        };
        assert!(told("2099-01-01", "2026-11-23").contains("notice: `checked` is 2099-01-01, a day that is yet to come"));
        assert!(told("2026-01-01", "2026-11-23").contains("more than 180 days ago"));
        assert!(!told("2026-11-24", "2026-11-23").contains("notice"), "east of Greenwich it is tomorrow already");
    }
}
