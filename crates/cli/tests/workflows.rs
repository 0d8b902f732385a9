//! Workflow templates, driven by Google's own Python library over both of its transports, and by kill -9.

mod common;

use std::path::PathBuf;

use caddis_testkit::{World, wait_for};
use common::CADDIS;
use common::google::{client, interpreter, rest_client, says};
use rustix::process::Signal;

const PROGRAM: &str = "workflows_client.py";

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

#[test]
fn workflows_over_grpc() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    says(client(&world, &python, PROGRAM, &["grpc"]), SEEN);
    world.assert_nothing_left();
}

#[test]
fn workflows_over_rest() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    says(rest_client(&world, &python, PROGRAM), SEEN);
    world.assert_nothing_left();
}

/// The server is killed before the workflow's cluster serves, and whenever another step has begun or ended, and another
/// one started: the workflow goes on, and each job has run exactly once.
#[test]
fn a_workflow_survives_its_server() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    let begun = client(&world, &python, PROGRAM, &["begin"]).output().expect("start the client");
    assert!(begun.status.success(), "{}", String::from_utf8_lossy(&begun.stderr));
    let operation = String::from_utf8_lossy(&begun.stdout).trim().to_owned();
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
    says(client(&world, &python, PROGRAM, &["end", &operation]), "went on\n");
    assert_eq!(lines(), 8);
    world.assert_nothing_left();
}
