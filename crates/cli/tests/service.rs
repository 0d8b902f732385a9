//! `caddis serve --install`: a unit that systemd takes, and whose command serves.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use caddis_testkit::{Run, World, skip, wait_for};
use common::CADDIS;

/// The unit that is written for this world, and its path.
fn installed(world: &World) -> (PathBuf, String) {
    let mut command = world.command(&["serve", "--install"]);
    let run = Run { output: command.env("XDG_CONFIG_HOME", world.work().join("config")).output().unwrap() }.expect(0);
    let path = PathBuf::from(run.stdout().trim());
    assert_eq!(path, world.work().join("config/systemd/user/caddis.service"));
    assert!(run.stderr().contains("systemctl --user enable --now caddis"), "{}", run.stderr());
    let unit = fs::read_to_string(&path).unwrap();
    (path, unit)
}

#[test]
fn systemd_takes_the_unit() {
    let world = World::bare(CADDIS);
    let (path, _) = installed(&world);
    let mut verify = Command::new("systemd-analyze");
    verify.args(["--user", "--man=no", "--generators=no", "verify"]).arg(&path);
    // It wants a folder for the sockets of a login, which a test's user may not have.
    let login = world.work().join("login");
    fs::create_dir(&login).unwrap();
    fs::set_permissions(&login, fs::Permissions::from_mode(0o700)).unwrap();
    match verify.env("XDG_RUNTIME_DIR", &login).stdin(Stdio::null()).output() {
        Err(_) => skip("systemd-analyze", "it is not installed"),
        Ok(output) => {
            let said = Run { output }.expect(0).stderr();
            let about_it: Vec<_> = said.lines().filter(|line| line.contains("caddis.service")).collect();
            assert!(about_it.is_empty(), "{said}");
        }
    }
}

struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_units_command_serves_and_stays() {
    let world = World::bare(CADDIS);
    let (_, unit) = installed(&world);
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    // Quotes are what systemd and a shell agree on; no path here holds anything else.
    let mut command = Command::new("sh");
    command.args(["-c", &format!("exec {line}")]).current_dir("/").stdin(Stdio::null()).stderr(Stdio::null());
    let mut service = Service(command.spawn().unwrap());
    wait_for("the service's socket", || world.home().join("server.sock").exists().then_some(()));
    let server = world.run(&["doctor", "-o", "json"]);
    assert_eq!(server.code(), 0, "{}", server.stderr());
    assert!(service.0.try_wait().unwrap().is_none());
    world.run(&["serve", "--stop"]).expect(0);
    assert!(service.0.wait().unwrap().success(), "an end that was asked for is no failure to restart");
}

/// Idleness ends a server in the background, here twice in a row; the one in the foreground sees longer idleness than that.
#[test]
fn a_server_in_the_foreground_never_ends_from_idleness() {
    let worlds = [World::bare(CADDIS), World::bare(CADDIS)];
    for world in &worlds {
        fs::write(world.home().join("caddis.toml"), "[server]\nidle_exit = \"200ms\"\n").unwrap();
    }
    let [foreground, background] = &worlds;
    let mut service = Service(foreground.command(&["serve"]).stderr(Stdio::null()).spawn().unwrap());
    wait_for("the service's socket", || foreground.home().join("server.sock").exists().then_some(()));
    for _ in 0..2 {
        background.run(&["job", "list"]).expect(0);
        wait_for("the end of an idle server", || background.server().is_none().then_some(()));
    }
    assert!(background.server_log().matches("the server ends").count() >= 2, "{}", background.server_log());
    assert!(service.0.try_wait().unwrap().is_none(), "it is there");
    foreground.run(&["job", "list"]).expect(0);
    assert_eq!(foreground.server().map(|server| server.pid), Some(service.0.id() as i32), "and it is the same one");
    foreground.run(&["serve", "--stop"]).expect(0);
    assert!(service.0.wait().unwrap().success());
}

#[test]
fn a_unit_that_cannot_be_written_says_where() {
    let world = World::bare(CADDIS);
    world.file("config", "");
    let mut command = world.command(&["serve", "--install"]);
    let run = Run { output: command.env("XDG_CONFIG_HOME", world.work().join("config")).output().unwrap() }.expect(1);
    assert!(run.stderr().contains("config/systemd/user") && run.stderr().contains("hint: "), "{}", run.stderr());
    assert!(run.stdout().is_empty());
}
