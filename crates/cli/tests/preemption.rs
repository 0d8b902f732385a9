//! Workers that are taken away, and workers that their schedulers have lost: told apart from those that just died, and
//! replaced, with the right result in the end.

mod common;

use std::collections::BTreeSet;

use caddis_testkit::{World, produced, wait_for};
use common::world;
use rustix::process::Signal;
use serde_json::Value;

const CLIENT: &str = "from dask.distributed import Client\nclient = Client()\n";
const SMALL: [&str; 4] = ["--threads", "1", "--memory", "400MiB"];

#[track_caller]
fn cluster(world: &World, name: &str) -> Value {
    world.run(&["cluster", "show", name, "-o", "json"]).expect(0).json()
}

/// The first death of a cluster's workers with this code.
#[track_caller]
fn wait_death(world: &World, name: &str, code: &str) -> Value {
    let death = wait_for(&format!("a death by {code}"), || {
        let deaths = cluster(world, name)["deaths"].as_array()?.clone();
        deaths.into_iter().find(|death| death["code"] == code)
    });
    produced("cause", code);
    death
}

/// Workers of four names at least were taken away, each with its notice, and the sum is right all the same.
#[test]
fn every_worker_is_preempted_once_and_the_result_is_right() {
    let world = world();
    let script = format!(
        "{CLIENT}import time\n\
         def work(i):\n    time.sleep(0.1)\n    return i * i\n\
         kept = client.map(work, range(20), pure=False)\n\
         rounds = 0\n\
         at_first = {{w['name'] for w in client.scheduler_info()['workers'].values()}}\n\
         while True:\n    \
             now = {{w['name'] for w in client.scheduler_info()['workers'].values()}}\n    \
             rounds += 1\n    \
             futures = client.map(work, range(rounds * 40, rounds * 40 + 40))\n    \
             assert client.gather(futures) == [i * i for i in range(rounds * 40, rounds * 40 + 40)]\n    \
             if not (now & at_first): break\n\
         print(sum(client.gather(kept)), flush=True)\n"
    );
    let path = world.file("job.py", &script).display().to_string();
    let options = ["run", "-o", "json", "--workers", "3", "--on-demand", "0", "--preempt-rate", "360"];
    let run = world.run(&[&options[..], &SMALL, &[&path]].concat()).expect(0);
    let job = run.json();
    assert!(run.stderr().contains("2470"), "{}", run.stderr());
    let id = job["cluster"].as_str().unwrap();
    let deaths = cluster(&world, id)["deaths"].as_array().unwrap().clone();
    let taken: BTreeSet<&str> =
        deaths.iter().filter(|death| death["code"] == "preempted").map(|death| death["sentence"].as_str().unwrap()).collect();
    assert!(taken.len() >= 3, "each of the first workers: {deaths:#?}");
    produced("cause", "preempted");
    let orderly = taken.iter().filter(|sentence| sentence.contains("had handed its data over")).count();
    assert_eq!(orderly, taken.len(), "tasks of a tenth of a second end within the notice: {taken:?}");
    world.assert_nothing_left();
}

#[test]
fn those_on_demand_stay_and_those_that_are_preempted_are_told_of() {
    let world = world();
    let create = ["cluster", "create", "lab", "--workers", "3", "--on-demand", "1", "--preempt-rate", "3600"];
    world.run(&[&create[..], &SMALL].concat()).expect(0);
    let death = wait_death(&world, "lab", "preempted");
    assert!(death["sentence"].as_str().unwrap().contains("was preempted"), "{death}");
    let first = cluster(&world, "lab")["slots"].as_array().unwrap()[0].clone();
    assert_eq!((&first["slot"], &first["attempt"], &first["preemptible"]), (&0.into(), &1.into(), &false.into()), "{first}");
    world.run(&["cluster", "stop", "lab"]).expect(0);
    world.assert_nothing_left();
    for wrong in ["-1", "NaN", "99999"] {
        let refused = world.run(&["cluster", "create", "x", &format!("--preempt-rate={wrong}")]).expect(2);
        assert!(refused.stderr().contains("preempted"), "{}", refused.stderr());
    }
}

/// A stopped process is what a host that hangs looks like: it is there, and says nothing.
#[test]
fn a_worker_that_its_scheduler_has_lost_is_replaced() {
    let world = world();
    let ttl = ["-e", "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL=3s"];
    world.run(&[&["cluster", "create", "lab", "--workers", "2"], &SMALL[..], &ttl].concat()).expect(0);
    let worker = world.members().into_iter().find(|member| member.member.as_deref().is_some_and(|key| key.contains("worker-0001")));
    worker.expect("a second worker").kill(Signal::STOP);
    let death = wait_death(&world, "lab", "host_lost");
    assert!(death["sentence"].as_str().unwrap().contains("worker-0001.1"), "{death}");
    wait_for("its successor", || {
        let cluster = cluster(&world, "lab");
        let slot = cluster["slots"].as_array()?.get(1)?.clone();
        (slot["attempt"] == 2 && slot["phase"] == "running").then_some(())
    });
    world.run(&["cluster", "stop", "lab"]).expect(0);
    world.assert_nothing_left();
}
