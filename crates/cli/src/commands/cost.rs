//! `caddis cost`.

use std::collections::BTreeMap;

use caddis_client::CostQuery;
use caddis_types::api::{CostBy, CostGroup, CostView, ForecastView};
use caddis_types::{NanoDollars, Timestamp, duration};
use clap::ValueEnum;
use serde_json::Value;

use crate::clock;
use crate::context::Context;
use crate::failure::Failure;
use crate::output;
use crate::output::table::{Table, pairs};
use crate::progress::title;
use crate::server::Server;

/// Say what was used and what it cost, or would have cost on Google Cloud.
///
/// What runs is counted until now. Days are in UTC. `docs/COST.md` says how it is counted and where the prices are from.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to group by: `owner`, `tag` (all of them together, or the one of `--tag`), `job`, `day`, `profile`, `machine`, `kind` or `cluster`.
    #[arg(long, value_name = "WHAT", value_parser = by, hide_possible_values = true)]
    pub by: Option<CostBy>,
    /// Group by the values of this tag; means `--by tag`.
    #[arg(long, value_name = "KEY")]
    pub tag: Option<String>,
    /// From when: a day (`2026-11-01`), a moment (`2026-11-01T08:00:00Z`) or a time back from now (`7d`) [default: the
    /// beginning of the month].
    #[arg(long, value_name = "WHEN", value_parser = when)]
    pub since: Option<When>,
    /// Until when, likewise; a day means its beginning [default: now].
    #[arg(long, value_name = "WHEN", value_parser = when)]
    pub until: Option<When>,
    /// Only what nobody used, the dearest first; by cluster unless said otherwise.
    #[arg(long)]
    pub idle: bool,
    /// Everybody's, not only yours; for whoever runs the server.
    #[arg(long)]
    pub everybody: bool,
    /// Print a table, JSON or CSV.
    #[arg(
        short = 'o', long = "output", value_name = "FORMAT", default_value = "table", hide_default_value = true,
        help_heading = "Output"
    )]
    pub output: Form,
}

/// How it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For people.
    #[value(alias = "human")]
    Table,
    /// In the shape of the API.
    Json,
    /// One line a group, money with all decimals.
    Csv,
}

/// No use is older than this.
const LONGEST: std::time::Duration = std::time::Duration::from_secs(36_525 * 86_400);

/// A moment, or a time back from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// This moment.
    At(Timestamp),
    /// So long ago.
    Ago(std::time::Duration),
}

impl When {
    fn at(self, now: Timestamp) -> Timestamp {
        match self {
            When::At(at) => at,
            When::Ago(span) => now - span,
        }
    }
}

fn when(text: &str) -> Result<When, String> {
    if let Ok(at) = Timestamp::parse(text) {
        return Ok(When::At(at));
    }
    let bare = text.bytes().all(|byte| byte.is_ascii_digit());
    match duration::parse(text) {
        Ok(span) if span > LONGEST => Err(format!("`{text}` is more than 100 years back\nhint: write a shorter time, such as `7d`, or a day (`2026-11-01`)")),
        Ok(span) if !bare => Ok(When::Ago(span)),
        _ => Err(format!("`{text}` is no point in time: write a day (`2026-11-01`), a moment (`2026-11-01T08:00:00Z`) or a time back from now (`7d`)")),
    }
}

fn by(text: &str) -> Result<CostBy, String> {
    let known = CostBy::ALL.iter().map(|by| format!("`{}`", by.as_str())).collect::<Vec<_>>().join(", ");
    match CostBy::ALL.iter().find(|by| by.as_str() == text) {
        Some(by) => Ok(*by),
        None => Err(format!("costs cannot be grouped by `{text}`: there are {known}")),
    }
}

/// Prints a report.
pub async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let now = clock::now();
    let usual = if args.idle { CostBy::Cluster } else { CostBy::Day };
    let query = CostQuery {
        by: args.by.unwrap_or(if args.tag.is_some() { CostBy::Tag } else { usual }),
        tag: args.tag.clone(),
        since: args.since.map(|when| when.at(now)),
        until: args.until.map(|when| when.at(now)),
        everybody: args.everybody,
    };
    let server = context.server().await?;
    let mut report = server.call(async |client| client.cost(&query).await).await?;
    if args.idle {
        report.groups.retain(|group| group.idle > NanoDollars(0));
        report.groups.sort_by(|a, b| b.idle.cmp(&a.idle).then_with(|| a.group.cmp(&b.group)));
    }
    let names = names(&report, &server).await;
    match args.output {
        Form::Json => output::json(&with_names(&report, &names))?,
        Form::Csv => output::stdout(csv(&report, &names).as_bytes())?,
        Form::Table => output::stdout(text(&report, &names, args.idle).as_bytes())?,
    }
    Ok(0)
}

/// The names of jobs or clusters by their ids.
pub type Names = BTreeMap<String, String>;

/// What jobs and clusters of a report are called in their lists. The ledger keeps ids only, and longer than jobs and clusters are kept:
/// those that are forgotten have no name any more. Where the names cannot be had the report is worth as much.
async fn names(report: &CostView, server: &Server) -> Names {
    match report.by {
        CostBy::Job => {
            let all = server.call(async |client| client.jobs(false, 0).await).await.unwrap_or_default();
            all.into_iter().map(|job| (job.id.to_string(), title(&job))).collect()
        }
        CostBy::Cluster => {
            let all = server.call(async |client| client.clusters(false, 0).await).await.unwrap_or_default();
            all.into_iter().filter_map(|cluster| Some((cluster.id.to_string(), cluster.name?))).collect()
        }
        _ => Names::new(),
    }
}

/// Whether groups have names beside their ids.
fn has_names(by: CostBy) -> bool {
    matches!(by, CostBy::Job | CostBy::Cluster)
}

fn name_of<'a>(group: &CostGroup, names: &'a Names) -> &'a str {
    group.group.as_ref().and_then(|id| names.get(id)).map_or("", String::as_str)
}

/// The report of the API, whose groups have a `name` where they are jobs or clusters.
fn with_names(report: &CostView, names: &Names) -> Value {
    let mut value = serde_json::to_value(report).unwrap_or_default();
    let groups = value.get_mut("groups").and_then(Value::as_array_mut).filter(|_| has_names(report.by));
    for (shown, group) in groups.into_iter().flatten().zip(&report.groups) {
        let name = Some(name_of(group, names)).filter(|name| !name.is_empty());
        shown["name"] = name.map_or(Value::Null, Value::from);
    }
    value
}

/// What stands for no group.
fn name(by: CostBy, group: Option<&str>) -> String {
    match (by, group) {
        (_, Some(group)) => group.to_owned(),
        (CostBy::Job, None) => "(no job)".to_owned(),
        (CostBy::Tag, None) => "(no tag)".to_owned(),
        (_, None) => "(unknown)".to_owned(),
    }
}

fn heading(by: CostBy) -> &'static str {
    match by {
        CostBy::Owner => "OWNER",
        CostBy::Tag => "TAG",
        CostBy::Job => "JOB",
        CostBy::Day => "DAY",
        CostBy::Profile => "PROFILE",
        CostBy::Machine => "MACHINE",
        CostBy::Kind => "KIND",
        CostBy::Cluster => "CLUSTER",
    }
}

fn hours(micros: i64) -> String {
    format!("{:.2}", micros as f64 / 3.6e9)
}

fn share(part: NanoDollars, whole: NanoDollars) -> String {
    if whole.0 == 0 { String::new() } else { format!("{:.0} %", 100.0 * part.dollars() / whole.dollars()) }
}

/// A report for people.
pub fn text(report: &CostView, names: &Names, idle: bool) -> String {
    let figures = [">HOURS", ">USED", ">IDLE", ">COST (GCP)", ">SHARE"];
    let named = has_names(report.by).then_some("NAME");
    let heads: Vec<&str> = [heading(report.by)].into_iter().chain(named).chain(figures).collect();
    let mut table = Table::new(&heads);
    let whole = if idle { report.usage.idle } else { report.usage.cost };
    let row = |id: String, group: &CostGroup| {
        let part = if idle { group.idle } else { group.cost };
        let figures = [hours(group.micros), group.used.to_string(), group.idle.to_string(), group.cost.to_string(), share(part, whole)];
        let name = named.map(|_| name_of(group, names).to_owned());
        [id].into_iter().chain(name).chain(figures).collect::<Vec<_>>()
    };
    for group in &report.groups {
        table.row(row(name(report.by, group.group.as_deref()), group));
    }
    if report.groups.is_empty() {
        let what = if idle { "nothing was idle" } else { "nothing was used" };
        return format!("{what} from {} to {}\n{}", report.since, report.until, rest(report));
    }
    table.row(row("together".to_owned(), &report.usage));
    table.render("") + &rest(report)
}

fn rest(report: &CostView) -> String {
    let mut rows = vec![("from", format!("{} to {}", report.since, report.until))];
    if report.usage.cost.0 > 0 {
        let (idle, part) = (report.usage.idle, share(report.usage.idle, report.usage.cost));
        rows.push(("idle", format!("{idle}, {part} of the cost")));
    }
    let fixed = report.fixed.iter().map(|cost| format!("{} {} ({} a month)", cost.name, cost.cost, cost.month));
    rows.push(("fixed", fixed.collect::<Vec<_>>().join("\n")));
    if !report.fixed.is_empty() {
        rows.push(("total", report.total.to_string()));
    }
    rows.extend(report.forecast.as_ref().map(|forecast| ("forecast", month(forecast))));
    format!("\n{}", pairs(&rows))
}

fn month(forecast: &ForecastView) -> String {
    let last = Timestamp(forecast.until.0 - 1).date();
    let fixed = if forecast.fixed.0 > 0 { format!(" and {} that are fixed", forecast.fixed) } else { String::new() };
    format!(
        "{} by the end of {last}: {} of use{fixed}\n{} so far, and {} a day as in the last {:.1} days",
        forecast.total, forecast.usage, forecast.so_far, forecast.per_day, forecast.observed_days
    )
}

/// A report for spreadsheets.
pub fn csv(report: &CostView, names: &Names) -> String {
    let named = has_names(report.by);
    let column = if named { ",name" } else { "" };
    let mut text = format!("{}{column},seconds,used_dollars,idle_dollars,dollars\n", report.by.as_str());
    for group in &report.groups {
        let seconds = format!("{}.{:06}", group.micros / 1_000_000, group.micros % 1_000_000);
        let money = [group.used, group.idle, group.cost].map(NanoDollars::exact).join(",");
        let name = if named { format!(",{}", quoted(name_of(group, names))) } else { String::new() };
        text.push_str(&format!("{}{name},{seconds},{money}\n", quoted(group.group.as_deref().unwrap_or(""))));
    }
    for cost in &report.fixed {
        let nothing = NanoDollars(0).exact();
        let (thing, money, blank) = (quoted(&format!("fixed: {}", cost.name)), cost.cost.exact(), if named { "," } else { "" });
        text.push_str(&format!("{thing}{blank},,{money},{nothing},{money}\n"));
    }
    text
}

/// A field as RFC 4180 quotes it. One that a spreadsheet would take for a formula is text.
fn quoted(field: &str) -> String {
    let field = match field.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{field}"),
        false => field.to_owned(),
    };
    match field.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_days_moments_or_times_back_from_now() {
        let now = Timestamp::parse("2026-11-23T12:00:00Z").unwrap();
        let at = |text: &str| when(text).unwrap().at(now).rfc3339();
        assert_eq!(at("2026-11-01"), "2026-11-01T00:00:00Z");
        assert_eq!(at("7d"), "2026-11-16T12:00:00Z");
        for bad in ["", "2026", "yesterday", "2026-11-31", "12", "99999999d"] {
            assert!(when(bad).unwrap_err().contains("7d"), "{bad}");
        }
        assert_eq!(by("tag").unwrap(), CostBy::Tag);
        assert!(by("week").unwrap_err().contains("`day`"));
    }

    #[test]
    fn jobs_and_clusters_have_their_names_beside_their_ids() {
        let group = |id: Option<&str>, idle: i64| CostGroup {
            group: id.map(str::to_owned),
            used: NanoDollars(6_000_000_000),
            idle: NanoDollars(idle),
            cost: NanoDollars(6_000_000_000 + idle),
            ..CostGroup::default()
        };
        let groups = vec![group(Some("job_1"), 0), group(Some("job_2"), 0), group(None, 0)];
        let mut report = CostView {
            by: CostBy::Job,
            tag: None,
            owner: None,
            since: Timestamp(0),
            until: Timestamp(1),
            groups,
            usage: group(None, 2_000_000_000),
            fixed: Vec::new(),
            fixed_total: NanoDollars(0),
            total: NanoDollars(0),
            forecast: None,
        };
        let names = Names::from([("job_1".to_owned(), "etl".to_owned())]);
        let table = text(&report, &names, false);
        assert!(table.contains("JOB") && table.contains("NAME") && table.contains("etl") && table.contains("(no job)"), "{table}");
        assert!(table.contains("$2.00, 25 % of the cost"), "a part of all of it, the idle time included: {table}");
        let csv_text = csv(&report, &names);
        assert!(csv_text.starts_with("job,name,seconds,") && csv_text.contains("\njob_1,etl,0.") && csv_text.contains("\njob_2,,0."), "{csv_text}");
        let json = with_names(&report, &names);
        assert_eq!((&json["groups"][0]["name"], &json["groups"][1]["name"]), (&"etl".into(), &Value::Null));
        report.by = CostBy::Owner;
        assert!(!text(&report, &names, false).contains("NAME") && csv(&report, &names).starts_with("owner,seconds,"));
        assert!(with_names(&report, &names)["groups"][0].get("name").is_none());
    }

    #[test]
    fn fields_are_quoted_and_never_formulas() {
        assert_eq!(quoted("risk"), "risk");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(quoted("=1+1"), "'=1+1");
    }
}
