//! Clusters follow their load from nothing and back, people fix a number and let it go again, and what was decided is kept.

mod common;

use std::fs;

use caddis_testkit::{World, produced, wait_for};
use common::ledger::lines;
use common::world;
use serde_json::Value;

const CLIENT: &str = "from dask.distributed import Client\nclient = Client()\n";
const SMALL: [&str; 4] = ["--threads", "1", "--memory", "500MiB"];

fn quick(world: &World) {
    fs::write(world.home().join("caddis.toml"), "[autoscale]\nshrink_after_seconds = 1\n").unwrap();
}

#[track_caller]
fn cluster(world: &World, name: &str) -> Value {
    world.run(&["cluster", "show", name, "-o", "json"]).expect(0).json()
}

/// Waits for a reason of a cluster.
#[track_caller]
fn wait_reason(world: &World, name: &str, code: &str) -> Value {
    let reason = wait_for(&format!("the reason {code} of {name}"), || {
        let why = world.run(&["why", name, "-o", "json"]).expect(0).json();
        why["reasons"].as_array()?.iter().find(|reason| reason["code"] == code).cloned()
    });
    produced("reason", code);
    reason
}

#[track_caller]
fn wait_workers(world: &World, name: &str, workers: u64) -> Value {
    wait_for(&format!("{workers} workers of {name}"), || {
        let cluster = cluster(world, name);
        let slots = cluster["slots"].as_array()?;
        let serving = slots.iter().filter(|slot| slot["phase"] == "running").count() as u64;
        (serving == workers && slots.len() as u64 == workers).then_some(cluster)
    })
}

/// Waits until the script has written this file.
#[track_caller]
fn exists(world: &World, name: &str) {
    wait_for(&format!("the file {name}"), || world.work().join(name).exists().then_some(()));
}

#[test]
fn a_job_begins_without_workers_grows_goes_to_nothing_and_comes_back() {
    let world = world();
    quick(&world);
    let script = format!(
        "{CLIENT}import os, time\nfrom dask.distributed import as_completed\n\
         def workers(): return len(client.scheduler_info()['workers'])\n\
         def work(i):\n    time.sleep(0.2)\n    return i\n\
         print(workers())\n\
         most = total = 0\n\
         for future in as_completed(client.map(work, range(40))):\n    \
             most = max(most, workers())\n    total += future.result()\n\
         del future\nprint(total)\nprint(most > 1)\n\
         while workers(): time.sleep(0.02)\n\
         open('nothing', 'w').close()\n\
         while not os.path.exists('go'): time.sleep(0.02)\n\
         print(client.submit(work, 7).result(), client.gather(client.map(work, range(100, 110)))[-1])\n"
    );
    let path = world.file("job.py", &script).display().to_string();
    let options = [&["run", "--quiet", "--name", "job", "--workers", "0..3"], &SMALL[..], &[&path]].concat();
    let child = world.spawn(&options);
    exists(&world, "nothing");
    let id = world.run(&["job", "show", "job", "-o", "json"]).expect(0).json()["cluster"].as_str().unwrap().to_owned();
    let reason = wait_reason(&world, &id, "follows_load");
    assert!(reason["sentence"].as_str().unwrap().starts_with("it wants 0 of 0..3: "), "{reason}");
    assert_eq!(wait_workers(&world, &id, 0)["adapts"], true);
    world.file("go", "");
    let output = child.wait_with_output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(stdout, "0\n780\nTrue\n7 109\n", "{stderr}");
    world.assert_nothing_left();
}

/// Tried with one worker, and not again as long as the work is the same; somebody is told what it waits for.
#[test]
fn a_task_that_no_worker_can_run_starts_one_worker_and_no_more() {
    let world = world();
    quick(&world);
    let script = format!(
        "{CLIENT}import os, time\nfuture = client.submit(sum, [1, 2], resources={{'GPU': 1}})\n\
         while not os.path.exists('go'): time.sleep(0.02)\n\
         until = time.monotonic() + 8\nwhile time.monotonic() < until: time.sleep(0.1)\nprint(future.status)\n"
    );
    let path = world.file("job.py", &script).display().to_string();
    let options = [&["run", "--quiet", "--name", "job", "--workers", "0..2"], &SMALL[..], &[&path]].concat();
    let child = world.spawn(&options);
    let why = wait_for("the reason, when the worker has gone", || {
        let job = world.run(&["job", "show", "job", "-o", "json"]);
        let id = (job.code() == 0).then(|| job.json()["cluster"].as_str().map(str::to_owned))??;
        let why = world.run(&["why", "job"]).expect(0).stdout();
        let nobody = cluster(&world, &id)["slots"].as_array()?.is_empty();
        (nobody && why.contains("1 task waits for a resource, a host or memory that no worker has")).then_some(why)
    });
    assert!(why.contains("without `resources=`"), "{why}");
    world.file("go", "");
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "pending\n", "{}", String::from_utf8_lossy(&output.stderr));
    world.assert_nothing_left();
    let workers: Vec<_> = lines(&world).into_iter().filter(|(_, line)| line["kind"] == "worker").map(|(key, _)| key).collect();
    assert_eq!(workers.len(), 1, "{workers:?}");
}

#[test]
fn a_number_is_fixed_for_a_running_job_and_let_go_again() {
    let world = world();
    quick(&world);
    let script = format!(
        "{CLIENT}import os, time\nopen('up', 'w').close()\n\
         while not os.path.exists('go'): time.sleep(0.02)\nprint(client.submit(sum, [1, 2]).result())\n"
    );
    let path = world.file("job.py", &script).display().to_string();
    let options = [&["run", "--detach", "--name", "job", "--workers", "0..2"], &SMALL[..], &[&path]].concat();
    world.run(&options).expect(0);
    exists(&world, "up");
    let id = world.run(&["job", "show", "job", "-o", "json"]).expect(0).json()["cluster"].as_str().unwrap().to_owned();
    world.run(&["cluster", "scale", &id, "2"]).expect(0);
    let fixed = wait_workers(&world, &id, 2);
    assert_eq!((&fixed["adapts"], &fixed["workers_desired"]), (&false.into(), &2.into()), "{fixed:#}");
    let reason = wait_reason(&world, &id, "fixed_size");
    assert!(reason["next"].as_str().unwrap().contains("caddis cluster adapt"), "{reason}");
    // Nothing runs there: only because the number is fixed do they stay.
    let shown = world.run(&["cluster", "show", &id]).expect(0).stdout();
    assert!(shown.contains("2 wanted, whatever the load"), "{shown}");
    let adapted = world.run(&["cluster", "adapt", &id, "--workers", "1..3", "-o", "json"]).expect(0).json();
    assert_eq!((&adapted["shape"]["workers_min"], &adapted["shape"]["workers_max"]), (&1.into(), &3.into()));
    wait_workers(&world, &id, 1);
    wait_reason(&world, &id, "follows_load");
    world.file("go", "");
    world.wait_job("SUCCEEDED");
    assert_eq!(world.run(&["job", "logs", "job"]).expect(0).stdout(), "3\n");
    world.assert_nothing_left();
}

/// Whoever comes last has his way, and no worker dies of the dispute.
#[test]
fn people_who_scale_and_adapt_at_once_do_not_fight() {
    let world = world();
    world.run(&[&["cluster", "create", "lab", "--workers", "0..2"], &SMALL[..]].concat()).expect(0);
    let lines: [&[&str]; 4] = [
        &["cluster", "scale", "lab", "2"],
        &["cluster", "adapt", "lab", "--workers", "0..2"],
        &["cluster", "scale", "lab", "1"],
        &["cluster", "adapt", "lab"],
    ];
    for _ in 0..3 {
        let asked: Vec<_> = lines.iter().map(|line| world.spawn(line)).collect();
        for child in asked {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
    }
    world.run(&["cluster", "scale", "lab", "2"]).expect(0);
    let fixed = wait_workers(&world, "lab", 2);
    assert_eq!(fixed["adapts"], false, "{fixed:#}");
    assert!(fixed["deaths"].as_array().is_none_or(Vec::is_empty), "{fixed:#}");
    world.run(&["cluster", "stop", "lab"]).expect(0);
    world.assert_nothing_left();
}

#[test]
fn what_cannot_follow_a_load_says_so() {
    let world = world();
    world.run(&[&["cluster", "create", "lab", "--workers", "1"], &SMALL[..]].concat()).expect(0);
    let refused = world.run(&["cluster", "adapt", "lab"]).expect(4);
    assert!(
        refused.stderr().contains("may only have 1 workers") && refused.stderr().contains("hint:"),
        "{}",
        refused.stderr()
    );
    for wrong in ["3..1", "0..0", "x"] {
        world.run(&["cluster", "adapt", "lab", "--workers", wrong]).expect(2);
    }
    let reason = wait_reason(&world, "lab", "fixed_size");
    assert!(reason["sentence"].as_str().unwrap().contains("asked for with 1 worker exactly"), "{reason}");
    world.run(&["cluster", "adapt", "lab", "--workers", "0..2"]).expect(0);
    wait_reason(&world, "lab", "follows_load");
    world.run(&["cluster", "stop", "lab"]).expect(0);
    world.assert_nothing_left();
    world.run(&["cluster", "adapt", "lab"]).expect(4);
}
