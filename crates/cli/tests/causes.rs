//! Every cause of death, brought about by a real program.

mod common;

use caddis_testkit::{World, assert_cause, wait_for};
use caddis_types::api::{ClusterWish, SetupWish};
use common::ledger::events;
use common::{job_of, world};
use rustix::process::Signal;

/// A script that says that it runs, and then waits for ever.
const WAITS: &str = "import threading\nopen('up', 'w').close()\nthreading.Event().wait()\n";

/// Starts [`WAITS`] and returns once user code runs.
fn waiting_job(world: &World, options: &[&str]) -> serde_json::Value {
    let path = world.file("job.py", WAITS).display().to_string();
    let mut arguments = vec!["run", "--detach"];
    arguments.extend(options);
    arguments.push(&path);
    world.run(&arguments).expect(0);
    wait_for("the script", || world.work().join("up").exists().then_some(()));
    world.wait_job("RUNNING")
}

/// What the evidence of a cause says of this.
#[track_caller]
fn found(job: &serde_json::Value, what: &str) -> String {
    let facts = job["cause"]["evidence"].as_array().unwrap();
    let fact = facts.iter().find(|fact| fact["what"] == what).unwrap_or_else(|| panic!("no `{what}` in {job:#}"));
    fact["found"].as_str().unwrap().to_owned()
}

const CLIENT: &str = "from dask.distributed import Client\nclient = Client()\n";

#[test]
fn exit_code() {
    let (run, job) = job_of(&world(), "raise SystemExit(3)", &[]);
    assert_eq!(run.code(), 3);
    assert_cause(&job, "exit_code");
}

#[test]
fn exception_with_its_last_frame() {
    let (run, job) = job_of(&world(), "def f():\n    {}['key']\nf()\n", &[]);
    assert_eq!(run.code(), 1);
    assert_cause(&job, "exception");
    let evidence = job["cause"]["evidence"].to_string();
    assert!(evidence.contains("job.py:2 in f"), "{evidence}");
    assert!(run.stderr().contains("KeyError: 'key'"), "{}", run.stderr());
    assert!(!run.stderr().contains("caddis/runtime"), "no frames of ours: {}", run.stderr());
}

#[test]
fn import_error_names_the_package() {
    let (_, job) = job_of(&world(), "import no_such_package.part\n", &[]);
    assert_cause(&job, "import_error");
    assert!(job["cause"]["evidence"].to_string().contains("no_such_package"), "{job:#}");
}

#[test]
fn syntax_error() {
    let (_, job) = job_of(&world(), "def f(:\n", &["--retries", "3"]);
    assert_cause(&job, "syntax_error");
    assert_eq!(job["attempts"].as_array().unwrap().len(), 1, "not worth a retry");
}

#[test]
fn out_of_memory_names_worker_limit_and_peak() {
    let script = format!(
        "{CLIENT}def eat():\n    kept = []\n    while True:\n        kept.append(bytearray(20_000_000))\n        for b in kept[-1:]: b[::4096] = b'x' * len(b[::4096])\n\
         client.submit(eat).result()\n"
    );
    let (_, job) = job_of(&world(), &script, &["--memory", "500MiB"]);
    assert_cause(&job, "out_of_memory");
    let evidence = job["cause"]["evidence"].to_string();
    assert!(evidence.contains("500 MiB") && evidence.contains("worker-0000"), "{evidence}");
    // `524 MiB`, or `1.1 GiB` where it was seen late; for people, so rounded.
    let killed_at = found(&job, "memory when killed");
    let size = caddis_types::bytes::parse(&killed_at.replace(' ', "")).unwrap_or_else(|_| panic!("{killed_at}"));
    assert!(size >= 490 << 20, "ended at its limit: {evidence}");
    assert!(found(&job, "Dask says").contains("eat-"), "the task: {evidence}");
}

#[test]
fn workers_lost() {
    let script = format!("{CLIENT}import os\nclient.submit(lambda: os.kill(os.getpid(), 11)).result()\n");
    let (_, job) = job_of(&world(), &script, &[]);
    assert_cause(&job, "workers_lost");
    assert!(job["cause"]["evidence"].to_string().contains("SIGSEGV"), "{job:#}");
}

#[test]
fn killed_by_signal() {
    let (run, job) = job_of(&world(), "import os\nos.kill(os.getpid(), 9)\n", &[]);
    assert_eq!(run.code(), 137);
    assert_cause(&job, "killed_by_signal");
    assert!(job["cause"]["sentence"].as_str().unwrap().contains("SIGKILL"), "{job:#}");
}

#[test]
fn timeout() {
    let (run, job) = job_of(&world(), "import threading\nthreading.Event().wait()\n", &["--timeout", "1s"]);
    assert_cause(&job, "timeout");
    assert!(job["cause"]["sentence"].as_str().unwrap().contains("time limit of 1.0 s"), "{job:#}");
    assert!(!found(&job, "limit reached at").is_empty());
    assert_ne!(run.code(), 0);
}

/// A machine costs a minute at least, so that a worker that dies and its successor are more than a limit of a little more
/// than two machines has room for.
#[test]
fn cost_limit() {
    let world = world();
    let minute = 0.234_236 / 60.0;
    let limit = format!("{:.6}", 2.5 * minute);
    waiting_job(&world, &["--workers", "1", "--max-cost", &limit, "--retries", "2"]);
    let why = world.run(&["why"]).expect(0).stdout();
    assert!(why.contains("of its limit of") && why.contains("is left"), "{why}");
    let worker = world.members().into_iter().find(|one| one.member.as_ref().is_some_and(|key| key.contains("worker-")));
    worker.expect("there is one").kill(Signal::KILL);
    let job = world.wait_job("FAILED");
    assert_cause(&job, "cost_limit");
    assert_eq!(job["attempts"].as_array().unwrap().len(), 1, "no retry brings the money back");
    let evidence = job["cause"]["evidence"].to_string();
    assert!(evidence.contains("limit") && evidence.contains("an hour"), "{evidence}");
    let too_low = world.run(&["run", "--workers", "2", "--max-cost", "0.001", "job.py"]);
    assert_eq!(too_low.code(), 125);
    assert!(too_low.stderr().contains("does not pay for a minute"), "{}", too_low.stderr());
}

#[test]
fn scheduler_lost() {
    let script = format!(
        "{CLIENT}import os, threading\nprint('up', flush=True)\n\
         try: client.run_on_scheduler(lambda: os.kill(os.getpid(), 9))\nexcept Exception: pass\nthreading.Event().wait()\n"
    );
    let (_, job) = job_of(&world(), &script, &[]);
    assert_cause(&job, "scheduler_lost");
    assert!(job["cause"]["sentence"].as_str().unwrap().contains("SIGKILL"), "{job:#}");
}

/// Not by a look now and then: the keeper hears of it at once. On a busy machine one of a few may be slow.
#[test]
#[expect(clippy::disallowed_methods, reason = "what the server says of its time is held against the time of the kill")]
fn a_lost_scheduler_is_noticed_within_a_second() {
    let world = world();
    let mut took = Vec::new();
    while took.iter().all(|micros| *micros > 1_000_000) {
        assert!(took.len() < 5, "never within a second: {took:?} µs");
        world.run(&["cluster", "create", "lab", "--workers", "1"]).expect(0);
        let scheduler = world.members().into_iter().find(|one| one.member.as_ref().is_some_and(|key| key.contains("/scheduler.")));
        let killed_at = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros() as i64;
        scheduler.expect("there is one").kill(Signal::KILL);
        let cluster = wait_for("the end of the cluster", || {
            let cluster = common::records::newest(&world, "clusters")?;
            cluster["state"]["ended"].is_object().then_some(cluster)
        });
        let ended = &cluster["state"]["ended"];
        assert_eq!(ended["why"]["cause"]["code"], "scheduler_lost", "{ended:#}");
        let (noticed_at, _) = events(&world, "cluster.stopping").pop().expect("its end began");
        took.push(noticed_at - killed_at);
    }
}

#[test]
fn cluster_start() {
    let (run, job) = job_of(&world(), "", &["-e", "DASK_DISTRIBUTED__COMM__TLS__MIN_VERSION=9.9"]);
    assert_eq!(run.code(), 125);
    assert_cause(&job, "cluster_start");
    assert!(found(&job, "end of its log").contains("9.9"), "what the scheduler wrote: {job:#}");
}

#[test]
fn disk_full() {
    let (_, job) = job_of(&world(), "open('/dev/full', 'w').write('x' * 100_000)\n", &[]);
    assert_cause(&job, "disk_full");
}

#[test]
fn environment_build() {
    let world = world();
    let script = "# /// script\n# dependencies = [\"caddis-has-no-such-package\"]\n# ///\n";
    let (run, job) = job_of(&world, script, &[]);
    assert_eq!(run.code(), 125);
    assert_cause(&job, "environment_build");
    assert!(job["cause"]["sentence"].as_str().unwrap().contains("caddis-has-no-such-package"), "{job:#}");
}

#[test]
fn cancelled() {
    let world = world();
    waiting_job(&world, &["--workers", "1"]);
    world.run(&["job", "cancel"]).expect(0);
    let job = world.wait_job("CANCELLED");
    assert_cause(&job, "cancelled");
    assert_eq!(job["cause"]["sentence"], format!("`{}` cancelled it", job["owner"].as_str().unwrap()));
    world.assert_nothing_left();
}

#[test]
fn cluster_stopped() {
    let world = world();
    world.run(&["cluster", "create", "lab", "--workers", "1"]).expect(0);
    waiting_job(&world, &["--cluster", "lab"]);
    world.run(&["cluster", "stop", "lab"]).expect(0);
    let job = world.wait_job("FAILED");
    assert_cause(&job, "cluster_stopped");
    let by_whom = format!("`{}` stopped it", job["owner"].as_str().unwrap());
    assert!(job["cause"]["sentence"].as_str().unwrap().contains(&by_whom), "{job:#}");
    world.assert_nothing_left();
}

#[test]
fn setup_failed() {
    let world = world();
    let program = world.file("setup.sh", "echo why it fails\nexit 4\n");
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    world.run(&["env", "python"]).expect(0);
    let command = world.command(&[]);
    let variables = command.get_envs().filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value?.to_str()?.to_owned())));
    let setup = SetupWish { name: "setup.sh".to_owned(), command: program.display().to_string(), deadline_ms: 60_000 };
    let wish = ClusterWish {
        name: Some("lab".to_owned()),
        cwd: world.work().display().to_string(),
        variables: variables.collect(),
        setup: vec![setup],
        ..ClusterWish::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = caddis_client::Client::connect(world.home()).await.expect("the server");
        client.create_cluster(&wish).await.expect("a cluster");
    });
    let cluster = wait_for("its failure", || {
        let cluster = world.run(&["cluster", "show", "lab", "-o", "json"]).expect(0).json();
        (cluster["phase"] == "FAILED").then_some(cluster)
    });
    assert_cause(&cluster, "setup_failed");
    let log = &cluster["cause"]["evidence"];
    assert!(log.to_string().contains("why it fails"), "{cluster:#}");
    world.assert_nothing_left();
}

#[test]
fn unknown_when_nobody_could_watch() {
    // Orphans become children of this process, which takes their exit status, so that no later keeper can.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).unwrap();
    let world = world();
    let job = waiting_job(&world, &["--workers", "1"]);
    let id = job["id"].as_str().unwrap();
    for gone in [world.server().expect("a server"), world.keeper().expect("a keeper")] {
        gone.kill(Signal::KILL);
        let pid = rustix::process::Pid::from_raw(gone.pid);
        rustix::process::waitpid(pid, rustix::process::WaitOptions::empty()).unwrap();
    }
    let script = world.members().into_iter().find(|member| member.member.as_deref().is_some_and(|key| key.contains(id)));
    let script = script.expect("the script lives on");
    script.kill(Signal::KILL);
    let pid = rustix::process::Pid::from_raw(script.pid);
    rustix::process::waitpid(pid, rustix::process::WaitOptions::empty()).unwrap();
    assert_cause(&world.wait_job("FAILED"), "unknown");
    world.assert_nothing_left();
}

#[test]
fn host_rebooted() {
    let world = world();
    waiting_job(&world, &["--workers", "1"]);
    // What a reboot leaves: no process, and records that carry another boot's id.
    world.server().expect("a server").kill(Signal::KILL);
    // Before the others, whose ends it would write down.
    world.keeper().expect("a keeper").kill(Signal::KILL);
    wait_for("the end of everything", || {
        let all = world.processes();
        all.iter().for_each(|process| process.kill(Signal::KILL));
        all.is_empty().then_some(())
    });
    let mut changed = 0;
    let clusters = world.home().join("clusters");
    for cluster in std::fs::read_dir(clusters).unwrap().flatten() {
        for member in std::fs::read_dir(cluster.path().join("members")).unwrap().flatten() {
            let record = member.path().join("record.json");
            let mut value: serde_json::Value = serde_json::from_slice(&std::fs::read(&record).unwrap()).unwrap();
            value["boot_id"] = "00000000-0000-0000-0000-000000000000".into();
            std::fs::write(&record, value.to_string()).unwrap();
            changed += 1;
        }
    }
    assert!(changed >= 3, "scheduler, worker and script have records");
    assert_cause(&world.wait_job("FAILED"), "host_rebooted");
    world.assert_nothing_left();
}
