//! Adding up: sums of the ledger and of what is open, by one thing, within two moments.

use std::collections::BTreeMap;

use caddis_types::api::{CostBy, CostGroup};
use caddis_types::money::share;
use caddis_types::{NanoDollars, Timestamp};

use crate::record::{LedgerKind, LedgerLine};

/// A sum over lines that have the group and the use in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// The group, as [`group_of`] names it; of jobs that shared a cluster, all of them with commas between.
    pub group: Option<String>,
    /// Whether nothing used the cluster.
    pub idle: bool,
    /// How many lines.
    pub lines: u64,
    /// Microseconds.
    pub micros: i64,
    /// Cost.
    pub cost: NanoDollars,
}

/// Which group a line belongs to.
pub fn group_of(line: &LedgerLine, by: CostBy, tag: Option<&str>) -> Option<String> {
    match by {
        CostBy::Owner => Some(line.owner.clone()),
        CostBy::Tag => match tag {
            Some(tag) => line.tags.get(tag).cloned(),
            None => tag_group(line),
        },
        CostBy::Job => job_group(line),
        CostBy::Day => Some(line.started_at.date()),
        CostBy::Profile => Some(line.profile.clone()).filter(|profile| !profile.is_empty()),
        CostBy::Machine => Some(line.machine.clone()).filter(|machine| !machine.is_empty()),
        CostBy::Kind => Some(kind(line).to_owned()),
        CostBy::Cluster => Some(line.cluster.to_string()),
    }
}

/// The jobs of a line, with commas between.
pub fn job_group(line: &LedgerLine) -> Option<String> {
    let names: Vec<_> = line.jobs().iter().map(|job| job.as_str()).collect();
    (!names.is_empty()).then(|| names.join(","))
}

/// All tags of a line together, so that groups add up: `env=prod, team=risk`.
fn tag_group(line: &LedgerLine) -> Option<String> {
    let tags: Vec<_> = line.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    (!tags.is_empty()).then(|| tags.join(", "))
}

/// The word for what a line's process was.
pub fn kind(line: &LedgerLine) -> &'static str {
    match (line.kind, line.preemptible) {
        (LedgerKind::Scheduler, _) => "scheduler",
        (LedgerKind::Worker, false) => "worker",
        (LedgerKind::Worker, true) => "preemptible worker",
    }
}

/// The part of a line that lies between two moments: its beginning counts, its end does not. The parts of times that
/// follow each other add up exactly; what is paid beyond the interval lies at its end.
pub fn clip(line: &LedgerLine, since: Timestamp, until: Timestamp) -> Option<LedgerLine> {
    let (from, to) = (line.started_at.max(since), line.ended_at.min(until));
    let inside = to > from || line.micros() == 0 && line.started_at >= since && line.started_at < until;
    if !inside {
        return None;
    }
    let length = i128::from(line.micros());
    let least = if to == line.ended_at { line.minimum_micros } else { 0 };
    let of_least = line.price_hour.for_span(std::time::Duration::from_micros(line.minimum_micros.unsigned_abs()));
    let of_life = line.cost - of_least;
    let up_to = |moment: Timestamp| match length {
        0 => 0,
        _ => (i128::from(of_life.0) * i128::from(moment.0 - line.started_at.0) / length) as i64,
    };
    let own = match length {
        0 => of_life.0,
        _ => up_to(to) - up_to(from),
    };
    let cost = NanoDollars(own + if least > 0 { of_least.0 } else { 0 });
    Some(LedgerLine { started_at: from, ended_at: to, minimum_micros: least, cost, ..line.clone() })
}

/// The same of what lives. Its life is read a little after the question was asked: a question that ends now, or later, takes
/// it whole, or the minimum, which stands at the end of a life, would be missing.
pub fn clip_living(line: &LedgerLine, since: Timestamp, until: Timestamp, now: Timestamp) -> Option<LedgerLine> {
    let until = if until >= now { Timestamp(i64::MAX) } else { until };
    clip(line, since, until)
}

/// The sums of single lines.
pub fn sums<'a>(lines: impl IntoIterator<Item = &'a LedgerLine>, by: CostBy, tag: Option<&str>) -> Vec<Sum> {
    let mut all: BTreeMap<(Option<String>, bool), Sum> = BTreeMap::new();
    for line in lines {
        let group = group_of(line, by, tag);
        let sum = all.entry((group.clone(), line.idle)).or_insert_with(|| Sum { group, idle: line.idle, ..Sum::default() });
        sum.lines += 1;
        sum.micros += line.micros();
        sum.cost += line.cost;
    }
    all.into_values().collect()
}

/// The groups of a report, and all of them together. Days stand in their order, other groups the dearest first.
pub fn groups(sums: Vec<Sum>, by: CostBy) -> (Vec<CostGroup>, CostGroup) {
    let mut all: BTreeMap<Option<String>, CostGroup> = BTreeMap::new();
    let mut total = CostGroup::default();
    for sum in merged(sums) {
        add(&mut total, sum.micros, sum.cost, sum.idle);
        let names = match (by, &sum.group) {
            (CostBy::Job, Some(jobs)) => jobs.split(',').map(|job| Some(job.to_owned())).collect(),
            (_, group) => vec![group.clone()],
        };
        let parts = names.len();
        for (number, name) in names.into_iter().enumerate() {
            let group = all.entry(name.clone()).or_insert_with(|| CostGroup { group: name, ..CostGroup::default() });
            add(group, share(sum.micros, number, parts), sum.cost.part(number, parts), sum.idle);
        }
    }
    let mut groups: Vec<_> = all.into_values().collect();
    if by != CostBy::Day {
        groups.sort_by(|a, b| b.cost.cmp(&a.cost).then_with(|| a.group.cmp(&b.group)));
    }
    (groups, total)
}

/// Sums of the same, added up before anything is divided: so it does not matter where they came from.
fn merged(sums: Vec<Sum>) -> Vec<Sum> {
    let mut all: BTreeMap<(Option<String>, bool), Sum> = BTreeMap::new();
    for sum in sums {
        let first = || Sum { group: sum.group.clone(), idle: sum.idle, ..Sum::default() };
        let whole = all.entry((sum.group.clone(), sum.idle)).or_insert_with(first);
        whole.lines += sum.lines;
        whole.micros += sum.micros;
        whole.cost += sum.cost;
    }
    all.into_values().collect()
}

fn add(group: &mut CostGroup, micros: i64, cost: NanoDollars, idle: bool) {
    group.micros += micros;
    group.cost += cost;
    *if idle { &mut group.idle } else { &mut group.used } += cost;
}
