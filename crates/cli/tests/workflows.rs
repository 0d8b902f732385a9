//! Workflow templates, driven by Google's own Python library over both of its transports, and by kill -9.

mod common;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use caddis_testkit::{World, wait_for};
use common::CADDIS;
use rustix::process::Signal;
use serde_json::Value;

/// Google's library in an environment of its own; says where its interpreter is.
const LIBRARY: &str = "\
# /// script
# dependencies = [\"google-cloud-dataproc==5.32.0\", \"requests\"]
# ///
import sys
print(sys.executable)
";

/// What the client saw, whichever way it went.
const SEEN: &str = "\
refused BadRequest template.id
refused BadRequest template.placement
refused BadRequest template.jobs
refused BadRequest template.jobs
refused BadRequest circle
refused BadRequest jobs[0].prerequisite_step_ids[0]
refused BadRequest jobs[1].step_id
refused BadRequest dag_timeout
refused BadRequest no step `none`
refused NotFound Not found: Workflow template
refused Conflict Already exists
refused BadRequest current version is 2
refused BadRequest current version is 2
templates
refused BadRequest current version is 2
refused NotFound version 1
refused NotFound Not found: Operation
refused NotFound daily
a diamond
a failure
refusals
refused BadRequest is not done
cancelled
refused BadRequest parameters.NAME
refused BadRequest parameters.CODE
refused BadRequest parameters.POOL
refused BadRequest parameters.OTHER
parameters
operations
";

fn interpreter(world: &World) -> String {
    let script = world.file("library.py", LIBRARY);
    let run = world.run(&["run", "--quiet", "--workers", "1", script.to_str().unwrap()]).expect(0);
    run.stdout().trim().to_owned()
}

fn settings(world: &World, client: &str) -> Value {
    world.run(&["env", client, "--json"]).expect(0).json()
}

/// The client in an environment that holds nothing but what it is led by.
fn client(world: &World, python: &str, arguments: &[&str]) -> Command {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/workflows_client.py");
    let copy = world.file("workflows_client.py", &std::fs::read_to_string(program).unwrap());
    let mut command = Command::new(python);
    command.arg(copy).args(arguments).env_clear().env("PATH", std::env::var("PATH").unwrap()).env("HOME", world.work());
    for (name, value) in settings(world, "python").as_object().unwrap() {
        command.env(name, value.as_str().unwrap());
    }
    command.current_dir(world.work()).stdin(Stdio::null());
    command
}

#[track_caller]
fn said(command: &mut Command) -> String {
    let output = command.output().expect("start the client");
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{errors}");
    said.into_owned()
}

#[test]
fn workflows_over_grpc() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    assert_eq!(said(&mut client(&world, &python, &["all", "grpc"])), SEEN);
    world.assert_nothing_left();
}

#[test]
fn workflows_over_rest() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    let endpoint = settings(&world, "gcloud")["CLOUDSDK_API_ENDPOINT_OVERRIDES_DATAPROC"].as_str().unwrap().to_owned();
    let port = endpoint.trim_end_matches('/').rsplit(':').next().unwrap().to_owned();
    let mut command = client(&world, &python, &["all", "rest", &port]);
    let roots = settings(&world, "python")["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"].as_str().unwrap().to_owned();
    command.env("REQUESTS_CA_BUNDLE", roots);
    assert_eq!(said(&mut command), SEEN);
    world.assert_nothing_left();
}

/// The server is killed before the workflow's cluster serves, and whenever another step has begun or ended, and another
/// one started: the workflow goes on, and each job has run exactly once.
#[test]
fn a_workflow_survives_its_server() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    let operation = said(&mut client(&world, &python, &["begin"])).trim().to_owned();
    let effects: PathBuf = world.work().join("effects");
    let lines = || std::fs::read_to_string(&effects).map_or(0, |text| text.lines().count());
    for written in 0..8 {
        wait_for(&format!("{written} effects"), || (lines() >= written).then_some(()));
        if let Some(server) = world.server() {
            server.kill(Signal::KILL);
        }
        // As a supervisor would: any command starts another server.
        world.run(&["job", "list"]).expect(0);
    }
    assert_eq!(said(&mut client(&world, &python, &["end", &operation])), "went on\n");
    assert_eq!(lines(), 8);
    world.assert_nothing_left();
}
