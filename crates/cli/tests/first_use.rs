//! The first command of the README, as somebody runs it who has nothing but the binary and the script.

mod common;

use std::process::{Command, Stdio};

use caddis_testkit::{Run, World};
use common::CADDIS;

/// Told in 2013 by the airlines, and the same for ever.
const FIGURES: [&str; 4] = [
    "328,521 departures from New York in 2013, in 8 pieces on",
    "airline                       hour  flights  mean delay   late",
    "mean delay        EWR      JFK      LGA",
    "Jan        ",
];
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/flights.py");

/// Only what finds programs and packages is left of the environment: no other home, no active Python.
fn bare(command: &mut Command) {
    let kept = std::env::vars_os().filter(|(name, _)| {
        let name = name.to_string_lossy();
        name == "PATH" || name.starts_with("PIP_") || name.starts_with("UV_") || name == "PYENV_ROOT" || name.ends_with("_proxy")
    });
    let kept: Vec<_> = kept.collect();
    command.env_clear().envs(kept);
}

#[test]
fn the_example_runs_outside_the_checkout() {
    let world = World::bare(CADDIS);
    let binary = world.work().join("caddis");
    std::fs::copy(CADDIS, &binary).expect("copy the binary");
    std::fs::copy(EXAMPLE, world.work().join("flights.py")).expect("copy the script");
    std::fs::create_dir(world.work().join("home")).expect("make a home");
    let mut command = Command::new(&binary);
    bare(&mut command);
    command.env("CADDIS_HOME", world.home()).env("HOME", world.work().join("home")).current_dir(world.work());
    // Where the newcomer's shell is a terminal there is nothing to read either.
    command.args(["run", "flights.py"]).stdin(Stdio::null());
    let run = Run { output: command.output().expect("start caddis") }.expect(0);
    let said = run.stdout();
    for figure in FIGURES {
        assert!(said.contains(figure), "`{figure}` in:\n{said}");
    }
    assert!(said.lines().count() > 24, "ten airlines, twelve months:\n{said}");
    let talk = run.stderr();
    for stage in ["making the environment ready", "starting the cluster", "running (queued "] {
        assert!(talk.contains(stage), "the stage `{stage}` in:\n{talk}");
    }
    for row in ["succeeded after", "  time", "environment ", "  workers", "worker-seconds", "  tasks", "  memory", "  cost"] {
        assert!(talk.contains(row), "`{row}` of the summary in:\n{talk}");
    }
    assert!(talk.contains("nothing here; $0."), "what it would have cost in:\n{talk}");
    world.assert_nothing_left();
    assert!(world.home().join("environments").is_dir(), "in its own folder");
    // pip tells its index which Rust is here, and rustup makes its folder when it is asked.
    let others = std::fs::read_dir(world.work().join("home")).unwrap().flatten().map(|entry| entry.file_name());
    let others: Vec<_> = others.filter(|name| name != ".rustup").collect();
    assert!(others.is_empty(), "and nowhere else: {others:?}");
}
