//! A job that ends while nobody is there to see it: neither its end nor what it wrote is lost.

mod common;

use caddis_testkit::{Process, wait_for};
use common::world;
use rustix::process::Signal;

/// A script that waits for `go` ends with this code while there is no server, and no command that would start one.
#[track_caller]
fn ends_unwatched(code: i32, keeper_too: bool) {
    let world = world();
    let script = format!(
        "import os, sys, time\nwith open('effects', 'a') as f: f.write('x\\n')\nprint('the first line', flush=True)\n\
         print('an error', file=sys.stderr, flush=True)\nopen('up', 'w').close()\n\
         while not os.path.exists('go'): time.sleep(0.01)\nprint('the last line')\nsys.exit({code})\n"
    );
    let id = world.run(&["run", "--detach", "--workers", "1", world.file("job.py", &script).to_str().unwrap()]).expect(0).stdout();
    let id = id.trim();
    wait_for("the script", || world.work().join("up").exists().then_some(()));
    let mut victims = vec![world.server().expect("a server")];
    victims.extend(keeper_too.then(|| world.keeper().expect("a keeper")));
    for victim in &victims {
        victim.kill(Signal::KILL);
    }
    let gone = |pid| world.processes().iter().all(|one| one.pid != pid);
    wait_for("an end to who could watch", || victims.iter().all(|victim| gone(victim.pid)).then_some(()));
    let of_script = |one: &Process| one.member.as_ref().is_some_and(|key| key.contains(id));
    assert!(world.members().iter().any(of_script), "the script lives on");
    world.file("go", "");
    wait_for("the script's end", || (!world.members().iter().any(of_script)).then_some(()));
    assert!(world.server().is_none(), "nobody was asked");
    assert_eq!(world.run(&["job", "wait", "--quiet", id]).code(), code);
    let job = world.job();
    assert_eq!(job["exit_code"], code, "{job:#}");
    assert_eq!(job["phase"], if code == 0 { "SUCCEEDED" } else { "FAILED" }, "{job:#}");
    assert_eq!(world.run(&["job", "logs", "--only", "stdout", id]).expect(0).stdout(), "the first line\nthe last line\n");
    assert_eq!(std::fs::read_to_string(world.work().join("effects")).unwrap(), "x\n");
    world.assert_nothing_left();
}

#[test]
fn a_failure_while_the_server_is_away_is_not_lost() {
    ends_unwatched(7, false);
}

#[test]
fn a_failure_while_server_and_keeper_are_away_is_not_lost() {
    ends_unwatched(7, true);
}

#[test]
fn a_success_while_server_and_keeper_are_away_is_not_lost() {
    ends_unwatched(0, true);
}

#[test]
fn a_success_while_the_server_is_away_is_not_lost() {
    ends_unwatched(0, false);
}
