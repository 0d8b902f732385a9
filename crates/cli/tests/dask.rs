//! All of Dask works as under LocalCluster: the same programs run under both, and print the same.
//!
//! A program connects through `programs/connect.py`, and says only what does not change from run to run. What a person
//! would miss shows as a difference of two texts; what a program checks for itself would only say that it failed.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use caddis_testkit::{Run, World, environment};
use common::{CADDIS, world};

/// Dask's own configuration, which reaches the workers of both. Without the first, tasks of a LocalCluster may not have
/// child processes.
const VARIABLES: [(&str, &str); 3] = [
    ("DASK_DISTRIBUTED__WORKER__DAEMON", "false"),
    ("DASK_DISTRIBUTED__WORKER__RESOURCES__GPU", "2"),
    ("DASK_CADDIS_TEST__ANSWER", "42"),
];

/// How long a program may take under either: many times what it needs.
const LIMIT: &str = "120s";

/// Copies the programs into a folder of this world.
fn programs(world: &World, folder: &str) -> std::path::PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs");
    for program in fs::read_dir(source).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
        let name = program.file_name().unwrap().to_str().unwrap();
        world.file(&format!("{folder}/{name}"), &fs::read_to_string(&program).unwrap());
    }
    world.work().join(folder)
}

fn under_caddis(world: &World, program: &str, options: &[&str]) -> Run {
    let mut arguments = vec!["run", "--quiet", "--workers", "2", "--threads", "1", "--memory", "1GiB"];
    arguments.extend(["--timeout", LIMIT]);
    arguments.extend(options);
    arguments.push(program);
    let mut command = world.command(&arguments);
    command.current_dir(programs(world, "caddis")).envs(VARIABLES);
    Run { output: command.output().expect("start caddis") }
}

/// LocalCluster hangs now and then when its Nannies restart workers; then it is asked again, as it is the measure here.
fn under_local_cluster(world: &World, program: &str) -> Run {
    let python = environment(Path::new(CADDIS)).join("bin/python");
    let ask = |attempt: u32| {
        let folder = programs(world, &format!("local-{attempt}"));
        let mut command = Command::new("timeout");
        command.args(["--kill-after=5", LIMIT]).arg(&python).arg(program).stdin(Stdio::null());
        // What it leaves is found by the state folder's name, and ended with the world. Scratch folders are shared by
        // default, and one LocalCluster clears away what another one still needs.
        command.current_dir(&folder).envs(VARIABLES).env("CADDIS_HOME", world.home());
        command.env("DASK_TEMPORARY_DIRECTORY", folder.join("scratch"));
        Run { output: command.output().expect("start python") }
    };
    (1..3).map(ask).find(|run| run.code() != 124).unwrap_or_else(|| ask(3))
}

#[track_caller]
fn same(program: &str, options: &[&str]) {
    same_end(program, options, 0);
}

#[track_caller]
fn same_end(program: &str, options: &[&str], code: i32) {
    let world = world();
    let local = under_local_cluster(&world, program).expect(code);
    let caddis = under_caddis(&world, program, options).expect(code);
    assert!(local.stdout().lines().count() > 3, "a program says something: {}", local.stdout());
    assert_eq!(caddis.stdout(), local.stdout(), "what Caddis gave, and what LocalCluster gave");
    world.assert_nothing_left();
}

#[test]
fn futures() {
    same("futures.py", &[]);
}

#[test]
fn coordination() {
    same("coordination.py", &[]);
}

#[test]
fn plugins() {
    same("plugins.py", &[]);
}

#[test]
fn tasks_and_actors() {
    same("tasks.py", &[]);
}

#[test]
fn processes_below_a_task() {
    same("processes.py", &[]);
}

#[test]
fn restarts() {
    same("restart.py", &[]);
}

/// What comes after `Client.shutdown()` takes longer than a script gets whose scheduler died.
#[test]
fn a_script_goes_on_after_its_shutdown() {
    same_end("shutdown.py", &[], 4);
}

/// Not compared: its new workers do not find the uploaded file now and then, and LocalCluster hangs.
#[test]
fn restarts_in_a_row() {
    let world = world();
    let run = under_caddis(&world, "restarts.py", &[]).expect(0);
    assert_eq!(run.stdout(), "2 set() {'cancelled'} {42}\n".repeat(5));
    world.assert_nothing_left();
}

#[test]
fn frames_and_shuffles() {
    same("frames.py", &[]);
}

#[test]
fn nanny_plugins() {
    same("nannies.py", &["--nanny"]);
}
