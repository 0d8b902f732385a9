//! Who gets capacity next: queued jobs, new clusters and growing ones share one pool.
//!
//! Decided for the whole pool at once, by one pass at a time, so that its limit is never exceeded. Owners take turns:
//! the one who holds least goes first, then the oldest wish. A job that does not fit is passed over by smaller ones
//! only of other owners, so that nobody's queue is reordered. What needs no memory waits for nobody. What a cluster
//! needs before it serves is granted whole or not at all: two that each held a part would wait for each other for
//! ever. Growth of a cluster that serves takes what is left then.
//!
//! A large wish would wait for ever while smaller ones and growth take whatever becomes free. So memory is kept for
//! the oldest wish of an owner who was given nothing since: after a minute it goes first, and until it fits nobody else
//! gets memory. What holds the rest may never end, though, and then the others must not wait for it: memory is kept
//! from the first minute to the second, from the fourth to the eighth, from the 16th to the 32nd, and so on. Whatever
//! ends at all ends within one of these spans, and the spans between them belong to the others.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use caddis_types::bytes;
use caddis_types::{ClusterId, JobId, Reason, ReasonCode, Timestamp};

/// How long a wish waits before memory is kept for it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Something that waits for memory of the pool.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// What it is.
    pub what: Applicant,
    /// Whose.
    pub owner: String,
    /// Since when.
    pub since: Timestamp,
    /// Not before this.
    pub not_before: Option<Timestamp>,
    /// Bytes it needs before it can start.
    pub needs: u64,
}

/// Who waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applicant {
    /// A queued job that will get its own cluster.
    Job(JobId),
    /// A living cluster that wants more workers.
    Growth {
        /// Which.
        cluster: ClusterId,
        /// How many more.
        workers: u32,
        /// Bytes each.
        each: u64,
        /// How many of them it needs before it serves; zero when it does.
        least: u32,
    },
}

/// The pool at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PoolView {
    /// Bytes it has.
    pub capacity: u64,
    /// Bytes held, by owner.
    pub held: BTreeMap<String, u64>,
    /// When each owner was last given a cluster, of those that live.
    pub served: BTreeMap<String, Timestamp>,
    /// Who waits.
    pub waiting: Vec<Waiting>,
}

/// What the pool decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grants {
    /// Jobs that may have their cluster now, in order.
    pub jobs: Vec<JobId>,
    /// Clusters that may have so many more workers.
    pub growth: Vec<(ClusterId, u32)>,
    /// Why the others wait.
    pub report: BTreeMap<String, Reason>,
    /// When a pause ends.
    pub due: Option<Timestamp>,
}

/// Hands out what is free.
pub fn plan(view: &PoolView, now: Timestamp) -> Grants {
    let mut grants = Grants::default();
    let mut held = view.held.clone();
    let mut free = view.capacity.saturating_sub(held.values().sum());
    let mut waiting: Vec<&Waiting> = Vec::new();
    for applicant in &view.waiting {
        match applicant.not_before {
            Some(at) if at > now => grants.due = Some(grants.due.map_or(at, |due| due.min(at))),
            _ => waiting.push(applicant),
        }
    }
    let patient = patient(view, &waiting, now);
    for round in [Round::NeedsNothing, Round::Patient, Round::Needed, Round::Bonus] {
        let mut blocked: BTreeSet<&str> = BTreeSet::new();
        while let Some(index) = next(&waiting, round, patient, &held, &blocked) {
            let applicant = waiting[index];
            match grant(applicant, free, &mut grants) {
                Some(taken) => {
                    free -= taken;
                    *held.entry(applicant.owner.clone()).or_default() += taken;
                    waiting.remove(index);
                }
                None => {
                    blocked.insert(&applicant.owner);
                }
            }
        }
        if round == Round::Patient && !blocked.is_empty() {
            break;
        }
    }
    let kept = patient.filter(|patient| waiting.iter().any(|applicant| std::ptr::eq(*applicant, *patient)));
    waiting.sort_by_key(|applicant| turn(applicant, patient, &held));
    for (place, applicant) in waiting.iter().enumerate() {
        if round(applicant) == Round::Needed {
            let changes = applicant.since + span(applicant, now).1;
            grants.due = Some(grants.due.map_or(changes, |due| due.min(changes)));
        }
        let own = waiting[..place].iter().find(|before| before.owner == applicant.owner && before.needs > free);
        let own = own.filter(|_| applicant.needs <= free).copied();
        explain(applicant, (place, own), free, view.capacity, kept, now, &mut grants);
    }
    grants
}

/// The wish that memory is kept for.
fn patient<'a>(view: &PoolView, waiting: &[&'a Waiting], now: Timestamp) -> Option<&'a Waiting> {
    let mut heads: BTreeMap<&str, &Waiting> = BTreeMap::new();
    for applicant in waiting.iter().copied().filter(|applicant| round(applicant) == Round::Needed) {
        let head = heads.entry(&applicant.owner).or_insert(applicant);
        if applicant.since < head.since {
            *head = applicant;
        }
    }
    let unserved = |head: &&Waiting| view.served.get(&head.owner).is_none_or(|at| *at < head.since);
    let kept_for = |head: &&Waiting| head.needs <= view.capacity && unserved(head) && span(head, now).0;
    heads.into_values().filter(kept_for).min_by_key(|head| head.since)
}

/// Whether memory is kept for a wish of this age, and the age at which that changes.
fn span(applicant: &Waiting, now: Timestamp) -> (bool, Duration) {
    let waits = now.since(applicant.since).as_secs() / PATIENCE.as_secs();
    match waits.checked_ilog2() {
        None => (false, PATIENCE),
        Some(doublings) => (doublings % 2 == 0, PATIENCE.saturating_mul(2 << doublings.min(30))),
    }
}

/// Who is served before whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Round {
    NeedsNothing,
    Patient,
    Needed,
    Bonus,
}

fn round(applicant: &Waiting) -> Round {
    match applicant.what {
        Applicant::Job(_) if applicant.needs == 0 => Round::NeedsNothing,
        Applicant::Growth { least: 0, .. } => Round::Bonus,
        _ => Round::Needed,
    }
}

/// Whoever has the least is served first: those that memory is kept for, what is needed, the owner who holds least, and
/// the oldest wish.
fn turn(applicant: &Waiting, patient: Option<&Waiting>, held: &BTreeMap<String, u64>) -> (bool, bool, u64, Timestamp) {
    let kept = patient.is_some_and(|patient| std::ptr::eq(patient, applicant));
    let holds = held.get(&applicant.owner).copied().unwrap_or(0);
    (!kept, round(applicant) == Round::Bonus, holds, applicant.since)
}

fn next(
    waiting: &[&Waiting],
    of: Round,
    patient: Option<&Waiting>,
    held: &BTreeMap<String, u64>,
    blocked: &BTreeSet<&str>,
) -> Option<usize> {
    let belongs = |applicant: &Waiting| match of {
        Round::Patient => patient.is_some_and(|patient| std::ptr::eq(patient, applicant)),
        of => round(applicant) == of,
    };
    (0..waiting.len())
        .filter(|i| belongs(waiting[*i]) && !blocked.contains(waiting[*i].owner.as_str()))
        .min_by_key(|i| (held.get(&waiting[*i].owner).copied().unwrap_or(0), waiting[*i].since, *i))
}

/// Grants what fits: what is needed whole or not at all, more than that as far as it goes.
fn grant(applicant: &Waiting, free: u64, grants: &mut Grants) -> Option<u64> {
    match &applicant.what {
        Applicant::Job(job) if applicant.needs <= free => {
            grants.jobs.push(job.clone());
            Some(applicant.needs)
        }
        Applicant::Growth { cluster, workers, each, .. } if applicant.needs <= free => {
            let granted = u32::try_from(free / (*each).max(1)).unwrap_or(u32::MAX).min(*workers);
            (granted > 0).then(|| {
                grants.growth.push((cluster.clone(), granted));
                u64::from(granted) * each
            })
        }
        _ => None,
    }
}

fn explain(
    applicant: &Waiting,
    (place, own): (usize, Option<&Waiting>),
    free: u64,
    capacity: u64,
    kept: Option<&Waiting>,
    now: Timestamp,
    grants: &mut Grants,
) {
    let (id, what) = match &applicant.what {
        Applicant::Job(job) => (job.to_string(), "its first workers need"),
        Applicant::Growth { cluster, least: 0, .. } => (cluster.to_string(), "one more worker needs"),
        Applicant::Growth { cluster, .. } => (cluster.to_string(), "its first workers need"),
    };
    let sentence = format!(
        "{what} {}, and {} of the pool's {} are free; {place} ahead of it",
        bytes::display(applicant.needs),
        bytes::display(free),
        bytes::display(capacity)
    );
    let next = match kept {
        None if own.is_some() => {
            let needs = own.map_or(0, |own| own.needs);
            format!("an older wish of the same owner, which needs {}, goes first", bytes::display(needs))
        }
        None => "it starts as soon as other clusters end or shrink".to_owned(),
        Some(kept) if std::ptr::eq(kept, applicant) => {
            "what other clusters give back is kept for it, since it has waited for long".to_owned()
        }
        Some(kept) => format!(
            "what other clusters give back is kept for a wish that has waited for longer, until {} at the latest",
            kept.since + span(kept, now).1
        ),
    };
    let reason = Reason::new(ReasonCode::WaitingForCapacity, sentence, applicant.since.min(now)).next(next);
    grants.report.insert(id, reason);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;

    use super::*;

    fn job(owner: &str, since: i64, needs: u64) -> Waiting {
        let id = JobId::new(Timestamp(since), &mut rand_chacha::ChaCha8Rng::seed_from_u64(since as u64));
        Waiting { what: Applicant::Job(id), owner: owner.into(), since: Timestamp(since), not_before: None, needs }
    }

    fn order(view: &PoolView) -> Vec<usize> {
        let grants = plan(view, Timestamp(1000));
        let place = |id: &JobId| view.waiting.iter().position(|w| w.what == Applicant::Job(id.clone())).unwrap();
        grants.jobs.iter().map(place).collect()
    }

    #[test]
    fn owners_take_turns_and_each_queue_keeps_its_order() {
        let waiting = vec![job("ann", 1, 2), job("ann", 2, 2), job("ann", 3, 2), job("bob", 4, 2)];
        let view = PoolView { capacity: 6, waiting, ..PoolView::default() };
        assert_eq!(order(&view), [0, 3, 1]);
    }

    #[test]
    fn each_is_told_how_many_go_before_it_and_what_of_its_own_stands_in_the_way() {
        // As a store lists them: the newest first.
        let waiting = vec![job("ann", 3, 2), job("bob", 4, 7), job("ann", 2, 9), job("ann", 1, 9)];
        let held = [("bob".to_owned(), 5)].into();
        let grants = plan(&PoolView { capacity: 10, held, waiting: waiting.clone(), ..PoolView::default() }, Timestamp(1000));
        assert_eq!(grants.jobs, []);
        let told = |index: usize| {
            let Applicant::Job(id) = &waiting[index].what else { unreachable!("all are jobs") };
            &grants.report[id.as_str()]
        };
        let ahead = [0, 1, 2, 3].map(|index| told(index).sentence.rsplit("; ").next().unwrap().to_owned());
        assert_eq!(ahead, ["2 ahead of it", "3 ahead of it", "1 ahead of it", "0 ahead of it"]);
        assert!(told(0).next.as_ref().unwrap().contains("same owner, which needs 9 B, goes first"), "{:?}", told(0));
        assert!(told(1).next.as_ref().unwrap().contains("as soon as other clusters"), "{:?}", told(1));
    }

    #[test]
    fn a_large_job_is_not_overtaken_by_its_owners_next_one() {
        let waiting = vec![job("ann", 1, 10), job("ann", 2, 1), job("bob", 3, 1)];
        let view = PoolView { capacity: 4, waiting, ..PoolView::default() };
        assert_eq!(order(&view), [2]);
    }

    fn growth(owner: &str, workers: u32, least: u32) -> Waiting {
        let mut waiting = job(owner, 1, 1);
        let cluster = ClusterId::new(Timestamp(1), &mut rand_chacha::ChaCha8Rng::seed_from_u64(7));
        waiting.needs = u64::from(least.max(1));
        waiting.what = Applicant::Growth { cluster, workers, each: 1, least };
        waiting
    }

    #[test]
    fn the_first_workers_come_together_or_not_at_all() {
        let granted = |least| {
            let view = PoolView { capacity: 2, waiting: vec![growth("ann", 3, least)], ..PoolView::default() };
            plan(&view, Timestamp(1000)).growth.first().map(|(_, workers)| *workers)
        };
        assert_eq!((granted(3), granted(2), granted(0)), (None, Some(2), Some(2)));
    }

    #[test]
    fn what_needs_no_memory_waits_for_nobody_and_a_bonus_for_all() {
        let waiting = vec![growth("ann", 2, 0), job("ann", 2, 9), job("ann", 3, 0), job("bob", 4, 2)];
        let view = PoolView { capacity: 2, waiting, ..PoolView::default() };
        assert_eq!(order(&view), [2, 3]);
        assert!(plan(&view, Timestamp(1000)).growth.is_empty());
    }

    /// A large wish, a small one half a minute later, and growth: what is decided at a time, in seconds.
    fn two(at: i64, served: Option<i64>) -> (Grants, JobId) {
        let (large, small) = (job("ann", 0, 8), job("bob", 30_000_000, 1));
        let Applicant::Job(id) = small.what.clone() else { unreachable!() };
        let served = served.map(|at| ("ann".to_owned(), Timestamp(at * 1_000_000)));
        let view = PoolView {
            capacity: 10,
            held: [("ann".to_owned(), 4)].into(),
            served: served.into_iter().collect(),
            waiting: vec![large, small, growth("ann", 1, 0)],
        };
        (plan(&view, Timestamp(at * 1_000_000)), id)
    }

    #[test]
    fn memory_is_kept_for_a_wish_that_waits_and_not_for_ever() {
        for (at, kept, changes) in [(59, false, 60), (60, true, 90), (119, true, 120), (120, false, 240), (239, false, 240), (300, true, 480), (480, false, 960)] {
            let (grants, small) = two(at, None);
            assert_eq!(grants.jobs.contains(&small), !kept, "after {at} s");
            assert_eq!(grants.growth.is_empty(), kept, "after {at} s");
            if kept {
                let next = grants.report[small.as_str()].next.clone().unwrap_or_default();
                assert!(next.contains("is kept for a wish that has waited for longer"), "{next}");
            }
            assert!(grants.due.is_some_and(|due| due <= Timestamp(changes * 1_000_000)), "after {at} s: {:?}", grants.due);
        }
    }

    #[test]
    fn memory_is_not_kept_for_an_owner_who_was_served_meanwhile() {
        let (grants, small) = two(90, Some(20));
        assert_eq!(grants.jobs, [small]);
        let (grants, _) = two(90, Some(-20));
        assert!(grants.jobs.is_empty());
    }

    /// A pool on which everything ends after `lasts` seconds, every cluster always wants one worker more, and every
    /// other owner always has a job of his size in the queue. Answers how long `ann` waits for her one large job.
    fn busy(capacity: u64, large: u64, sizes: &[u64], lasts: i64) -> Option<i64> {
        let second = |t: i64| Timestamp(t * 1_000_000);
        let mut running: Vec<(String, ClusterId, u64, i64)> = Vec::new();
        let mut queued: BTreeMap<String, Waiting> = BTreeMap::new();
        let mut served = BTreeMap::new();
        for t in (0..900).step_by(5) {
            running.retain(|(_, _, _, ends)| *ends > t);
            for (number, size) in sizes.iter().enumerate() {
                let owner = format!("bob{number}");
                queued.entry(owner.clone()).or_insert_with(|| job(&owner, t * 1_000_000 + number as i64 + 1, *size));
            }
            if t == 100 {
                queued.insert("ann".into(), job("ann", t * 1_000_000, large));
            }
            let mut view = PoolView { capacity, served: served.clone(), ..PoolView::default() };
            view.waiting = queued.values().cloned().collect();
            for (owner, cluster, bytes, _) in &running {
                *view.held.entry(owner.clone()).or_default() += bytes;
                let what = Applicant::Growth { cluster: cluster.clone(), workers: 1, each: 1, least: 0 };
                view.waiting.push(Waiting { what, needs: 1, ..job(owner, 0, 0) });
            }
            let grants = plan(&view, second(t));
            for id in &grants.jobs {
                let owner = queued.iter().find(|(_, w)| w.what == Applicant::Job(id.clone())).unwrap().0.clone();
                if owner == "ann" {
                    return Some(t - 100);
                }
                let needs = queued.remove(&owner).unwrap().needs;
                let cluster = ClusterId::new(second(t), &mut rand_chacha::ChaCha8Rng::seed_from_u64(running.len() as u64 + t as u64 * 100));
                running.push((owner.clone(), cluster, needs, t + lasts));
                served.insert(owner, second(t));
            }
            for (id, workers) in &grants.growth {
                running.iter_mut().filter(|one| &one.1 == id).for_each(|one| one.2 += u64::from(*workers));
            }
        }
        None
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, ..crate::arbitrary::cases() })]

        #[test]
        fn nobody_waits_for_ever_while_others_come_and_grow(
            capacity in 4u64..20,
            share in 1u64..=10,
            sizes in prop::collection::vec(1u64..8, 1..4),
            lasts in 5i64..40,
        ) {
            let large = (capacity * share / 10).max(1);
            let sizes: Vec<_> = sizes.iter().map(|size| (*size).min(capacity)).collect();
            let waited = busy(capacity, large, &sizes, lasts);
            prop_assert!(waited.is_some_and(|seconds| seconds <= 480), "{waited:?} s");
        }

        #[test]
        fn the_pool_is_never_exceeded(
            capacity in 0u64..50,
            held in prop::collection::btree_map("[a-c]", 0u64..20, 0..3),
            jobs in prop::collection::vec(("[a-c]", 1i64..100, 1u64..9, any::<bool>()), 0..20),
        ) {
            let waiting: Vec<_> = jobs.iter().enumerate().map(|(i, (owner, since, needs, growth))| {
                let mut w = job(owner, since * 100 + i as i64, *needs);
                if *growth {
                    let id = ClusterId::new(Timestamp(i as i64 * 1000), &mut rand_chacha::ChaCha8Rng::seed_from_u64(i as u64));
                    w.what = Applicant::Growth { cluster: id, workers: 3, each: *needs, least: 0 };
                }
                w
            }).collect();
            let before: u64 = held.values().sum();
            let view = PoolView { capacity, held, waiting: waiting.clone(), ..PoolView::default() };
            let grants = plan(&view, Timestamp(1_000_000));
            let needs = |id: &JobId| waiting.iter().find(|w| w.what == Applicant::Job(id.clone())).unwrap().needs;
            let granted: u64 = grants.jobs.iter().map(needs).sum::<u64>()
                + grants.growth.iter().map(|(id, n)| waiting.iter().find_map(|w| match &w.what {
                    Applicant::Growth { cluster, each, .. } if cluster == id => Some(each * u64::from(*n)),
                    _ => None,
                }).unwrap()).sum::<u64>();
            prop_assert!(granted == 0 || before + granted <= capacity);
            let jobs_left = waiting.iter().filter(|w| matches!(&w.what, Applicant::Job(id) if !grants.jobs.contains(id)));
            prop_assert!(jobs_left.count() <= grants.report.len());
        }
    }
}
