//! What the scheduler and the records say, in the words of the rule.

use std::collections::BTreeMap;

use caddis_types::dask::{DaskSnapshot, PrefixView, WorkerView};

use crate::autoscale::Signals;
use crate::record::{ClusterRecord, MemberPhase, SlotRecord, Took};
use crate::world::Member;

/// What Dask takes a task for of which it knows nothing, seconds.
const GUESS_SECONDS: f64 = 0.5;

/// One look.
pub(super) fn gather(record: &ClusterRecord, dask: &DaskSnapshot) -> Signals {
    let (ready, starting, retiring) = workers(record);
    let usage = Usage::of(&dask.workers);
    let mut signals = Signals {
        at: dask.at,
        threads: record.shape.threads,
        ready,
        starting,
        retiring,
        idle: Some(idle(record, dask)),
        processing: dask.tasks.processing,
        executing: dask.workers.iter().map(|worker| worker.executing).sum(),
        queued: dask.tasks.queued,
        no_worker: dask.tasks.no_worker,
        stranded: dask.stranded,
        waiting: dask.tasks.waiting,
        pinned: unpacking(dask).map(|(_, tasks)| tasks).sum(),
        occupancy: dask.occupancy,
        queued_seconds: dask.queued_seconds,
        guessed_seconds: guessed(dask, &record.scaling.durations),
        waiting_seconds: dask.waiting_seconds,
        pinned_seconds: unpacking(dask).map(|(prefix, tasks)| prefix.expected * tasks as f64).sum(),
        longest: dask.longest,
        longest_seen: dask.longest_seen,
        running_longest: dask.running_longest,
        unknown: share(dask.unmeasured, dask.tasks.processing + dask.tasks.queued + dask.tasks.no_worker),
        done: dask.done,
        done_seconds: dask.prefixes.iter().map(|prefix| prefix.seconds).sum(),
        memory: usage.memory,
        memory_fullest: usage.memory_fullest,
        cpu: usage.cpu,
        data_bytes: dask.data_bytes,
        data: if usage.limit == 0 { 0.0 } else { dask.data_bytes as f64 / usage.limit as f64 },
        clients: dask.clients,
        closable: dask.closable,
        idle_since: dask.idle_since,
    };
    remember(&mut signals, &dask.prefixes, &record.scaling.durations);
    signals
}

/// Workers that serve and stay, that were asked for, and that go.
fn workers(record: &ClusterRecord) -> (u32, u32, u32) {
    record.slots.values().fold((0, 0, 0), |(ready, starting, retiring), slot| match (&slot.retiring, serves(slot)) {
        (Some(_), _) => (ready, starting, retiring + 1),
        (None, true) => (ready + 1, starting, retiring),
        (None, false) => (ready, starting + 1, retiring),
    })
}

/// Workers that serve and stay, to which no task is assigned. One that is paused or has only just come takes none: it shows
/// neither that it is not needed nor that it cannot help.
fn idle(record: &ClusterRecord, dask: &DaskSnapshot) -> u32 {
    let stays = |worker: &&WorkerView| {
        matches!(worker.name.parse(), Ok(Member::Worker { slot, attempt }) if record.slots.get(&slot)
            .is_some_and(|slot| slot.attempt == attempt && slot.retiring.is_none() && serves(slot)))
    };
    let takes_tasks = |worker: &&WorkerView| worker.processing == 0 && worker.status == "running";
    dask.workers.iter().filter(takes_tasks).filter(stays).count() as u32
}

/// Kinds of tasks that unpack what a P2P shuffle brought to their worker, and how many of each could run. Dask names
/// them `p2pshuffle` and `hashjoinp2p`; those that send, and the barrier between, are bound to no worker. Where Dask
/// fused them with what comes after, they have its name and are not told apart.
fn unpacking(dask: &DaskSnapshot) -> impl Iterator<Item = (&PrefixView, u64)> {
    dask.prefixes.iter().filter(|prefix| prefix.name.contains("p2p")).map(|prefix| (prefix, runnable(prefix)))
}

/// Of what is expected of tasks that could run, what nobody has measured, here or earlier, nor seen one running for. Of
/// many kinds of tasks the smallest are not named: they are taken for Dask's guess.
fn guessed(dask: &DaskSnapshot, earlier: &BTreeMap<String, Took>) -> f64 {
    let named = || dask.prefixes.iter().filter(|prefix| !prefix.measured);
    let unnamed = dask.unmeasured.saturating_sub(named().map(runnable).sum());
    let unheard = named().filter(|prefix| !earlier.contains_key(&prefix.name));
    let beyond = |prefix: &PrefixView| (prefix.expected - prefix.longest).max(0.0) * runnable(prefix) as f64;
    unheard.map(beyond).sum::<f64>() + GUESS_SECONDS * unnamed as f64
}

/// Tasks of a kind that could run.
fn runnable(prefix: &PrefixView) -> u64 {
    ["processing", "queued", "no_worker"].iter().filter_map(|state| prefix.states.get(*state)).sum()
}

fn serves(slot: &SlotRecord) -> bool {
    matches!(slot.phase, MemberPhase::Running { ready_at: Some(_), .. })
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64).min(1.0) }
}

/// What one task takes, by what earlier runs took and what this one shows so far. The tasks that end first are the short
/// ones, so a few of them say little.
fn blended(prefix: &PrefixView, earlier: f64) -> f64 {
    const FEW: f64 = 30.0;
    let done = prefix.done as f64;
    if prefix.measured {
        let weight = 10.0 * (1.0 - done / FEW).max(0.0);
        return (prefix.expected * done + earlier * weight) / (done + weight).max(1.0);
    }
    // A task that has run for longer already takes longer.
    let so_far = if prefix.expected > GUESS_SECONDS { prefix.expected / 2.0 } else { 0.0 };
    earlier.max(so_far)
}

/// Puts what earlier runs took in the place of Dask's guesses, and beside what few tasks of this one took.
fn remember(signals: &mut Signals, prefixes: &[PrefixView], durations: &BTreeMap<String, Took>) {
    let runnable = signals.runnable();
    let mut known = 0;
    for prefix in prefixes {
        let Some(Took { mean: earlier, longest }) = durations.get(&prefix.name) else { continue };
        let count = |state| prefix.states.get(state).copied().unwrap_or(0);
        let seconds = blended(prefix, *earlier);
        let (held, here) = (count("queued") + count("no_worker"), count("processing"));
        let instead = |sum: f64, tasks: u64| (sum + (seconds - prefix.expected) * tasks as f64).max(0.0);
        signals.occupancy = instead(signals.occupancy, here);
        signals.queued_seconds = instead(signals.queued_seconds, held);
        signals.waiting_seconds = instead(signals.waiting_seconds, count("waiting"));
        if held + here > 0 {
            signals.longest = signals.longest.max(seconds);
            signals.longest_seen = signals.longest_seen.max(*longest);
            known += if prefix.measured { 0 } else { held + here };
        }
    }
    signals.unknown = (signals.unknown - share(known, runnable)).max(0.0);
}

/// What the workers use of what they have.
#[derive(Default)]
struct Usage {
    memory: f64,
    memory_fullest: f64,
    cpu: f64,
    /// Of all workers together, bytes.
    limit: u64,
}

impl Usage {
    fn of(workers: &[WorkerView]) -> Usage {
        let full = |worker: &WorkerView| match worker.memory_limit {
            0 => 0.0,
            limit => worker.rss as f64 / limit as f64,
        };
        let threads: u32 = workers.iter().map(|worker| worker.nthreads).sum();
        let busy: f64 = workers.iter().map(|worker| worker.cpu).sum();
        let sum: f64 = workers.iter().map(full).sum();
        Usage {
            memory: sum / workers.len().max(1) as f64,
            memory_fullest: workers.iter().map(full).fold(0.0, f64::max),
            cpu: (busy / 100.0 / f64::from(threads.max(1))).min(1.0),
            limit: workers.iter().map(|worker| worker.memory_limit).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arbitrary::plain_cluster;

    fn prefix(expected: f64, measured: bool, states: &[(&str, u64)]) -> PrefixView {
        let states = states.iter().map(|(state, count)| ((*state).to_owned(), *count)).collect();
        let done = if measured { 30 } else { 0 };
        PrefixView { name: "inc".into(), states, expected, measured, done, ..PrefixView::default() }
    }

    /// Ten tasks, four on workers and six held back, of which Dask expects `expected` seconds each.
    fn dask(expected: f64, measured: bool) -> DaskSnapshot {
        let prefix = prefix(expected, measured, &[("processing", 4), ("queued", 6), ("waiting", 2)]);
        let tasks = caddis_types::dask::TaskCounts { processing: 4, queued: 6, waiting: 2, ..Default::default() };
        DaskSnapshot {
            tasks,
            occupancy: 4.0 * expected,
            queued_seconds: 6.0 * expected,
            waiting_seconds: 2.0 * expected,
            longest: expected,
            unmeasured: if measured { 0 } else { 10 },
            prefixes: vec![prefix],
            ..DaskSnapshot::default()
        }
    }

    fn seen(dask: &DaskSnapshot, earlier: Option<f64>) -> Signals {
        let mut record = plain_cluster(1, 4);
        let took = |mean| Took { mean, longest: 3.0 * mean };
        record.scaling.durations = earlier.map(|mean| ("inc".to_owned(), took(mean))).into_iter().collect();
        gather(&record, dask)
    }

    #[test]
    fn earlier_runs_take_the_place_of_guesses_and_not_of_what_was_measured() {
        let guessed = seen(&dask(0.5, false), None);
        assert_eq!((guessed.occupancy, guessed.queued_seconds, guessed.unknown), (2.0, 3.0, 1.0));
        let known = seen(&dask(0.5, false), Some(20.0));
        assert_eq!((known.occupancy, known.queued_seconds, known.waiting_seconds), (80.0, 120.0, 40.0));
        assert_eq!((known.longest, known.longest_seen, known.unknown), (20.0, 60.0, 0.0));
        let measured = seen(&dask(0.25, true), Some(20.0));
        assert_eq!((measured.occupancy, measured.longest, measured.unknown), (1.0, 0.25, 0.0));
        let mut few = dask(1.0, true);
        few.prefixes[0].done = 15;
        assert_eq!(seen(&few, Some(5.0)).occupancy, 8.0, "fifteen of 1 s, and five's worth of 5 s");
    }

    #[test]
    fn a_task_that_runs_for_longer_than_it_used_to_is_believed() {
        // Dask expects twice what the longest has run for: 30 s so far.
        assert_eq!(seen(&dask(60.0, false), Some(5.0)).occupancy, 120.0);
    }

    #[test]
    fn what_nobody_measured_is_a_guess_but_for_how_long_one_has_been_running() {
        let ran = |longest: f64, measured| {
            let mut dask = dask(6.0, measured);
            dask.prefixes[0].longest = longest;
            dask
        };
        let guessed = |dask: &DaskSnapshot, earlier| seen(dask, earlier).guessed_seconds;
        assert_eq!(guessed(&ran(0.0, false), None), 60.0, "ten tasks of six seconds");
        assert_eq!(guessed(&ran(3.0, false), None), 30.0);
        assert_eq!((guessed(&ran(0.0, true), None), guessed(&ran(0.0, false), Some(5.0))), (0.0, 0.0));
        let unnamed = DaskSnapshot { unmeasured: 14, ..ran(3.0, false) };
        assert_eq!(guessed(&unnamed, None), 32.0, "four tasks of kinds that are not named");
    }

    #[test]
    fn usage_is_over_all_workers() {
        let worker = |cpu, rss| WorkerView { cpu, rss, nthreads: 2, memory_limit: 100, ..WorkerView::default() };
        let workers = vec![worker(200.0, 90), worker(0.0, 30)];
        let dask = DaskSnapshot { workers, data_bytes: 50, ..DaskSnapshot::default() };
        let signals = seen(&dask, None);
        assert_eq!((signals.cpu, signals.memory, signals.memory_fullest, signals.data), (0.5, 0.6, 0.9, 0.25));
        let nobody = seen(&DaskSnapshot { data_bytes: 50, ..DaskSnapshot::default() }, None);
        assert_eq!((nobody.cpu, nobody.data), (0.0, 0.0));
    }
}
