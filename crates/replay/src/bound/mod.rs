//! What nobody can go below: the lowest cost with which the work could end in time, for somebody who knew all of it
//! before.
//!
//! The true optimum is out of reach; this is a lower bound of it, and so flatters nobody but the clairvoyant. It leaves
//! out what makes real schedules worse (a worker is paid only while its threads are busy, tasks may be divided at will,
//! workers come to the second when they are wanted, memory and shuffles cost nothing), and keeps what nobody escapes: the
//! work itself, the longest task of every phase, a start for every worker beyond the minimum, and for every pause the
//! cheaper of keeping a worker and of starting it again.
//!
//! How: a trace that is one chain of phases has for every phase a shortest duration with `n` workers, which falls with
//! `n`. For a price `l` of a second of the whole, the cheapest plan falls apart into one question for each worker: which
//! phases is it worth being there for? (`layers`) That plan's value, less `l` times the seconds that are allowed, is a
//! lower bound for every `l` (weak duality); the best `l` is looked for. A trace of several users is no chain; for it
//! only the work, the idle minimum and the starts of as many workers as the deadline needs are counted, which is less.

mod layers;
mod phases;

use caddis_types::NanoDollars;

use crate::model::Settings;
use crate::trace::Trace;

use phases::Phases;

/// Lowest cost with which `trace` could end within `makespan` seconds, in seconds of a worker.
pub fn worker_seconds(trace: &Trace, settings: &Settings, makespan: f64) -> f64 {
    if !trace.is_chain() {
        return coarse(trace, settings, makespan);
    }
    // Times are whole microseconds, phase by phase; a deadline that rounding made impossible would have any price.
    let makespan = makespan + 1e-6 * (trace.groups.len() + 1) as f64;
    let phases = Phases::of(trace, settings);
    let value = |log: f64| layers::value(&phases, settings, makespan, log.exp());
    // The value is concave in the price: the best lies where it stops rising.
    let (mut low, mut high) = (-10.0f64, 16.0f64);
    for _ in 0..60 {
        let (left, right) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if value(left) < value(right) { low = left } else { high = right }
    }
    value((low + high) / 2.0)
        .max(layers::value(&phases, settings, makespan, 0.0))
        .max(coarse(trace, settings, makespan))
}

/// The same as money.
pub fn cost(trace: &Trace, settings: &Settings, makespan: f64) -> NanoDollars {
    let seconds = worker_seconds(trace, settings, makespan);
    NanoDollars((settings.economy.worker_hour.0 as f64 * seconds / 3600.0).floor() as i64)
}

/// The work, the starts of as many workers as the deadline needs on average.
fn coarse(trace: &Trace, settings: &Settings, makespan: f64) -> f64 {
    let threads = f64::from(settings.threads.max(1));
    let work = trace.seconds() / threads;
    let needed = (work / makespan.max(1e-9)).ceil().max(1.0);
    let started = (needed - f64::from(settings.range.min)).max(0.0);
    let longest = trace.groups.iter().map(crate::trace::Group::longest).fold(0.0, f64::max);
    // The fewest are there to the end, which nobody reaches sooner than this.
    let end = longest.max(work / f64::from(settings.range.max.max(1)));
    work.max(f64::from(settings.range.min) * end) + started * settings.economy.start_seconds
}

#[cfg(test)]
mod tests {
    use caddis_types::shape::WorkerRange;
    use proptest::prelude::*;

    use super::*;
    use crate::model;
    use crate::scalers::{Adaptive, Fixed, Scaler};
    use crate::trace::Group;

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
        let shortest = 90.0 + (30_000.0 - 540.0) / 30.0;
        let bound = worker_seconds(&work, &settings(2, 10), shortest);
        assert!((bound - (10_000.0 + 8.0 * 90.0)).abs() < 20.0, "{bound}");
        let slow = worker_seconds(&work, &settings(2, 10), 5000.0);
        assert!((slow - 10_000.0).abs() < 20.0, "two are enough, and they are there: {slow}");
    }

    #[test]
    fn a_pause_costs_the_cheaper_of_keeping_and_starting_again() {
        let bursts = |pause| trace((0..4).map(|n| group(n, vec![(900, 10.0)], Some(pause))).collect());
        let tight = |pause: f64| {
            let work = bursts(pause);
            let fastest = model::run(&work, &settings(1, 10), &mut Fixed(10)).makespan;
            worker_seconds(&work, &settings(1, 10), fastest)
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
        let bound = worker_seconds(&work, &settings, outcome.makespan);
        assert!(bound <= outcome.worker_seconds, "{bound} > {}", outcome.worker_seconds);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        /// Nobody is cheaper than the bound for the time that they took.
        #[test]
        fn nobody_is_below_it(
            phases in proptest::collection::vec((1u64..60, 0.5..60.0f64, 0u64..8, 1.0..120.0f64, 0.0..200.0f64), 1..7),
            min in 0u32..4, more in 1u32..8, size in 1u32..12,
        ) {
            let groups = phases.iter().enumerate().map(|(n, (count, each, others, other, pause))| {
                let pause = (*pause > 50.0).then_some(*pause);
                let tasks = [(*count, *each), (*others, *other)].into_iter().filter(|(count, _)| *count > 0).collect();
                group(n, tasks, pause)
            });
            let (work, settings) = (trace(groups.collect()), settings(min, min + more));
            let scalers: [Box<dyn Scaler>; 3] =
                [Box::new(Fixed(size.clamp(min.max(1), min + more))), Box::new(Adaptive::default()), Box::new(Fixed(min + more))];
            for mut scaler in scalers {
                let outcome = model::run(&work, &settings, scaler.as_mut());
                prop_assert!(outcome.finished);
                let bound = worker_seconds(&work, &settings, outcome.makespan);
                prop_assert!(bound <= outcome.worker_seconds + 1e-3, "{}: {bound} > {}", scaler.name(), outcome.worker_seconds);
            }
        }
    }
}
