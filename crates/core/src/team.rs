//! What a team costs a month: a file of stated assumptions, multiplied out.
//!
//! ```text
//! cluster hour = scheduler + w workers, of which min(w, base) on demand, and of the others a share preemptible
//! Dataproc     = engineers x clusters an engineer at once x hours a day x days a month x cluster hour
//! total        = Dataproc + what is fixed;   what stands apart is shown and not added
//! ```
//!
//! Assumptions that are ranges give two estimates: all of the lower ends, and all of the upper ones. Deliberately absent:
//! the ledger. This is a plan for those who have none yet; `caddis cost` says what was.

use caddis_types::{NanoDollars, Timestamp};
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

use crate::misread;
use crate::prices::{Rates, Tariff};

/// A figure, or a range from the lower estimate to the upper one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Span {
    /// The same in both estimates.
    One(f64),
    /// The lower and the upper.
    Two([f64; 2]),
}

impl Span {
    fn ends(self) -> [f64; 2] {
        match self {
            Span::One(figure) => [figure; 2],
            Span::Two(ends) => ends,
        }
    }
}

// Derived, it would say of a text that it `did not match any variant of untagged enum Span`.
impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Span, D::Error> {
        from.deserialize_any(Figures)
    }
}

struct Figures;

impl<'de> Visitor<'de> for Figures {
    type Value = Span;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a number, or two in a list such as `[20, 30]`,")
    }

    fn visit_i64<E: de::Error>(self, figure: i64) -> Result<Span, E> {
        Ok(Span::One(figure as f64))
    }

    fn visit_u64<E: de::Error>(self, figure: u64) -> Result<Span, E> {
        Ok(Span::One(figure as f64))
    }

    fn visit_f64<E: de::Error>(self, figure: f64) -> Result<Span, E> {
        Ok(Span::One(figure))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Span, A::Error> {
        let mut ends = Vec::new();
        while let Some(end) = list.next_element::<f64>()? {
            ends.push(end);
        }
        match <[f64; 2]>::try_from(ends) {
            Ok(ends) => Ok(Span::Two(ends)),
            Err(ends) => Err(de::Error::invalid_length(ends.len(), &self)),
        }
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Span::One(figure) => write!(f, "{figure}"),
            Span::Two([low, high]) => write!(f, "{low} to {high}"),
        }
    }
}

/// Something by the month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// What it is.
    pub name: String,
    /// Dollars a month.
    pub monthly: Span,
    /// What the figure rests on.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// The assumptions of a team.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// How many engineers.
    pub engineers: Span,
    /// Clusters that an engineer has at once, in the hours in which clusters are used.
    pub clusters_per_engineer: Span,
    /// Hours of a day in which clusters are used.
    pub hours_a_day: Span,
    /// Days of a month on which they are.
    pub days_a_month: Span,
    /// Workers of a cluster.
    pub workers: Span,
    /// So many of them are on demand in any case.
    pub on_demand_workers: f64,
    /// The share of the others that is preemptible, 0 to 1.
    pub preemptible_share: f64,
    /// The machine type of schedulers and workers; the usual one by default.
    pub machine_type: Option<String>,
    /// The boot disk of each machine, GiB.
    #[serde(default)]
    pub disk_gib: u32,
    /// What costs money whether or not anybody works.
    #[serde(default)]
    pub fixed: Vec<Item>,
    /// What is shown and not added.
    #[serde(default)]
    pub apart: Vec<Item>,
}

/// Assumptions that cannot be meant.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum TeamError {
    /// It is not TOML of this shape.
    #[error("{place}{message}")]
    Form {
        /// `at line 3: `, where that is known.
        place: String,
        /// What is wrong.
        message: String,
    },
    /// A figure that cannot be meant.
    #[error("`{field}` {problem}")]
    Field {
        /// Which field.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// A line of the table: the lower and the upper estimate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What it is.
    pub name: String,
    /// The lower estimate, nano-dollars a month.
    pub low: NanoDollars,
    /// The upper one.
    pub high: NanoDollars,
}

/// A month of a team.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Month {
    /// What was assumed.
    pub team: Team,
    /// The machine type.
    pub machine_type: String,
    /// Its price on demand an hour, Dataproc's part and disk included.
    pub on_demand_hour: NanoDollars,
    /// The same for one that may be taken away.
    pub preemptible_hour: NanoDollars,
    /// An hour of one cluster.
    pub cluster_hour: Line,
    /// Hours of clusters a month, lower and upper.
    pub cluster_hours: [f64; 2],
    /// Dataproc, then what is fixed.
    pub lines: Vec<Line>,
    /// All of them together.
    pub total: Line,
    /// What is not added.
    pub apart: Vec<Line>,
}

/// Reads a team's file.
pub fn parse(text: &str) -> Result<Team, TeamError> {
    let team: Team =
        misread::toml(text).map_err(|error| TeamError::Form { place: error.place(), message: error.named() })?;
    check(&team)?;
    Ok(team)
}

fn check(team: &Team) -> Result<(), TeamError> {
    let base = Span::One(team.on_demand_workers);
    let share = Span::One(team.preemptible_share);
    for (field, span, least, most) in [
        ("engineers", team.engineers, 0.0, 1e6),
        ("clusters_per_engineer", team.clusters_per_engineer, 0.0, 100.0),
        ("hours_a_day", team.hours_a_day, 0.0, 24.0),
        ("days_a_month", team.days_a_month, 0.0, 31.0),
        ("workers", team.workers, 0.0, 10_000.0),
        ("on_demand_workers", base, 0.0, 10_000.0),
        ("preemptible_share", share, 0.0, 1.0),
    ] {
        within(field, span, least, most)?;
    }
    let [_, most] = team.workers.ends();
    if team.on_demand_workers > most {
        let problem = format!("is {}, and `workers` is {}: no more can be on demand than there are", team.on_demand_workers, team.workers);
        return refuse("on_demand_workers", problem);
    }
    if team.disk_gib > 65_536 {
        return refuse("disk_gib", format!("is {}: at most 65536 were expected", team.disk_gib));
    }
    for (list, items) in [("fixed", &team.fixed), ("apart", &team.apart)] {
        for item in items {
            within(&format!("{list}.monthly` of `{}", item.name), item.monthly, 0.0, 1e7)?;
        }
    }
    Ok(())
}

fn refuse(field: &str, problem: String) -> Result<(), TeamError> {
    Err(TeamError::Field { field: field.to_owned(), problem })
}

fn within(field: &str, span: Span, least: f64, most: f64) -> Result<(), TeamError> {
    let [low, high] = span.ends();
    if low > high {
        return refuse(field, format!("is {span}: the lower end is above the upper one"));
    }
    for end in [low, high] {
        if !(least..=most).contains(&end) {
            return refuse(field, format!("is {end}: {least} to {most} was expected"));
        }
    }
    Ok(())
}

/// Multiplies out. `tariff` says what machines cost at this moment.
pub fn month(team: Team, tariff: &Tariff, now: Timestamp) -> Result<Month, TeamError> {
    let tariff = Tariff { disk_gib: team.disk_gib, ..tariff.clone() };
    let machine_type = team.machine_type.clone().unwrap_or_else(|| tariff.machine.clone());
    let Some(rates) = tariff.rates(&machine_type, now) else {
        let known = tariff.list.machines_in(&tariff.region).join("`, `");
        let problem = format!("is `{machine_type}`, which the price list does not have in `{}`: it has `{known}`", tariff.region);
        return Err(TeamError::Field { field: "machine_type".to_owned(), problem });
    };
    let [low, high] = team.workers.ends().map(|workers| cluster_hour(&team, workers, rates));
    let hours = |end: usize| {
        let at = |span: Span| span.ends()[end];
        at(team.engineers) * at(team.clusters_per_engineer) * at(team.hours_a_day) * at(team.days_a_month)
    };
    let cluster_hours = [hours(0), hours(1)];
    let mut lines = vec![Line {
        name: "Dataproc clusters".to_owned(),
        low: money(low * cluster_hours[0]),
        high: money(high * cluster_hours[1]),
    }];
    lines.extend(team.fixed.iter().map(line));
    let total = Line {
        name: "together".to_owned(),
        low: lines.iter().map(|line| line.low).sum(),
        high: lines.iter().map(|line| line.high).sum(),
    };
    Ok(Month {
        machine_type,
        on_demand_hour: rates.on_demand,
        preemptible_hour: rates.preemptible,
        cluster_hour: Line { name: "an hour of one cluster".to_owned(), low: money(low), high: money(high) },
        cluster_hours,
        lines,
        total,
        apart: team.apart.iter().map(line).collect(),
        team,
    })
}

fn line(item: &Item) -> Line {
    let [low, high] = item.monthly.ends().map(money);
    Line { name: item.name.clone(), low, high }
}

/// Dollars an hour.
fn cluster_hour(team: &Team, workers: f64, rates: Rates) -> f64 {
    let beyond = (workers - team.on_demand_workers).max(0.0);
    let preemptible = beyond * team.preemptible_share;
    (1.0 + workers - preemptible) * rates.on_demand.dollars() + preemptible * rates.preemptible.dollars()
}

fn money(dollars: f64) -> NanoDollars {
    NanoDollars((dollars * 1e9).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_000_000_000_000);
    const EXAMPLE: &str = include_str!("../../../examples/team.toml");

    fn of(text: &str) -> Month {
        month(parse(text).unwrap(), &Tariff::default(), NOW).unwrap()
    }

    #[test]
    fn the_example_gives_the_missions_table() {
        let month = of(EXAMPLE);
        let [dataproc, composer, storage, network] = month.lines.as_slice() else { panic!("{:?}", month.lines) };
        let near = |line: &Line, low: f64, high: f64| {
            let away = |money: NanoDollars, wanted: f64| (money.dollars() - wanted).abs() / wanted;
            assert!(away(line.low, low) < 0.02 && away(line.high, high) < 0.02, "{line:?}, and not {low} to {high}");
        };
        near(dataproc, 500.0, 2000.0);
        near(composer, 300.0, 300.0);
        near(storage, 50.0, 50.0);
        near(network, 20.0, 20.0);
        near(&month.total, 870.0, 2370.0);
        assert_eq!(month.apart.len(), 1, "Filestore stands apart: {:?}", month.apart);
        assert_eq!(month.total.low, month.lines.iter().map(|line| line.low).sum());
    }

    #[test]
    fn an_hour_of_a_cluster_is_its_machines() {
        let month = of(&EXAMPLE.replace("preemptible_share = 0.55", "preemptible_share = 1"));
        // 1 + 2 machines of $0.194236 and four vCPUs of $0.010 each; then eight more as Spot machines.
        assert_eq!(month.cluster_hour.low, NanoDollars(702_708_000));
        assert_eq!(month.cluster_hour.high, NanoDollars(702_708_000 + 8 * 78_847_200));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_and_named() {
        let wrong = |old: &str, new: &str| {
            let text = EXAMPLE.replacen(old, new, 1);
            assert_ne!(text, EXAMPLE, "{old}");
            parse(&text).unwrap_err().to_string()
        };
        for (old, new, field, why) in [
            ("engineers = [20, 30]", "engineers = [30, 20]", "`engineers`", "above the upper"),
            ("engineers = [20, 30]", "engineers = -1", "`engineers`", "is -1"),
            ("hours_a_day = 4", "hours_a_day = 25", "`hours_a_day`", "0 to 24"),
            ("days_a_month = 22", "days_a_month = 32", "`days_a_month`", "0 to 31"),
            ("workers = [2, 10]", "workers = [10, 2]", "`workers`", "above the upper"),
            ("preemptible_share = 0.55", "preemptible_share = 55", "`preemptible_share`", "0 to 1"),
            ("preemptible_share = 0.55", "preemptible_share = nan", "`preemptible_share`", "0 to 1"),
            ("monthly = 300", "monthly = -300", "`fixed.monthly` of `Cloud Composer`", "is -300"),
            ("hours_a_day", "hours_per_day", "`hours_per_day`", "unknown field"),
            ("engineers = [20, 30]", "engineers = \"x\"", "`engineers` is \"x\"", "a number, or two in a list"),
            ("engineers = [20, 30]", "engineers = [20, 30, 40]", "`engineers` has a length of 3", "a number, or two in a list"),
            ("engineers = [20, 30]", "engineers = [20, \"x\"]", "`engineers[1]` is \"x\"", "a number was expected"),
            ("engineers = [20, 30]", "engineers = true", "at line 5: `engineers` is true", "a number, or two in a list"),
            ("monthly = 300", "monthly = \"300\"", "`fixed.monthly` is \"300\"", "a number, or two in a list"),
            ("on_demand_workers = 2", "on_demand_workers = 20", "`on_demand_workers` is 20", "`workers` is 2 to 10"),
        ] {
            let text = wrong(old, new);
            assert!(text.contains(field) && text.contains(why), "{new}: {text}");
        }
        assert!(wrong("hours_a_day = 4\n", "").contains("hours_a_day"), "what is missing is named");
        let unknown = EXAMPLE.replacen("n2-standard-4", "z9-mega-1", 1);
        let error = month(parse(&unknown).unwrap(), &Tariff::default(), NOW).unwrap_err().to_string();
        assert!(error.contains("`machine_type`") && error.contains("n2-standard-8"), "{error}");
    }
}
