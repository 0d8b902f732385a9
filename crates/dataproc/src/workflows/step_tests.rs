//! Workflows in a small world: random graphs, random fates of clusters and jobs, refusals, cancellations, crashes between
//! any two things. After it the same is asked of every one.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::progress::{Act, FailureKind, Managed, Phase, Progress, Step, Target};
use super::step::{Refusal, Seen, SeenCluster, SeenJob, decide, done, refused};
use caddis_types::Timestamp;

/// Numbers that decide everything: first those that proptest chose, then ones that let everything come to an end.
struct Dice(std::vec::IntoIter<u8>);

impl Dice {
    /// Whether something happens, `of` in 256; never once the numbers are used up.
    fn hits(&mut self, of: u8) -> bool {
        self.0.next().is_some_and(|number| number < of)
    }
}

/// What is outside: truly there, whatever is written.
struct World {
    dice: Dice,
    now: Timestamp,
    written: Progress,
    cluster: SeenCluster,
    jobs: BTreeMap<String, SeenJob>,
    /// Steps in the order in which their jobs came to be.
    executed: Vec<String>,
    clusters_made: usize,
    /// Something was wished or broke that excuses a workflow from success.
    excuse: bool,
}

impl World {
    fn new(numbers: Vec<u8>, managed: bool, timeout: bool) -> World {
        let mut dice = Dice(numbers.into_iter());
        let count = 1 + usize::from(dice.0.next().unwrap_or(3)) % 6;
        let mut steps: Vec<Step> = Vec::new();
        for index in 0..count {
            let needs = (0..index).filter(|_| dice.hits(100)).map(|index| format!("step{index}")).collect();
            steps.push(Step { id: format!("step{index}"), needs, submitted_at: None, end: None });
        }
        // The order in which steps stand in the template means nothing.
        if dice.hits(128) {
            steps.reverse();
        }
        let target = match managed {
            true => Target::Managed(Managed { name: "c".to_owned(), ..Managed::default() }),
            false => Target::Selected { name: String::new(), uuid: String::new() },
        };
        World {
            dice,
            now: Timestamp(1),
            written: Progress::new(steps, target, timeout.then_some(600_000)),
            cluster: SeenCluster::Absent,
            jobs: BTreeMap::new(),
            executed: Vec::new(),
            clusters_made: 0,
            excuse: false,
        }
    }

    fn seen(&self) -> Seen {
        Seen { cluster: self.cluster.clone(), jobs: self.jobs.clone() }
    }

    /// One pass, as the driver makes it. A crash may come before the write, or before the act.
    fn pass(&mut self) -> bool {
        let plan = decide(&self.written, &self.seen(), self.now);
        if plan.progress != self.written {
            if !self.dice.hits(20) {
                self.changed_only_forward(&plan.progress);
                self.written = plan.progress;
            }
            return true;
        }
        let Some(act) = plan.acts.first().cloned() else {
            if let Some(due) = plan.due.filter(|_| self.idle()) {
                assert!(due > self.now, "a due time that is over");
                self.now = due;
                return true;
            }
            return false;
        };
        if self.dice.hits(20) {
            return true;
        }
        if self.dice.hits(15) {
            let kinds = [Refusal::Final, Refusal::Passing, Refusal::Missing];
            let kind = kinds[usize::from(self.dice.0.next().unwrap_or(1)) % 3];
            let is_there = !matches!((&act, &self.cluster), (Act::DeleteCluster, SeenCluster::Absent));
            let refusal = kind("it does not work".to_owned());
            if !(is_there && matches!((&act, &refusal), (Act::DeleteCluster | Act::Cancel(_), Refusal::Missing(_)))) {
                self.excuse = true;
                self.written = refused(&self.written, &act, &refusal, self.now);
            }
            return true;
        }
        self.perform(&act);
        true
    }

    /// Nothing outside moves by itself.
    fn idle(&self) -> bool {
        let moving = self.jobs.values().any(|job| matches!(job, SeenJob::Active { .. }));
        !moving && !matches!(self.cluster, SeenCluster::Creating { .. } | SeenCluster::Going { .. })
    }

    /// The effect and the word of it, in one transaction.
    fn perform(&mut self, act: &Act) {
        let uuid = "u".to_owned();
        match act {
            Act::CreateCluster => {
                self.clusters_made += 1;
                self.cluster = SeenCluster::Creating { uuid };
            }
            Act::DeleteCluster => {
                assert!(!self.jobs.values().any(|job| matches!(job, SeenJob::Active { .. })), "a cluster under a job");
                if self.cluster != SeenCluster::Absent {
                    self.cluster = SeenCluster::Going { uuid };
                }
            }
            Act::Submit(id) => {
                let step = self.written.step(id).unwrap();
                let needs = step.needs.iter();
                assert!(needs.clone().all(|id| self.jobs.get(id) == Some(&SeenJob::Succeeded)), "{id} came too early");
                assert!(self.written.failure.is_none() && self.written.cancelled_at.is_none(), "{id} came after a failure");
                if let Some(managed) = self.written.managed() {
                    assert_eq!(managed.phase(), Phase::Ready);
                }
                self.executed.push(id.clone());
                self.jobs.insert(id.clone(), SeenJob::Active { cancelling: false });
            }
            Act::Cancel(id) => {
                if let Some(job @ SeenJob::Active { .. }) = self.jobs.get_mut(id) {
                    *job = SeenJob::Active { cancelling: true };
                }
            }
        }
        let after = done(&self.written, act, self.now);
        self.changed_only_forward(&after);
        self.written = after;
    }

    /// What ended stays as it is, what was submitted was.
    fn changed_only_forward(&self, after: &Progress) {
        for (old, new) in self.written.steps.iter().zip(&after.steps) {
            assert!(old.submitted_at.is_none() || old.submitted_at == new.submitted_at);
            assert!(old.end.is_none() || old.end == new.end);
        }
        assert!(self.written.failure.is_none() || self.written.failure == after.failure);
    }

    /// Time passes, and the outside goes on.
    fn outside(&mut self) {
        self.now = Timestamp(self.now.0 + 1_000_000);
        let uuid = || "u".to_owned();
        self.cluster = match std::mem::take(&mut self.cluster) {
            SeenCluster::Creating { .. } if self.dice.hits(25) => {
                self.excuse = true;
                SeenCluster::Failed { uuid: uuid(), why: "no room".to_owned() }
            }
            SeenCluster::Creating { .. } if !self.dice.hits(100) => SeenCluster::Running { uuid: uuid() },
            SeenCluster::Running { .. } if self.dice.hits(6) => {
                self.excuse = true;
                SeenCluster::Going { uuid: uuid() }
            }
            SeenCluster::Running { .. } if self.dice.hits(6) => {
                self.excuse = true;
                SeenCluster::Failed { uuid: uuid(), why: "its scheduler died".to_owned() }
            }
            SeenCluster::Going { .. } if !self.dice.hits(100) => SeenCluster::Absent,
            other => other,
        };
        let lost = !matches!(self.cluster, SeenCluster::Running { .. }) && self.written.managed().is_some();
        for job in self.jobs.values_mut() {
            let SeenJob::Active { cancelling } = job else { continue };
            if *cancelling || lost {
                *job = SeenJob::Failed("it was ended".to_owned());
            } else if self.dice.hits(25) {
                self.excuse = true;
                *job = SeenJob::Failed("KeyError".to_owned());
            } else if !self.dice.hits(100) {
                *job = SeenJob::Succeeded;
            }
        }
        if self.dice.hits(8) && self.written.ended_at.is_none() {
            self.excuse = true;
            self.written.cancelled_at.get_or_insert(self.now);
        }
    }

    fn run(&mut self) {
        for _ in 0..5_000 {
            // A due time far away is reached only when nothing else moves.
            while self.pass() && !self.dice.hits(60) {}
            if self.written.ended_at.is_some() {
                return;
            }
            self.outside();
        }
        panic!("it has not ended: {:#?}", self.written);
    }

    fn check(&self) {
        let mut once = self.executed.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), self.executed.len(), "a step was executed twice: {:?}", self.executed);
        assert_eq!(self.cluster, SeenCluster::Absent, "a cluster is left");
        assert!(self.clusters_made <= 1);
        assert!(self.written.steps.iter().all(|step| step.end.is_some()));
        let all_ran = self.written.steps.iter().all(|step| self.jobs.get(&step.id) == Some(&SeenJob::Succeeded));
        assert!(self.written.failure.is_some() || (all_ran && self.written.steps.iter().all(Step::succeeded)));
        assert!(self.excuse || self.written.failure.is_none(), "{:?}", self.written.failure);
        if let (Some(failure), None) = (&self.written.failure, self.written.cancelled_at) {
            assert_ne!(failure.kind, FailureKind::Cancelled);
        }
        let again = decide(&self.written, &self.seen(), Timestamp(self.now.0 + 1));
        assert_eq!((again.progress, again.acts, again.due), (self.written.clone(), Vec::new(), None));
        // What is kept is read again as it was.
        let kept = serde_json::to_string(&self.written).unwrap();
        assert_eq!(serde_json::from_str::<Progress>(&kept).unwrap(), self.written);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_step_once_in_its_turn_and_the_cluster_gone(
        numbers in vec(any::<u8>(), 0..300),
        managed in any::<bool>(),
        timeout in any::<bool>(),
    ) {
        let mut world = World::new(numbers, managed, timeout);
        world.run();
        world.check();
    }

    #[test]
    fn cancelled_at_any_pass(passes in 0_usize..60, shape in any::<u8>(), edges in vec(any::<u8>(), 20)) {
        let mut world = World::new([vec![shape], edges].concat(), true, false);
        world.dice = Dice(Vec::new().into_iter());
        for _ in 0..passes {
            if !world.pass() {
                world.outside();
            }
        }
        let over = world.written.ended_at.is_some();
        let all_done = world.written.steps.iter().all(Step::succeeded);
        world.excuse = true;
        if !over {
            world.written.cancelled_at = Some(world.now);
        }
        world.run();
        world.check();
        let kind = world.written.failure.as_ref().map(|failure| failure.kind);
        // What had succeeded before has succeeded; a cancellation that came earlier stays one.
        prop_assert!(kind.is_none() || !(over || all_done));
        prop_assert!(kind.is_none() || kind == Some(FailureKind::Cancelled));
    }
}

#[test]
fn a_dag_that_takes_too_long_is_ended() {
    let step = Step { id: "slow".to_owned(), needs: Vec::new(), submitted_at: None, end: None };
    let later = Step { id: "later".to_owned(), needs: vec!["slow".to_owned()], submitted_at: None, end: None };
    let target = Target::Selected { name: "c".to_owned(), uuid: "u".to_owned() };
    let start = Progress::new(vec![step, later], target, Some(600_000));
    let begun = done(&start, &Act::Submit("slow".to_owned()), Timestamp(5));
    let jobs = BTreeMap::from([("slow".to_owned(), SeenJob::Active { cancelling: false })]);
    let seen = Seen { cluster: SeenCluster::Absent, jobs };
    let plan = decide(&begun, &seen, Timestamp(6));
    assert_eq!((plan.acts, plan.due), (Vec::new(), Some(Timestamp(600_000_005))));
    let plan = decide(&begun, &seen, Timestamp(600_000_005));
    assert_eq!(plan.acts, [Act::Cancel("slow".to_owned())]);
    let failure = plan.progress.failure.unwrap();
    assert_eq!((failure.kind, failure.sentence.contains("600s")), (FailureKind::TooLong, true));
    assert!(plan.progress.steps[1].end.as_ref().unwrap().error.as_ref().unwrap().contains("dag_timeout"));
}

#[test]
fn what_does_not_work_is_tried_with_growing_pauses_and_given_up() {
    let step = Step { id: "one".to_owned(), needs: Vec::new(), submitted_at: None, end: None };
    let target = Target::Managed(Managed { name: "c".to_owned(), ..Managed::default() });
    let mut progress = Progress::new(vec![step], target, None);
    let mut now = Timestamp(0);
    let mut pauses = Vec::new();
    while progress.failure.is_none() {
        progress = refused(&progress, &Act::CreateCluster, &Refusal::Passing("the disk is full".to_owned()), now);
        let plan = decide(&progress, &Seen::default(), now);
        if let Some(due) = plan.due {
            assert_eq!(plan.acts, []);
            pauses.push(due.since(now).as_secs());
            now = due;
        }
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60]);
    assert!(progress.failure.unwrap().sentence.starts_with("Error submitting create cluster request: the disk is full"));
}
