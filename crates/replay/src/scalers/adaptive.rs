//! Dask's own `Adaptive`, ported from distributed 2026.8: `Scheduler.adaptive_target`, `Scheduler.workers_to_close` and
//! `AdaptiveCore.recommendations` (https://github.com/dask/distributed, BSD-3-Clause), with the defaults of its
//! configuration. `tests/fixtures/adaptive.json` holds states and what the real classes answered to them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Answer, Order, Scaler};
use crate::model::{Dask, Sight, WorkerId};

/// `distributed.adaptive.target-duration`, seconds.
const TARGET_DURATION: f64 = 5.0;
/// `distributed.adaptive.wait-count`.
const WAIT_COUNT: u32 = 3;
/// `distributed.adaptive.interval`, microseconds.
const INTERVAL: i64 = 1_000_000;

/// `Scheduler.adaptive_target`.
pub fn adaptive_target(dask: &Dask, target_duration: f64) -> u64 {
    let mut queued = dask.first_seconds;
    if dask.held > 100 {
        queued *= dask.held as f64 / 100.0;
    }
    let mut cpu = ((dask.occupancy + queued) / target_duration).ceil() as u64;
    let count = dask.workers.len() as u64;
    let processing: u64 = dask.workers.iter().map(|worker| worker.processing).sum();
    cpu = cpu.min(dask.held + processing);
    if count > 0 {
        let threads: u64 = dask.workers.iter().map(|worker| u64::from(worker.threads)).sum();
        cpu = (cpu as f64 / threads as f64 * count as f64).ceil() as u64;
    }
    if dask.held > 0 && count == 0 {
        cpu = cpu.max(1);
    }
    let limit: u64 = dask.workers.iter().map(|worker| worker.memory_limit).sum();
    let used: u64 = dask.workers.iter().map(|worker| worker.nbytes).sum();
    let memory = if used as f64 > 0.6 * limit as f64 && limit > 0 { 2 * count } else { 0 };
    let target = memory.max(cpu);
    if target >= count { target } else { count - workers_to_close(dask, None).len() as u64 }
}

/// `Scheduler.workers_to_close`, without groups: with `target` by number, without by idleness and memory.
pub fn workers_to_close(dask: &Dask, target: Option<u64>) -> Vec<WorkerId> {
    let count = dask.workers.len() as u64;
    let by_number = target.map(|target| count.saturating_sub(target));
    if by_number.unwrap_or(0) == 0 && dask.workers.iter().all(|worker| worker.processing > 0) {
        return Vec::new();
    }
    let target = by_number.map_or(0, |n| count - n);
    let valid = || dask.workers.iter().filter(|worker| worker.may_close);
    let mut limit: u64 = valid().map(|worker| worker.memory_limit).sum();
    let total: u64 = valid().map(|worker| worker.nbytes).sum();
    let mut idle: Vec<_> = valid().collect();
    idle.sort_by_key(|worker| (worker.processing == 0, std::cmp::Reverse(worker.nbytes)));
    let (mut close, mut remain) = (Vec::new(), count);
    while let Some(worker) = idle.pop() {
        if by_number.is_none() && worker.processing > 0 {
            break;
        }
        limit -= worker.memory_limit;
        let enough = by_number.is_some() && remain > target;
        let roomy = by_number.is_none() && limit >= 2 * total;
        if !enough && !roomy {
            break;
        }
        close.push(worker.name);
        remain -= 1;
    }
    close
}

/// What `AdaptiveCore.recommendations` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recommendation {
    /// `{"status": "same"}`.
    Same,
    /// `{"status": "up", "n": n}`.
    Up(u64),
    /// `{"status": "down", "workers": [...]}`.
    Down(BTreeSet<WorkerId>),
}

/// `Adaptive`, between two intervals.
#[derive(Clone, Debug, Default)]
pub struct Adaptive {
    close_counts: BTreeMap<WorkerId, u32>,
}

impl Adaptive {
    /// `AdaptiveCore.recommendations`. Which of the workers that have not arrived are let go first is an accident of a
    /// Python set; here it is their order in `dask`.
    pub fn recommend(&mut self, dask: &Dask, target: u64) -> Recommendation {
        let plan = (dask.workers.len() + dask.not_arrived.len()) as u64;
        if target >= plan {
            self.close_counts.clear();
            return if target == plan { Recommendation::Same } else { Recommendation::Up(target) };
        }
        let surplus = (plan - target) as usize;
        let mut to_close: BTreeSet<WorkerId> = dask.not_arrived.iter().take(surplus).copied().collect();
        if target < plan - to_close.len() as u64 {
            to_close.extend(workers_to_close(dask, Some(target)));
        }
        let mut firmly = BTreeSet::new();
        for worker in &to_close {
            let count = self.close_counts.entry(*worker).or_default();
            *count += 1;
            if *count >= WAIT_COUNT {
                firmly.insert(*worker);
            }
        }
        self.close_counts.retain(|worker, _| to_close.contains(worker) && !firmly.contains(worker));
        if firmly.is_empty() { Recommendation::Same } else { Recommendation::Down(firmly) }
    }
}

impl Scaler for Adaptive {
    fn name(&self) -> String {
        "adaptive".to_owned()
    }

    fn look(&mut self, sight: &Sight<'_>) -> Answer {
        let (dask, range) = (sight.dask(), sight.settings.range);
        let target = adaptive_target(&dask, TARGET_DURATION).min(range.max.into()).max(range.min.into());
        let order = match self.recommend(&dask, target) {
            Recommendation::Same => Order::Keep,
            Recommendation::Up(target) => Order::To(target as u32),
            Recommendation::Down(workers) => Order::Close(workers.into_iter().collect()),
        };
        let counting = !self.close_counts.is_empty() || order != Order::Keep;
        let now = sight.now();
        let due = counting.then(|| caddis_types::Timestamp(now.0 + INTERVAL));
        Answer { order, due }
    }
}
