//! Every interpreter of this machine with the newest Dask, and the two older lines: a real job on each.
//!
//! Costly, as every environment is built for real: it runs with `CADDIS_ALL=1`, and says so otherwise.

mod common;

use std::path::Path;

use caddis_testkit::{World, interpreters};
use common::CADDIS;

/// The older lines that are supported.
const OLDER: [&str; 2] = ["2026.3", "2025.12"];

fn asked() -> bool {
    let all = std::env::var("CADDIS_ALL").is_ok_and(|value| value == "1");
    if !all {
        caddis_testkit::skip("matrix", "set `CADDIS_ALL=1` to run every interpreter and every line of Dask");
    }
    all
}

/// What this machine has, newest first; two at least.
fn found() -> Vec<String> {
    let found = interpreters();
    for (version, path) in &found {
        eprintln!("python {version}: {}", path.display());
    }
    assert!(found.len() >= 2, "Python 3.10 to 3.13 in at least two versions is needed, found {found:?}");
    found.into_iter().map(|(version, _)| version).collect()
}

/// Runs the program in an environment that Caddis builds for it, and answers the line of Dask that it met.
#[track_caller]
fn works(python: &str, options: &[&str]) -> String {
    let world = World::building(CADDIS);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs");
    let script = folder.join("matrix.py").display().to_string();
    let mut arguments = vec!["run", "--quiet", "--workers", "2", "--threads", "1", "--memory", "1GiB", "--python", python];
    arguments.extend(options);
    arguments.push(&script);
    let run = world.run(&arguments).expect(0);
    let said = run.stdout();
    eprintln!("python {python} {}: {}", options.join(" "), said.lines().next().unwrap_or_default());
    let first = format!("python {python} dask ");
    assert!(said.starts_with(&first), "{said}");
    let rest = "groupby {'a': 9900, 'b': 10000}\nactor [1, 3, 6]\nplugin ['here', 'here']\nrestarted 2\n";
    assert!(said.ends_with(rest), "{said}");
    world.assert_nothing_left();
    said.lines().next().unwrap_or_default()[first.len()..].to_owned()
}

#[test]
fn every_interpreter_with_the_newest_line() {
    if asked() {
        let lines: Vec<String> = found().iter().map(|python| works(python, &[])).collect();
        assert!(lines.windows(2).all(|two| two[0] == two[1]), "one line for all: {lines:?}");
    }
}

#[test]
fn older_lines() {
    if asked() {
        let found = found();
        for (line, python) in OLDER.iter().zip(found.iter().rev()) {
            let met = works(python, &["--dask", line]);
            assert!(met.starts_with(&format!("{line}.")), "asked for {line}, met {met}");
        }
    }
}
