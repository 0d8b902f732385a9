//! What deciding costs: `cargo run --release -p caddis-core --example passes -- WORKERS CLUSTERS...`, of which
//! `cargo xtask bench plan` makes a table.
//!
//! For each number of clusters, a line of JSON: what one pass over all of them takes of a processor, milliseconds, several
//! times; and what one decision about the size of one cluster takes, microseconds. Every cluster serves with so many
//! workers, follows the load, and has work that differs from its neighbours'; time goes on by a second a pass.

use std::hint::black_box;
use std::time::Duration;

use caddis_core::autoscale::{self, Economy, Memory, Policy, Signals};
use caddis_core::cluster::{ClusterInput, plan};
use caddis_core::prices::Tariff;
use caddis_core::profile::{self, Pool};
use caddis_core::record::{ClusterRecord, ClusterState, MemberPhase, SchedulerRecord, SlotRecord};
use caddis_core::settings::Settings;
use caddis_core::world::{ClusterWorld, EnvironmentStatus, Member, MemberView, Observed, ReadyFacts};
use caddis_types::dask::{DaskSnapshot, PrefixView, TaskCounts, WorkerView};
use caddis_types::shape::{ShapeWish, WorkerRange};
use caddis_types::{ClusterId, NanoDollars, Timestamp};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const NOW: Timestamp = Timestamp(1_795_000_000_000_000);
const PASSES: u32 = 21;
/// Plans in one measurement, at least: half a second, of which the kernel's steps are no more than a hundredth.
const AT_LEAST: usize = 10_000;
const DECISIONS: u32 = 20_000;

fn main() {
    let numbers: Vec<u32> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let [workers, counts @ ..] = numbers.as_slice() else {
        eprintln!("usage: passes WORKERS CLUSTERS...");
        std::process::exit(2);
    };
    for count in counts {
        let clusters: Vec<_> = (0..*count).map(|number| cluster(number, *workers)).collect();
        println!("{}", serde_json::json!({"workers": workers, "clusters": count, "pass_ms": passes(clusters)}));
    }
    println!("{}", serde_json::json!({"workers": workers, "decision_us": decisions(*workers)}));
}

/// The first pass takes in what is new; those that count find the same clusters a second later.
fn passes(mut clusters: Vec<(ClusterRecord, ClusterWorld)>) -> Vec<f64> {
    let settings = Settings::default();
    let mut took = Vec::new();
    for pass in 0..=PASSES {
        let now = NOW + Duration::from_secs(pass.into());
        // The kernel counts in steps of milliseconds: few clusters are planned many times over.
        let times = (AT_LEAST / clusters.len().max(1)).max(1);
        let begun = processor_time();
        for _ in 0..times {
            for (record, world) in &mut clusters {
                let input = ClusterInput { record, world, job: None, scripts: &[], victims: &[], settings: &settings };
                *record = plan(&input, now).record;
            }
        }
        let millis = (processor_time() - begun) * 1e3 / times as f64;
        if pass > 0 {
            took.push(millis);
        }
        clusters.iter_mut().filter_map(|(_, world)| world.dask.as_mut()).for_each(|dask| dask.at = now);
    }
    took
}

fn decisions(workers: u32) -> f64 {
    let (policy, range) = (Policy::default(), WorkerRange { min: 2, max: workers * 2 });
    let economy = Economy { start_seconds: 90.0, worker_hour: NanoDollars(234_236_000), least_billed_seconds: 60.0 };
    let mut memory = Memory::default();
    let begun = processor_time();
    for number in 0..DECISIONS {
        let tasks = u64::from(number * 7919 % (workers * 8));
        let signals = Signals {
            threads: 3,
            ready: workers,
            processing: tasks.min(u64::from(workers) * 3),
            executing: tasks.min(u64::from(workers) * 3),
            queued: tasks.saturating_sub(u64::from(workers) * 3),
            occupancy: tasks as f64 * 20.0,
            queued_seconds: tasks.saturating_sub(u64::from(workers) * 3) as f64 * 20.0,
            longest: 20.0,
            ..Signals::default()
        };
        let now = NOW + Duration::from_secs(number.into());
        let decision =
            black_box(autoscale::decide(&policy, range, workers, black_box(&signals), &economy, &memory, now));
        memory = decision.memory;
    }
    (processor_time() - begun) * 1e6 / f64::from(DECISIONS)
}

/// What this thread has used of a processor so far, seconds: others on the machine do not count.
fn processor_time() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|word| word.parse::<f64>().ok());
    nanos.expect("a kernel that counts what threads use") / 1e9
}

fn cluster(number: u32, workers: u32) -> (ClusterRecord, ClusterWorld) {
    let range = WorkerRange { min: workers.min(2), max: workers * 2 };
    let wish = ShapeWish { workers: Some(range), memory_bytes: Some(1 << 30), ..ShapeWish::default() };
    let pool = Pool { memory_bytes: u64::from(workers) << 32, cpus: 64 };
    let (shape, _) = profile::fit(&wish, pool, &Tariff::default(), NOW).expect("a pool that is large enough");
    let id = ClusterId::new(NOW, &mut ChaCha8Rng::seed_from_u64(number.into()));
    let mut record = ClusterRecord::new(id, "ada".to_owned(), shape, NOW);
    let runs = MemberPhase::Running { started_at: NOW, pid: 7, ready_at: Some(NOW) };
    record.state = ClusterState::Running { since: NOW };
    record.ready_at = Some(NOW);
    (record.workers_wanted, record.workers_desired) = (workers, workers);
    let slot = SlotRecord { phase: runs.clone(), ..SlotRecord::first(NOW, false) };
    record.slots = (0..workers).map(|number| (number, slot.clone())).collect();
    record.scheduler =
        Some(SchedulerRecord { phase: runs, address: Some("tls://127.0.0.1:1".into()), dashboard_port: None });
    (record, world(number, workers))
}

fn world(number: u32, workers: u32) -> ClusterWorld {
    let ready = ReadyFacts { address: Some("tls://127.0.0.1:1".into()), dashboard_port: None };
    let view =
        MemberView { pid: 7, started_at: NOW, ready: Some((NOW, ready)), end: None, peak_rss: 1 << 28, lived: None };
    let member = |slot| Member::Worker { slot, attempt: 1 };
    let members = (0..workers).map(member).chain([Member::Scheduler]).map(|member| (member, view.clone()));
    ClusterWorld {
        members: Observed::Known(members.collect()),
        environment: EnvironmentStatus::Ready,
        dask: Some(snapshot(number, workers)),
    }
}

fn snapshot(number: u32, workers: u32) -> DaskSnapshot {
    let processing = u64::from(workers) * 3;
    let queued = u64::from(number % 7) * 100;
    let worker = |slot| WorkerView {
        name: Member::Worker { slot, attempt: 1 }.to_string(),
        status: "running".into(),
        cpu: 280.0,
        rss: 1 << 28,
        executing: 3,
        processing: 3,
        keys: 10,
        nthreads: 3,
        memory_limit: 1 << 30,
        ..WorkerView::default()
    };
    let prefixes = (0..10).map(|kind| PrefixView { name: format!("kind-{kind}"), done: 100, ..PrefixView::default() });
    DaskSnapshot {
        at: NOW,
        tasks: TaskCounts { processing, queued, memory: 1000, ..TaskCounts::default() },
        done: 1000,
        total: 1000 + processing + queued,
        occupancy: processing as f64 * 2.0,
        queued_seconds: queued as f64 * 2.0,
        longest: 2.0,
        threads: workers * 3,
        runnable: processing + queued,
        clients: 1,
        data_bytes: 1 << 30,
        prefixes: prefixes.collect(),
        workers: (0..workers).map(worker).collect(),
        ..DaskSnapshot::default()
    }
}
