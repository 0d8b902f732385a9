//! Who gets capacity next: queued jobs, new clusters and growing ones share one pool.
//!
//! Decided for the whole pool at once, by one pass at a time, so that its limit is never exceeded. Owners take turns:
//! the one who holds least goes first, then the oldest wish. A job that does not fit is passed over by smaller ones
//! only of other owners, so that nobody's queue is reordered. What needs no memory waits for nobody. What a cluster
//! needs before it serves is granted whole or not at all: two that each held a part would wait for each other for
//! ever. Growth of a cluster that serves takes what is left then.

use std::collections::{BTreeMap, BTreeSet};

use caddis_types::bytes;
use caddis_types::{ClusterId, JobId, Reason, ReasonCode, Timestamp};

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
    for round in [Round::NeedsNothing, Round::Needed, Round::Bonus] {
        let mut blocked: BTreeSet<&str> = BTreeSet::new();
        while let Some(index) = next(&waiting, round, &held, &blocked) {
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
    }
    for (place, applicant) in waiting.iter().enumerate() {
        explain(applicant, place, free, view.capacity, now, &mut grants);
    }
    grants
}

/// Who is served before whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Round {
    NeedsNothing,
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

fn next(
    waiting: &[&Waiting],
    of: Round,
    held: &BTreeMap<String, u64>,
    blocked: &BTreeSet<&str>,
) -> Option<usize> {
    (0..waiting.len())
        .filter(|i| round(waiting[*i]) == of && !blocked.contains(waiting[*i].owner.as_str()))
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

fn explain(applicant: &Waiting, place: usize, free: u64, capacity: u64, now: Timestamp, grants: &mut Grants) {
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
    let reason = Reason::new(ReasonCode::WaitingForCapacity, sentence, applicant.since.min(now))
        .next("it starts as soon as other clusters end or shrink");
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

    proptest! {
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
            let view = PoolView { capacity, held, waiting: waiting.clone() };
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
