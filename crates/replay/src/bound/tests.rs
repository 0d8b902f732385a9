//! The bound, held against everybody who can be tried.

use caddis_types::shape::WorkerRange;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::model::{self, Sight};
use crate::scalers::{Adaptive, Answer, Caddis, Fixed, Order, Scaler};
use crate::trace::Group;

/// Small work on which a plan is searched, and the changes that are tried on each.
const INSTANCES: u64 = 60;
const STEPS: u32 = 400;

fn group(name: usize, tasks: Vec<(u64, f64)>, pause: Option<f64>) -> Group {
    Group {
        group: format!("g{name}"),
        tasks_named: format!("t{}", name % 2),
        user: String::new(),
        at: 0.0,
        after: if name == 0 { Vec::new() } else { vec![format!("g{}", name - 1)] },
        pause: if name == 0 { None } else { pause },
        tasks,
        bytes: 0,
        pinned_by: None,
    }
}

fn trace(groups: Vec<Group>) -> Trace {
    Trace { name: "t".into(), class: "test".into(), groups }
}

fn settings(min: u32, max: u32) -> Settings {
    Settings::cloud(WorkerRange { min, max })
}

#[test]
fn one_phase_needs_its_work_and_a_start_for_each_worker_that_is_not_there() {
    let work = trace(vec![group(0, vec![(3000, 10.0)], None)]);
    // 10,000 worker-seconds: two work 90 s alone, ten do the rest.
    let shortest = model::run(&work, &settings(2, 10), &mut Fixed(10)).makespan;
    let bound = LowerBound::of(&work, &settings(2, 10)).worker_seconds(shortest).unwrap();
    assert!((bound - (10_000.0 + 8.0 * 90.0)).abs() < 20.0, "{bound}");
    let slow = LowerBound::of(&work, &settings(2, 10)).worker_seconds(5000.0).unwrap();
    assert!((slow - 10_000.0).abs() < 20.0, "two are enough, and they are there: {slow}");
}

#[test]
fn a_pause_costs_the_cheaper_of_keeping_and_starting_again() {
    let bursts = |pause| trace((0..4).map(|n| group(n, vec![(900, 10.0)], Some(pause))).collect());
    let tight = |pause: f64| {
        let work = bursts(pause);
        let fastest = model::run(&work, &settings(1, 10), &mut Fixed(10)).makespan;
        LowerBound::of(&work, &settings(1, 10)).worker_seconds(fastest).unwrap()
    };
    let (short, long, longer) = (tight(20.0), tight(300.0), tight(3000.0));
    let work = 12_000.0;
    assert!(short > work + 9.0 * 90.0 + 3.0 * 20.0 * 9.0, "{short}");
    assert!((longer - long - 3.0 * 2700.0).abs() < 100.0, "only the minimum is kept: {long}, {longer}");
}

#[test]
fn a_deadline_in_whole_microseconds_is_one_that_somebody_met() {
    let (work, settings) = (trace(vec![group(0, vec![(19, 43.998_278_120_841_67)], None)]), settings(0, 7));
    let outcome = model::run(&work, &settings, &mut Fixed(7));
    let bound = LowerBound::of(&work, &settings).worker_seconds(outcome.makespan).unwrap();
    assert!(bound <= outcome.worker_seconds, "{bound} > {}", outcome.worker_seconds);
}

/// Somebody who knows nothing and asks for these numbers, one after the other, for so many seconds each.
#[derive(Clone)]
struct Whim {
    numbers: Vec<u32>,
    each: i64,
}

impl Scaler for Whim {
    fn name(&self) -> String {
        format!("whim {:?} each {} s", self.numbers, self.each)
    }

    fn look(&mut self, sight: &Sight<'_>) -> Answer {
        let turn = sight.now().0 / (self.each * 1_000_000);
        // The last is kept: with nobody the work would never end.
        let wanted = self.numbers.get(turn as usize).copied().unwrap_or(1).max(u32::from(turn as usize >= self.numbers.len()));
        let due = caddis_types::Timestamp((turn + 1) * self.each * 1_000_000);
        Answer { order: Order::To(wanted), due: (turn < self.numbers.len() as i64).then_some(due) }
    }
}

fn phases() -> impl Strategy<Value = Vec<(Vec<(u64, f64)>, f64)>> {
    let tasks = proptest::collection::vec((1u64..20, prop_oneof![0.5..60.0f64, 10.0..14.0f64]), 1..9);
    proptest::collection::vec((tasks, 0.0..200.0f64), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Nobody is cheaper than the bound for the time that they took.
    #[test]
    fn nobody_is_below_it(
        phases in phases(), min in 0u32..4, more in 1u32..8, size in 1u32..12, at in prop_oneof![Just(0.0), 0.0..120.0f64], threads in 1u32..4, start in 0.5..90.0f64,
        whims in proptest::collection::vec((proptest::collection::vec(0u32..12, 1..30), 1i64..60), 6),
    ) {
        let groups = phases.iter().enumerate().map(|(n, (tasks, pause))| {
            group(n, tasks.clone(), (*pause > 50.0).then_some(*pause))
        });
        let (mut work, mut settings) = (trace(groups.collect()), settings(min, min + more));
        work.groups[0].at = at;
        (settings.threads, settings.economy.start_seconds, settings.economy.least_billed_seconds) = (threads, start, 0.0);
        let bound = LowerBound::of(&work, &settings);
        let mut scalers: Vec<Box<dyn Scaler>> = vec![
            Box::new(Fixed(size.clamp(min.max(1), min + more))),
            Box::new(Fixed(min + more)),
            Box::new(Adaptive::default()),
            Box::new(Caddis::new("caddis", caddis_core::autoscale::Policy::default(), true)),
        ];
        scalers.extend(whims.into_iter().map(|(numbers, each)| Box::new(Whim { numbers, each }) as Box<dyn Scaler>));
        for mut scaler in scalers {
            let outcome = model::run(&work, &settings, scaler.as_mut());
            prop_assert!(outcome.finished);
            if bound.speaks_of(&outcome) {
                let least = bound.worker_seconds(outcome.makespan).expect("somebody was done by then");
                prop_assert!(least <= outcome.worker_seconds + 1e-3, "{}: {least} > {}", scaler.name(), outcome.worker_seconds);
            }
        }
    }
}

/// Somebody who knows nothing but learns: whoever searches a plan for small work, a change at a time, and keeps each that is
/// cheaper within the time that is allowed, never gets below the bound, whether he has to hurry or not.
#[test]
fn nobody_who_searches_gets_below_it() {
    for times in [1.0, 1.1, f64::INFINITY] {
        let nearest = (0..INSTANCES).map(|seed| searched(seed, times)).fold(f64::INFINITY, f64::min);
        assert!(nearest < 1.02, "nobody came near in {times} times the shortest: {nearest}");
    }
}

/// The cheapest that was found, in times of the bound, with at most so many times the shortest makespan.
fn searched(seed: u64, times: f64) -> f64 {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let (min, threads) = (dice.random_range(0..2), dice.random_range(1..4));
    let mut settings = settings(min, min + dice.random_range(1..4));
    let start = [2.0, 20.0, 90.0][dice.random_range(0..3)];
    (settings.threads, settings.economy.start_seconds, settings.economy.least_billed_seconds) = (threads, start, 0.0);
    let phases = (0..dice.random_range(2..4)).map(|number| {
        let kinds = dice.random_range(1..7);
        let tasks = (0..kinds).map(|_| (dice.random_range(1..4), f64::from(dice.random_range(1..60u32)))).collect();
        group(number, tasks, [None, Some(5.0), Some(40.0), Some(150.0)][dice.random_range(0..4)])
    });
    let mut work = trace(phases.collect());
    work.groups[0].at = [0.0, 3.0, 100.0][dice.random_range(0..3)];
    let bound = LowerBound::of(&work, &settings);
    let most = settings.range.max;
    let allowed = times * model::run(&work, &settings, &mut Fixed(most)).makespan;
    let over = |whim: &Whim| {
        let outcome = model::run(&work, &settings, &mut whim.clone());
        // Whoever has to hurry is held against the time allowed, since the cheapest within it are wanted; others to their own.
        let least = bound.worker_seconds(if times.is_finite() { allowed } else { outcome.makespan })?;
        let is_valid = bound.speaks_of(&outcome) && outcome.makespan <= allowed;
        is_valid.then_some(outcome.worker_seconds / least)
    };
    let length = dice.random_range(20..80);
    let mut best = (f64::INFINITY, Whim { numbers: vec![most; length], each: dice.random_range(1..8) });
    for _ in 0..STEPS {
        let mut whim = best.1.clone();
        let from = dice.random_range(0..length);
        let until = (from + dice.random_range(1..8)).min(length);
        whim.numbers[from..until].fill(dice.random_range(0..=most));
        if let Some(over) = over(&whim).filter(|over| *over <= best.0) {
            best = (over, whim);
        }
    }
    assert!(best.0 >= 1.0 - 1e-6, "seed {seed}: {} of the bound by {:?}", best.0, best.1.name());
    best.0
}

#[test]
fn a_thread_without_a_task_waits_as_long_as_the_last_one_takes() {
    // The cheapest plan was found by trying all, to the second: 23 within 13 seconds.
    let mut work = trace(vec![group(0, vec![(2, 7.0), (1, 2.0)], None), group(1, vec![(2, 1.0), (1, 2.0)], Some(1.0))]);
    work.groups[0].at = 3.0;
    let mut settings = settings(1, 2);
    (settings.threads, settings.economy.start_seconds, settings.economy.least_billed_seconds) = (2, 6.0, 0.0);
    let bound = LowerBound::of(&work, &settings).worker_seconds(13.0).unwrap();
    assert!((22.0..=23.0).contains(&bound), "{bound}");
}

#[test]
fn what_nobody_can_do_has_no_bound_and_nothing_costs_nothing() {
    let (work, settings) = (trace(vec![group(0, vec![(10, 10.0)], None)]), settings(0, 2));
    let fastest = model::run(&work, &settings, &mut Fixed(2)).makespan;
    let bound = LowerBound::of(&work, &settings);
    assert!(bound.worker_seconds(fastest).is_some());
    assert_eq!(bound.worker_seconds(fastest - 0.001), None);
    assert_eq!(LowerBound::of(&trace(Vec::new()), &settings).worker_seconds(0.0), Some(0.0));
}

#[test]
fn tasks_take_whole_microseconds_and_one_at_least() {
    let settings = settings(1, 1);
    for each in [1.4e-6, 0.001_000_4] {
        let work = trace(vec![group(0, vec![(30_000, each)], None)]);
        let mut outcome = model::run(&work, &settings, &mut Fixed(1));
        outcome.worker_seconds = outcome.makespan;
        let bound = LowerBound::of(&work, &settings).worker_seconds(outcome.makespan).unwrap();
        assert!(bound <= outcome.worker_seconds + 1e-6, "{bound} > {}", outcome.worker_seconds);
    }
}

#[test]
fn numbers_that_are_not_looked_at_are_no_longer_than_they_are() {
    let settings = settings(2, 3000);
    let tasks = (0..400).map(|kind| (60, 10.0 + f64::from(kind * 37 % 400) / 40.0)).collect();
    let work = trace(vec![group(0, tasks, None)]);
    let phases = Phases::of(&work, &settings);
    for workers in (1..3000u32).step_by(7) {
        let (early, late) = (workers.min(2), workers - workers.min(2));
        let exact = order::last_end(&work.groups[0], u64::from(early) * 3, u64::from(late) * 3, 90.0);
        let said = phases.0[0].durations[workers as usize - 1];
        assert!(said <= exact + 1e-9, "{workers}: {said} > {exact}");
    }
}
