//! What is decided reaches the record, and only when there is something to say.

use caddis_types::ReasonCode;
use caddis_types::dask::{DaskSnapshot, PrefixView, TaskCounts};

use super::*;
use crate::arbitrary::{NOW, plain_cluster, seen};
use crate::record::{MemberPhase, SlotRecord};
use crate::settings::Settings;
use crate::world::ClusterWorld;

/// A cluster that serves with so many workers.
fn serving(workers: u32, min: u32, max: u32) -> ClusterRecord {
    let phase = MemberPhase::Running { started_at: NOW, pid: 7, ready_at: Some(NOW) };
    let slot = SlotRecord { phase, ..SlotRecord::first(NOW, false) };
    ClusterRecord {
        workers_desired: workers,
        workers_wanted: workers,
        slots: (0..workers).map(|number| (number, slot.clone())).collect(),
        next_slot: workers,
        ..plain_cluster(min, max)
    }
}

/// A scheduler that holds back so many tasks of ten seconds.
fn with(queued: u64) -> ClusterWorld {
    let tasks = TaskCounts { queued, ..TaskCounts::default() };
    let queued_seconds = 10.0 * queued as f64;
    let longest = if queued > 0 { 10.0 } else { 0.0 };
    let dask = DaskSnapshot { at: NOW, tasks, queued_seconds, longest, clients: 1, ..DaskSnapshot::default() };
    ClusterWorld { dask: Some(dask), ..seen([]) }
}

fn look(record: &ClusterRecord, world: &ClusterWorld, seconds: u64) -> (Plan<ClusterRecord>, Vec<Reason>) {
    let settings = Settings::default();
    let input = ClusterInput { record, world, job: None, scripts: &[], victims: &[], settings: &settings };
    let mut plan = Plan::keep(record.clone());
    let reasons = decide(&mut plan, &input, NOW + Duration::from_secs(seconds));
    (plan, reasons)
}

#[test]
fn work_without_workers_is_work_all_the_same() {
    let (plan, reasons) = look(&serving(0, 0, 4), &with(40), 0);
    assert!(plan.record.workers_desired > 0, "{:?}", plan.record.scaling.last);
    assert_eq!((plan.decisions.len(), plan.events.len()), (1, 1));
    assert_eq!(reasons[0].code, ReasonCode::FollowsLoad);
    assert!(reasons[0].sentence.contains("of 0..4"), "{}", reasons[0].sentence);
}

/// An hour sooner is worth so much, and a preemptible worker costs a third: more of those are worth it.
#[test]
fn a_worker_is_paid_for_as_what_it_will_be() {
    let settings = Settings::default();
    let mut record = serving(1, 1, 4);
    record.shape.on_demand = Some(1);
    let hour = |record: &ClusterRecord| look(record, &with(40), 0).0.decisions[0].worker_hour;
    assert_ne!(record.shape.worker_price_hour, record.shape.preemptible_price_hour);
    assert_eq!(hour(&record), record.shape.preemptible_price_hour);
    record.shape.on_demand = Some(2);
    assert_eq!(hour(&record), record.shape.worker_price_hour, "the second one is to be on-demand as well");
    record.shape.on_demand = Some(1);
    let until = NOW + settings.heartbeat;
    record.scaling.shortage = Some(crate::record::Shortage { since: NOW, until, times: 1 });
    assert_eq!(hour(&record), record.shape.worker_price_hour, "there is no capacity for another kind");
}

#[test]
fn a_number_that_somebody_fixed_is_not_moved() {
    let mut record = serving(1, 0, 4);
    record.scaling.fixed = true;
    let (plan, reasons) = look(&record, &with(1000), 0);
    assert_eq!((plan.record.workers_desired, plan.decisions.len()), (1, 0));
    assert!(reasons[0].code == ReasonCode::FixedSize && reasons[0].sentence.contains("fixed"), "{reasons:?}");
    let (_, reasons) = look(&serving(2, 2, 2), &with(1000), 0);
    assert!(reasons[0].next.as_ref().unwrap().contains("--workers MIN..MAX"), "{reasons:?}");
}

#[test]
fn nothing_is_decided_without_a_word_of_the_scheduler() {
    let record = serving(3, 0, 4);
    let (plan, reasons) = look(&record, &ClusterWorld { dask: None, ..with(0) }, 0);
    assert_eq!(plan.record, record);
    assert!(reasons[0].sentence.contains("not heard"), "{reasons:?}");
}

#[test]
fn the_same_load_is_written_down_once() {
    for (workers, queued) in [(4, 40), (0, 0)] {
        let first = look(&serving(workers, 0, 4), &with(queued), 0).0.record;
        for seconds in 1..30 {
            let (plan, _) = look(&first, &with(queued), seconds);
            assert_eq!(plan.record, first, "after {seconds} s with {queued} tasks");
        }
    }
}

/// What is said to change it, of a cluster of so many workers from `min` to `max`.
fn next_of(record: &ClusterRecord, world: &ClusterWorld, seconds: u64) -> String {
    look(record, world, seconds).1[0].next.clone().expect("something changes it")
}

#[test]
fn what_would_change_it_is_said_of_each_kind_of_decision() {
    let nothing = with(0);
    assert!(next_of(&serving(2, 2, 4), &nothing, 0).contains("--workers MIN..4"), "a smaller minimum, when idle");
    assert!(next_of(&serving(4, 0, 4), &with(4000), 0).contains("--workers 0..MAX"), "a larger maximum, when there is more to do");
    let mut young = serving(4, 0, 4);
    young.scaling.memory.grew_at = Some(NOW);
    let fewer = next_of(&young, &nothing, 0);
    assert!(fewer.contains("fewer are decided on at"), "{fewer}");
    assert!(next_of(&serving(1, 0, 4), &with(1), 0).contains("whenever the load changes"));

    // Nobody measured these tasks, and a worker is on its way: it is not fewer that come next.
    let mut guessed = with(400);
    let states = std::iter::once(("queued".to_owned(), 400)).collect();
    let prefixes = vec![PrefixView { name: "inc".into(), expected: 10.0, states, ..PrefixView::default() }];
    let dask = guessed.dask.as_mut().unwrap();
    (dask.unmeasured, dask.prefixes) = (400, prefixes);
    let mut waiting = serving(4, 0, 8);
    waiting.scaling.memory.grew_at = Some(NOW);
    waiting.slots.get_mut(&3).unwrap().phase = MemberPhase::Intended { at: NOW };
    let said = next_of(&waiting, &guessed, 0);
    assert!(said.contains("as soon as they are here") && !said.contains("fewer"), "{said}");
}

/// So many tasks after so many seconds: bursts of all sizes, pauses, and a tail.
fn weather(second: u64) -> u64 {
    match second % 400 {
        0..40 => 30 + second % 7,
        60..63 | 70..75 => second % 90,
        100..200 => 400 - second % 400,
        300..330 => second % 3,
        _ => 0,
    }
}

/// What is kept of a cluster that is looked at four times a second, its workers being there as soon as they are wanted.
fn kept(seconds: u64) -> Vec<(crate::record::DecisionRow, String)> {
    let (mut record, mut rows) = (serving(0, 0, 9), Vec::new());
    record.scaling.start_seconds = 0.321;
    for quarter in 0..4 * seconds {
        let now = NOW + Duration::from_millis(250 * quarter);
        let mut world = with(weather(quarter / 4));
        let dask = world.dask.as_mut().unwrap();
        (dask.at, dask.occupancy) = (now, 1.0 / (1.0 + quarter as f64));
        let settings = Settings::default();
        let input = ClusterInput { record: &record, world: &world, job: None, scripts: &[], victims: &[], settings: &settings };
        let mut plan = Plan::keep(record.clone());
        let said = decide(&mut plan, &input, now)[0].sentence.clone();
        assert!(weather(quarter / 4) == 0 || plan.decisions.len() == 1, "the look at quarter {quarter} is not kept");
        rows.extend(plan.decisions.drain(..).map(|row| (row, said.clone())));
        let size = plan.record.workers_desired;
        record = ClusterRecord { scaling: plan.record.scaling, ..serving(size, 0, 9) };
    }
    rows
}

#[test]
fn what_was_kept_is_decided_again_as_it_was() {
    let rows = kept(1200);
    assert!(rows.len() > 100, "{}", rows.len());
    assert!(rows.windows(2).filter(|pair| pair[0].0.target != pair[1].0.target).count() > 8, "it went up and down");
    for (row, said) in rows {
        let stored = crate::record::DecisionRow::read(row.cluster.clone(), row.at, &row.body().to_string()).unwrap();
        assert_eq!(stored, row, "nothing is lost");
        let again = stored.again();
        assert_eq!((again.target, again.why), (row.target, row.why), "{said}");
        assert!(said.contains(&again.sentence), "{said}: {}", again.sentence);
    }
}
