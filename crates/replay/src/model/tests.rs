//! The model against what can be worked out by hand, and what must hold for any work.

use caddis_core::autoscale::Policy;
use caddis_types::NanoDollars;
use caddis_types::shape::WorkerRange;
use proptest::prelude::*;

use super::{Outcome, Settings, run};
use crate::generate::{Class, generate};
use crate::scalers::{Adaptive, Answer, Caddis, Dataproc, Fixed, Order, Scaler};
use crate::trace::{Group, Trace};

fn group(name: &str, after: &[&str], tasks: &[(u64, f64)]) -> Group {
    Group {
        group: name.to_owned(),
        tasks_named: name.to_owned(),
        user: String::new(),
        at: 0.0,
        after: after.iter().map(|name| (*name).to_owned()).collect(),
        pause: None,
        tasks: tasks.to_vec(),
        bytes: 0,
        pinned_by: None,
    }
}

fn trace(groups: Vec<Group>) -> Trace {
    Trace { name: "t".into(), class: "test".into(), groups }
}

fn cloud(min: u32, max: u32) -> Settings {
    Settings::cloud(WorkerRange { min, max })
}

/// Does what a list says, a second at a time.
struct Script(Vec<u32>);

impl Scaler for Script {
    fn name(&self) -> String {
        "script".into()
    }

    fn look(&mut self, sight: &super::Sight<'_>) -> Answer {
        let second = (sight.now().0 / 1_000_000) as usize;
        let wanted = self.0.get(second).or(self.0.last()).copied().unwrap_or(1);
        Answer { order: Order::To(wanted), due: Some(caddis_types::Timestamp(sight.now().0 + 1_000_000)) }
    }
}

#[test]
fn two_workers_of_three_threads_run_six_at_a_time_and_are_paid_until_the_end() {
    let work = trace(vec![group("a", &[], &[(12, 10.0)]), group("b", &["a"], &[(1, 5.0)])]);
    let outcome = run(&work, &cloud(2, 2), &mut Fixed(2));
    assert_eq!((outcome.makespan, outcome.waited, outcome.busy_seconds), (25.0, 25.0, 125.0));
    assert_eq!(
        (outcome.worker_seconds, outcome.started, outcome.repeated),
        (120.0, 2, 0),
        "each for at least a minute"
    );
    assert_eq!(outcome.cost, NanoDollars(2 * 3_903_933));
}

#[test]
fn a_worker_takes_its_time_to_start_and_is_paid_for_it() {
    let work = trace(vec![group("a", &[], &[(12, 100.0)])]);
    let outcome = run(&work, &cloud(1, 4), &mut Fixed(4));
    // Three run from 0, the other nine from 90.
    assert_eq!((outcome.makespan, outcome.worker_seconds), (190.0, 4.0 * 190.0));
    let outcome = run(&work, &cloud(0, 4), &mut Fixed(4));
    assert_eq!(outcome.makespan, 190.0);
}

#[test]
fn a_pause_is_the_users_own_time() {
    let mut second = group("b", &["a"], &[(1, 5.0)]);
    second.pause = Some(30.0);
    let outcome = run(&trace(vec![group("a", &[], &[(1, 5.0)]), second]), &cloud(1, 1), &mut Fixed(1));
    assert_eq!((outcome.makespan, outcome.waited), (40.0, 10.0));
}

#[test]
fn a_worker_that_is_told_to_go_finishes_what_it_runs() {
    let work = trace(vec![group("a", &[], &[(6, 100.0)]), group("b", &["a"], &[(3, 10.0)])]);
    let outcome = run(&work, &cloud(1, 2), &mut Script([vec![2; 95], vec![1]].concat()));
    assert_eq!((outcome.repeated, outcome.busy_seconds), (0, 630.0));
    // Asked for at 0, serving from 90; told to go at 95, busy until 190, and the other one until all is done at 200.
    assert_eq!((outcome.makespan, outcome.worker_seconds), (200.0, 190.0 + 200.0));
}

#[test]
fn adaptive_takes_running_tasks_away() {
    struct Closer;
    impl Scaler for Closer {
        fn name(&self) -> String {
            "closer".into()
        }
        fn look(&mut self, sight: &super::Sight<'_>) -> Answer {
            let close = sight.now().0 == 5_000_000;
            Answer { order: if close { Order::Close(vec![1]) } else { Order::Keep }, due: None }
        }
    }
    let outcome = run(&trace(vec![group("a", &[], &[(6, 10.0)])]), &cloud(2, 2), &mut Closer);
    assert_eq!((outcome.repeated, outcome.makespan, outcome.busy_seconds), (3, 20.0, 60.0));
}

#[test]
fn what_a_shuffle_pins_runs_where_it_began_and_keeps_its_workers() {
    let mut unpack = group("unpack", &["send"], &[(12, 10.0)]);
    unpack.pinned_by = Some("send".into());
    let work = trace(vec![group("send", &[], &[(12, 50.0)]), unpack]);
    let outcome = run(&work, &cloud(1, 4), &mut Fixed(4));
    // Three at 0, 50, 90 with nine more; the last ends at 140; then twelve on the three threads that were there.
    assert_eq!(outcome.makespan, 140.0 + 40.0);
    let outcome = run(&work, &cloud(1, 2), &mut Script(vec![2, 2, 1]));
    assert_eq!(outcome.makespan, 200.0 + 40.0, "the second was sent back before it served");
}

#[test]
fn full_memory_slows_tasks_and_results_keep_workers() {
    let load = Group { bytes: 4_000_000_000, ..group("load", &[], &[(6, 10.0)]) };
    let work = trace(vec![load, group("use", &["load"], &[(6, 10.0)])]);
    assert_eq!(run(&work, &cloud(2, 2), &mut Fixed(2)).makespan, 30.0, "24 of 28 GB: the disk");
    assert_eq!(run(&work, &cloud(4, 4), &mut Fixed(4)).makespan, 20.0);
    let outcome = run(&work, &cloud(0, 2), &mut Script([vec![2; 115], vec![0]].concat()));
    assert!(outcome.finished, "two are needed for the results, and stay");
    assert!(
        !run(&work, &cloud(0, 2), &mut Script(vec![0])).finished,
        "with nobody there it is not waited for for ever"
    );
}

fn scalers() -> Vec<Box<dyn Scaler>> {
    vec![
        Box::new(Caddis::new("caddis", Policy::default(), true)),
        Box::new(Caddis::new("first", Policy::default(), false)),
        Box::new(Adaptive::default()),
        Box::<Dataproc>::default(),
    ]
}

fn check(outcome: &Outcome, work: &Trace, settings: &Settings) -> Result<(), TestCaseError> {
    prop_assert!(outcome.finished);
    prop_assert!(outcome.peak <= settings.range.max + outcome.started.saturating_sub(settings.range.max));
    prop_assert!(outcome.busy_seconds + 1e-6 >= work.seconds());
    prop_assert!(outcome.worker_seconds * f64::from(settings.threads) + 1e-6 >= work.seconds());
    prop_assert!(outcome.makespan + 1e-6 >= work.groups.iter().map(Group::longest).fold(0.0, f64::max));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Every policy gets all work of every kind done, with no task lost, and the same again.
    #[test]
    fn all_work_is_done(seed in 0u64..1000, max in 1u32..12, kind in 0usize..4, min in 0u32..2) {
        let settings = cloud(min, max);
        let work = generate(Class::ALL[kind], seed, max, 3);
        for mut scaler in scalers() {
            let outcome = run(&work, &settings, scaler.as_mut());
            check(&outcome, &work, &settings)?;
        }
        let again = || run(&work, &settings, scalers()[0].as_mut());
        prop_assert_eq!(again(), again());
    }
}
