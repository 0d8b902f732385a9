//! Tasks that no worker can run start one worker, once, and then leave the cluster alone.

use super::*;

const SMALL: WorkerRange = WorkerRange { min: 0, max: 2 };

/// `stuck` tasks that no worker can run, the `stranded`th of those that ever came there the last one, beside `tasks` of a
/// second that any can.
fn stuck(stuck: u64, stranded: u64, tasks: u64, ready: u32) -> Signals {
    let others = load(tasks, 1.0, ready);
    Signals {
        no_worker: others.no_worker + stuck,
        stranded: stranded + others.no_worker,
        queued_seconds: others.queued_seconds + 0.5 * stuck as f64,
        longest: others.longest.max(0.5),
        unknown: if tasks == 0 { 1.0 } else { 0.0 },
        ..others
    }
}

/// The numbers of workers while `signals` are seen, each number once until it changes.
fn sizes(range: WorkerRange, economy: &Economy, seconds: u64, signals: impl Fn(u64, u32) -> Signals) -> Vec<u32> {
    let mut sizes = vec![range.min];
    sizes.extend(follow(range, economy, seconds, signals).iter().map(|decision| decision.target));
    sizes.dedup();
    sizes
}

#[test]
fn it_is_worth_one_worker_and_then_none() {
    assert_eq!(sizes(SMALL, &local(), 600, |_, workers| stuck(1, 1, 0, workers)), [0, 1, 0]);
    let decisions = follow(SMALL, &local(), 60, |_, workers| stuck(3, 3, 0, workers));
    let last = decisions.last().unwrap();
    assert!(last.sentence.starts_with("3 tasks wait for a resource, a host or memory that no worker has"), "{}", last.sentence);
    assert_eq!((last.target, last.due), (0, None), "nothing is waited for but other work");
}

#[test]
fn other_work_starts_a_worker_again_and_once() {
    let more = |second| if second < 100 { (1, 1) } else { (2, 2) };
    let looks = |second, workers| stuck(more(second).0, more(second).1, 0, workers);
    assert_eq!(sizes(SMALL, &local(), 600, looks), [0, 1, 0, 1, 0], "one more of the same");
    let looks = |second, workers| stuck(if second < 100 { 2 } else { 1 }, 2, 0, workers);
    assert_eq!(sizes(SMALL, &local(), 600, looks), [0, 1, 0, 1, 0], "one less");
    let looks = |second, workers| stuck(1, 1, if (100..110).contains(&second) { 9 } else { 0 }, workers);
    let seen = sizes(SMALL, &local(), 600, looks);
    assert!(seen.starts_with(&[0, 1, 0]) && seen.len() == 5 && seen.ends_with(&[0]), "tasks that any worker can run: {seen:?}");
}

/// `future = client.submit(...)` written again: the old task is let go in the moment in which the new one comes.
#[test]
fn another_task_in_the_place_of_one_that_was_let_go_is_other_work() {
    let ready = |second, workers| match second {
        0..100 => stuck(1, 1, 0, workers),
        _ if workers == 0 => stuck(1, 2, 0, 0),
        _ => load(1, 50.0, workers),
    };
    assert_eq!(sizes(SMALL, &local(), 120, ready), [0, 1, 0, 1]);
}

#[test]
fn a_task_whose_worker_died_is_no_task_that_none_can_run() {
    // It ran, then its worker died: it stands where tasks stand that no worker may run.
    let runs = Signals { stranded: 1, ..load(1, 5.0, 1) };
    let waits = Signals { stranded: 1, no_worker: 1, queued_seconds: 5.0, longest: 5.0, threads: 3, ..Signals::default() };
    let before = look(SMALL, 1, &runs, &local(), &Memory::default(), 0);
    assert_eq!(look(SMALL, 0, &waits, &local(), &before.memory, 1).target, 1);
    // By the record a worker is ready, and the scheduler does not know it yet.
    let unheard = Signals { ready: 1, idle: Some(0), ..waits.clone() };
    let before = look(SMALL, 1, &unheard, &local(), &Memory::default(), 0);
    assert_eq!(look(SMALL, 0, &waits, &local(), &before.memory, 1).target, 1);
}

#[test]
fn a_restart_remembers_it() {
    let decisions = follow(SMALL, &local(), 60, |_, workers| stuck(1, 1, 0, workers));
    let memory = serde_json::to_string(&decisions.last().unwrap().memory).unwrap();
    let memory = serde_json::from_str(&memory).unwrap();
    assert_eq!(look(SMALL, 0, &stuck(1, 1, 0, 0), &local(), &memory, 61).target, 0);
    assert_eq!(look(SMALL, 0, &stuck(1, 1, 0, 0), &local(), &Memory::default(), 61).target, 1, "without it, it is tried");
}

#[test]
fn of_ordinary_work_nothing_is_remembered() {
    let decisions = follow(FROM_ZERO, &local(), 400, |second, workers| match second % 130 {
        0..60 => load(600, 5.0, workers),
        _ => load(second % 7, 0.3, workers),
    });
    let remembered = decisions.iter().filter(|decision| decision.memory.unhelped.is_some()).count();
    assert_eq!(remembered, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// It never flaps: the load never changes, though what the scheduler says of it does as workers come and go. Workers
    /// serve `late` seconds after they were asked for.
    #[test]
    fn a_load_that_no_worker_can_run_is_tried_once_and_then_left_alone(
        tasks in 1u64..100, start in 0u32..20, late in 0usize..30, max in 1u32..20, economy in any_economy(),
        unknown in 0.0..1.0f64, seconds in 0.0..1e4f64,
    ) {
        let (range, start) = (WorkerRange { min: 0, max }, start.min(max));
        let (mut memory, mut turns, mut last, mut asked) = (Memory::default(), 0, 0i64, vec![start]);
        for second in 0..3000 {
            let current = *asked.last().unwrap();
            let ready = asked.iter().rev().take(late + 1).copied().min().unwrap_or(0);
            let signals = Signals {
                unknown, queued_seconds: seconds, guessed_seconds: unknown * seconds, longest: seconds / tasks as f64,
                starting: current - ready, ..stuck(tasks, tasks, 0, ready)
            };
            let decision = look(range, current, &signals, &economy, &memory, second);
            let step = i64::from(decision.target) - i64::from(current);
            if step != 0 {
                turns += u32::from(step.signum() != last.signum());
                last = step;
                prop_assert!(second < 2500, "still moving: {:?}", decision);
            }
            memory = decision.memory;
            asked.push(decision.target);
        }
        prop_assert_eq!(asked.last(), Some(&0));
        prop_assert!(turns <= if start == 0 { 2 } else { 1 }, "{} turns", turns);
    }
}
