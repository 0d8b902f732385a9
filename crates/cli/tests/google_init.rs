//! Initialization actions on the Dataproc face, where they are run.

mod common;

use std::process::{Command, Stdio};

use caddis_testkit::{World, skip, wait_for};
use common::CADDIS;
use common::google::{client, interpreter, says};
use rustix::process::Signal;

const SEEN: &str = "run\nfailed\nsurvived\n";
/// Makes root somebody else, in its own eyes and for the programs it starts.
const SOMEBODY: [&str; 4] = ["unshare", "-U", "--map-user=1000", "--map-group=1000"];

fn running() -> World {
    let world = World::building(CADDIS);
    std::fs::write(world.home().join("caddis.toml"), "[dataproc]\ninit_actions = \"run\"\n").unwrap();
    world
}

/// The words before a command that is not to be root's; `None`, with a noted reason, where there are none.
fn somebody() -> Option<&'static [&'static str]> {
    if !rustix::process::geteuid().is_root() {
        return Some(&[]);
    }
    let able = Command::new(SOMEBODY[0]).args(&SOMEBODY[1..]).arg("true").stderr(Stdio::null()).status();
    if able.is_ok_and(|status| status.success()) {
        return Some(&SOMEBODY);
    }
    skip("stranger", "root cannot become somebody else here");
    None
}

#[test]
fn initialization_actions_run() {
    let Some(words) = somebody() else { return };
    let world = running();
    let python = interpreter(&world);
    // What was started so far runs as whoever runs this test. A server that is still ending would start a keeper anew.
    world.run(&["serve", "--stop"]).expect(0);
    wait_for("the end of the server", || world.server().is_none().then_some(()));
    world.fork_servers().into_iter().chain(world.keeper()).for_each(|process| process.kill(Signal::KILL));
    let own = world.command(&["env", "python", "--json"]);
    let mut start = Command::new(words.first().copied().unwrap_or(CADDIS));
    start.args(words.iter().skip(1)).args(words.first().map(|_| CADDIS)).args(own.get_args());
    start.env("CADDIS_HOME", world.home()).env_remove("VIRTUAL_ENV").current_dir(world.work()).stdin(Stdio::null());
    let output = start.output().expect("start a server");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut command = client(&world, &python, "google_init.py", &["grpc"]);
    command.env("CADDIS", CADDIS).env("CADDIS_HOME", world.home()).env("STARTS", words.join(" "));
    says(command, SEEN);
    world.assert_nothing_left();
    let inits = std::fs::read_dir(world.home().join("dataproc/init")).map_or(0, Iterator::count);
    assert_eq!(inits, 0, "copies are removed");
}

#[test]
fn as_root_they_are_refused() {
    if !rustix::process::geteuid().is_root() {
        return skip("root", "this is not root");
    }
    let world = running();
    let python = interpreter(&world);
    let program = "from google_steps import *\n\
        config = {'initialization_actions': [{'executable_file': 'gs://b/o'}]}\n\
        refused('FAILED_PRECONDITION', lambda: create('c', config), 'never run as root')\n\
        create('c').result(timeout=120)\ndelete('c')\n";
    let mut command = client(&world, &python, "google_init.py", &["grpc"]);
    world.file("google_init.py", program);
    command.env("CADDIS_HOME", world.home());
    says(command, "");
    world.assert_nothing_left();
}
