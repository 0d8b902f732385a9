//! What a profile says is what Dask goes by: asked of the real scheduler and the real workers.

mod common;

use caddis_testkit::World;
use common::world;
use serde_json::{Value, json};

/// Prints what scheduler and worker were configured with, and what they made of it.
const ASK: &str = "import json\n\
    from dask.distributed import Client\n\
    KEYS = ['worker.memory.' + name for name in ('target', 'spill', 'pause', 'terminate')] + \\\n    \
    ['scheduler.work-stealing', 'scheduler.worker-saturation']\n\
    def configured(keys):\n    import dask\n    return {key.split('.')[-1]: dask.config.get('distributed.' + key) for key in keys}\n\
    def scheduler(dask_scheduler, keys):\n    said = configured(keys)\n    \
    said['in use'] = dask_scheduler.WORKER_SATURATION\n    said['steals'] = 'stealing' in dask_scheduler.extensions\n    return said\n\
    def worker(dask_worker, keys):\n    memory = dask_worker.memory_manager\n    said = configured(keys)\n    \
    said['limit'] = memory.memory_limit\n    said['threads'] = dask_worker.state.nthreads\n    \
    said['in use'] = [memory.memory_target_fraction, memory.memory_spill_fraction, memory.memory_pause_fraction]\n    return said\n\
    client = Client()\n\
    print(json.dumps([client.run_on_scheduler(scheduler, keys=KEYS), *client.run(worker, keys=KEYS).values()]))\n";

/// Dask's own, where a profile names none.
const SATURATION: f64 = 1.1;

/// Runs the question on a cluster of this shape; answers what `cluster show` says of the shape, and what Dask says.
#[track_caller]
fn asked(world: &World, options: &[&str]) -> (Value, Vec<Value>) {
    let script = world.file("ask.py", ASK).display().to_string();
    let run = world.run(&[&["run", "--quiet", "--workers", "1"][..], options, &[script.as_str()]].concat()).expect(0);
    let said = serde_json::from_str::<Vec<Value>>(&run.stdout()).unwrap();
    let cluster = world.job()["cluster"].as_str().unwrap().to_owned();
    let shown = world.run(&["cluster", "show", &cluster, "-o", "json"]).expect(0).json();
    (shown["shape"].clone(), said)
}

/// Compares the two.
#[track_caller]
fn agrees(world: &World, options: &[&str]) -> Value {
    let (shape, said) = asked(world, options);
    let thresholds = &shape["thresholds"];
    let saturation = shape["worker_saturation"].as_f64().unwrap_or(SATURATION);
    assert_eq!(said.len(), 2, "a scheduler and a worker: {said:#?}");
    for one in &said {
        for name in ["target", "spill", "pause", "terminate"] {
            assert_eq!(one[name], thresholds[name], "{name}: {one:#} and {shape:#}");
        }
        assert_eq!(one["work-stealing"], shape["work_stealing"], "{one:#}");
        assert_eq!(one["worker-saturation"].as_f64(), Some(saturation), "{one:#}");
    }
    let [scheduler, worker] = &said[..] else { unreachable!() };
    assert_eq!(scheduler["in use"].as_f64(), Some(saturation), "{scheduler:#}");
    assert_eq!(scheduler["steals"], shape["work_stealing"], "{scheduler:#}");
    assert_eq!(worker["limit"], shape["memory_bytes"], "{worker:#}");
    assert_eq!(worker["threads"], shape["threads"], "{worker:#}");
    assert_eq!(worker["in use"], json!([thresholds["target"], thresholds["spill"], thresholds["pause"]]), "{worker:#}");
    shape
}

/// The mission's figures where a worker has room for them, else Dask's own; 98 % is enforced in both.
#[track_caller]
fn has_the_thresholds_of_its_size(shape: &Value) {
    let mission = json!({"target": 0.85, "spill": 0.9, "pause": 0.95, "terminate": 0.98});
    let small = json!({"target": 0.6, "spill": 0.7, "pause": 0.8, "terminate": 0.98});
    let large = shape["memory_bytes"].as_u64().unwrap() >= 4 << 30;
    assert_eq!(shape["thresholds"], if large { mission } else { small }, "{shape:#}");
    assert_eq!(shape["work_stealing"], true);
}

#[test]
fn each_profile_is_what_dask_goes_by() {
    let world = world();
    for profile in ["standard", "small", "throughput"] {
        let shape = agrees(&world, &["--profile", profile]);
        assert_eq!(shape["profile"], profile);
        has_the_thresholds_of_its_size(&shape);
        let saturation = shape["worker_saturation"].as_f64();
        assert_eq!(saturation, (profile == "throughput").then_some(10.0), "{shape:#}");
    }
    world.assert_nothing_left();
}

#[test]
fn what_is_asked_for_is_what_dask_goes_by() {
    let world = world();
    for (memory, bytes, threads) in [("600MiB", 600_u64 << 20, 2), ("4GiB", 4 << 30, 1)] {
        // A machine with less is refused 4 GiB, and says so.
        if world.run(&["run", "--dry-run", "--workers", "1", "--memory", memory, "-m", "json"]).code() != 0 {
            caddis_testkit::skip("memory", "the pool has no 4 GiB");
            continue;
        }
        let shape = agrees(&world, &["--memory", memory, "--threads", &threads.to_string()]);
        assert_eq!((&shape["memory_bytes"], &shape["threads"]), (&bytes.into(), &threads.into()), "{shape:#}");
        has_the_thresholds_of_its_size(&shape);
    }
    world.assert_nothing_left();
}
