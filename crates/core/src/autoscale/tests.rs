//! What the rule must do, what it must never do, and what went wrong elsewhere (the numbers are those of
//! docs/AUTOSCALING.md).

use std::time::Duration;

use caddis_types::shape::WorkerRange;
use caddis_types::{NanoDollars, Timestamp};
use proptest::prelude::*;

use super::{Decision, Economy, Memory, Policy, Signals, Why, decide};

mod unhelped;

const RANGE: WorkerRange = WorkerRange { min: 2, max: 10 };
const FROM_ZERO: WorkerRange = WorkerRange { min: 0, max: 10 };

fn at(seconds: u64) -> Timestamp {
    Timestamp(1_795_000_000_000_000) + Duration::from_secs(seconds)
}

fn cloud() -> Economy {
    Economy { start_seconds: 90.0, worker_hour: NanoDollars(234_236_000), least_billed_seconds: 60.0 }
}

fn local() -> Economy {
    Economy { start_seconds: 0.1, worker_hour: NanoDollars(234_236_000), least_billed_seconds: 0.0 }
}

/// `tasks` of `seconds` each on workers of three threads: as many run as fit, and Dask holds the others back.
fn load(tasks: u64, seconds: f64, ready: u32) -> Signals {
    let processing = tasks.min(u64::from(ready) * 4);
    Signals {
        threads: 3,
        ready,
        idle: Some(ready.saturating_sub(processing.min(1000) as u32)),
        processing,
        executing: processing.min(u64::from(ready) * 3),
        queued: if ready == 0 { 0 } else { tasks - processing },
        no_worker: if ready == 0 { tasks } else { 0 },
        occupancy: processing as f64 * seconds,
        queued_seconds: (tasks - processing) as f64 * seconds,
        longest: if tasks > 0 { seconds } else { 0.0 },
        cpu: if processing > 0 { 0.95 } else { 0.0 },
        clients: 1,
        ..Signals::default()
    }
}

fn look(range: WorkerRange, current: u32, signals: &Signals, economy: &Economy, memory: &Memory, now: u64) -> Decision {
    decide(&Policy::default(), range, current, signals, economy, memory, at(now))
}

fn first(range: WorkerRange, current: u32, signals: &Signals, economy: &Economy) -> Decision {
    look(range, current, signals, economy, &Memory::default(), 0)
}

/// Looks once a second while `signals` says what is seen for so many workers, who come and go at once.
fn follow(range: WorkerRange, economy: &Economy, seconds: u64, signals: impl Fn(u64, u32) -> Signals) -> Vec<Decision> {
    let (mut current, mut memory, mut decisions) = (range.min, Memory::default(), Vec::new());
    for second in 0..seconds {
        let decision = look(range, current, &signals(second, current), economy, &memory, second);
        (current, memory) = (decision.target, decision.memory.clone());
        decisions.push(decision);
    }
    decisions
}

#[test]
fn a_backlog_asks_for_as_many_as_end_it_almost_as_soon_as_all_would() {
    let decision = first(RANGE, 2, &load(600, 30.0, 2), &cloud());
    assert_eq!((decision.target, decision.why), (10, Why::Backlog));
    assert!(decision.sentence.contains("8 more end it in"), "{}", decision.sentence);
    assert!(decision.sentence.contains("$0.0468"), "what starting them costs: {}", decision.sentence);
    // One task lasts as long as everything else together takes with six: more would end nothing sooner.
    let long = Signals { longest: 1000.0, ..load(600, 30.0, 2) };
    let decision = first(RANGE, 2, &long, &cloud());
    assert!((5..8).contains(&decision.target), "{decision:?}");
}

#[test]
fn a_worker_that_would_come_too_late_is_not_bought() {
    let decision = first(RANGE, 2, &load(18, 30.0, 2), &cloud());
    assert_eq!((decision.target, decision.why), (2, Why::TooLate));
    assert!(decision.sentence.contains("takes 1 m 30 s to start"), "{}", decision.sentence);
    let decision = first(RANGE, 2, &load(18, 30.0, 2), &local());
    assert_eq!((decision.target, decision.why), (6, Why::Backlog), "where it starts at once, it is");
}

#[test]
fn work_that_is_hardly_more_than_a_start_asks_for_few() {
    // 300 tasks of 3 s: 90 workers could run them at once, and each would be paid for 90 s before it worked for 3.
    let wide = WorkerRange { min: 2, max: 1000 };
    let decision = first(wide, 2, &load(600, 3.0, 2), &cloud());
    assert!(decision.target < 12, "{decision:?}");
    let cheap = Policy { hour_worth: 1.0, ..Policy::default() };
    let dear = load(100_000, 30.0, 2);
    let many = first(wide, 2, &dear, &cloud()).target;
    let few = decide(&cheap, wide, 2, &dear, &cloud(), &Memory::default(), at(0)).target;
    assert!(few < many / 2, "an hour that is worth a dollar buys less: {few}, {many}");
}

/// 18: more workers than tasks.
#[test]
fn there_are_never_more_workers_than_tasks_for_them() {
    for tasks in 1..40 {
        for threads in 1..5 {
            let signals = Signals { threads, ..load(tasks, 4000.0, 0) };
            let target = first(FROM_ZERO, 0, &signals, &cloud()).target;
            assert!(u64::from(target) <= tasks.div_ceil(threads.into()), "{tasks} tasks, {threads} threads: {target}");
        }
    }
}

/// 19: slow for long tasks.
#[test]
fn long_tasks_are_each_worth_a_thread() {
    let decision = first(RANGE, 2, &load(24, 1200.0, 2), &cloud());
    assert_eq!(decision.target, 8, "{}", decision.sentence);
}

#[test]
fn durations_that_nobody_measured_double_the_cluster_and_no_more() {
    let guessed = Signals { unknown: 1.0, guessed_seconds: 36_000.0, ..load(600, 60.0, 2) };
    let decision = first(RANGE, 2, &guessed, &cloud());
    assert_eq!((decision.target, decision.why), (4, Why::Backlog));
    let waiting = look(RANGE, 4, &guessed, &cloud(), &decision.memory, 5);
    assert_eq!((waiting.target, waiting.due), (4, Some(at(90))), "until those are here: {}", waiting.sentence);
}

#[test]
fn tasks_that_none_has_seen_end_take_as_long_at_least_as_some_have_been_running() {
    // Two workers of three threads, and a thousand tasks more. Dask expects twice what the longest has run for.
    let runs = |seconds: f64| Signals { unknown: 1.0, guessed_seconds: 1000.0 * seconds, ..load(1000, 2.0 * seconds, 2) };
    let target = |seconds| first(RANGE, 2, &runs(seconds), &cloud()).target;
    assert_eq!([0.1, 0.5, 1.0, 1.7, 9.0].map(target), [3, 3, 4, 8, 10], "each must find work for half its start");
    // It is no guess any more: nobody waits for those that were asked for before.
    let memory = Memory { grew_at: Some(at(3)), ..Memory::default() };
    assert_eq!(look(RANGE, 4, &runs(9.0), &cloud(), &memory, 9).target, 10);
    // Where all of it is a guess, nothing is shown, however long others have been running.
    let guess = Signals { guessed_seconds: 18_000.0, running_longest: 900.0, ..runs(9.0) };
    assert_eq!(first(RANGE, 2, &guess, &cloud()).target, 4);
}

#[test]
fn busy_processors_with_nothing_queued_do_not_grow() {
    // Six tasks on six threads, all of them computing.
    let bound = Signals { cpu: 1.0, ..load(6, 600.0, 2) };
    assert_eq!(first(RANGE, 2, &bound, &local()).target, 2);
    assert_eq!(first(RANGE, 2, &Signals { unknown: 1.0, ..bound.clone() }, &local()).target, 2);
    // Half of the threads have nothing to do, and the processors are busy all the same: nobody goes either.
    let threaded = Signals { cpu: 0.9, ..load(3, 0.1, 4) };
    let decisions = follow(RANGE, &local(), 100, |second, workers| match second {
        0 => load(600, 30.0, workers),
        _ => Signals { ready: workers, idle: Some(workers.saturating_sub(3)), ..threaded.clone() },
    });
    assert_eq!(decisions.last().map(|last| (last.target, last.why)), Some((10, Why::Busy)));
}

#[test]
fn of_busy_processors_those_without_a_task_go_if_the_others_account_for_it() {
    // Nine of ten workers compute on all their threads, and one has nothing to do.
    let idle = |cpu: f64| Signals { cpu, idle: Some(1), processing: 27, executing: 27, ..load(27, 600.0, 10) };
    let after = |signals: &Signals| {
        let memory = Memory { grew_at: Some(at(0)), ..Memory::default() };
        let seen = look(RANGE, 10, signals, &local(), &memory, 100);
        let decision = look(RANGE, 10, signals, &local(), &seen.memory, 120);
        (decision.target, decision.why)
    };
    assert_eq!(after(&idle(0.86)), (9, Why::Spare));
    assert_eq!(after(&idle(0.97)), (10, Why::Busy), "the one without a task computes something too");
}

#[test]
fn busy_processors_with_tasks_that_wait_grow_where_nothing_else_is_known() {
    let unknown = Signals { unknown: 1.0, cpu: 0.95, ..load(60, 0.5, 5) };
    let decision = first(RANGE, 5, &unknown, &cloud());
    assert_eq!((decision.target, decision.why), (6, Why::Busy), "{}", decision.sentence);
    let waits = Signals { cpu: 0.05, ..unknown };
    assert_eq!(first(RANGE, 5, &waits, &cloud()).target, 5, "tasks that wait for a disk need no processors");
}

#[test]
fn short_memory_asks_for_workers_while_something_runs() {
    let short = Signals { memory: 0.9, data_bytes: 1 << 33, ..load(6, 60.0, 4) };
    let decision = first(RANGE, 4, &short, &cloud());
    assert_eq!((decision.target, decision.why), (5, Why::Memory), "{}", decision.sentence);
    let arriving = look(RANGE, 5, &Signals { starting: 1, ..short.clone() }, &cloud(), &decision.memory, 5);
    assert_eq!(arriving.target, 5, "not once more for the same shortage");
    let full = first(WorkerRange { min: 2, max: 4 }, 4, &short, &cloud());
    assert_eq!((full.target, full.why), (4, Why::AtMaximum));
    let held = Signals { memory: 0.9, data_bytes: 1 << 33, ..load(0, 0.0, 4) };
    assert_eq!(first(RANGE, 4, &held, &cloud()).target, 4, "results that lie there need no more room");
}

#[test]
fn it_goes_to_zero_when_idle_and_comes_back() {
    let decisions = follow(FROM_ZERO, &cloud(), 1200, |second, workers| match second {
        10..40 | 900.. => load(60, 60.0, workers),
        _ => load(0, 0.0, workers),
    });
    assert_eq!((decisions[5].target, decisions[5].why), (0, Why::Idle));
    assert!(decisions[10].target > 0, "{}", decisions[10].sentence);
    assert!(decisions[60].target > 0, "not at once");
    assert_eq!(decisions[60].why, Why::Settling);
    assert!(decisions[60].due.is_some());
    assert_eq!((decisions[800].target, decisions[800].why), (0, Why::Idle));
    assert!(decisions[900].target > 0);
}

#[test]
fn one_task_is_enough_to_come_back_however_short_it_is() {
    for economy in [local(), cloud()] {
        assert_eq!(first(FROM_ZERO, 0, &load(1, 0.01, 0), &economy).target, 1);
    }
}

#[test]
fn the_last_one_with_results_stays() {
    let held = |workers| Signals { data_bytes: 5, memory: 0.01, ..load(0, 0.0, workers) };
    let decisions = follow(FROM_ZERO, &local(), 300, |second, workers| match second {
        0..5 => load(900, 5.0, workers),
        _ => held(workers),
    });
    let last = decisions.last().unwrap();
    assert_eq!((last.target, last.why), (1, Why::AtMinimum), "{}", last.sentence);
    // Results that fill most of the memory need more than one.
    let last = |own: f64, results: f64| {
        let decisions = follow(FROM_ZERO, &local(), 300, |second, workers| match second {
            0..5 => load(900, 5.0, workers),
            _ => {
                let data = results / f64::from(workers);
                Signals { memory: own + data, data, ..held(workers) }
            }
        });
        decisions.last().unwrap().target
    };
    assert_eq!(last(0.0, 5.0), 8);
    // What each has besides goes with it, and leaves less room on those that stay.
    assert_eq!((last(0.4, 0.1), last(0.4, 1.0), last(0.7, 0.1)), (1, 4, 10));
    // Much that Dask knows nothing of may be results all the same: by halves. Those that go still hold theirs.
    let idle = |signals: Signals| {
        let memory = Memory { grew_at: Some(at(0)), ..Memory::default() };
        let seen = look(FROM_ZERO, 10, &signals, &local(), &memory, 100);
        look(FROM_ZERO, 10, &signals, &local(), &seen.memory, 120).target
    };
    assert_eq!(idle(Signals { memory: 0.5, data: 0.05, ..held(10) }), 5);
    assert_eq!(idle(Signals { memory: 0.1, data: 0.05, ..held(10) }), 1);
    assert_eq!(idle(Signals { memory: 0.5, data: 0.5, ready: 8, retiring: 2, ..held(10) }), 8);
}

/// Somebody fixed the number at none, and the last worker stayed for its results: the load decides again.
#[test]
fn a_worker_that_stayed_for_its_results_is_wanted_again() {
    let holds = |ready, retiring, data_bytes| {
        let worker = Signals { ready, retiring, data_bytes, data: 0.01, memory: 0.1, memory_fullest: 0.1, ..load(0, 0.0, ready) };
        first(FROM_ZERO, 0, &worker, &local())
    };
    let decision = holds(1, 0, 20 << 20);
    assert_eq!(decision.target, 1);
    assert!(decision.sentence.starts_with("20 MiB of results"), "{}", decision.sentence);
    assert_eq!(holds(0, 1, 20 << 20).target, 1, "one that hands over what it holds, and to nobody");
    assert_eq!([holds(1, 0, 0).target, holds(0, 0, 20 << 20).target], [0, 0]);
    let signals = Signals { data_bytes: 20 << 20, data: 0.01, ..load(0, 0.0, 1) };
    let next = look(FROM_ZERO, 1, &signals, &local(), &decision.memory, 60);
    assert_eq!((next.target, next.why), (1, Why::AtMinimum), "and it stays");
}

/// 23: workers dropped between two computations.
#[test]
fn workers_outlast_the_pause_between_two_computations() {
    let decisions = follow(RANGE, &cloud(), 900, |second, workers| match second % 200 {
        0..100 => load(600, 30.0, workers),
        _ => load(0, 0.0, workers),
    });
    assert!(
        decisions[1..].iter().all(|decision| decision.target == 10),
        "a hundred seconds are less than a start is worth"
    );
}

/// Seconds from the end of the work to the first that goes.
fn kept_after(economy: &Economy, policy: &Policy) -> f64 {
    let (mut current, mut memory) = (2, Memory::default());
    for tenth in 0..6000u64 {
        let signals = if tenth < 50 { load(600, 30.0, current) } else { load(0, 0.0, current) };
        let now = at(0) + Duration::from_millis(100 * tenth);
        let decision = decide(policy, RANGE, current, &signals, economy, &memory, now);
        if decision.target < current {
            return tenth as f64 / 10.0 - 5.0;
        }
        (current, memory) = (decision.target, decision.memory);
    }
    f64::INFINITY
}

#[test]
fn a_worker_is_kept_for_what_its_start_is_worth() {
    let start = |start_seconds| Economy { start_seconds, ..local() };
    let usual = Policy::default();
    assert!((kept_after(&start(0.1), &usual) - 1.0).abs() < 0.15, "a second at least");
    assert!((kept_after(&start(0.5), &usual) - 2.0).abs() < 0.15, "four starts");
    assert!((kept_after(&start(2.0), &usual) - 8.0).abs() < 0.15);
    assert!((kept_after(&start(90.0), &usual) - 360.0).abs() < 0.15, "machines: as before anything is learned");
    let hasty = Policy { shrink_after_seconds: 0.5, ..Policy::default() };
    assert!((kept_after(&start(0.1), &hasty) - 0.5).abs() < 0.15, "what the policy says is the most");
}

#[test]
fn work_that_keeps_coming_back_finds_its_workers_however_fast_they_start() {
    for (work, pause) in [(1, 2), (3, 2), (2, 3), (5, 3)] {
        let decisions = follow(RANGE, &local(), 600, |second, workers| match second % (work + pause) {
            second if second < work => load(600, 5.0, workers),
            _ => load(0, 0.0, workers),
        });
        let falls = decisions.windows(2).filter(|pair| pair[1].target < pair[0].target).count();
        assert!((1..5).contains(&falls), "{work} s of work, {pause} s without: {falls} times");
        // When nothing came for long, the next pause is one like others.
        let memory = Memory { again: 1, shrank_at: Some(at(600)), ..decisions.last().unwrap().memory.clone() };
        let later = look(RANGE, 2, &load(600, 5.0, 2), &local(), &memory, 700);
        assert_eq!(later.memory.again, 0);
    }
}

#[test]
fn how_long_pauses_last_is_learned() {
    // Pauses of ten minutes: waiting for the work to come back costs more than starting anew.
    let decisions = follow(RANGE, &cloud(), 5 * 900, |second, workers| match second % 900 {
        0..300 => load(600, 30.0, workers),
        _ => load(0, 0.0, workers),
    });
    let kept = |round: usize| (0..900).take_while(|second| decisions[round * 900 + 299 + second].target > 2).count();
    assert!(kept(0) > 170, "{}", kept(0));
    assert!(kept(3) < 30, "{}", kept(3));
}

#[test]
fn what_is_queued_or_pinned_keeps_everybody() {
    let queued = Signals { queued: 1, ..load(3, 0.1, 10) };
    assert_eq!(first(RANGE, 10, &queued, &local()).target, 10);
    let shuffle = Signals { pinned: 3, ..load(3, 0.1, 10) };
    let decisions = follow(RANGE, &local(), 100, |second, workers| match second {
        0 => load(600, 30.0, workers),
        _ => Signals { ready: workers, ..shuffle.clone() },
    });
    assert_eq!(decisions.last().unwrap().target, 10);
    let many = Signals { pinned: 8, pinned_seconds: 8.0 * 400.0, ..load(8, 400.0, 2) };
    assert_eq!(first(RANGE, 2, &many, &cloud()).target, 2, "others could not help");
}

#[test]
fn the_scheduler_has_the_last_word_on_who_may_go() {
    let go = |closable| {
        let decisions = follow(RANGE, &local(), 60, |second, workers| match second {
            0 => load(600, 30.0, workers),
            _ => Signals { closable, ..load(0, 0.0, workers) },
        });
        decisions.last().unwrap().clone()
    };
    assert_eq!(go(None).target, 2);
    assert_eq!((go(Some(0)).target, go(Some(0)).why), (10, Why::Steady));
}

#[test]
fn a_worker_is_not_sent_back_before_it_came_or_its_first_minute_is_over() {
    let brief = follow(RANGE, &cloud(), 400, |second, workers| match second {
        0..3 => load(600, 30.0, workers),
        _ => load(0, 0.0, workers),
    });
    assert!(brief[1..90].iter().all(|decision| decision.target == 10));
    assert_eq!(brief[399].target, 2);
}

#[test]
fn a_range_that_changed_counts_at_once() {
    assert_eq!(first(WorkerRange { min: 4, max: 6 }, 10, &load(600, 30.0, 10), &local()).target, 6);
    assert_eq!(first(WorkerRange { min: 4, max: 6 }, 1, &load(0, 0.0, 1), &local()).target, 4);
}

#[test]
fn what_is_carried_survives_being_stored() {
    let decisions = follow(RANGE, &cloud(), 400, |second, workers| match second % 130 {
        0..60 => load(600, 30.0, workers),
        _ => load(second % 7, 0.3, workers),
    });
    let memory = &decisions.last().unwrap().memory;
    let stored = serde_json::to_string(memory).unwrap();
    assert_eq!(*memory, serde_json::from_str(&stored).unwrap());
    assert!(stored.len() < 1000, "{stored}");
    assert_eq!(serde_json::from_str::<Memory>("{}").unwrap(), Memory::default());
}

fn any_seconds() -> impl Strategy<Value = f64> {
    prop_oneof![8 => 0.0..1e5, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY), 1 => Just(-1.0)]
}

prop_compose! {
    fn any_signals()(
        ready in 0u32..30, starting in 0u32..30, threads in 0u32..5, processing in 0u64..200, queued in 0u64..500,
        no_worker in 0u64..20, pinned in 0u64..20, share in 0.0..1.0f64, occupancy in any_seconds(),
        queued_seconds in any_seconds(), longest in any_seconds(), memory in any_seconds(), cpu in any_seconds(),
        (unknown, data_bytes, busy, closable) in (0.0..1.0f64, 0u64..3, 0.0..1.2f64, proptest::option::of(0u32..30)),
        (running_longest, longest_seen) in (any_seconds(), any_seconds()),
    ) -> Signals {
        let executing = (processing as f64 * share) as u64;
        let (memory, cpu) = (if memory < 1e5 { busy } else { memory }, if cpu < 1e5 { 1.2 - busy } else { cpu });
        Signals {
            ready, starting, threads, processing, executing, queued, no_worker, pinned, occupancy, queued_seconds, longest,
            memory, memory_fullest: memory, data: longest_seen, cpu, unknown, data_bytes, closable, running_longest, longest_seen,
            ..Signals::default()
        }
    }
}

fn any_economy() -> impl Strategy<Value = Economy> {
    (0.0..200.0f64, 0i64..10_000_000_000, 0.0..120.0f64).prop_map(|(start_seconds, price, least_billed_seconds)| {
        Economy { start_seconds, worker_hour: NanoDollars(price), least_billed_seconds }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever is seen: within the range, the same again, never a shrink before the last growth could have arrived,
    /// never two turns in a shorter time than that. Where workers start fast, each turn that came too soon doubles the time
    /// until the next, until it is the policy's.
    #[test]
    fn it_never_flaps(
        looks in proptest::collection::vec((any_signals(), 1u64..20), 1..60),
        economy in any_economy(), min in 0u32..5, more in 0u32..20,
    ) {
        let range = WorkerRange { min, max: (min + more).max(1) };
        let (mut current, mut memory, mut now, mut grew) = (min, Memory::default(), 0, None);
        let (mut shrank, mut soon): (Option<u64>, i32) = (None, 0);
        let grace = |soon: i32| ((4.0 * economy.start_seconds).max(1.0) * 2f64.powi(soon)).min(10.0);
        for (signals, pause) in looks {
            now += pause;
            let decision = look(range, current, &signals, &economy, &memory, now);
            prop_assert_eq!(&decision, &look(range, current, &signals, &economy, &memory, now));
            prop_assert!((range.min..=range.max).contains(&decision.target));
            prop_assert!(!decision.sentence.is_empty());
            prop_assert!(decision.due.is_none_or(|due| due > at(now)), "{:?}", decision);
            if decision.target > current {
                let before = shrank.take();
                soon = before.map_or(soon, |shrank| if (now - shrank) as f64 <= 2.0 * grace(soon) { soon + 1 } else { (soon - 1).max(0) });
                grew = Some(now);
            } else if decision.target < current {
                let grace = grace(soon);
                let least = economy.start_seconds.max(economy.least_billed_seconds).max(grace);
                prop_assert!(grew.is_none_or(|grew| (now - grew) as f64 >= least.floor()), "{grew:?}, {now}");
                shrank = Some(now);
            }
            (current, memory) = (decision.target, decision.memory);
        }
    }

    /// A load that stays the same is followed in one direction, and then left alone.
    #[test]
    fn a_steady_load_is_settled_once(
        tasks in 0u64..100, seconds in 0.01..500.0f64, held in 0.0..8.0f64, start in 0u32..20, economy in any_economy(),
        unknown in 0.0..1.0f64,
    ) {
        let range = WorkerRange { min: 0, max: 20 };
        let (mut current, mut memory, mut turns, mut last) = (start, Memory::default(), 0, 0i64);
        for second in 0..2000 {
            let signals = Signals {
                memory: if current > 0 { held / f64::from(current) } else { 0.0 },
                data: if current > 0 { held / f64::from(current) } else { 0.0 },
                data_bytes: u64::from(held > 0.1),
                unknown,
                ..load(tasks, seconds, current)
            };
            let decision = look(range, current, &signals, &economy, &memory, second);
            let step = i64::from(decision.target) - i64::from(current);
            if step != 0 {
                turns += u32::from(step.signum() != last.signum());
                last = step;
                prop_assert!(second < 1500, "still moving: {:?}", decision);
            }
            (current, memory) = (decision.target, decision.memory);
        }
        prop_assert!(turns <= 1, "{turns} turns");
    }
}
