//! The Dataproc face, driven by Google's own Python library over both of its transports.

mod common;

use std::process::{Command, Stdio};

use caddis_testkit::World;
use common::CADDIS;
use common::google::{client, interpreter, rest_client, says, settings};
use serde_json::Value;

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

const PROGRAM: &str = "google_client.py";

#[test]
fn googles_python_client_over_grpc() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    says(client(&world, &python, PROGRAM, &["grpc"]), &SEEN.replace("TRANSPORT", "grpc"));
    world.assert_nothing_left();
}

#[test]
fn googles_python_client_over_rest() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    says(rest_client(&world, &python, PROGRAM), &SEEN.replace("TRANSPORT", "rest"));
    world.assert_nothing_left();
}

#[test]
fn a_history_is_read_in_pages_and_goes_with_its_records() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    let so_it_is = |arguments: &[&str]| {
        says(client(&world, &python, "google_history.py", arguments), "so it is\n");
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
