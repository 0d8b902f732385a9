//! What becomes of clusters on the Dataproc face, driven by Google's own Python library over both of its transports.

mod common;

use std::process::Command;

use caddis_testkit::World;
use common::CADDIS;
use common::google::{client, interpreter, rest_client, says};

const PROGRAM: &str = "google_clusters.py";
const SEEN: &str = "refused\nreturned\nkinds\nshrunk\nlimited\nshown\ndiagnosed\nended\ndeleted\ncancelled\n";

/// A client that may also ask the binary itself.
fn beside(world: &World, mut command: Command) -> Command {
    command.env("CADDIS", CADDIS).env("CADDIS_HOME", world.home());
    command
}

#[test]
fn clusters_over_grpc() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    says(beside(&world, client(&world, &python, PROGRAM, &["grpc"])), SEEN);
    world.assert_nothing_left();
}

#[test]
fn clusters_over_rest() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    says(beside(&world, rest_client(&world, &python, PROGRAM)), SEEN);
    world.assert_nothing_left();
}
