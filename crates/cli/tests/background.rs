//! Commands and the background server: started by whoever comes first, once; what keeps it from starting is told.

mod common;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};

use caddis_testkit::{World, processes_naming, skip};
use common::CADDIS;

fn servers(world: &World) -> usize {
    let home = world.home().display().to_string();
    processes_naming(&home).iter().filter(|process| process.command.contains("serve --background")).count()
}

#[test]
fn commands_that_start_at_once_find_one_server() {
    let world = World::bare(CADDIS);
    let children: Vec<Child> = (0..8).map(|_| world.spawn(&["job", "list", "-o", "json"])).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8_lossy(&output.stdout), "[]\n");
    }
    caddis_testkit::wait_for("one server", || (servers(&world) == 1).then_some(()));
    assert_eq!(fs::metadata(world.home()).unwrap().mode() & 0o777, 0o700);
    world.run(&["serve", "--stop"]).expect(0);
    assert_eq!(servers(&world), 0, "it returns when the process is gone");
}

#[test]
fn a_database_that_cannot_be_read_is_told_in_the_servers_own_words() {
    let world = World::bare(CADDIS);
    fs::set_permissions(world.home(), fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(world.home().join("state.db"), "this is no database".repeat(100)).unwrap();
    let run = world.run(&["job", "list"]).expect(5);
    assert!(run.stderr().starts_with("error: the background server cannot start: "), "{}", run.stderr());
    assert!(run.stderr().contains("state.db") && run.stderr().contains("\nhint: "), "{}", run.stderr());
    assert_eq!(servers(&world), 0);
}

#[test]
fn an_unknown_config_key_stops_every_command_with_the_nearest() {
    let world = World::bare(CADDIS);
    fs::write(world.home().join("caddis.toml"), "[server]\nidle_exti = \"5m\"\n").unwrap();
    for command in [&["job", "list"][..], &["serve"]] {
        let run = world.run(command).expect(2);
        assert!(run.stderr().contains("`server.idle_exit`"), "{}", run.stderr());
    }
    let script = world.file("job.py", "");
    world.run(&["run", script.to_str().unwrap()]).expect(125);
    assert_eq!(servers(&world), 0);
}

#[test]
fn a_server_is_ended_and_the_machine_is_checked_whatever_the_config_says() {
    let world = World::bare(CADDIS);
    world.run(&["job", "list"]).expect(0);
    // A keeper that is being started has the server's command line until it has become one.
    caddis_testkit::wait_for("one server", || (servers(&world) == 1).then_some(()));
    fs::write(world.home().join("caddis.toml"), "[pool]\nslotz = 3\n").unwrap();
    let checks = world.run(&["doctor", "-o", "json"]).expect(1).json();
    let check = |what: &str| checks.as_array().unwrap().iter().find(|check| check["what"] == what).unwrap().clone();
    let config = check("config");
    assert_eq!(config["grade"], "wrong", "{config}");
    assert!(config["found"].as_str().unwrap().contains("`pool.slotz`"), "{config}");
    assert!(config["hint"].as_str().unwrap().contains("`pool.slots`"), "{config}");
    assert_eq!((check("server")["grade"].as_str(), check("pool")["grade"].as_str()), (Some("ok"), Some("notice")));
    let people = world.run(&["doctor"]).expect(1);
    assert!(people.stdout().contains("wrong   config") && people.stdout().contains("memory limits"), "{}", people.stdout());
    world.run(&["serve", "--stop"]).expect(0);
    assert_eq!(servers(&world), 0);
}

#[test]
fn a_state_folder_that_is_a_file_is_named_and_not_its_config() {
    let world = World::bare(CADDIS);
    let file = world.file("home", "").display().to_string();
    for command in [&["job", "list"][..], &["serve", "--stop"], &["serve"], &["why"]] {
        let run = world.run(&[&["--home", &file], command].concat()).expect(1);
        let said = run.stderr();
        assert!(said.starts_with(&format!("error: the state folder `{file}` cannot be used: not a directory\nhint: ")), "{said}");
    }
    let checks = world.run(&["--home", &file, "doctor"]).expect(1).stdout();
    assert!(checks.contains(&format!("{file} is not a folder")), "{checks}");
}

#[test]
fn a_state_folder_that_another_user_cannot_use_is_refused() {
    const NOBODY: u32 = 65_534;
    if !rustix::process::geteuid().is_root() {
        return skip("stranger", "only root can become another user");
    }
    let world = World::bare(CADDIS);
    // Copied to where another user may read it: the build folder may be private.
    let binary = world.work().join("caddis");
    fs::copy(CADDIS, &binary).unwrap();
    for folder in [world.work().to_owned(), binary.clone()] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let run = |home: &str| {
        let mut command = std::process::Command::new(&binary);
        command.args(["--home", home, "job", "list"]).uid(NOBODY).gid(NOBODY).current_dir("/").stdin(Stdio::null());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("\nhint: "), "{said}");
        said
    };
    fs::set_permissions(world.home(), fs::Permissions::from_mode(0o755)).unwrap();
    let theirs = run(&world.home().display().to_string());
    assert!(theirs.contains("belongs to another user"), "{theirs}");
    let forbidden = run(&world.home().join("deeper").display().to_string());
    assert!(forbidden.contains("cannot be used: permission denied"), "{forbidden}");
}

#[test]
fn with_json_a_failure_is_data_too() {
    let world = World::bare(CADDIS);
    let run = world.run(&["job", "show", "nothing", "-o", "json"]).expect(3);
    assert_eq!(run.json()["error"]["code"], "not_found");
    let run = world.run(&["run", "-o", "json", "absent.py"]).expect(125);
    assert_eq!(run.json()["error"]["code"], "no_script");
    world.run(&["serve", "--stop"]).expect(0);
}

#[test]
fn a_usage_line_does_not_ask_for_the_folder_that_a_variable_names() {
    let world = World::bare(CADDIS);
    for verb in ["env", "completion"] {
        let said = world.run(&[verb]).expect(2).stderr();
        assert!(said.contains(&format!("Usage: caddis {verb} ")) && !said.contains("--home"), "{said}");
    }
}

#[test]
fn a_unit_is_written() {
    let world = World::bare(CADDIS);
    let config = world.work().join("config");
    let output = world.command(&["serve", "--install"]).env("XDG_CONFIG_HOME", &config).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let unit = fs::read_to_string(config.join("systemd/user/caddis.service")).unwrap();
    assert!(unit.contains(&format!("--home \"{}\" serve", world.home().display())), "{unit}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("systemctl --user enable --now caddis"));
    assert_eq!(servers(&world), 0);
}

#[test]
fn a_dry_run_starts_nothing() {
    let world = World::bare(CADDIS);
    let script = world.file("job.py", "# /// script\n# dependencies = [\"pandas\"]\n# ///\n");
    let run = world.run(&["run", "--dry-run", "--workers", "1", script.to_str().unwrap(), "x"]).expect(0);
    assert!(run.stdout().contains("1 worker") && run.stdout().contains("pandas"), "{}", run.stdout());
    let run = world.run(&["run", "--dry-run", "-o", "json", script.to_str().unwrap()]).expect(0);
    assert_eq!(run.json()["requirements"][0], "pandas");
    assert_eq!((servers(&world), world.home().join("state.db").exists()), (0, false));
}
