//! Python environments through the binary: where requirements are read, what is wrong with an active one, and that two
//! who want the same build it once.

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use caddis_testkit::{Run, World, environment};
use common::{CADDIS, world};
use serde_json::Value;

const CLIENT: &str = "from dask.distributed import Client\nclient = Client()\n";

fn environments(world: &World) -> Vec<Value> {
    let listed = world.run(&["environment", "list", "-o", "json"]).expect(0).json();
    listed.as_array().unwrap_or_else(|| panic!("a list: {listed:#}")).clone()
}

#[test]
fn requirements_of_a_file_are_there_on_script_and_workers() {
    let world = World::building(CADDIS);
    world.file("requirements.txt", "iniconfig==2.0.0\ndistributed\n");
    let script = "import iniconfig\nfrom importlib.metadata import version\n";
    let script = world.file("job.py", &format!("{script}{CLIENT}print(version('iniconfig'), client.submit(version, 'iniconfig').result())\n"));
    let run = world.run(&["run", "--quiet", "--workers", "1", "--requirements", "requirements.txt", script.to_str().unwrap()]).expect(0);
    assert_eq!(run.stdout(), "2.0.0 2.0.0\n");
    world.assert_nothing_left();
}

#[test]
fn a_lock_beside_the_script_says_what_is_there() {
    let world = World::building(CADDIS);
    world.file("pyproject.toml", "[project]\nname = \"jobs\"\nversion = \"1\"\nrequires-python = \">=3.10\"\ndependencies = [\"iniconfig<2.1\", \"distributed\"]\n");
    let script = world.file("job.py", &format!("{CLIENT}from importlib.metadata import version\nprint(client.submit(version, 'iniconfig').result())\n"));
    lock(&world);
    let run = world.run(&["run", "--quiet", "--workers", "1", script.to_str().unwrap()]).expect(0);
    assert_eq!(run.stdout(), "2.0.0\n");
    world.assert_nothing_left();
}

/// `uv lock`, by the uv that Caddis obtained.
fn lock(world: &World) {
    let tools = std::fs::read_dir(world.home().join("tools")).unwrap().flatten();
    let uv = tools.map(|entry| entry.path().join("uv")).find(|path| path.is_file()).expect("uv is there");
    let mut command = Command::new(uv);
    command.args(["lock", "--quiet"]).current_dir(world.work()).env("UV_CACHE_DIR", world.home().join("cache/uv"));
    command.env_remove("VIRTUAL_ENV").env("UV_PYTHON_DOWNLOADS", "never");
    for (pip, uv) in [("PIP_INDEX_URL", "UV_DEFAULT_INDEX"), ("PIP_CERT", "SSL_CERT_FILE"), ("PIP_FIND_LINKS", "UV_FIND_LINKS")] {
        if let Some(value) = std::env::var_os(pip) {
            command.env(uv, value);
        }
    }
    let output = command.output().expect("start uv");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// An active environment without any package, but for this one's name and version.
fn active(world: &World, package: Option<(&str, &str)>) -> PathBuf {
    let base = std::fs::canonicalize(environment(Path::new(CADDIS)).join("bin/python")).unwrap();
    let folder = world.work().join("own");
    let made = Command::new(base).args(["-I", "-m", "venv", "--without-pip"]).arg(&folder).status().expect("start python");
    assert!(made.success());
    if let Some((name, version)) = package {
        let information = site_packages(&folder).join(format!("{name}-{version}.dist-info"));
        std::fs::create_dir(&information).unwrap();
        std::fs::write(information.join("METADATA"), format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")).unwrap();
        std::fs::create_dir(site_packages(&folder).join(name)).unwrap();
        std::fs::write(site_packages(&folder).join(name).join("__init__.py"), "").unwrap();
    }
    folder
}

fn site_packages(environment: &Path) -> PathBuf {
    let lib = std::fs::read_dir(environment.join("lib")).unwrap().flatten();
    lib.map(|entry| entry.path().join("site-packages")).find(|path| path.is_dir()).expect("there is one")
}

/// Runs a script in an active environment that will not do; answers the cause.
#[track_caller]
fn refused(package: Option<(&str, &str)>) -> Value {
    let world = World::bare(CADDIS);
    let script = world.file("job.py", "");
    let mut command = world.command(&["run", "-o", "json", "--workers", "1", script.to_str().unwrap()]);
    let run = Run { output: command.env("VIRTUAL_ENV", active(&world, package)).output().unwrap() }.expect(125);
    let job = run.json();
    assert_eq!(job["cause"]["code"], "environment_build", "{job:#}");
    world.assert_nothing_left();
    job["cause"].clone()
}

#[test]
fn an_active_environment_without_dask_is_named() {
    let cause = refused(None);
    assert!(cause["sentence"].as_str().unwrap().contains("has no `distributed`"), "{cause:#}");
    assert!(!cause["hint"].as_str().unwrap().is_empty(), "{cause:#}");
}

#[test]
fn an_active_environment_with_an_old_dask_is_named() {
    let cause = refused(Some(("distributed", "2021.1.0")));
    assert!(cause["sentence"].as_str().unwrap().contains("has distributed 2021.1.0"), "{cause:#}");
    assert!(cause["hint"].as_str().unwrap().contains("distributed>="), "{cause:#}");
}

#[test]
fn two_that_want_the_same_environment_build_it_once() {
    let world = World::building(CADDIS);
    let header = "# /// script\n# dependencies = [\"distributed\", \"iniconfig\"]\n# ///\nimport sys\nprint(sys.prefix)\n";
    let script = world.file("job.py", header).display().to_string();
    let arguments = ["run", "--quiet", "--workers", "1", "--memory", "500MiB", &script];
    let both = [world.spawn(&arguments), world.spawn(&arguments)];
    let said = both.map(|child| Run { output: child.wait_with_output().unwrap() }.expect(0).stdout());
    assert_eq!(said[0], said[1], "both ran in it");
    let all = environments(&world);
    assert_eq!(all.len(), 1, "{all:#?}");
    world.assert_nothing_left();
}

/// What starts threads while it is imported cannot be forked: then processes are spawned, and everything works.
#[test]
fn an_environment_that_starts_threads_is_spawned_from() {
    let world = world();
    let own = world.work().join("own");
    assert!(Command::new("cp").arg("-a").arg(environment(Path::new(CADDIS))).arg(&own).status().expect("start cp").success());
    let text = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n";
    std::fs::write(site_packages(&own).join("sitecustomize.py"), text).unwrap();
    let script = world.file("job.py", &format!("{CLIENT}print(sum(client.gather(client.map(lambda x: x * x, range(10)))))\n"));
    let mut command = world.command(&["run", "--workers", "1", "--threads", "1", script.to_str().unwrap()]);
    let run = Run { output: command.env("VIRTUAL_ENV", &own).output().unwrap() }.expect(0);
    assert_eq!(run.stdout(), "285\n");
    let serving = world.fork_servers();
    assert!(serving.is_empty(), "nothing is forked: {serving:?}");
    let log = std::fs::read_to_string(world.home().join("keeper.log")).unwrap();
    assert!(log.contains("threads"), "the keeper says why: {log}");
    world.assert_nothing_left();
}
