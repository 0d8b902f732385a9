//! IAM policies on the Dataproc face, driven by Google's own Python library over both of its transports.

mod common;

use caddis_testkit::World;
use common::CADDIS;
use common::google::{client, interpreter, rest_client, says};

const PROGRAM: &str = "google_iam.py";
const SEEN: &str = "kept\nforgotten\n";

#[test]
fn iam_over_grpc() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    says(client(&world, &python, PROGRAM, &["grpc"]), SEEN);
    world.assert_nothing_left();
}

#[test]
fn iam_over_rest() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    says(rest_client(&world, &python, PROGRAM), SEEN);
    world.assert_nothing_left();
}
