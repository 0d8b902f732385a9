//! Recorded moments for the tests of what people see.

use caddis_types::Timestamp;
use caddis_types::api::{CostView, ClusterView, JobView};
use serde_json::{Value, json};

/// The moment at which they are looked at.
pub(crate) fn now() -> Timestamp {
    Timestamp(1_795_471_999_000_000)
}

fn before(seconds: i64) -> i64 {
    now().0 - seconds * 1_000_000
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("a recorded moment is in the shape of the API")
}

/// A job in some phase, with a cluster and 30 s behind it.
pub(crate) fn job(phase: &str) -> JobView {
    let ended = phase == "SUCCEEDED" || phase == "FAILED";
    let mut value = json!({
        "id": "job_1m85c184158m1gs8", "name": null, "owner": "ada", "tags": {"team": "risk"},
        "program": {"script": "/home/ada/flights.py"}, "args": ["--year", "2013"], "cwd": "/home/ada",
        "phase": phase, "generation": 7, "reasons": [],
        "attempts": [{
            "number": 1, "cluster": "cl_1m85c184158m1gs9", "started_at": before(26),
            "ended_at": if ended { Value::from(before(1)) } else { Value::Null },
            "exit_code": if ended { Value::from(0) } else { Value::Null }, "cause": null
        }],
        "submitted_at": before(30),
        "stages": {"queued": before(30), "environment": before(29), "cluster": before(27), "running": before(26)},
        "environment_step": null, "cluster": "cl_1m85c184158m1gs9",
        "exit_code": if ended { Value::from(0) } else { Value::Null }, "cause": null,
        "notices": ["at most 6 workers instead of 10: the pool has no memory for more"],
        "usage": {
            "worker_seconds": 98.4, "workers_peak": 4, "peak_memory": 1_288_490_188, "tasks_done": 12_043,
            "would_have_cost": 12_345_678
        }
    });
    if ended {
        value["stages"]["ended"] = before(1).into();
    }
    read(value)
}

/// A job that waits for room.
pub(crate) fn queued_job() -> JobView {
    let mut job = job("QUEUED");
    job.stages.retain(|name, _| name == "queued");
    job.attempts.clear();
    job.cluster = None;
    job.reasons = read(json!([{
        "code": "waiting_for_capacity", "sentence": "the pool has 1 free worker slot, and 2 are needed",
        "since": before(30), "next": "it starts when job `job_1m85c0` ends"
    }]));
    job
}

/// A job whose script raised.
pub(crate) fn failed_job() -> JobView {
    let mut job = job("FAILED");
    job.exit_code = Some(1);
    job.cause = Some(read(json!({
        "code": "import_error", "sentence": "ModuleNotFoundError: No module named 'pyarrow'",
        "evidence": [
            {"what": "package", "found": "pyarrow"},
            {"what": "last frame", "found": "/home/ada/flights.py:3 in <module>: import pyarrow"}
        ],
        "hint": "name the package that has `pyarrow` in the script's header or in `--requirements`"
    })));
    job.attempts[0].exit_code = Some(1);
    job.attempts[0].cause = job.cause.clone();
    job
}

/// A cluster at work.
pub(crate) fn cluster() -> ClusterView {
    let worker = |slot: u32| {
        json!({
            "name": format!("worker-{slot:04}.1"), "address": format!("tls://127.0.0.1:{}", 4000 + slot), "status": "running",
            "cpu": 87.5, "rss": 900_000_000, "spilled": if slot == 0 { 50_000_000 } else { 0 }, "executing": 3,
            "processing": 12, "nthreads": 3, "memory_limit": 3_221_225_472_u64
        })
    };
    let slot = |slot: u32, phase: &str| {
        json!({
            "slot": slot, "attempt": 1, "phase": phase, "pid": if phase == "running" { Value::from(4242 + slot) } else { Value::Null },
            "started_at": if phase == "running" { Value::from(before(20)) } else { Value::Null }, "failures": 0, "last_death": null
        })
    };
    let group = |name: &str, done: u64, total: u64, erred: u64| {
        json!({"name": name, "states": {"erred": erred}, "done": done, "total": total, "seconds": 1.5})
    };
    read(json!({
        "id": "cl_1m85c184158m1gs9", "name": "lab", "owner": "ada", "tags": {}, "job": "job_1m85c184158m1gs8",
        "phase": "RUNNING", "generation": 9,
        "reasons": [{"code": "serving_job", "sentence": "it serves job `job_1m85c184158m1gs8`", "since": before(26)}],
        "shape": {
            "profile": "standard", "workers_min": 2, "workers_max": 6, "threads": 3, "memory_bytes": 3_221_225_472_u64,
            "thresholds": {"target": 0.6, "spill": 0.7, "pause": 0.8, "terminate": 0.98}, "work_stealing": true,
            "dashboard": true, "worker_price_hour": 234_236_000, "scheduler_price_hour": 234_236_000
        },
        "workers_wanted": 4, "workers_desired": 4, "adapts": true, "slots": [slot(0, "running"), slot(1, "running"), slot(2, "running"), slot(3, "waiting")],
        "scheduler_pid": 4241, "address": "tls://127.0.0.1:38211", "created_at": before(29), "ready_at": before(26),
        "ended_at": null, "cause": null, "notices": [],
        "usage": {
            "worker_seconds": 98.4, "workers_peak": 4, "peak_memory": 1_288_490_188, "tasks_done": 12_043,
            "would_have_cost": 12_345_678
        },
        "dask": {
            "at": before(0), "tasks": {"processing": 36, "waiting": 400, "memory": 210, "erred": 2}, "done": 12_043,
            "total": 14_000, "prefixes": [
                group("read-csv-assign-with-a-very-long-name", 10_000, 10_000, 0), group("groupby-chunk", 1_900, 3_000, 2),
                group("groupby-agg", 143, 600, 0), group("rechunk", 0, 300, 0), group("sum", 0, 99, 0), group("mean", 0, 1, 0)
            ],
            "workers": [worker(0), worker(1), worker(2)]
        }
    }))
}

/// The costs of two teams in a month, by tag.
pub(crate) fn costs() -> CostView {
    let group = |name: Option<&str>, hours: i64, used: i64, idle: i64| {
        json!({"group": name, "micros": hours * 3_600_000_000, "used": used, "idle": idle, "cost": used + idle})
    };
    read(json!({
        "by": "tag", "tag": "team", "owner": "ada", "since": 1_793_491_200_000_000_i64, "until": 1_795_471_999_000_000_i64,
        "groups": [
            group(Some("risk"), 120, 28_108_320_001, 0), group(Some("web, \"new\""), 30, 2_342_360_000, 4_684_720_000),
            group(None, 1, 0, 234_236_000)
        ],
        "usage": group(None, 151, 30_450_680_001, 4_918_956_000),
        "fixed": [
            {"name": "Cloud Composer", "month": 300_000_000_000_i64, "cost": 229_282_291_666_i64},
            {"name": "NAT", "month": 20_000_000_000_i64, "cost": 15_285_486_111_i64}
        ],
        "fixed_total": 244_567_777_777_i64, "total": 279_937_413_778_i64,
        "forecast": {
            "until": 1_796_083_200_000_000_i64, "so_far": 35_369_636_001_i64, "per_day": 1_800_000_000_i64, "observed_days": 7.0,
            "usage": 48_100_000_000_i64, "fixed": 320_000_000_000_i64, "total": 368_100_000_000_i64
        }
    }))
}
