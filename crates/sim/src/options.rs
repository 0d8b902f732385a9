//! What one seed switches on: a random subset of faults, each with a random strength, and random limits.

use std::sync::Arc;
use std::time::Duration;

use caddis_core::prices::{self, Tariff};
use caddis_core::settings::Settings;
use caddis_types::{NanoDollars, Timestamp};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::hub::{EPOCH, SECOND};

/// Everything that differs between two runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Options {
    /// Where all randomness of the run comes from.
    pub seed: u64,
    /// How long users and faults go on, milliseconds.
    pub storm_ms: u64,
    /// Worker slots of 1 GiB.
    pub pool_slots: u64,
    /// Users act about this often, milliseconds.
    pub pace_ms: u64,
    /// Ended jobs and clusters are removed after this long, milliseconds.
    pub keep_ms: u64,
    /// How long a process may take to be ready, seconds.
    pub member_start_s: u64,
    /// How long a running task may hold up its worker's end, seconds.
    pub drain_s: u64,
    /// How often something without news is looked at, seconds.
    pub heartbeat_s: u64,
    /// How long a cluster lives on when nobody renews its lease, seconds.
    pub lease_s: u64,
    /// When prices change, seconds after the beginning, in order.
    pub price_changes_s: Vec<u64>,
    /// Faults of calls: chance of each, per call.
    pub calls: CallFaults,
    /// Faults of the world.
    pub world: WorldFaults,
}

/// What may happen to one call of a port.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CallFaults {
    /// It fails, and did nothing.
    pub error_before: f64,
    /// It did its work, and its answer is lost.
    pub error_after: f64,
    /// It takes long; other passes go on meanwhile.
    pub slow: f64,
    /// The longest it may take, milliseconds.
    pub slow_ms: u64,
    /// The server dies before it.
    pub crash_before: f64,
    /// The server dies behind it.
    pub crash_after: f64,
    /// Commits that fail, and change nothing.
    pub commit_before: f64,
    /// Commits that are made, and said to have failed.
    pub commit_after: f64,
    /// Reads of the store that fail.
    pub read: f64,
    /// What runs cannot be seen.
    pub unknown: f64,
    /// What runs is seen as it was a while ago.
    pub stale: f64,
    /// How old a view may be, milliseconds.
    pub stale_ms: u64,
    /// A wake-up from outside is lost.
    pub wake_lost: f64,
    /// Everything is woken for nothing, per wake-up.
    pub wake_twice: f64,
}

/// What may happen by itself. Rates are per process, the counts per storm.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct WorldFaults {
    /// A fresh process is not listed at once.
    pub lag: f64,
    /// The longest it stays unlisted, milliseconds.
    pub lag_ms: u64,
    /// A start is refused for good.
    pub refuse: f64,
    /// There is no capacity for a preemptible worker.
    pub no_capacity: f64,
    /// A worker dies young.
    pub worker_death: f64,
    /// A scheduler dies young.
    pub scheduler_death: f64,
    /// A process starts and never gets ready.
    pub wedge: f64,
    /// A process does not hear INT and TERM.
    pub deaf: f64,
    /// A process leaves a child behind that carries the marker.
    pub leak: f64,
    /// A drain or an orderly close is accepted and never done.
    pub lazy: f64,
    /// The link of a scheduler is down for a while.
    pub link_down: f64,
    /// An environment cannot be built.
    pub environment: f64,
    /// The keeper dies between intent and go.
    pub keeper_start: f64,
    /// Times the keeper dies.
    pub keeper_deaths: u32,
    /// Times the clock jumps.
    pub clock_jumps: u32,
    /// Times the machine is started anew.
    pub reboots: u32,
    /// Times the server is killed between two steps.
    pub kills: u32,
    /// Times the server is killed and stays away for longer than leases last.
    pub absences: u32,
}

impl Options {
    /// The options of a seed. One in eight is calm: nothing fails, and then promptness is checked too.
    pub fn of(seed: u64) -> Options {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // What came later has dice of its own, so that older seeds stay what they were.
        let mut later = ChaCha8Rng::seed_from_u64(seed ^ 0x001e_a5e5);
        let calm = seed % 8 == 7;
        let mut options = Options {
            seed,
            storm_ms: rng.random_range(30_000..150_000),
            pool_slots: rng.random_range(3..12),
            pace_ms: rng.random_range(800..6000),
            keep_ms: if rng.random_bool(0.3) { rng.random_range(0..30_000) } else { 3_600_000 },
            member_start_s: rng.random_range(8..60),
            drain_s: rng.random_range(2..20),
            heartbeat_s: rng.random_range(2..8),
            lease_s: later.random_range(15..60),
            price_changes_s: price_changes(seed),
            calls: CallFaults::default(),
            world: WorldFaults::default(),
        };
        if !calm {
            options.calls = CallFaults::random(&mut rng);
            options.world = WorldFaults::random(&mut rng, &mut later);
            // What is slept through does not shorten the storm.
            options.storm_ms += u64::from(options.world.absences) * (options.lease_s + 10) * 1000;
        }
        options
    }

    /// A run in which nothing fails by itself, for scripted scenarios.
    pub fn calm(seed: u64) -> Options {
        let mut options = Options::of(seed);
        options.calls = CallFaults::default();
        options.world = WorldFaults::default();
        options.pool_slots = 6;
        options.keep_ms = 3_600_000;
        options
    }

    /// Whether nothing fails.
    pub fn is_calm(&self) -> bool {
        self.calls == CallFaults::default() && self.world == WorldFaults::default()
    }

    /// Prices that change in the middle of the run.
    fn tariff(&self) -> Tariff {
        let mut list = (*prices::built_in()).clone();
        let usual = Tariff::default();
        let Some(mut row) = list.machine(&usual.region, &usual.machine, Timestamp(EPOCH)).cloned() else { return usual };
        for seconds in &self.price_changes_s {
            row.from = Timestamp(EPOCH + *seconds as i64 * SECOND);
            row.on_demand_hour += NanoDollars(10_000_000);
            list.machines.push(row.clone());
        }
        Tariff { list: Arc::new(list), ..usual }
    }

    /// The times and prices that the engine under test goes by.
    pub fn settings(&self) -> Settings {
        Settings {
            member_start: Duration::from_secs(self.member_start_s),
            drain: Duration::from_secs(self.drain_s),
            heartbeat: Duration::from_secs(self.heartbeat_s),
            tariff: Arc::new(self.tariff()),
            ..Settings::default()
        }
    }
}

/// Up to three, with dice of their own.
fn price_changes(seed: u64) -> Vec<u64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x0d01_1a25);
    let mut all: Vec<_> = (0..rng.random_range(0..4)).map(|_| rng.random_range(5..200)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Off in half of the seeds, else of random strength up to `most`.
fn some(rng: &mut ChaCha8Rng, most: f64) -> f64 {
    let on = rng.random_bool(0.5);
    let strength = rng.random::<f64>() * most;
    if on { strength } else { 0.0 }
}

fn count(rng: &mut ChaCha8Rng, most: u32) -> u32 {
    let (on, count) = (rng.random_bool(0.4), rng.random_range(1..=most));
    if on { count } else { 0 }
}

impl CallFaults {
    fn random(rng: &mut ChaCha8Rng) -> CallFaults {
        CallFaults {
            error_before: some(rng, 0.2),
            error_after: some(rng, 0.2),
            slow: some(rng, 0.2),
            slow_ms: rng.random_range(10..4000),
            crash_before: some(rng, 0.004),
            crash_after: some(rng, 0.004),
            commit_before: some(rng, 0.15),
            commit_after: some(rng, 0.15),
            read: some(rng, 0.03),
            unknown: some(rng, 0.2),
            stale: some(rng, 0.5),
            stale_ms: rng.random_range(50..5000),
            wake_lost: some(rng, 0.5),
            wake_twice: some(rng, 0.1),
        }
    }
}

impl WorldFaults {
    fn random(rng: &mut ChaCha8Rng, later: &mut ChaCha8Rng) -> WorldFaults {
        WorldFaults {
            lag: some(rng, 0.6),
            lag_ms: rng.random_range(50..6000),
            refuse: some(rng, 0.1),
            no_capacity: some(later, 0.7),
            worker_death: some(rng, 0.3),
            scheduler_death: some(rng, 0.2),
            wedge: some(rng, 0.1),
            deaf: some(rng, 0.4),
            leak: some(rng, 0.3),
            lazy: some(rng, 0.4),
            link_down: some(rng, 0.4),
            environment: some(rng, 0.2),
            keeper_start: some(rng, 0.05),
            keeper_deaths: count(rng, 4),
            clock_jumps: count(rng, 3),
            reboots: count(rng, 1),
            kills: count(rng, 4),
            absences: count(later, 2),
        }
    }
}
