//! Bad input: each a clear error that names the thing, a hint, the right exit code, and nothing left behind.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use caddis_testkit::{Run, World, assert_cause, interpreters, wait_for};
use common::space::Space;
use common::stranger::Stranger;
use common::{CADDIS, job_of, world};

/// Checks the shape of an error: its own words, a hint, nothing on standard output.
#[track_caller]
fn refused(run: Run, code: i32, words: &[&str]) {
    let run = run.expect(code);
    let error = run.stderr();
    for word in words {
        assert!(error.contains(word), "`{word}` is missing: {error}");
    }
    assert!(error.lines().any(|line| line.starts_with("error: ") || line.contains(" failed after ")), "{error}");
    assert!(["hint: ", "tip: ", "Usage", "--help"].iter().any(|mark| error.contains(mark)), "no hint: {error}");
    assert!(!error.contains("os error"), "the system's numbers are for nobody: {error}");
    assert!(run.output.stdout.is_empty(), "standard output is for data: {}", run.stdout());
}

/// No process and no run folder; with `servers`, not even a server.
#[track_caller]
fn nothing_left(world: &World, servers: bool) {
    world.assert_nothing_left();
    if servers {
        wait_for("the end of all processes", || world.processes().is_empty().then_some(()));
    }
}

#[test]
fn scripts_that_are_none() {
    let world = World::bare(CADDIS);
    world.file("page.ipynb", "{}");
    world.file("run.sh", "#!/bin/sh\necho\n");
    fs::write(world.work().join("program"), b"\x7fELF\x02\x01").unwrap();
    refused(world.run(&["run", "absent.py"]), 125, &["absent.py"]);
    refused(world.run(&["run", "."]), 125, &["folder"]);
    refused(world.run(&["run", "page.ipynb"]), 125, &["page.ipynb", "notebook"]);
    refused(world.run(&["run", "run.sh"]), 125, &["run.sh", "not a Python script"]);
    refused(world.run(&["run", "program"]), 125, &["program", "binary"]);
    refused(world.run(&["run", ""]), 125, &[]);
    refused(world.run(&["run", "-m", "../x"]), 125, &["../x"]);
    refused(world.run(&["run", "--cwd", "/no/such/folder", "run.sh"]), 125, &["/no/such/folder"]);
    nothing_left(&world, false);
}

#[test]
fn a_pipe_is_no_script_and_stops_nobody() {
    let world = World::bare(CADDIS);
    let made = Command::new("mkfifo").arg(world.work().join("pipe.py")).status().unwrap();
    assert!(made.success());
    refused(world.run(&["run", "pipe.py"]), 125, &["pipe.py"]);
    refused(world.run(&["run", "--requirements", "pipe.py", "-m", "json"]), 125, &["pipe.py"]);
    refused(world.run(&["run", "/dev/zero"]), 125, &["/dev/zero"]);
    nothing_left(&world, false);
}

#[test]
fn a_script_that_this_user_may_not_read() {
    let Some(stranger) = Stranger::new() else { return };
    let path = stranger.home().join("secret.py");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let output = stranger.command(&["run", path.to_str().unwrap()]).output().unwrap();
    refused(Run { output }, 125, &["secret.py", "cannot be read"]);
    let output = stranger.command(&["run", "--env-file", path.to_str().unwrap(), "-m", "json"]).output().unwrap();
    refused(Run { output }, 125, &["secret.py"]);
    let output = stranger.command(&["run", "--requirements", path.to_str().unwrap(), "-m", "json"]).output().unwrap();
    refused(Run { output }, 125, &["secret.py"]);
}

#[test]
fn sizes_that_cannot_be() {
    let world = World::bare(CADDIS);
    world.file("job.py", "");
    refused(world.run(&["run", "--workers", "0", "job.py"]), 125, &["at least one worker"]);
    refused(world.run(&["run", "--workers", "3..2", "job.py"]), 125, &["minimum is above the maximum"]);
    refused(world.run(&["run", "--workers", "-1", "job.py"]), 125, &["-1"]);
    refused(world.run(&["run", "--workers", "9000..9001", "job.py"]), 125, &["9000", "the pool"]);
    refused(world.run(&["run", "--workers", "99999999999", "job.py"]), 125, &["more than 10,000"]);
    refused(world.run(&["run", "--workers", "2..", "job.py"]), 125, &["one of its ends is missing"]);
    refused(world.run(&["run", "--memory", "9000GiB", "--workers", "1", "job.py"]), 125, &["the pool"]);
    refused(world.run(&["run", "--memory", "1", "--workers", "1", "job.py"]), 125, &["memory"]);
    refused(world.run(&["run", "--threads", "0", "job.py"]), 125, &["--threads"]);
    refused(world.run(&["run", "--timeout", "soon", "job.py"]), 125, &["soon"]);
    refused(world.run(&["run", "--profile", "standart", "job.py"]), 125, &["standart", "`standard`"]);
    refused(world.run(&["cluster", "create", "--workers", "9000"]), 4, &["the pool"]);
    nothing_left(&world, false);
}

#[test]
fn unknown_words_name_the_nearest() {
    let world = World::bare(CADDIS);
    world.file("job.py", "");
    refused(world.run(&["run", "--wrokers", "2", "job.py"]), 125, &["--wrokers", "--workers"]);
    refused(world.run(&["clutser", "list"]), 2, &["clutser", "cluster"]);
    refused(world.run(&["job", "show", "no-such-job"]), 3, &["no-such-job"]);
    refused(world.run(&["job", "show", ""]), 2, &["an empty word"]);
    refused(world.run(&["environment", "show", ""]), 2, &["an empty word"]);
    refused(world.run(&["job", "show", &"x".repeat(70_000)]), 2, &["70000 bytes"]);
    refused(world.run(&["dashboard", "no-such"]), 3, &["no job and no cluster `no-such`"]);
    refused(world.run(&["run", "--retries", "1", "--retry-on-exit", "x", "job.py"]), 125, &["exit code of a failure"]);
    refused(world.run(&["run", "\u{1b}[2J.py"]), 125, &["`\\u{1b}[2J.py`"]);
    refused(world.run(&["run", "--cluster", "no-such", "job.py"]), 125, &["no-such"]);
    fs::write(world.home().join("caddis.toml"), "[pool]\nslotss = 3\n").unwrap();
    refused(world.run(&["run", "job.py"]), 125, &["slotss", "pool.slots", "caddis.toml"]);
    refused(world.run(&["job", "list"]), 2, &["slotss", "pool.slots"]);
    nothing_left(&world, false);
}

#[test]
fn a_wrong_line_is_told_to_machines_too() {
    let world = World::bare(CADDIS);
    let run = world.run(&["job", "list", "--wrong", "-o", "json"]).expect(2);
    assert_eq!(run.json()["error"]["code"], "usage");
    assert!(run.json()["error"]["message"].as_str().unwrap().contains("--wrong"), "{}", run.stdout());
    for (line, verb) in [(&[][..], "doctor"), (&["job"], "cancel")] {
        let run = world.run(line).expect(2);
        let help = run.stderr();
        assert!(help.contains(verb) && !help.contains("keeper") && run.stdout().is_empty(), "{help}");
    }
    nothing_left(&world, true);
}

#[test]
fn a_malformed_header_names_its_line() {
    let world = World::bare(CADDIS);
    for (text, words) in [
        ("# /// script\n# dependencies = [\n# ///\n", ["job.py", "line"]),
        ("# /// script\n# dependencies = [\"pandas ><3\"]\n# ///\n", ["pandas ><3", "requirement"]),
        ("# /// script\n# requires-python = 3\n# ///\n", ["job.py", "requires-python"]),
        ("# /// script\n# dependencies = []\n", ["job.py", "# ///"]),
    ] {
        let (run, job) = job_of_bare(&world, text);
        assert_eq!(run.code(), 125, "{}", run.stderr());
        let said = format!("{} {}", run.stderr(), job);
        assert!(words.iter().all(|word| said.contains(word)), "{words:?}: {said}");
        assert!(said.contains("hint"), "{said}");
    }
    nothing_left(&world, false);
}

fn job_of_bare(world: &World, text: &str) -> (Run, serde_json::Value) {
    world.file("job.py", text);
    let run = world.run(&["run", "-o", "json", "--workers", "1", "job.py"]);
    let job = run.json();
    (run, job)
}

#[test]
fn a_name_that_is_taken() {
    let world = world();
    world.file("job.py", "import threading\nthreading.Event().wait()\n");
    world.run(&["run", "--detach", "--name", "etl", "--workers", "1", "job.py"]).expect(0);
    refused(world.run(&["run", "--name", "etl", "--workers", "1", "job.py"]), 125, &["etl"]);
    world.run(&["job", "cancel", "etl"]).expect(0);
    world.wait_job("CANCELLED");
    world.run(&["cluster", "create", "lab", "--workers", "1"]).expect(0);
    refused(world.run(&["cluster", "create", "lab", "--workers", "1"]), 4, &["lab"]);
    world.run(&["cluster", "stop", "lab"]).expect(0);
    nothing_left(&world, false);
}

#[test]
fn a_state_file_that_is_none_of_ours_is_left_as_it_is() {
    let world = World::bare(CADDIS);
    world.file("job.py", "");
    let state = world.home().join("state.db");
    let text = "this is no database ".repeat(1000);
    fs::write(&state, &text).unwrap();
    refused(world.run(&["run", "job.py"]), 125, &["state.db"]);
    refused(world.run(&["job", "list"]), 5, &["state.db"]);
    assert_eq!(fs::read_to_string(&state).unwrap(), text);
    nothing_left(&world, true);
}

#[test]
fn a_damaged_or_newer_state_file() {
    let world = World::bare(CADDIS);
    world.run(&["job", "list"]).expect(0);
    world.run(&["serve", "--stop"]).expect(0);
    wait_for("the server's end", || world.server().is_none().then_some(()));
    let state = world.home().join("state.db");
    let good = fs::read(&state).unwrap();
    let newer = "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\nc.execute('update _sqlx_migrations set version = 9999 where version = (select max(version) from _sqlx_migrations)')\nc.commit()\n";
    let (_, python) = interpreters().into_iter().next().expect("a Python");
    let changed = Command::new(python).args(["-c", newer]).arg(&state).status().unwrap();
    assert!(changed.success());
    refused(world.run(&["job", "list"]), 5, &["state.db", "newer"]);
    for file in ["state.db-wal", "state.db-shm"] {
        // They are there only after a crash.
        let _ = fs::remove_file(world.home().join(file));
    }
    let mut damaged = good;
    let length = damaged.len();
    damaged[100..length].fill(0xa5);
    fs::write(&state, &damaged).unwrap();
    refused(world.run(&["job", "list"]), 5, &["state.db"]);
}

#[test]
fn a_read_only_home() {
    let world = World::bare(CADDIS);
    world.file("job.py", "");
    let home = world.home().display();
    let mounts = format!("mount -t tmpfs -o size=4m,mode=700 tmpfs {home}\nmount -o remount,ro {home}");
    let Some(space) = Space::new(&mounts) else { return };
    refused(space.run(&world, &["run", "job.py"]), 125, &[&home.to_string(), "read-only"]);
    refused(space.run(&world, &["job", "list"]), 1, &[&home.to_string(), "read-only"]);
    nothing_left(&world, true);
}

#[test]
fn a_home_that_becomes_read_only() {
    let world = world();
    world.file("job.py", "print('in')\n");
    let home = world.home().display();
    let Some(space) = Space::new(&format!("mount -t tmpfs -o size=64m,mode=700 tmpfs {home}")) else { return };
    space.run(&world, &["job", "list"]).expect(0);
    space.run(&world, &["serve", "--stop"]).expect(0);
    wait_for("the server's end", || world.server().is_none().then_some(()));
    for process in world.processes() {
        process.kill(rustix::process::Signal::KILL);
    }
    wait_for("the end of all", || world.processes().is_empty().then_some(()));
    space.shell(&format!("mount -o remount,ro {home}")).expect(0);
    refused(space.run(&world, &["run", "job.py"]), 125, &["read-only"]);
    nothing_left(&world, true);
    space.shell(&format!("mount -o remount,rw {home}")).expect(0);
    assert_eq!(space.run(&world, &["run", "--workers", "1", "job.py"]).expect(0).stdout(), "in\n");
}

/// A state folder of this size on a disk of its own.
fn small_disk(world: &World, size: &str) -> Option<Space> {
    Space::new(&format!("mount -t tmpfs -o size={size},mode=700 tmpfs {}", world.home().display()))
}

fn fill(space: &Space, world: &World) {
    space.shell(&format!("dd if=/dev/zero of={}/fill bs=4k 2>/dev/null || true", world.home().display())).expect(0);
}

fn free(space: &Space, world: &World) {
    space.shell(&format!("rm {}/fill", world.home().display())).expect(0);
}

#[test]
fn a_disk_that_is_full_before_the_server_starts() {
    let world = world();
    world.file("job.py", "print('in')\n");
    let Some(space) = small_disk(&world, "32m") else { return };
    fill(&space, &world);
    refused(space.run(&world, &["run", "job.py"]), 125, &["full", &world.home().display().to_string()]);
    refused(space.run(&world, &["job", "list"]), 5, &["full"]);
    nothing_left(&world, true);
    free(&space, &world);
    assert_eq!(space.run(&world, &["run", "--workers", "1", "job.py"]).expect(0).stdout(), "in\n");
}

#[test]
fn a_disk_that_is_full_when_a_job_is_submitted() {
    let world = world();
    world.file("job.py", "print('in')\n");
    let Some(space) = small_disk(&world, "32m") else { return };
    space.run(&world, &["job", "list"]).expect(0);
    fill(&space, &world);
    let refusal = space.run(&world, &["run", "--workers", "1", "job.py"]);
    refused(refusal, 125, &["no space left"]);
    assert!(world.members().is_empty(), "{:?}", world.members());
    free(&space, &world);
    assert_eq!(space.run(&world, &["run", "--workers", "1", "job.py"]).expect(0).stdout(), "in\n");
}

/// Only the run folders are on the small disk, with so many free pages: what does not fit differs, the cause does not.
#[test]
fn a_disk_that_is_full_when_a_cluster_starts() {
    let world = world();
    world.file("job.py", "print('in')\n");
    let clusters = world.home().join("clusters");
    let mounts = format!("mkdir -m 700 {0}\nmount -t tmpfs -o size=1m,mode=700 tmpfs {0}", clusters.display());
    let Some(space) = Space::new(&mounts) else { return };
    let mut full = 0;
    for pages in [0, 3, 6, 9, 10, 11, 12, 13, 14, 16, 18, 20] {
        let ballast = clusters.join("ballast");
        let kib = 1024 - 4 * pages;
        space.shell(&format!("head -c {kib}K /dev/zero > {0} 2>/dev/null || true", ballast.display())).expect(0);
        let run = space.run(&world, &["run", "-o", "json", "--workers", "1", "job.py"]);
        let job = run.json();
        if run.code() != 0 {
            assert_cause(&job, "disk_full");
            assert!(job["cause"].to_string().contains("space"), "{pages}: {job:#}");
            full += 1;
        }
        space.shell(&format!("rm {}", ballast.display())).expect(0);
    }
    assert!(full > 3, "{full}");
    assert_eq!(space.run(&world, &["run", "--workers", "1", "job.py"]).expect(0).stdout(), "in\n");
}

#[test]
fn a_disk_that_fills_while_the_script_writes() {
    let world = world();
    let script = "import sys\nblock = 'x' * 65535 + '\\n'\nfor _ in range(1000): sys.stdout.write(block)\nsys.stdout.flush()\n";
    world.file("job.py", script);
    world.file("next.py", "print('in')\n");
    let Some(space) = small_disk(&world, "24m") else { return };
    let id = space.run(&world, &["run", "--detach", "--workers", "1", "job.py"]).expect(0).stdout().trim().to_owned();
    wait_for("the script's end", || {
        let script = |process: &caddis_testkit::Process| process.member.as_deref().is_some_and(|key| key.contains(&id));
        let full = space.shell(&format!("df --output=avail {} | tail -1", world.home().display())).stdout();
        (full.trim() == "0" && !world.members().iter().any(script)).then_some(())
    });
    let logs = space.run(&world, &["job", "logs", "--only", "stdout", &id]).expect(0);
    assert!(logs.output.stdout.len() > 4 << 20, "what fitted is kept: {} bytes", logs.output.stdout.len());
    // Whoever makes room finds everything as it was: the server lives, and knows how the script ended.
    space.shell(&format!("truncate -s 0 {}/jobs/{id}/1/stdout", world.home().display())).expect(0);
    let job = wait_for("the end of the job", || {
        let run = space.run(&world, &["job", "show", &id, "-o", "json"]);
        let job = (run.code() == 0).then(|| run.json())?;
        (job["phase"] == "FAILED").then_some(job)
    });
    assert_cause(&job, "disk_full");
    assert_eq!(job["exit_code"], 1, "{job:#}");
    let clusters = space.path(&world.home().join("clusters"));
    wait_for("the end of all members", || {
        let folders = fs::read_dir(&clusters).map_or(0, Iterator::count);
        (world.members().is_empty() && folders == 0).then_some(())
    });
    assert_eq!(space.run(&world, &["run", "--workers", "1", "next.py"]).expect(0).stdout(), "in\n");
}

#[test]
fn no_python_at_all() {
    let world = World::bare(CADDIS);
    world.file("job.py", "");
    let mut command = world.command(&["run", "-o", "json", "--workers", "1", "job.py"]);
    let empty = world.work().join("empty");
    fs::create_dir(&empty).unwrap();
    command.env_clear().env("CADDIS_HOME", world.home()).env("PATH", &empty).env("HOME", &empty);
    let run = Run { output: command.output().unwrap() }.expect(125);
    let job = run.json();
    assert_cause(&job, "environment_build");
    assert!(job["cause"]["sentence"].as_str().unwrap().contains("Python"), "{job:#}");
    assert!(job["cause"]["hint"].as_str().unwrap().contains("--python"), "{job:#}");
    nothing_left(&world, false);
}

#[test]
fn a_python_without_pip_and_venv() {
    let world = World::bare(CADDIS);
    world.file("job.py", "");
    let (_, python) = interpreters().into_iter().next().expect("a Python");
    let places = "import os, importlib.util as u\nfor m in ('venv', 'ensurepip', 'pip'):\n    s = u.find_spec(m)\n    s and print(os.path.dirname(s.origin))\n";
    let output = Command::new(&python).args(["-I", "-c", places]).output().unwrap();
    let places = String::from_utf8(output.stdout).unwrap();
    let mounts: Vec<String> = places.lines().map(|place| format!("mount -t tmpfs tmpfs {place}")).collect();
    let Some(space) = Space::new(&mounts.join("\n")) else { return };
    let bin = world.work().join("bin");
    fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(fs::canonicalize(&python).unwrap(), bin.join("python3")).unwrap();
    let mut command = world.command(&["run", "-o", "json", "--workers", "1", "job.py"]);
    command.env("PATH", &bin).env("HOME", world.work()).env_remove("PYENV_ROOT");
    let mut inside = space.inside(&command);
    // The way in itself needs the usual PATH; the product does not.
    let program = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", bin.display());
    inside.env("PATH", program);
    let path = format!("PATH={}", bin.display());
    let arguments: Vec<_> = inside.get_args().map(ToOwned::to_owned).collect();
    let caddis = arguments.iter().position(|argument| argument == CADDIS).expect("the binary is named");
    let mut hidden = Command::new("nsenter");
    hidden.args(&arguments[..caddis]).args(["env", &path]).args(&arguments[caddis..]);
    hidden.env("CADDIS_HOME", world.home()).env("HOME", world.work()).env_remove("PYENV_ROOT").env_remove("VIRTUAL_ENV");
    let run = Run { output: hidden.output().unwrap() }.expect(125);
    let job = run.json();
    assert_cause(&job, "environment_build");
    let sentence = job["cause"]["sentence"].as_str().unwrap();
    assert!(sentence.contains("pip") && sentence.contains("venv"), "{sentence}");
    assert!(job["cause"]["hint"].as_str().unwrap().contains("apt install"), "{job:#}");
    nothing_left(&world, false);
}

#[test]
fn not_python_at_all_fails_as_python_says() {
    let (run, job) = job_of(&world(), "this is prose, and no program\n", &[]);
    assert_ne!(run.code(), 0);
    assert_cause(&job, "syntax_error");
    assert!(job["cause"]["sentence"].as_str().unwrap().contains("job.py, line 1"), "{job:#}");
}

#[test]
fn prices_and_teams_that_cannot_be_meant() {
    let world = World::bare(CADDIS);
    let prices = |price: &str| {
        let text = format!(
            "checked = \"2026-11-23\"\n[[machine]]\nregion = \"us-central1\"\ntype = \"n2-standard-4\"\nfrom = \"2026-01-01\"\n\
             vcpus = 4\nmemory_gib = 16\n{price}\nspot_hour = 0.05\nsource = \"a bill\"\n\
             [[dataproc]]\nregion = \"*\"\nfrom = \"2026-01-01\"\nvcpu_hour = 0.01\nsource = \"a bill\"\n"
        );
        world.file("prices.toml", &text);
        world.run(&["price", "check", "prices.toml"])
    };
    assert!(prices("on_demand_hour = 0.2").expect(0).stdout().contains("can be used"));
    refused(prices("on_demand_hour = -0.2"), 2, &["prices.toml", "machine 1", "`on_demand_hour`", "-0.2"]);
    refused(prices("on_demand_hour = 2000.0"), 2, &["`on_demand_hour`", "absurdly much"]);
    refused(prices(""), 2, &["on_demand_hour"]);
    refused(prices("on_demnd_hour = 0.2"), 2, &["`on_demnd_hour`", "did you mean `on_demand_hour`?"]);
    refused(prices("on_demand_hour = \"0.2\""), 2, &["line 8", "machine 1 (us-central1, n2-standard-4)", "`on_demand_hour` is \"0.2\"", "a number"]);
    refused(prices("on_demand_hour = 0.2\nuntil = -4"), 2, &["line 9", "machine 1", "`until` is -4", "a text in quotes"]);
    refused(world.run(&["price", "check", "absent.toml"]), 2, &["absent.toml"]);
    let future = fs::read_to_string(world.work().join("prices.toml")).unwrap().replace("2026-11-23", "2099-01-01");
    world.file("future.toml", &future.replace("\nuntil = -4", ""));
    assert!(world.run(&["price", "check", "future.toml"]).expect(0).stdout().contains("yet to come"));
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/team.toml");
    let team = fs::read_to_string(example).unwrap();
    let plan = |old: &str, new: &str| {
        world.file("team.toml", &team.replacen(old, new, 1));
        world.run(&["plan", "--team", "team.toml"])
    };
    assert!(plan("", "").expect(0).stdout().contains("assumed:"));
    refused(plan("workers = [2, 10]", "workers = [10, 2]"), 2, &["team.toml", "`workers`", "above the upper"]);
    refused(plan("hours_a_day", "hours_per_day"), 2, &["`hours_per_day`"]);
    refused(plan("engineers = [20, 30]", "engineers = \"x\""), 2, &["team.toml", "line 5", "`engineers` is \"x\"", "a number, or two"]);
    refused(plan("on_demand_workers = 2", "on_demand_workers = 20"), 2, &["`on_demand_workers` is 20", "2 to 10"]);
    refused(world.run(&["plan", "--team", "absent.toml"]), 2, &["absent.toml"]);
    refused(world.run(&["cost", "--by", "week"]), 2, &["`week`", "`day`"]);
    refused(world.run(&["cost", "--since", "yesterday"]), 2, &["`yesterday`", "7d"]);
    fs::write(world.home().join("caddis.toml"), "[prices]\nregion = \"mars\"\n").unwrap();
    refused(world.run(&["price", "list"]), 2, &["`prices.region`", "us-central1"]);
    nothing_left(&world, true);
}

#[test]
fn what_is_of_the_wrong_kind_names_its_field_what_stands_there_and_what_was_expected() {
    let world = World::bare(CADDIS);
    let trace = |group: &str| {
        let head = "{\"caddis_trace\":1,\"name\":\"a\",\"class\":\"hand\",\"groups\":1}\n";
        world.file("a.jsonl", &format!("{head}{{\"group\":\"g\",\"tasks_named\":\"t\",\"tasks\":[[1,1]]{group}}}\n"));
        world.run(&["simulate", "--trace", "a.jsonl"])
    };
    trace("").expect(0);
    refused(trace(",\"at\":\"x\""), 2, &["a.jsonl", "line 2", "`at` is \"x\"", "a number"]);
    refused(trace(",\"bytes\":-4"), 2, &["line 2", "`bytes` is -4", "whole number, 0 or more"]);
    refused(trace(",\"at\":1e400"), 2, &["line 2", "`at`", "beyond all bounds"]);
    refused(trace(",\"pause\":5"), 2, &["line 2", "`pause` is 5", "`after`"]);
    trace("").expect(0);
    let policy = |text: &str| {
        world.file("p.toml", text);
        world.run(&["simulate", "--trace", "a.jsonl", "--policy", "p.toml"])
    };
    refused(policy("slack = \"x\"\n"), 2, &["p.toml", "line 1", "`slack` is \"x\"", "a number was expected"]);
    refused(policy("slack = 0.5\n"), 2, &["p.toml", "`slack` is 0.5", "between 1 and 100"]);
    let config = |text: &str| {
        fs::write(world.home().join("caddis.toml"), text).unwrap();
        world.run(&["price", "list"])
    };
    refused(config("[autoscale]\nslack = \"x\"\n"), 2, &["caddis.toml", "line 2", "`autoscale.slack` is \"x\"", "a number"]);
    refused(config("[prices]\ndisk_gib = -1\n"), 2, &["line 2", "`prices.disk_gib` is -1", "whole number"]);
    refused(config("[prices]\ndisk_gib = 4000000000\n"), 2, &["`prices.disk_gib` is 4000000000", "65,536"]);
    let nat = "[[fixed_costs]]\nname = \"nat\"\nmonthly = 3\n";
    refused(config(&format!("{nat}{nat}")), 2, &["`fixed_costs.name` is `nat` twice"]);
    config("").expect(0);
    nothing_left(&world, true);
}

#[test]
fn figures_below_nothing_name_their_option_and_what_is_not_used_is_refused() {
    let world = World::bare(CADDIS);
    world.file("job.py", "");
    refused(world.run(&["run", "--max-cost", "-1", "job.py"]), 125, &["'-1'", "--max-cost", "above 0"]);
    refused(world.run(&["run", "--preempt-rate", "-1", "job.py"]), 125, &["'-1'", "--preempt-rate", "between 0 and 3600"]);
    refused(world.run(&["run", "--preemptible-share", "-1", "job.py"]), 125, &["'-1'", "--preemptible-share", "between 0 and 1"]);
    refused(world.run(&["run", "--timeout", "-5s", "job.py"]), 125, &["'-5s'", "--timeout", "0 or more"]);
    refused(world.run(&["simulate", "--trace", "x", "--start", "-5s"]), 2, &["'-5s'", "--start", "0 or more"]);
    refused(world.run(&["simulate", "--generate", "bursty", "--picture", "x.svg"]), 2, &["--generate", "--picture"]);
    refused(world.run(&["simulate", "--compare", "--picture", "x.svg"]), 2, &["--compare", "--picture"]);
    refused(world.run(&["simulate", "--compare", "--against", "adaptive"]), 2, &["--compare", "--against"]);
    refused(world.run(&["simulate", "--trace", "x", "--seeds", "1..3"]), 2, &["--trace", "--seeds"]);
    refused(world.run(&["simulate", "--compare", "--sizes", "10001"]), 2, &["10001", "--sizes"]);
    refused(world.run(&["cost", "--since", "99999999d"]), 2, &["--since", "`99999999d`", "100 years"]);
    refused(world.run(&["run", "--dry-run", "--max-cost", "0.0001", "job.py"]), 125, &["$0.0001", "does not pay for a minute"]);
    nothing_left(&world, true);
}
