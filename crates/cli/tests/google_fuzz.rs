//! What nobody should ask of the Dataproc face, thousands of times over each of its wires: of names that are not there, and
//! of a cluster, a job, an autoscaling policy, a workflow template and an operation that are. The same questions in every
//! run; `CADDIS_FUZZ` says how many, `CADDIS_FUZZ_SEED` which.

mod common;

use std::path::Path;
use std::process::Command;

use caddis_testkit::{World, interpreters};
use common::CADDIS;
use common::google::{interpreter, settings, ways_in};

fn program(python: impl AsRef<Path>, name: &str) -> Command {
    let mut command = Command::new(python.as_ref());
    command.args(["-B", &format!("{}/tests/programs/{name}", env!("CARGO_MANIFEST_DIR"))]);
    command
}

/// Asks so often, unless CADDIS_FUZZ says how often; the server is the same one afterwards, and never panicked.
#[track_caller]
fn fuzzed(world: &World, mut program: Command, times: &str, more: &[&str]) {
    let (port, _, roots) = ways_in(world);
    let token = settings(world, "gcloud")["CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"].as_str().unwrap().to_owned();
    let before = world.server().expect("a server").pid;
    let count = std::env::var("CADDIS_FUZZ").unwrap_or_else(|_| times.to_owned());
    let seed = std::env::var("CADDIS_FUZZ_SEED").unwrap_or_else(|_| "7".to_owned());
    let output = program.args([&port, &roots, &token, &seed, &count]).args(more).output().expect("start it");
    let (said, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    eprintln!("{told}");
    assert!(output.status.success(), "{said}\n{told}\n{}", world.server_log());
    assert_eq!(said, "every answer was Google's\n");
    assert_eq!(world.server().map(|server| server.pid), Some(before), "it is the same server");
    let log = world.server_log();
    assert!(!log.contains("panicked") && !log.contains(" ERROR "), "{log}");
}

/// A script that never ends by itself, and one that ends at once.
fn scripts(world: &World) -> [String; 2] {
    let waits = world.file("waits.py", "import threading\nthreading.Event().wait()\n");
    [waits, world.file("ends.py", "")].map(|path| path.display().to_string())
}

#[test]
fn whatever_is_asked_over_rest_is_answered_in_googles_words() {
    let world = World::new(CADDIS);
    let (_, python) = interpreters().into_iter().next().expect("a Python");
    fuzzed(&world, program(python, "google_fuzz.py"), "800", &[]);
}

/// The same over gRPC, where types cannot be wrong but bytes, names, masks and numbers can.
#[test]
fn whatever_is_asked_over_grpc_is_answered_in_googles_codes() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    fuzzed(&world, program(python, "google_fuzz_grpc.py"), "1500", &[]);
    world.assert_nothing_left();
}

#[test]
fn what_is_there_survives_whatever_is_asked_of_it_over_rest() {
    let world = World::building(CADDIS);
    let (_, python) = interpreters().into_iter().next().expect("a Python");
    let [waits, ends] = scripts(&world);
    fuzzed(&world, program(python, "google_fuzz_living.py"), "920", &[&waits, &ends]);
    world.assert_nothing_left();
}

#[test]
fn what_is_there_survives_whatever_is_asked_of_it_over_grpc() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    let [waits, ends] = scripts(&world);
    fuzzed(&world, program(python, "google_fuzz_living_grpc.py"), "960", &[&waits, &ends]);
    world.assert_nothing_left();
}
