//! What clusters that come later need to know: how long a worker takes to start here, and how long the tasks of a program
//! take.

use std::collections::BTreeMap;

use caddis_types::Timestamp;
use caddis_types::api::Program;
use caddis_types::dask::{DaskSnapshot, PrefixView};

use crate::plan::Plan;
use crate::record::{ClusterRecord, Fact, Learned, Took};

/// How much the last start counts.
const LAST_START: f64 = 0.3;
/// How much the last run counts.
const LAST_RUN: f64 = 0.5;
/// Kinds of tasks that are remembered of a program, those that took longest.
const KINDS: usize = 30;

/// A worker was asked for, and now serves.
pub(in crate::cluster) fn started(plan: &mut Plan<ClusterRecord>, asked_at: Timestamp, ready_at: Timestamp) {
    let took = ready_at.since(asked_at).as_secs_f64().min(3600.0);
    let scaling = &mut plan.record.scaling;
    scaling.start_seconds = rounded(scaling.start_seconds + LAST_START * (took - scaling.start_seconds));
    let fact = Fact::StartSeconds(scaling.start_seconds);
    plan.learned.push(Learned { key: Learned::START.to_owned(), at: ready_at, fact });
}

/// What the scheduler measured, taken into the record while its cluster ends: later it cannot be asked.
pub(in crate::cluster) fn measured(record: &mut ClusterRecord, dask: &DaskSnapshot) {
    if record.job.is_none() {
        return;
    }
    let mut found: Vec<&PrefixView> = dask.prefixes.iter().filter(|prefix| prefix.done > 0 && prefix.seconds > 0.0).collect();
    found.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    let took = |prefix: &PrefixView| {
        let mean = rounded(prefix.seconds / prefix.done as f64);
        Took { mean, longest: prefix.longest.max(mean) }
    };
    record.scaling.measured = found.into_iter().take(KINDS).map(|prefix| (prefix.name.clone(), took(prefix))).collect();
}

/// What a cluster that is over leaves for the next run of its program.
pub(in crate::cluster) fn leave(plan: &mut Plan<ClusterRecord>, now: Timestamp) {
    let (record, scaling) = (&plan.record, &plan.record.scaling);
    let Some(program) = record.program.as_ref().filter(|_| record.job.is_some() && !scaling.measured.is_empty()) else { return };
    let blend = |(name, took): (&String, &Took)| {
        let earlier = scaling.durations.get(name).unwrap_or(took);
        let blended = |earlier: f64, last: f64| rounded(earlier + LAST_RUN * (last - earlier));
        (name.clone(), Took { mean: blended(earlier.mean, took.mean), longest: blended(earlier.longest, took.longest) })
    };
    let fresh: BTreeMap<String, Took> = scaling.measured.iter().map(blend).collect();
    let rest = scaling.durations.iter().filter(|(name, _)| !fresh.contains_key(*name));
    let rest: Vec<_> = rest.take(KINDS.saturating_sub(fresh.len())).map(|(name, took)| (name.clone(), *took)).collect();
    let fact = Fact::Durations(fresh.into_iter().chain(rest).collect());
    let key = Learned::durations_key(&record.owner, words(program));
    plan.learned.push(Learned { key, at: now, fact });
}

/// A program as its durations are known by.
pub(in crate::cluster) fn words(program: &Program) -> &str {
    match program {
        Program::Script(path) => path,
        Program::Module(name) => name,
    }
}

/// Milliseconds are enough, and short in JSON.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::arbitrary::{NOW, plain_cluster, plain_job};

    #[test]
    fn the_last_starts_count_most() {
        let mut plan = Plan::keep(plain_cluster(1, 1));
        (0..12).for_each(|_| started(&mut plan, NOW, NOW + Duration::from_secs(90)));
        assert!((85.0..90.0).contains(&plan.record.scaling.start_seconds), "{}", plan.record.scaling.start_seconds);
        assert_eq!(plan.learned.len(), 12);
        started(&mut plan, NOW + Duration::from_secs(9), NOW);
        assert!(plan.record.scaling.start_seconds > 50.0, "a clock that went back is no negative time");
    }

    #[test]
    fn a_run_leaves_what_it_measured_and_keeps_what_it_did_not_meet() {
        let job = plain_job();
        let mut record = ClusterRecord { job: Some(job.id), program: Some(job.program), ..plain_cluster(1, 1) };
        let took = |mean, longest| Took { mean, longest };
        record.scaling.durations = [("inc".to_owned(), took(2.0, 10.0)), ("rare".to_owned(), took(9.0, 9.0))].into();
        let prefix = |name: &str, done, seconds, longest| {
            PrefixView { name: name.into(), done, seconds, longest, ..PrefixView::default() }
        };
        let prefixes = vec![prefix("inc", 10, 40.0, 20.0), prefix("new", 4, 1.0, 0.0), prefix("never", 0, 0.0, 0.0)];
        measured(&mut record, &DaskSnapshot { prefixes, ..DaskSnapshot::default() });
        let mut plan = Plan::keep(record);
        leave(&mut plan, NOW);
        let expected = [("inc", took(3.0, 15.0)), ("new", took(0.25, 0.25)), ("rare", took(9.0, 9.0))];
        let expected: BTreeMap<_, _> = expected.map(|(name, took)| (name.to_owned(), took)).into();
        assert_eq!(plan.learned.iter().map(|learned| &learned.fact).collect::<Vec<_>>(), [&Fact::Durations(expected)]);
        plan.record.job = None;
        plan.learned.clear();
        leave(&mut plan, NOW);
        assert_eq!(plan.learned, [], "a shared cluster is of no one program");
    }
}
