//! `caddis dashboard` and `--open`: which page the link leads to, and that a browser gets it.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use caddis_testkit::{Run, World, wait_for};
use common::{CADDIS, world};

/// A desktop whose browser writes down what it is to open.
struct Desktop(PathBuf);

impl Desktop {
    fn of(world: &World) -> Desktop {
        let opened = world.work().join("opened");
        let script = format!("#!/bin/sh\necho \"$1\" > {0}.part && mv {0}.part {0}\n", opened.display());
        let program = world.file("desktop/xdg-open", &script);
        fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
        Desktop(opened)
    }

    fn command(&self, world: &World, arguments: &[&str]) -> Command {
        let mut command = world.command(arguments);
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", world.work().join("desktop").display()));
        command
    }

    fn opened(&self) -> String {
        let url = wait_for("the browser's start", || fs::read_to_string(&self.0).ok());
        fs::remove_file(&self.0).unwrap();
        url.trim().to_owned()
    }
}

#[test]
fn without_a_cluster_the_link_leads_to_the_page() {
    let world = World::bare(CADDIS);
    let desktop = Desktop::of(&world);
    let run = Run { output: desktop.command(&world, &["dashboard", "--open"]).output().unwrap() }.expect(0);
    assert!(run.stdout().starts_with("http://127.0.0.1:") && run.stdout().contains("/login?code="), "{}", run.stdout());
    assert_eq!(desktop.opened(), run.stdout().trim());
    let missing = world.run(&["dashboard", "lab"]).expect(3);
    assert!(missing.stderr().contains("`lab`") && missing.stdout().is_empty(), "{}", missing.stderr());
}

#[test]
fn no_browser_is_said_and_the_link_is_printed_all_the_same() {
    let world = World::bare(CADDIS);
    world.run(&["job", "list"]).expect(0);
    let mut command = world.command(&["dashboard", "--open"]);
    let run = Run { output: command.env("PATH", world.work()).output().unwrap() }.expect(1);
    assert!(run.stdout().contains("/login?code="), "{}", run.stdout());
    assert!(run.stderr().contains("no browser was opened: `xdg-open`") && run.stderr().contains("hint: "), "{}", run.stderr());
}

#[test]
fn open_shows_the_dashboard_of_the_jobs_own_cluster() {
    let world = world();
    let desktop = Desktop::of(&world);
    let script = world.file("job.py", "import os, time\nwhile not os.path.exists('go'): time.sleep(0.01)\n");
    let mut command = desktop.command(&world, &["run", "--open", "--name", "etl", "--workers", "1", script.to_str().unwrap()]);
    let mut child = command.spawn().unwrap();
    assert!(desktop.opened().contains("/login?code="), "the link, not the page that asks for a login");
    let cluster = world.job()["cluster"].as_str().unwrap().to_owned();
    for named in [&["dashboard"][..], &["dashboard", &cluster], &["dashboard", "etl"]] {
        assert!(world.run(named).expect(0).stdout().contains("/login?code="), "{named:?}");
    }
    world.file("go", "");
    assert!(child.wait().unwrap().success());
    world.assert_nothing_left();
    let over = world.run(&["dashboard", "etl"]).expect(4);
    assert!(over.stderr().contains(&cluster) && over.stderr().contains("hint: "), "{}", over.stderr());
    world.run(&["dashboard"]).expect(0);
}
