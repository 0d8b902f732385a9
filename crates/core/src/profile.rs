//! Profiles (named cluster shapes) and how one is fitted to a machine.
//!
//! Memory is never given twice; processors may be. A maximum that does not fit is lowered with a notice; only a
//! minimum that somebody asked for and that does not fit is an error.

use caddis_types::Timestamp;
use caddis_types::bytes::{self, GIB, MIB};
use caddis_types::shape::{ClusterShape, MemoryThresholds, ShapeWish, WorkerRange};
use thiserror::Error;

use crate::prices::{Rates, Tariff};

/// A named shape, before it meets a machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Its name.
    pub name: &'static str,
    /// For people.
    pub about: &'static str,
    /// Workers.
    pub workers: WorkerRange,
    /// Threads a worker.
    pub threads: u32,
    /// Memory a worker, bytes.
    pub memory_bytes: u64,
    /// Workers that are never preemptible; those that come on top of them are. Absent: none is.
    pub on_demand: Option<u32>,
    /// The share of those on top that are preemptible, 0 to 1.
    pub preemptible_share: f64,
    /// `distributed.scheduler.worker-saturation`.
    pub worker_saturation: Option<f64>,
}

/// Every profile. `standard` is the default and holds the figures of the mission.
pub const PROFILES: &[Profile] = &[
    Profile {
        name: "standard",
        about: "2 to 10 workers of 3 threads and 14 GB, two of them on-demand and the others preemptible",
        workers: WorkerRange { min: 2, max: 10 },
        threads: 3,
        memory_bytes: 14_000_000_000,
        on_demand: Some(2),
        preemptible_share: 1.0,
        worker_saturation: None,
    },
    Profile {
        name: "throughput",
        about: "as `standard`, for floods of tiny tasks: workers hold many tasks ready (more memory for root tasks)",
        workers: WorkerRange { min: 2, max: 10 },
        threads: 3,
        memory_bytes: 14_000_000_000,
        on_demand: Some(2),
        preemptible_share: 1.0,
        worker_saturation: Some(10.0),
    },
    Profile {
        name: "small",
        about: "1 to 2 workers of 1 thread and 2 GB",
        workers: WorkerRange { min: 1, max: 2 },
        threads: 1,
        memory_bytes: 2_000_000_000,
        on_demand: None,
        preemptible_share: 1.0,
        worker_saturation: None,
    },
];

/// The capacity that one machine gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Memory for workers, bytes.
    pub memory_bytes: u64,
    /// Processors.
    pub cpus: u32,
}

impl Pool {
    /// Worker slots of 1 GiB: floor(0.8 x RAM / 1 GiB), at least one.
    pub fn of_machine(ram_bytes: u64, cpus: u32) -> Pool {
        let slots = (ram_bytes / 10 * 8 / GIB).max(1);
        Pool { memory_bytes: slots * GIB, cpus: cpus.max(1) }
    }

    /// Whole slots of 1 GiB.
    pub fn slots(&self) -> u32 {
        u32::try_from(self.memory_bytes / GIB).unwrap_or(u32::MAX).max(1)
    }
}

/// A wish that no cluster can fulfil here.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ShapeError {
    /// The name is not one of [`PROFILES`].
    #[error("there is no profile `{name}`\nhint: profiles are {known}")]
    NoProfile {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The minimum does not fit.
    #[error(
        "a minimum of {min} {} with {memory} each needs {needed}, and the pool has {pool}\nhint: lower \
         `--workers` or `--memory`; without them a profile is fitted to the machine",
        if *min == 1 { "worker" } else { "workers" }
    )]
    MinimumAbovePool {
        /// Fewest workers.
        min: u32,
        /// Each, for people.
        memory: String,
        /// Together, for people.
        needed: String,
        /// What there is, for people.
        pool: String,
    },
    /// Less memory than a worker can start in.
    #[error("a worker with {0} of memory cannot start\nhint: give it at least 256 MiB")]
    TooLittleMemory(String),
    /// A range that no cluster can have.
    #[error("there are no `{min}..{max}` workers: {why}\nhint: ask for at least one, and for a maximum that is not below the minimum")]
    Workers {
        /// Fewest.
        min: u32,
        /// Most.
        max: u32,
        /// What is wrong with it.
        why: &'static str,
    },
    /// No threads, or absurdly many.
    #[error("a worker cannot have {0} threads\nhint: give it 1 to 1024")]
    Threads(u32),
    /// A share that is none.
    #[error("a share of {0} of the workers cannot be preemptible\nhint: give a number between 0 and 1; 0.5 is every second one beyond `--on-demand`")]
    PreemptibleShare(f64),
    /// A rate that cannot be meant.
    #[error("workers cannot be preempted {0} times an hour\nhint: give a number between 0 and 3600; 1 preempts each about once an hour")]
    PreemptRate(f64),
}

/// The shape that a wish gets on this pool, at the prices of this moment, and what the user should know about the difference.
pub fn fit(wish: &ShapeWish, pool: Pool, tariff: &Tariff, now: Timestamp) -> Result<(ClusterShape, Vec<String>), ShapeError> {
    let profile = find(wish.profile.as_deref().unwrap_or("standard"))?;
    let range = wish.workers.unwrap_or(profile.workers);
    range.check().map_err(|why| ShapeError::Workers { min: range.min, max: range.max, why })?;
    let mut notices = Vec::new();
    let memory_bytes = match wish.memory_bytes {
        Some(asked) if asked < 256 * MIB => return Err(ShapeError::TooLittleMemory(bytes::display(asked))),
        Some(asked) => asked,
        None => fitted_memory(profile, range, pool, &mut notices),
    };
    let most = u32::try_from(pool.memory_bytes / memory_bytes).unwrap_or(u32::MAX);
    let range = fitted_range(wish, range, most, memory_bytes, pool, &mut notices)?;
    let threads = match wish.threads {
        Some(threads) if threads == 0 || threads > 1024 => return Err(ShapeError::Threads(threads)),
        Some(threads) => threads,
        None => profile.threads.min(pool.cpus),
    };
    let on_demand = wish.on_demand.or(profile.on_demand);
    let preemptible_share = match wish.preemptible_share {
        Some(share) if !(0.0..=1.0).contains(&share) => return Err(ShapeError::PreemptibleShare(share)),
        asked => Some(asked.unwrap_or(profile.preemptible_share)).filter(|share| *share < 1.0),
    };
    let preempt_rate = match wish.preempt_rate {
        Some(rate) if !(0.0..=3600.0).contains(&rate) => return Err(ShapeError::PreemptRate(rate)),
        Some(rate) if rate > 0.0 && (preemptible_share == Some(0.0) || on_demand.is_none_or(|on_demand| on_demand >= range.max)) => {
            notices.push("no worker is preempted: all of them are on-demand (`--on-demand` says how many are)".to_owned());
            None
        }
        rate => rate.filter(|rate| *rate > 0.0),
    };
    let thresholds = thresholds_for(memory_bytes, &mut notices);
    let (machine_type, worker) = priced(wish.machine_type.as_deref(), tariff, now, &mut notices);
    let (scheduler_machine_type, scheduler) = priced(wish.scheduler_machine_type.as_deref(), tariff, now, &mut notices);
    let shape = ClusterShape {
        profile: profile.name.to_owned(),
        workers_min: range.min,
        workers_max: range.max,
        threads,
        memory_bytes,
        thresholds,
        work_stealing: true,
        worker_saturation: profile.worker_saturation,
        dashboard: wish.dashboard.unwrap_or(true),
        nanny: wish.nanny,
        on_demand,
        preemptible_share,
        preempt_rate,
        machine_type,
        scheduler_machine_type,
        worker_price_hour: worker.on_demand,
        preemptible_price_hour: worker.preemptible,
        scheduler_price_hour: scheduler.on_demand,
    };
    Ok((shape, notices))
}

/// A range for a cluster whose workers are there already, as far as the pool has memory for it.
pub fn fit_range(
    range: WorkerRange,
    memory_bytes: u64,
    pool: Pool,
    notices: &mut Vec<String>,
) -> Result<WorkerRange, ShapeError> {
    let most = u32::try_from(pool.memory_bytes / memory_bytes.max(1)).unwrap_or(u32::MAX);
    let wish = ShapeWish { workers: Some(range), ..ShapeWish::default() };
    fitted_range(&wish, range, most, memory_bytes, pool, notices)
}

/// The machine type that was asked for, with its prices; the usual one where the list does not have it.
fn priced(asked: Option<&str>, tariff: &Tariff, now: Timestamp, notices: &mut Vec<String>) -> (String, Rates) {
    let asked = asked.unwrap_or(&tariff.machine);
    if let Some(rates) = tariff.rates(asked, now) {
        return (asked.to_owned(), rates);
    }
    let rates = tariff.rates(&tariff.machine, now).unwrap_or_default();
    let notice = format!("the price list has no `{asked}` in `{}`: it is counted as `{}`", tariff.region, tariff.machine);
    if !notices.contains(&notice) {
        notices.push(notice);
    }
    (tariff.machine.clone(), rates)
}

fn find(name: &str) -> Result<&'static Profile, ShapeError> {
    let known = || PROFILES.iter().map(|p| format!("`{}`", p.name)).collect::<Vec<_>>().join(", ");
    PROFILES
        .iter()
        .find(|profile| profile.name == name)
        .ok_or_else(|| ShapeError::NoProfile { name: name.to_owned(), known: known() })
}

/// The pool's memory shared among the most workers, at least 1 GiB each, at most the profile's.
fn fitted_memory(profile: &Profile, range: WorkerRange, pool: Pool, notices: &mut Vec<String>) -> u64 {
    let workers = u64::from(range.max.min(pool.slots()).max(1));
    let share = (pool.memory_bytes / workers / (256 * MIB) * 256 * MIB).max(GIB);
    if share < profile.memory_bytes {
        notices.push(format!(
            "workers have {} of memory instead of {}: this machine's pool of {} is shared among up to {workers}",
            bytes::display(share),
            bytes::display(profile.memory_bytes),
            bytes::display(pool.memory_bytes)
        ));
    }
    share.min(profile.memory_bytes)
}

fn fitted_range(
    wish: &ShapeWish,
    range: WorkerRange,
    most: u32,
    memory_bytes: u64,
    pool: Pool,
    notices: &mut Vec<String>,
) -> Result<WorkerRange, ShapeError> {
    let explicit = wish.workers.is_some() || wish.memory_bytes.is_some();
    if range.min > most && (explicit || most == 0) {
        return Err(ShapeError::MinimumAbovePool {
            min: range.min,
            memory: bytes::display(memory_bytes),
            needed: bytes::display(memory_bytes.saturating_mul(u64::from(range.min))),
            pool: bytes::display(pool.memory_bytes),
        });
    }
    if range.max > most {
        let noun = if most == 1 { "worker" } else { "workers" };
        notices.push(format!("at most {most} {noun} instead of {}: the pool has no memory for more", range.max));
    }
    Ok(WorkerRange { min: range.min.min(most), max: range.max.min(most) })
}

/// The mission's thresholds, or Dask's own on small workers: between 95 % and 98 % of 2 GiB lie 60 MB, less than one
/// task may take between two looks.
fn thresholds_for(memory_bytes: u64, notices: &mut Vec<String>) -> MemoryThresholds {
    if memory_bytes < 4 * GIB {
        notices.push(
            "workers under 4 GiB use Dask's own memory thresholds (60/70/80 %); 98 % is enforced all the same".into(),
        );
        MemoryThresholds::DASK
    } else {
        MemoryThresholds::MISSION
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAPTOP: Pool = Pool { memory_bytes: 18 * GIB, cpus: 2 };

    fn fit(wish: &ShapeWish, pool: Pool) -> Result<(ClusterShape, Vec<String>), ShapeError> {
        super::fit(wish, pool, &Tariff::default(), Timestamp(1_795_000_000_000_000))
    }

    fn wish(workers: Option<WorkerRange>, memory_bytes: Option<u64>) -> ShapeWish {
        ShapeWish { workers, memory_bytes, ..ShapeWish::default() }
    }

    #[test]
    fn a_machine_gives_four_fifths_of_its_memory() {
        assert_eq!(Pool::of_machine(23 * GIB, 2).slots(), 18);
        assert_eq!(Pool::of_machine(GIB / 2, 1).slots(), 1);
    }

    #[test]
    fn the_mission_fits_a_large_machine_unchanged() {
        let (shape, notices) = fit(&ShapeWish::default(), Pool { memory_bytes: 200 * GIB, cpus: 64 }).unwrap();
        assert_eq!((shape.workers_min, shape.workers_max, shape.threads), (2, 10, 3));
        assert_eq!(shape.memory_bytes, 14_000_000_000);
        assert_eq!(shape.thresholds, MemoryThresholds::MISSION);
        assert!(notices.is_empty(), "{notices:?}");
    }

    #[test]
    fn a_machine_has_the_price_of_the_list_and_an_unknown_one_that_of_the_usual_one() {
        let large = Pool { memory_bytes: 200 * GIB, cpus: 64 };
        let (usual, _) = fit(&ShapeWish::default(), large).unwrap();
        assert_eq!((usual.machine_type.as_str(), usual.worker_price_hour.0), ("n2-standard-4", 234_236_000));
        assert_eq!(usual.preemptible_price_hour.0, 78_847_200);
        let named = |name: &str| fit(&ShapeWish { machine_type: Some(name.into()), ..ShapeWish::default() }, large).unwrap();
        assert_eq!(named("n2-standard-8").0.worker_price_hour.0, 468_472_000);
        let (unknown, notices) = named("z9-mega-1");
        assert_eq!(unknown.worker_price_hour, usual.worker_price_hour);
        assert!(notices.iter().any(|notice| notice.contains("`z9-mega-1`")), "{notices:?}");
    }

    #[test]
    fn a_profile_is_fitted_with_a_notice() {
        let (shape, notices) = fit(&ShapeWish::default(), LAPTOP).unwrap();
        assert_eq!((shape.workers_min, shape.workers_max, shape.threads), (2, 10, 2));
        assert_eq!(shape.memory_bytes, 7 * GIB / 4);
        assert_eq!(shape.thresholds, MemoryThresholds::DASK);
        assert_eq!(notices.len(), 2, "{notices:?}");
        let (tiny, _) = fit(&ShapeWish::default(), Pool { memory_bytes: GIB, cpus: 1 }).unwrap();
        assert_eq!((tiny.workers_min, tiny.workers_max), (1, 1));
    }

    #[test]
    fn only_an_explicit_minimum_above_the_pool_is_an_error() {
        let range = |min, max| Some(WorkerRange { min, max });
        assert!(matches!(fit(&wish(range(40, 40), None), LAPTOP), Err(ShapeError::MinimumAbovePool { .. })));
        assert!(matches!(fit(&wish(None, Some(12 * GIB)), LAPTOP), Err(ShapeError::MinimumAbovePool { .. })));
        let (shape, notices) = fit(&wish(range(1, 40), None), LAPTOP).unwrap();
        assert_eq!((shape.workers_max, shape.memory_bytes), (18, GIB));
        assert!(notices.iter().any(|n| n.contains("at most 18 workers")), "{notices:?}");
    }
}
