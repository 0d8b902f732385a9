//! Money is counted once: the lines of every process that ran are its life, cut into pieces that follow each other, and
//! all of them together are what really ran.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use caddis_core::prices::{Role, Tariff};
use caddis_core::record::{ClusterRecord, JobRecord, LedgerLine};
use caddis_core::world::{Exit, Member};

use caddis_types::NanoDollars;

use crate::hub::State;
use crate::world::Process;

/// How far the sum of all lines may be from the truth, in parts of it, beyond what no keeper could see.
const PART: i64 = 100;

/// Compares the ledger with the world, once everything has settled.
pub fn books_balance(state: &mut State) {
    let mut wrong = Vec::new();
    let mut known = BTreeSet::new();
    let (mut truth, mut booked, mut unseen) = (0, 0, 0);
    let lines = by_process(state.book.lines.values());
    let billed = |process: &Process| matches!(process.member, Member::Scheduler | Member::Worker { .. });
    let ran = state.world.processes.iter().filter(|process| billed(process) && process.withdrawn.is_none());
    let tariff = state.options.settings().tariff;
    for process in ran {
        let key = format!("{}/{}", process.cluster, process.member);
        let own = lines.get(key.as_str()).map(Vec::as_slice).unwrap_or_default();
        if let Some(cluster) = state.book.clusters.get(&process.cluster) {
            wrong.extend(mispriced(process, own, cluster, &tariff));
        }
        match ended(process) {
            None => partition(process, own, None, &mut wrong),
            Some(_) if own.is_empty() && stillborn(process) => {}
            Some((lived, true_life)) => {
                partition(process, own, lived, &mut wrong);
                let sum: i64 = own.iter().map(|line| line.micros()).sum();
                // Where the machine was started anew, nobody measured how long it ran.
                if let Some(lived) = lived {
                    (truth, booked, unseen) = (truth + true_life, booked + sum, unseen + (lived - true_life).abs());
                }
            }
        }
        known.insert(key);
    }
    for key in lines.keys().filter(|key| !known.contains(**key)) {
        wrong.push(format!("there is a line for {key}, which never ran"));
    }
    if (booked - truth).abs() > truth / PART + unseen {
        wrong.push(format!("{truth} µs were lived, {unseen} µs away from that as no keeper watched, and {booked} µs are booked"));
    }
    if state.options.is_calm() {
        wrong.extend(too_dear(state));
    }
    for cluster in state.book.clusters.values() {
        let lines = state.book.lines.values().filter(|line| line.cluster == cluster.id);
        let cost: i64 = lines.map(|line| line.cost.0).sum();
        if cost != cluster.cost.0 {
            wrong.push(format!("{} says it cost {}, its lines {cost}", cluster.id, cluster.cost.0));
        }
    }
    wrong.into_iter().for_each(|line| state.violate(line));
}

/// Where nothing fails, no job costs more than its limit; where workers are taken away all at once, each of those that
/// follow costs a minute, which no limit can foresee (`core::job::budget`).
fn too_dear(state: &State) -> Vec<String> {
    let limited = state.book.jobs.values().filter_map(|job| Some((job, job.max_cost?)));
    let cost = |job: &JobRecord| -> NanoDollars {
        let own = state.book.clusters.values().filter(|cluster| cluster.job.as_ref() == Some(&job.id));
        own.map(|cluster| cluster.cost).sum()
    };
    let preempted = |job: &JobRecord| -> NanoDollars {
        let own = state.book.clusters.values().filter(|cluster| cluster.job.as_ref() == Some(&job.id));
        let own = own.filter(|cluster| cluster.shape.preempt_rate.is_some());
        let minute = |cluster: &ClusterRecord| cluster.shape.worker_price_hour.for_span(Duration::from_secs(60)).0;
        NanoDollars(own.map(|cluster| minute(cluster) * i64::from(cluster.workers_peak)).sum())
    };
    let all = limited.map(|(job, limit)| (job, limit, cost(job)));
    let dear = all.filter(|(job, limit, cost)| *cost > *limit + preempted(job));
    dear.map(|(job, limit, cost)| format!("{} may cost {}, and cost {}", job.id, limit.0, cost.0)).collect()
}

/// Lines whose price is not that of the process which they are about, as the list has it for when they began.
fn mispriced(process: &Process, lines: &[&LedgerLine], cluster: &ClusterRecord, tariff: &Tariff) -> Vec<String> {
    let role = match (&process.member, process.preemptible) {
        (Member::Scheduler, _) => Role::Scheduler,
        (_, true) => Role::Preemptible,
        (_, false) => Role::Worker,
    };
    let price = |line: &LedgerLine| tariff.price(&cluster.shape, role, line.started_at);
    let wrong = lines.iter().filter(|line| line.price_hour != price(line) || line.preemptible != process.preemptible);
    wrong.map(|line| format!("{} is at {} an hour, and {role:?} costs {}", line.key, line.price_hour, price(line))).collect()
}

/// Lines by the process that they are about.
fn by_process<'a>(lines: impl Iterator<Item = &'a LedgerLine>) -> BTreeMap<&'a str, Vec<&'a LedgerLine>> {
    let mut all: BTreeMap<&str, Vec<&LedgerLine>> = BTreeMap::new();
    for line in lines {
        let (process, _) = line.key.split_once('#').unwrap_or((&line.key, ""));
        all.entry(process).or_default().push(line);
    }
    // `#10` comes before `#2`.
    let number = |line: &&LedgerLine| line.key.split_once('#').map_or(1, |(_, number)| number.parse().unwrap_or(u64::MAX));
    all.values_mut().for_each(|lines| lines.sort_by_key(number));
    all
}

/// How long an ended process lived by the keeper's word, and in truth.
fn ended(process: &Process) -> Option<(Option<i64>, i64)> {
    process.kept.as_ref()?;
    let end = process.end.as_ref()?;
    Some((process.kept_lived, end.t - process.born))
}

fn stillborn(process: &Process) -> bool {
    let kept = process.kept.as_ref().map(|(_, end)| &end.exit);
    matches!(kept, Some(Exit::Unknown(why)) if why == "never started")
}

/// The lines of a process follow each other without a gap or an overlap, from its start; of one that ended, to its end.
fn partition(process: &Process, lines: &[&LedgerLine], lived: Option<i64>, wrong: &mut Vec<String>) {
    let name = format!("{}/{}", process.cluster, process.member);
    let over = process.kept.is_some();
    if over && lines.is_empty() {
        wrong.push(format!("{name} ran for {lived:?} µs and has no line"));
    }
    let mut at = process.started_at;
    for (number, line) in lines.iter().enumerate() {
        let key = if number == 0 { name.clone() } else { format!("{name}#{}", number + 1) };
        if line.key != key {
            wrong.push(format!("the line after {number} of {name} is {}", line.key));
        }
        if line.started_at != at || line.ended_at < at {
            let (from, to) = (line.started_at.0, line.ended_at.0);
            wrong.push(format!("{} says {from} to {to}, and it comes after {}", line.key, at.0));
        }
        at = line.ended_at;
    }
    let booked = at.0 - process.started_at.0;
    if let Some(lived) = lived.filter(|lived| over && !lines.is_empty() && *lived != booked) {
        wrong.push(format!("{name} ran for {lived} µs, and its lines say {booked}"));
    }
}
