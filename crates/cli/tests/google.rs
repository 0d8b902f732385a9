//! The Dataproc face, driven by Google's own Python library over both of its transports.

mod common;

use std::path::Path;
use std::process::{Command, Stdio};

use caddis_testkit::{World, interpreters};
use common::CADDIS;
use common::google::{client, interpreter, rest_client, says, settings, ways_in};
use common::stranger::Stranger;

/// What the client saw, whichever way it went.
const SEEN: &str = "\
refused INVALID_ARGUMENT
refused NOT_FOUND
refused INVALID_ARGUMENT
created etl-TRANSPORT
refused ALREADY_EXISTS
refused INVALID_ARGUMENT
done True
refused INVALID_ARGUMENT
refused NOT_FOUND
refused ALREADY_EXISTS
refused NOT_FOUND
refused INVALID_ARGUMENT
updated 3
refused FAILED_PRECONDITION
refused FAILED_PRECONDITION
refused FAILED_PRECONDITION
started again
refused NOT_FOUND
refused NOT_FOUND
refused NOT_FOUND
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
    // Retention removes environments too: the client has its own elsewhere.
    let (world, tools) = (World::building(CADDIS), World::building(CADDIS));
    let python = interpreter(&tools);
    let so_it_is = |arguments: &[&str]| {
        says(client(&world, &python, "google_history.py", arguments), "so it is\n");
    };
    so_it_is(&["make"]);
    let pruned = world.run(&["prune", "--older-than", "0s", "-o", "json"]).expect(0).json();
    assert!(pruned["clusters"].as_array().is_some_and(|clusters| !clusters.is_empty()), "{pruned}");
    so_it_is(&["gone", world.home().join("state.db").to_str().unwrap()]);
    world.assert_nothing_left();
}

const CLOSED: &str = "rest is closed\npages are closed\nthe exchange is closed\nthe proxy leads here alone\n";

#[test]
fn without_credentials_nothing_answers() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    let (port, proxy, roots) = ways_in(&world);
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/google_stranger.py");
    let mut command = Command::new(python);
    command.args([program, &port, &proxy, &roots, "grpc"]).env_clear().env("PATH", std::env::var("PATH").unwrap());
    let output = command.current_dir(world.work()).stdin(Stdio::null()).output().expect("start the stranger");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said, format!("{CLOSED}grpc is closed\n"));
    world.assert_nothing_left();
}

#[test]
fn another_user_of_the_machine_gets_no_answer_and_no_credentials() {
    let Some(stranger) = Stranger::new() else { return };
    let world = World::bare(CADDIS);
    let (port, proxy, roots) = ways_in(&world);
    let program = include_str!("programs/google_stranger.py");
    let output = stranger.program("python3").args(["-c", program, &port, &proxy, "-"]).output().expect("start the stranger");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said, CLOSED);
    let folder = Path::new(&roots).parent().unwrap().to_owned();
    for path in [&folder, &folder.join("token"), &folder.join("service-account.json"), &folder.join("ca.key")] {
        let read = stranger.program("cat").arg(path).output().expect("start cat");
        assert!(!read.status.success() && read.stdout.is_empty(), "{} is open", path.display());
    }
}

/// What `dags/` send is what Google's messages take, field by field and type by type.
#[test]
fn the_helper_of_dags_fits_googles_messages() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let mut command = Command::new(python);
    command.args(["-B", "-m", "unittest", "test_cluster_config"]).current_dir(format!("{root}/dags/tests"));
    let path = std::env::var("PATH").unwrap();
    let output = command.env_clear().env("PATH", path).env("PYTHONPATH", format!("{root}/python/caddis/src")).output();
    let output = output.expect("start the tests");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("\nOK"), "{said}");
    world.assert_nothing_left();
}

/// Terraform's provider is not to be had without a network; what it sends is.
#[test]
fn what_terraforms_provider_asks() {
    let world = World::building(CADDIS);
    let script = world.file("ends.py", "");
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/google_terraform.py");
    let (_, python) = interpreters().into_iter().next().expect("a Python");
    let mut command = Command::new(python);
    command.args(["-B", program]).arg(script).env_clear().env("PATH", std::env::var("PATH").unwrap());
    for (name, value) in settings(&world, "terraform").as_object().unwrap() {
        command.env(name, value.as_str().unwrap());
    }
    command.current_dir(world.work()).stdin(Stdio::null());
    says(command, "as Terraform asks\n");
    world.assert_nothing_left();
}
