//! What is over is shown, run again and removed, and what is in use stays.

mod common;

use std::fs;
use std::process::Command;

use caddis_testkit::{World, wait_for};
use common::{CADDIS, job_of, world};
use serde_json::Value;

#[test]
fn a_job_is_run_again_as_it_was() {
    let world = world();
    let (_, job) = job_of(&world, "open('runs', 'a').write('x')\n", &["--tag", "team=risk", "--name", "etl"]);
    assert_eq!(job["tags"]["team"], "risk");
    let again = world.run(&["job", "retry", "etl"]).expect(0).stdout().trim().to_owned();
    world.run(&["job", "wait", "etl"]).expect(0);
    let other = world.job();
    assert_eq!((other["id"].as_str(), &other["tags"], &other["name"]), (Some(&*again), &job["tags"], &job["name"]));
    assert_eq!(fs::read_to_string(world.work().join("runs")).unwrap(), "xx");
}

#[test]
fn what_is_over_is_pruned_and_what_lives_stays() {
    let world = world();
    let lab = world.run(&["cluster", "create", "lab", "--workers", "1"]).expect(0).stdout().trim().to_owned();
    let script = world.file("job.py", "");
    world.run(&["run", "--quiet", "--cluster", "lab", script.to_str().unwrap()]).expect(0);
    let job = world.job()["id"].clone();
    let folder = world.home().join("jobs").join(job.as_str().unwrap());
    assert!(folder.is_dir(), "what it wrote is kept");
    let would = world.run(&["prune", "--dry-run", "-o", "json"]).expect(0).json();
    assert_eq!(would["jobs"], serde_json::json!([]), "it is younger than what is kept");
    let pruned = wait_for("a second after the job's end", || {
        let pruned = world.run(&["prune", "--older-than", "1s", "-o", "json"]).expect(0).json();
        (pruned["jobs"] != serde_json::json!([])).then_some(pruned)
    });
    assert_eq!((&pruned["jobs"][0], &pruned["clusters"]), (&job, &serde_json::json!([])));
    assert_eq!(world.run(&["job", "list", "-o", "json"]).expect(0).json(), serde_json::json!([]));
    wait_for("the end of its folder", || (!folder.exists()).then_some(()));
    assert_eq!(world.run(&["cluster", "show", "-o", "json"]).expect(0).json()["id"], *lab);
    world.run(&["cluster", "stop", "lab"]).expect(0);
    world.assert_nothing_left();
}

#[test]
fn an_environment_is_removed_when_nothing_uses_it() {
    let world = World::building(CADDIS);
    let header = "# /// script\n# dependencies = [\"distributed\"]\n# ///\n";
    let script = world.file("job.py", header);
    world.run(&["run", "--quiet", "--workers", "1", script.to_str().unwrap()]).expect(0);
    let all = || world.run(&["environment", "list", "-o", "json"]).expect(0).json();
    let id = all()[0]["id"].as_str().unwrap().to_owned();
    let shown = world.run(&["environment", "show", &id[..8], "-o", "json"]).expect(0).json();
    assert_eq!((&shown["id"], &shown["state"]), (&all()[0]["id"], &Value::from("ready")));
    world.assert_nothing_left();
    assert_ne!(programs_of(&id), Vec::<String>::new(), "a fork server waits for the next job");
    world.run(&["environment", "remove", &id[..8]]).expect(0);
    assert_eq!(all(), serde_json::json!([]));
    wait_for("the end of the environment's fork server", || programs_of(&id).is_empty().then_some(()));
    world.run(&["environment", "remove", &id]).expect(3);
    assert!(!world.home().join("environments").join(&id).exists());
}

/// The command lines of all processes that run the interpreter of this environment.
fn programs_of(environment: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.split(' ').next().is_some_and(|program| program.contains(environment))).collect()
}

#[test]
fn a_marked_process_without_a_living_cluster_is_an_orphan() {
    let world = World::bare(CADDIS);
    let marker = "cl_0123456789abcdef/worker-0003.1";
    let mut orphan = Command::new("sleep").arg("600").env("CADDIS_MEMBER", marker).spawn().unwrap();
    let found = world.run(&["doctor", "--orphans", "-o", "json"]).expect(0).json();
    orphan.kill().unwrap();
    orphan.wait().unwrap();
    let mut found = found.as_array().unwrap().iter().filter(|one| one["pid"] == orphan.id());
    let one = found.next().expect("it is found");
    assert_eq!((&one["cluster"], &one["known"]), (&Value::from("cl_0123456789abcdef"), &Value::from(false)));
}
