//! `caddis plan`.

use std::fs;
use std::path::PathBuf;

use caddis_core::team::{self, Item, Line, Month};
use clap::ValueHint;

use crate::clock;
use crate::config::nearest_field;
use crate::context::Context;
use crate::failure::Failure;
use crate::home::plain;
use crate::output::OutputArgs;
use crate::output::table::{Table, pairs};

/// Say what a team's clusters cost in a month, from a file of assumptions.
///
/// Every assumption is printed with the result. `examples/team.toml` is such a file; `docs/COST.md` describes it. What was
/// really used says `caddis cost`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file of assumptions.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub team: PathBuf,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// Prints the month.
pub fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let file = args.team.display();
    let text = fs::read_to_string(&args.team).map_err(|error| {
        let text = format!("the team's file `{file}` cannot be read: {}", plain(&error));
        Failure::usage("team_unreadable", text).hint("name a file that is there; `docs/COST.md` describes it")
    })?;
    let wrong = |error: team::TeamError| {
        let message = error.to_string();
        let short = message.split(", expected ").next().unwrap_or(&message);
        let failure = Failure::usage("team_invalid", format!("the team's file `{file}` is wrong: {short}"));
        match nearest_field(&message) {
            Some(near) => failure.hint(format!("did you mean `{near}`? `docs/COST.md` describes the file")),
            None => failure.hint("`docs/COST.md` describes the file"),
        }
    };
    let tariff = context.config.tariff(context.home.path())?;
    let month = team::parse(&text).and_then(|team| team::month(team, &tariff, clock::now())).map_err(wrong)?;
    args.output.print(&month, self::text)?;
    Ok(0)
}

/// A month for people.
pub fn text(month: &Month) -> String {
    let mut table = Table::new(&["A MONTH OF", ">LOW", ">HIGH"]);
    let row = |line: &Line| [line.name.clone(), line.low.to_string(), line.high.to_string()];
    for line in month.lines.iter().chain([&month.total]) {
        table.row(row(line));
    }
    for line in &month.apart {
        let [name, low, high] = row(line);
        table.row([format!("apart: {name}"), low, high]);
    }
    format!("{}\nassumed:\n{}", table.render(""), pairs(&assumed(month)))
}

fn assumed(month: &Month) -> Vec<(&str, String)> {
    let team = &month.team;
    let [low, high] = month.cluster_hours;
    let mut rows = vec![
        ("  engineers", team.engineers.to_string()),
        ("  clusters at once", format!("{} an engineer", team.clusters_per_engineer)),
        ("  used", format!("{} hours a day, {} days a month: {low:.0} to {high:.0} hours of clusters", team.hours_a_day, team.days_a_month)),
        ("  workers", format!("{}, of which {} on demand and {:.0} % of the others preemptible", team.workers, team.on_demand_workers, team.preemptible_share * 100.0)),
        ("  machines", format!("{}, the scheduler's as well: {} an hour on demand, {} preemptible", month.machine_type, month.on_demand_hour, month.preemptible_hour)),
        ("  disks", if team.disk_gib == 0 { "not counted".to_owned() } else { format!("{} GiB each", team.disk_gib) }),
        ("  a cluster", format!("{} to {} an hour", month.cluster_hour.low, month.cluster_hour.high)),
    ];
    let note = |item: &Item| if item.note.is_empty() { item.name.clone() } else { format!("{}: {}", item.name, item.note) };
    rows.push(("  fixed", team.fixed.iter().map(note).collect::<Vec<_>>().join("\n")));
    rows.push(("  apart", team.apart.iter().map(note).collect::<Vec<_>>().join("\n")));
    rows
}
