//! The Dataproc face, driven by Google's own Python library over both of its transports.

mod common;

use std::process::{Command, Stdio};

use caddis_testkit::World;
use common::CADDIS;
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
refused NotFound
refused BadRequest
created etl-TRANSPORT
refused Conflict
refused BadRequest
done True
refused BadRequest
refused NotFound
refused Conflict
refused NotFound
refused BadRequest
updated 3
refused BadRequest
started again
refused NotFound
refused NotFound
refused NotFound
deleted
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
    program(world, python, "google_client.py", arguments)
}

/// The same of any program.
fn program(world: &World, python: &str, name: &str, arguments: &[&str]) -> Command {
    let program = format!("{}/tests/programs/{name}", env!("CARGO_MANIFEST_DIR"));
    let copy = world.file(name, &std::fs::read_to_string(program).unwrap());
    let mut command = Command::new(python);
    command.arg(copy).args(arguments).env_clear().env("PATH", std::env::var("PATH").unwrap()).env("HOME", world.work());
    for (name, value) in settings(world, "python").as_object().unwrap() {
        command.env(name, value.as_str().unwrap());
    }
    command.current_dir(world.work()).stdin(Stdio::null());
    command
}

#[track_caller]
fn says(mut command: Command, transport: &str) {
    let output = command.output().expect("start the client");
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{errors}");
    assert_eq!(said, SEEN.replace("TRANSPORT", transport), "{errors}");
}

#[test]
fn googles_python_client_over_grpc() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    says(client(&world, &python, &["grpc"]), "grpc");
    world.assert_nothing_left();
}

#[test]
fn googles_python_client_over_rest() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    let endpoint = settings(&world, "gcloud")["CLOUDSDK_API_ENDPOINT_OVERRIDES_DATAPROC"].as_str().unwrap().to_owned();
    let port = endpoint.trim_end_matches('/').rsplit(':').next().unwrap().to_owned();
    let mut command = client(&world, &python, &["rest", &port]);
    let roots = settings(&world, "python")["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"].as_str().unwrap().to_owned();
    command.env("REQUESTS_CA_BUNDLE", roots);
    says(command, "rest");
    world.assert_nothing_left();
}

#[test]
fn a_history_is_read_in_pages_and_goes_with_its_records() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    let so_it_is = |arguments: &[&str]| {
        let output = program(&world, &python, "google_history.py", arguments).output().expect("start the client");
        let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(said, "so it is\n", "{errors}");
    };
    so_it_is(&["make"]);
    let pruned = world.run(&["prune", "--older-than", "0s", "-o", "json"]).expect(0).json();
    assert!(pruned["clusters"].as_array().is_some_and(|clusters| !clusters.is_empty()), "{pruned}");
    so_it_is(&["gone", world.home().join("state.db").to_str().unwrap()]);
    world.assert_nothing_left();
}

#[test]
fn without_credentials_nothing_answers() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    let (gcloud, grpc) = (settings(&world, "gcloud"), settings(&world, "python"));
    let last = |text: &Value| text.as_str().unwrap().trim_end_matches('/').rsplit(':').next().unwrap().to_owned();
    let (port, proxy) = (last(&gcloud["CLOUDSDK_API_ENDPOINT_OVERRIDES_DATAPROC"]), last(&grpc["grpc_proxy"]));
    let roots = grpc["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"].as_str().unwrap();
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/google_stranger.py");
    let mut command = Command::new(python);
    command.args([program, &port, &proxy, roots]).env_clear().env("PATH", std::env::var("PATH").unwrap());
    let output = command.current_dir(world.work()).stdin(Stdio::null()).output().expect("start the stranger");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said, "rest is closed\ngrpc is closed\nthe proxy leads here alone\n");
    world.assert_nothing_left();
}
