use caddis_core::prices::Tariff;
use caddis_core::profile::{self, Pool};
use caddis_core::record::{SlotRecord, StopWhy};
use caddis_types::CauseCode;
use caddis_types::bytes::GIB;
use caddis_types::shape::ShapeWish;
use proptest::prelude::*;

use super::*;
use crate::documents::Encoded;

/// A cluster, its record, and a clock that somebody sets.
struct World {
    document: ClusterDocument,
    record: Option<ClusterRecord>,
    now: i64,
}

/// What happens to a cluster.
#[derive(Clone, Copy, Debug)]
enum Step {
    Ready,
    Workers(u32),
    /// The face looks whether the last turn came true.
    Look,
    Update(Option<u32>),
    Stop,
    Start,
    Delete,
    Fail,
    Ended,
    /// Retention takes the record.
    Forgotten,
}

fn fresh(now: Timestamp) -> ClusterRecord {
    let pool = Pool { memory_bytes: 8 * GIB, cpus: 2 };
    let shape = profile::fit(&ShapeWish::default(), pool, &Tariff::default(), now).unwrap().0;
    ClusterRecord::new("cl_0123456789abcdef".parse().unwrap(), "ann".to_owned(), shape, now)
}

impl World {
    fn new(ends_at: Option<Timestamp>) -> World {
        let record = fresh(Timestamp(1));
        let document = ClusterDocument {
            uuid: String::new(),
            cluster: record.id.clone(),
            asked: Encoded::default(),
            newer: false,
            created_at: Timestamp(1),
            turns: Vec::new(),
            warnings: Vec::new(),
            scaling: None,
            ends_at,
        };
        World { document, record: Some(record), now: 1 }
    }

    fn states(&self) -> Option<Vec<Since>> {
        states(&self.document, self.record.as_ref(), Timestamp(self.now))
    }

    /// What can happen now happens, as the methods of the face allow it.
    fn step(&mut self, step: Step, later: i64) {
        self.now += later;
        let now = Timestamp(self.now);
        let Some(state) = self.states().and_then(|mut states| states.pop()).map(|since| since.state) else { return };
        let (document, record) = (&mut self.document, self.record.as_mut());
        let living = record.as_ref().is_some_and(|record| !record.state.is_ending());
        match step {
            Step::Ready if living => {
                let record = record.unwrap();
                record.ready_at.get_or_insert(now);
                record.state = ClusterState::Running { since: now };
            }
            Step::Workers(many) if living => {
                let phase = MemberPhase::Running { started_at: now, pid: 1, ready_at: Some(now) };
                record.unwrap().slots = (0..many).map(|n| (n, SlotRecord { phase: phase.clone(), ..SlotRecord::first(now, false) })).collect();
            }
            Step::Look => {
                let Some(turn) = document.turns.last_mut().filter(|turn| turn.settled_at.is_none()) else { return };
                if let Settling::At(at) = settling(turn, record.as_deref(), now) {
                    turn.settled_at = Some(at);
                }
            }
            Step::Update(workers) if state == State::Running => {
                let settled_at = workers.is_none().then_some(now);
                turn(document, record.as_deref(), Turn { workers, settled_at, ..Turn::new(Wish::Update, now) });
            }
            Step::Stop if matches!(state, State::Running | State::Updating | State::Error) => {
                turn(document, record.as_deref(), Turn::new(Wish::Stop, now));
                self.stopping(now, StopWhy::orderly("it was asked for"));
            }
            Step::Start if state == State::Stopped => {
                turn(document, record.as_deref(), Turn::new(Wish::Start, now));
                self.record = Some(fresh(now));
            }
            Step::Delete if state != State::Deleting => {
                turn(document, record.as_deref(), Turn::new(Wish::Delete, now));
                self.stopping(now, StopWhy::orderly("it was asked for"));
            }
            Step::Fail if living => {
                self.stopping(now, StopWhy::failure(Cause::new(CauseCode::SchedulerLost, "it died")));
            }
            Step::Ended => {
                if let Some(record) = record
                    && let ClusterState::Stopping { why, .. } = record.state.clone()
                {
                    record.state = ClusterState::Ended { at: now, why };
                }
            }
            Step::Forgotten if document.turns.last().is_some_and(|turn| turn.wish == Wish::Stop) => {
                self.record = self.record.take().filter(|record| !record.state.is_ended());
            }
            _ => {}
        }
    }

    fn stopping(&mut self, since: Timestamp, why: StopWhy) {
        if let Some(record) = self.record.as_mut().filter(|record| !record.state.is_ending()) {
            record.state = ClusterState::Stopping { since, why, closing_at: None, purged_at: None };
        }
    }
}

/// The states after these steps, one a second, with the seconds since when they have held.
fn after(steps: &[Step]) -> String {
    let mut world = World::new(None);
    for step in steps {
        world.step(*step, 1);
    }
    let Some(states) = world.states() else { return "gone".to_owned() };
    states.iter().map(|since| format!("{}@{}", since.state.as_str_name(), since.at.0)).collect::<Vec<_>>().join(" ")
}

#[test]
fn states_follow_each_other_as_on_google() {
    use Step::*;
    let running = [Workers(2), Ready];
    let twice = [&running[..], &[Update(Some(3)), Workers(3), Look, Update(Some(2)), Workers(2), Look]].concat();
    let history = "CREATING@1 RUNNING@3 UPDATING@4 RUNNING@6 UPDATING@7 RUNNING@9";
    let stopped = [&twice[..], &[Stop, Ended, Look]].concat();
    let started = [&stopped[..], &[Start, Workers(2), Ready]].concat();
    let table: Vec<(Vec<Step>, String)> = vec![
        (vec![], "CREATING@1".to_owned()),
        (running.to_vec(), "CREATING@1 RUNNING@3".to_owned()),
        (twice.clone(), history.to_owned()),
        // A worker that dies and comes again is no state of its cluster.
        ([&twice[..], &[Workers(1), Look]].concat(), history.to_owned()),
        ([&twice[..], &[Workers(1), Look, Workers(2)]].concat(), history.to_owned()),
        // Nor is anybody told that an update is done before that is kept.
        ([&running[..], &[Update(Some(3)), Workers(3)]].concat(), "CREATING@1 RUNNING@3 UPDATING@4".to_owned()),
        ([&running[..], &[Update(None)]].concat(), "CREATING@1 RUNNING@3 UPDATING@4 RUNNING@4".to_owned()),
        ([&twice[..], &[Stop]].concat(), format!("{history} STOPPING@10")),
        (stopped.clone(), format!("{history} STOPPING@10 STOPPED@11")),
        ([&stopped[..], &[Forgotten]].concat(), format!("{history} STOPPING@10 STOPPED@11")),
        (started.clone(), format!("{history} STOPPING@10 STOPPED@11 STARTING@13 RUNNING@15")),
        (
            [&started[..], &[Delete]].concat(),
            format!("{history} STOPPING@10 STOPPED@11 STARTING@13 RUNNING@15 DELETING@16"),
        ),
        ([&started[..], &[Delete, Ended]].concat(), "gone".to_owned()),
        ([&running[..], &[Update(Some(3)), Stop, Ended]].concat(), "CREATING@1 RUNNING@3 UPDATING@4 STOPPING@5 STOPPED@6".to_owned()),
        ([&running[..], &[Fail]].concat(), "CREATING@1 RUNNING@3 ERROR@4".to_owned()),
        ([&running[..], &[Fail, Delete]].concat(), "CREATING@1 RUNNING@3 ERROR@4 DELETING@5".to_owned()),
        ([&running[..], &[Fail, Stop, Ended]].concat(), "CREATING@1 RUNNING@3 ERROR@4 STOPPING@5 STOPPED@6".to_owned()),
        ([&twice[..], &[Fail]].concat(), format!("{history} ERROR@10")),
    ];
    for (steps, expected) in table {
        assert_eq!(after(&steps), expected, "{steps:?}");
    }
}

#[test]
fn a_stopped_cluster_is_gone_once_its_time_is_over() {
    let mut world = World::new(Some(Timestamp(9)));
    for step in [Step::Ready, Step::Stop, Step::Ended] {
        world.step(step, 1);
    }
    let mut last = |now| {
        world.now = now;
        world.states().and_then(|mut states| states.pop()).map(|since| since.state)
    };
    assert_eq!((last(8), last(9)), (Some(State::Stopped), None));
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Ready),
        4 => (0u32..4).prop_map(Step::Workers),
        4 => Just(Step::Look),
        3 => prop::option::of(0u32..4).prop_map(Step::Update),
        2 => Just(Step::Stop),
        2 => Just(Step::Start),
        1 => Just(Step::Delete),
        1 => Just(Step::Fail),
        3 => Just(Step::Ended),
        1 => Just(Step::Forgotten),
    ]
}

proptest! {
    /// Also when the clock is set back in between.
    #[test]
    fn a_history_only_grows_and_its_times_never_fall(steps in prop::collection::vec((step(), -3i64..9), 1..40)) {
        let mut world = World::new(None);
        let mut before = world.states().unwrap();
        for (step, later) in steps {
            world.step(step, later);
            let Some(states) = world.states() else { break };
            prop_assert!(states.is_sorted_by_key(|since| since.at), "{:?}", states);
            let names = |all: &[Since]| all.iter().map(|since| since.state).collect::<Vec<_>>();
            prop_assert!(names(&states).starts_with(&names(&before)), "{:?} after {:?}", states, before);
            let over = &before[..before.len() - 1];
            prop_assert!(states.starts_with(over), "{:?} after {:?}", states, before);
            before = states;
        }
    }
}
