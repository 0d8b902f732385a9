//! What tests leave for their runner, a file each in the build folder: the reasons and causes that they brought about
//! (the runner fails on a code without one), what they skipped, and what they counted.

use std::fs;
use std::panic::Location;

use serde_json::Value;

use crate::world::build_folder;

/// Notes that a real program brought about this code (`cause:out_of_memory`, `reason:idle`).
pub fn produced(kind: &str, code: &str) {
    note("produced-codes", &format!("{kind}-{code}"), "");
}

/// Says, and notes for the runner, that a test leaves out what it is for since `what` is not to be had here, and why. In
/// CI only what the runner lists as optional may be left out.
#[track_caller]
pub fn skip(what: &str, why: &str) {
    let place = Location::caller();
    eprintln!("skipped, {what}: {why}");
    let place = format!("{}-{}", place.file().replace('/', "."), place.line());
    note("skipped", &format!("{what}@{place}"), why);
}

/// Leaves a text for the runner.
pub fn note(folder: &str, name: &str, text: &str) {
    let folder = build_folder().join(folder);
    fs::create_dir_all(&folder).expect("make the folder of notes");
    fs::write(folder.join(name), text).expect("leave a note");
}

/// Checks a job's cause and notes its code.
#[track_caller]
pub fn assert_cause(job: &Value, code: &str) {
    assert_eq!(job["cause"]["code"], code, "the cause of {job:#}");
    let evidence = &job["cause"]["sentence"];
    assert!(evidence.as_str().is_some_and(|sentence| !sentence.is_empty()), "a cause speaks: {job:#}");
    produced("cause", code);
}
