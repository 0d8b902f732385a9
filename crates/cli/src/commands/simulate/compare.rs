//! All policies on all kinds of work.

use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use caddis_core::autoscale::Policy;
use caddis_replay::generate::Class;
use caddis_replay::model::Settings;
use caddis_replay::report::{Case, case, markdown};
use caddis_types::shape::WorkerRange;

use super::{Args, policy};
use crate::failure::Failure;
use crate::output::plural::count;
use crate::output::say;

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    // Not those of the config file: the tables are the same on every machine.
    let figures = policy::load(args.policy.as_deref(), &Policy::default())?;
    let classes = if args.classes.is_empty() { Class::ALL.to_vec() } else { args.classes.clone() };
    let kind = |class, most| Kind { class, settings: settings(class, most, args) };
    let kinds: Vec<Kind> =
        classes.iter().flat_map(|class| args.sizes.iter().map(|most| kind(*class, *most))).collect();
    let cases = all(&kinds, &figures, &args.seeds);
    args.output.print(&cases, |cases| markdown(cases))?;
    Ok(0)
}

/// A class of work at one size.
struct Kind {
    class: Class,
    settings: Settings,
}

/// Every kind with every seed, on all processors. The figures are those of one after the other: a kind's traces are added
/// in the order of their seeds.
fn all(kinds: &[Kind], figures: &Policy, seeds: &Range<u64>) -> Vec<Case> {
    let traces: Vec<(&Kind, u64)> = kinds.iter().flat_map(|kind| seeds.clone().map(move |seed| (kind, seed))).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((kind, seed)) = traces.get(index) else { return done };
            if *seed == seeds.start {
                say(&format!("{}, up to {}", kind.class, count(kind.settings.range.max.into(), "worker")));
            }
            done.push((index, case(kind.class, &kind.settings, figures, *seed)));
        }
    };
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let mut done: Vec<(usize, Case)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..processors.min(traces.len())).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    done.sort_by_key(|(index, _)| *index);
    let of_a_kind = done.chunks((seeds.end - seeds.start) as usize);
    of_a_kind
        .map(|cases| {
            let mut whole = cases[0].1.clone();
            cases[1..].iter().for_each(|(_, case)| whole.add(case));
            whole
        })
        .collect()
}

/// A program has two workers from its beginning, as the mission says, or at least none where one is all that it may
/// have; a cluster that waits for people has none.
fn settings(class: Class, most: u32, args: &Args) -> Settings {
    let min = if class.is_shared() || most < 2 { 0 } else { 2 };
    let mut settings = Settings::cloud(WorkerRange { min, max: most });
    settings.threads = args.threads.unwrap_or(settings.threads);
    if let Some(millis) = args.start {
        settings.economy.start_seconds = millis as f64 / 1e3;
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_those_of_one_trace_after_the_other() {
        let cloud = |class, max| Kind { class, settings: Settings::cloud(WorkerRange { min: 0, max }) };
        let (kinds, policy) = ([cloud(Class::Bursty, 3), cloud(Class::Diurnal, 2), cloud(Class::Bursty, 2)], Policy::default());
        let one_by_one = kinds.iter().map(|kind| {
            let mut whole = case(kind.class, &kind.settings, &policy, 4);
            (5..9).for_each(|seed| whole.add(&case(kind.class, &kind.settings, &policy, seed)));
            whole
        });
        let together = all(&kinds, &policy, &(4..9));
        assert!(together.iter().all(|case| case.traces == 5));
        assert_eq!(together, one_by_one.collect::<Vec<Case>>());
    }
}
