//! What runs is watched and ended to the last process; what it wrote reaches everybody once; who leaves loses nothing.

mod common;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use caddis_testkit::{Process, World, processes_naming, wait_for};
use common::world;
use rustix::process::Signal;
use serde_json::Value;

const CLIENT: &str = "from dask.distributed import Client\nclient = Client()\n";
const WAITS: &str = "import threading\nopen('up', 'w').close()\nthreading.Event().wait()\n";
const STUBBORN: &str = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n";

fn path(world: &World, script: &str) -> String {
    world.file("job.py", script).display().to_string()
}

#[track_caller]
fn exists(world: &World, name: &str) {
    wait_for(&format!("the file {name}"), || world.work().join(name).exists().then_some(()));
}

fn signal(child: &Child, signal: Signal) {
    let pid = rustix::process::Pid::from_raw(child.id() as i32).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn workers(world: &World) -> Vec<Process> {
    let is_worker = |process: &Process| process.member.as_deref().is_some_and(|key| key.contains("/worker-"));
    world.members().into_iter().filter(is_worker).collect()
}

#[track_caller]
fn cluster(world: &World, name: &str) -> Value {
    world.run(&["cluster", "show", name, "-o", "json"]).expect(0).json()
}

#[test]
fn a_killed_worker_is_replaced_in_its_slot_and_its_tasks_finish() {
    let world = world();
    let script = format!(
        "{CLIENT}import os\ndef work(i):\n    import os, time\n    if i == 0: open('busy', 'w').close()\n    time.sleep(0.05)\n    while i == 39 and not os.path.exists('killed'): time.sleep(0.01)\n    return i\n\
         print(sum(client.gather(client.map(work, range(40)))), sorted(w['name'] for w in client.scheduler_info()['workers'].values()))\n"
    );
    let script = path(&world, &script);
    let child = world.spawn(&["run", "--quiet", "--workers", "1", "--threads", "1", &script]);
    exists(&world, "busy");
    let [worker] = &workers(&world)[..] else { panic!("one worker: {:?}", workers(&world)) };
    assert!(worker.member.as_deref().unwrap().ends_with("/worker-0000.1"), "{worker:?}");
    worker.kill(Signal::KILL);
    world.file("killed", "");
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stdout), "780 ['worker-0000.2']\n", "{}", text(&output.stderr));
    assert!(output.status.success());
    world.assert_nothing_left();
}

#[test]
fn a_worker_over_its_memory_is_ended_and_replaced() {
    let world = world();
    let script = format!(
        "{CLIENT}import os\ndef eat():\n    import os\n    if os.path.exists('eaten'): return 'second try'\n    open('eaten', 'w').close()\n    kept = []\n    while True: kept.append(b'x' * 10_000_000)\n\
         print(client.submit(eat).result())\n"
    );
    let script = path(&world, &script);
    let run = world.run(&["run", "-o", "json", "--workers", "1", "--threads", "1", "--memory", "400MiB", &script]).expect(0);
    assert!(run.stderr().contains("second try"), "{}", run.stderr());
    let job = run.json();
    let peak = job["usage"]["peak_memory"].as_f64().unwrap() / (400.0 * 1048576.0);
    assert!((0.7..1.6).contains(&peak), "ended near its limit, not far above it: {peak}");
    world.assert_nothing_left();
}

/// A script that leaves daemons behind: out of its session, twice forked, with an empty environment.
fn leaves_daemons(mark: &str, end: &str) -> String {
    format!(
        "{CLIENT}import os\ndef leave():\n    import os\n    pid = os.fork()\n    if pid == 0:\n        os.setsid()\n        if os.fork() == 0:\n            \
         os.execve('/bin/sh', ['sh', '-c', 'while :; do sleep 1; done # {mark}'], {{}})\n        os._exit(0)\n    os.waitpid(pid, 0)\n\
         leave()\nclient.submit(leave).result()\nopen('up', 'w').close()\n{end}"
    )
}

#[track_caller]
fn both_daemons(mark: &str) {
    wait_for("both daemons", || (processes_naming(mark).len() >= 2).then_some(()));
}

#[test]
fn daemons_of_a_task_and_of_the_script_are_ended_with_the_job() {
    let world = world();
    let mark = format!("daemon-{}-a", std::process::id());
    let waits = "while not os.path.exists('go'): __import__('time').sleep(0.01)\n";
    let child = world.spawn(&["run", "--quiet", "--workers", "1", &path(&world, &leaves_daemons(&mark, waits))]);
    exists(&world, "up");
    both_daemons(&mark);
    world.file("go", "");
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    world.assert_nothing_left();
    wait_for("the end of the daemons", || processes_naming(&mark).is_empty().then_some(()));
}

#[test]
fn daemons_are_ended_also_when_the_server_was_killed_in_between() {
    let world = world();
    let mark = format!("daemon-{}-b", std::process::id());
    let end = "import threading\nthreading.Event().wait()\n";
    world.run(&["run", "--detach", "--workers", "1", &path(&world, &leaves_daemons(&mark, end))]).expect(0);
    exists(&world, "up");
    both_daemons(&mark);
    world.server().expect("a server").kill(Signal::KILL);
    world.run(&["job", "cancel"]).expect(0);
    world.wait_job("CANCELLED");
    world.assert_nothing_left();
    wait_for("the end of the daemons", || processes_naming(&mark).is_empty().then_some(()));
}

/// Starts the script with `caddis run`, sends signals once it is up, and answers how the command ended.
fn interrupted(world: &World, script: &str, signals: &[Signal]) -> Output {
    let child = world.spawn(&["run", "--workers", "1", &path(world, script)]);
    exists(world, "up");
    for (number, next) in signals.iter().enumerate() {
        if number > 0 {
            // The first one must have been heard, or the two are one for the kernel.
            world.wait_job("RUNNING");
            wait_for("the cancellation", || {
                let why = world.run(&["why", "-o", "json"]).expect(0).json();
                (why["reasons"][0]["code"] == "stopping").then_some(())
            });
        }
        signal(&child, *next);
    }
    child.wait_with_output().unwrap()
}

#[test]
fn an_interrupt_cancels_cleanly() {
    let world = world();
    let script = "import threading\ntry:\n    open('up', 'w').close()\n    threading.Event().wait()\nexcept KeyboardInterrupt:\n    print('cleaned up', flush=True)\n    raise\n";
    let output = interrupted(&world, script, &[Signal::INT]);
    assert_eq!(text(&output.stdout), "cleaned up\n");
    assert_eq!(output.status.code(), Some(130), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("cancelling"), "{}", text(&output.stderr));
    assert_eq!(world.job()["phase"], "CANCELLED");
    world.assert_nothing_left();
}

#[test]
fn a_second_interrupt_hurries_a_script_that_ignores_the_first() {
    let world = world();
    let output = interrupted(&world, &format!("{STUBBORN}{WAITS}"), &[Signal::INT, Signal::INT]);
    assert_eq!(output.status.code(), Some(137), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("hurrying"), "{}", text(&output.stderr));
    let job = world.job();
    assert_eq!((&job["phase"], &job["cause"]["code"]), (&"CANCELLED".into(), &"cancelled".into()), "{job:#}");
    world.assert_nothing_left();
}

#[test]
fn a_command_that_is_told_to_end_cancels_its_job() {
    let world = world();
    let output = interrupted(&world, WAITS, &[Signal::TERM]);
    assert!(!output.status.success());
    assert_eq!(world.job()["phase"], "CANCELLED");
    world.assert_nothing_left();
}

#[test]
fn a_command_that_is_killed_leaves_its_job_running() {
    let world = world();
    let mut child = world.spawn(&["run", "--workers", "1", &path(&world, WAITS)]);
    exists(&world, "up");
    signal(&child, Signal::KILL);
    child.wait().unwrap();
    assert_eq!(world.job()["phase"], "RUNNING");
    world.run(&["job", "cancel"]).expect(0);
    world.wait_job("CANCELLED");
    world.assert_nothing_left();
}

/// Prints a fixed number of numbered lines, some at a time; the last only when there is a file `go`.
const LINES: &str = "import os, sys, time\nfor i in range(4000):\n    while i == 3999 and not os.path.exists('go'): time.sleep(0.01)\n    print('line', i, flush=True)\n    if i % 40 == 0: time.sleep(0.01)\n    if i == 400: open('up', 'w').close()\nsys.exit(5)\n";

fn all_lines() -> String {
    (0..4000).map(|i| format!("line {i}\n")).collect()
}

#[test]
fn a_detached_job_is_followed_and_waited_for() {
    let world = world();
    let id = world.run(&["run", "--detach", "--workers", "1", &path(&world, LINES)]).expect(0).stdout();
    exists(&world, "up");
    let follower = world.spawn(&["job", "logs", "-f", id.trim()]);
    let second = world.spawn(&["job", "logs", "-f", "--only", "stdout"]);
    assert_eq!(world.run(&["job", "wait", id.trim(), "--timeout", "10ms"]).code(), 125, "not yet");
    world.file("go", "");
    let wait = world.run(&["job", "wait", id.trim()]);
    assert_eq!(wait.code(), 5, "{}", wait.stderr());
    for follower in [follower, second] {
        let output = follower.wait_with_output().unwrap();
        assert!(text(&output.stdout) == all_lines(), "every line once: {} bytes", output.stdout.len());
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    assert!(world.run(&["job", "logs"]).expect(0).stdout() == all_lines(), "and it is kept");
    assert_eq!(world.run(&["job", "wait", id.trim()]).code(), 5, "waiting for what has ended");
}

#[test]
fn a_killed_server_loses_and_doubles_no_line() {
    let world = world();
    let child = world.spawn(&["run", "--quiet", "--workers", "1", &path(&world, LINES)]);
    exists(&world, "up");
    for _ in 0..2 {
        let server = wait_for("a server", || world.server());
        server.kill(Signal::KILL);
        wait_for("its end", || world.processes().iter().all(|process| process.pid != server.pid).then_some(()));
    }
    world.file("go", "");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", text(&output.stderr));
    assert!(text(&output.stdout) == all_lines(), "every line once: {} bytes", output.stdout.len());
    world.assert_nothing_left();
}

#[test]
fn output_is_kept_up_to_a_limit_and_says_so() {
    let world = world();
    let script = "import sys\nprint('the first line')\nblock = ('x' * 1023 + '\\n') * 1024\nfor _ in range(90): sys.stdout.write(block)\nprint('the last line')\n";
    let id = world.run(&["run", "--detach", "--workers", "1", &path(&world, script)]).expect(0).stdout();
    world.run(&["job", "wait", "-q"]).expect(0);
    let logs = world.run(&["job", "logs"]).expect(0);
    let out = logs.stdout();
    assert!(out.starts_with("the first line\n") && out.ends_with("the last line\n"), "the beginning and the end are kept");
    assert!(out.len() < 66 << 20, "{} bytes", out.len());
    let notice = out.lines().find(|line| line.contains("not kept") || line.contains("left out") || line.contains("removed"));
    assert!(notice.is_some() || logs.stderr().contains("not kept"), "a notice: {}", logs.stderr());
    let file = world.home().join("jobs").join(id.trim()).join("1/stdout");
    let used = fs::metadata(&file).unwrap().blocks() * 512;
    assert!(used < 66 << 20, "{used} bytes of disk");
}

#[test]
fn a_kept_cluster_ends_by_itself() {
    let world = world();
    let run = world.run(&["run", "--workers", "1", "--keep-on-failure", "2s", &path(&world, "raise SystemExit(4)\n")]).expect(4);
    assert!(run.stderr().contains("kept") || !world.members().is_empty(), "{}", run.stderr());
    world.assert_nothing_left();
}

#[test]
fn a_named_cluster_serves_two_jobs_at_once_and_outlives_them() {
    let world = world();
    world.run(&["cluster", "create", "lab", "--workers", "1", "--memory", "500MiB"]).expect(0);
    world.run(&["cluster", "scale", "lab", "2"]).expect(0);
    // Each waits for the other, so that they end only when both run at one time.
    let script = |own: &str, other: &str| {
        let text = format!(
            "{CLIENT}import os, time\nopen('{own}', 'w').close()\nwhile not os.path.exists('{other}'): time.sleep(0.01)\n\
             print(client.submit(lambda: '{own}').result())\n"
        );
        world.file(&format!("{own}.py"), &text).display().to_string()
    };
    let scripts = [script("ann", "bob"), script("bob", "ann")];
    let children: Vec<Child> = scripts.iter().map(|script| world.spawn(&["run", "--quiet", "--cluster", "lab", script])).collect();
    for (child, word) in children.into_iter().zip(["ann\n", "bob\n"]) {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout), word);
    }
    wait_for("two workers", || (workers(&world).len() == 2).then_some(()));
    assert_eq!(cluster(&world, "lab")["phase"], "RUNNING");
    world.run(&["cluster", "stop", "lab"]).expect(0);
    world.assert_nothing_left();
}

/// A cluster that lives for weeks must not remember each worker and each script that it ever had.
/// It is over before the scheduler would have said so by itself.
#[test]
fn the_tasks_of_a_short_job_are_counted() {
    let world = world();
    let script = path(&world, &format!("{CLIENT}print(client.submit(sum, [1, 2, 3]).result())\n"));
    for _ in 0..5 {
        let job = world.run(&["run", "-o", "json", "--workers", "1", &script]).expect(0).json();
        assert_eq!(job["usage"]["tasks_done"], 1, "{job:#}");
    }
    world.assert_nothing_left();
}

/// What lives goes before what is over.
#[test]
fn a_name_of_a_cluster_that_lives_and_of_a_job_that_ended_means_the_cluster() {
    let world = world();
    let script = path(&world, "import sys\nprint('first words', file=sys.stderr)\nprint('last words', file=sys.stderr)\nsys.exit(3)\n");
    assert_eq!(world.run(&["run", "--quiet", "--name", "lab", "--workers", "1", &script]).code(), 3);
    let over = world.run(&["why", "lab"]).expect(0).stdout();
    assert!(over.starts_with("job_") && over.contains("it said last: last words"), "{over}");
    world.run(&["cluster", "create", "lab", "--workers", "1"]).expect(0);
    let lives = world.run(&["why", "lab"]).expect(0).stdout();
    assert!(lives.starts_with("cl_"), "{lives}");
    world.run(&["cluster", "stop", "lab"]).expect(0);
    world.assert_nothing_left();
}

#[test]
fn what_is_over_on_a_named_cluster_is_forgotten() {
    let world = world();
    world.run(&["cluster", "create", "lab", "--workers", "1", "--memory", "500MiB"]).expect(0);
    let id = cluster(&world, "lab")["id"].as_str().unwrap().to_owned();
    for attempt in 1..3 {
        let name = format!("/worker-0000.{attempt}");
        let worker = wait_for("the worker", || {
            let slot = &cluster(&world, "lab")["slots"][0];
            let runs = slot["phase"] == "running" && slot["attempt"] == attempt;
            runs.then(|| workers(&world).into_iter().find(|one| one.member.as_deref().is_some_and(|key| key.ends_with(&name))))?
        });
        worker.kill(Signal::KILL);
    }
    let script = path(&world, &format!("{CLIENT}print(client.submit(lambda: 1).result())\n"));
    for _ in 0..2 {
        world.run(&["run", "--quiet", "--cluster", "lab", &script]).expect(0);
    }
    let named = |folder: &str| -> Vec<String> {
        let entries = fs::read_dir(world.home().join("clusters").join(&id).join(folder)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    wait_for("an end to what is over", || {
        let over = named("members") == ["scheduler.1", "worker-0000.3"] && named("scratch") == ["worker-0000.3"];
        over.then_some(())
    });
    // The next keeper does not hear of it either.
    world.keeper().unwrap().kill(Signal::KILL);
    world.run(&["run", "--quiet", "--cluster", "lab", &script]).expect(0);
    let log = fs::read_to_string(world.home().join("keeper.log")).unwrap();
    assert!(log.contains(": 2 records, 2 live"), "{log}");
}

/// The interpreter of the active environment.
fn python(world: &World) -> PathBuf {
    let command = world.command(&[]);
    let found = command.get_envs().find_map(|(name, value)| (name == "VIRTUAL_ENV").then_some(value?));
    PathBuf::from(found.expect("an environment is active")).join("bin/python")
}

#[test]
fn a_notebook_connects_with_what_connect_prints() {
    let world = world();
    world.run(&["cluster", "create", "lab", "--workers", "1"]).expect(0);
    let connection = world.run(&["cluster", "connect", "lab", "-o", "json"]).expect(0).json();
    let code = "from distributed import Client\nwith Client() as client: print(client.submit(lambda x: x + 1, 41).result())\n";
    let mut plain = Command::new(python(&world));
    for (name, value) in connection["variables"].as_object().unwrap() {
        plain.env(name, value.as_str().unwrap());
    }
    let output = plain.args(["-c", code]).stdin(Stdio::null()).output().unwrap();
    assert_eq!(text(&output.stdout), "42\n", "{}", text(&output.stderr));
    let printed = world.run(&["cluster", "connect", "lab"]).expect(0).stdout();
    let snippet: String = printed.split("in Python:").nth(1).unwrap().lines().map(|line| format!("{}\n", line.strip_prefix("    ").unwrap_or(line))).collect();
    let code = format!("{snippet}\nprint(client.submit(lambda x: x + 1, 42).result())\n");
    let output = Command::new(python(&world)).args(["-c", &code]).stdin(Stdio::null()).output().unwrap();
    assert_eq!(text(&output.stdout), "43\n", "{}", text(&output.stderr));
    world.run(&["cluster", "stop", "lab"]).expect(0);
    world.assert_nothing_left();
}

#[test]
fn an_idle_server_ends_itself_and_a_job_keeps_it() {
    let world = world();
    fs::write(world.home().join("caddis.toml"), "[server]\nidle_exit = \"1s\"\n").unwrap();
    let script = "import os, time\nopen('up', 'w').close()\nuntil = time.monotonic() + 2.5\nwhile time.monotonic() < until: time.sleep(0.1)\n";
    world.run(&["run", "--detach", "--workers", "1", &path(&world, script)]).expect(0);
    // One that ended before the job was submitted was idle.
    let serves = || world.server_log().matches("the server serves").count();
    let before = serves();
    // Nobody asks meanwhile: the job alone keeps the server.
    wait_for("the script's end", || world.members().is_empty().then_some(()));
    wait_for("the server's end", || world.server().is_none().then_some(()));
    assert!(world.server_log().contains("the server ends"), "an orderly end");
    assert_eq!(serves(), before, "the one that took the job was there all the time");
    assert_eq!(world.job()["phase"], "SUCCEEDED");
}
