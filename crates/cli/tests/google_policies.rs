//! Autoscaling policies, driven by Google's own Python library over both of its transports.

mod common;

use caddis_testkit::World;
use common::CADDIS;
use common::google::{client, interpreter, rest_client, says};

const PROGRAM: &str = "google_policies.py";
const SEEN: &str = "kept\nscaled\nchanged\n";

/// One that lets workers go at once.
fn world() -> World {
    let world = World::building(CADDIS);
    std::fs::write(world.home().join("caddis.toml"), "[autoscale]\nshrink_after_seconds = 1\n[pool]\nslots = 6\n").unwrap();
    world
}

#[test]
fn policies_over_grpc() {
    let world = world();
    let python = interpreter(&world);
    says(client(&world, &python, PROGRAM, &["grpc"]), SEEN);
    world.assert_nothing_left();
}

#[test]
fn policies_over_rest() {
    let world = world();
    let python = interpreter(&world);
    says(rest_client(&world, &python, PROGRAM), SEEN);
    world.assert_nothing_left();
}
