//! Which reasons and causes tests brought about: each leaves a file, and the tests' runner fails on a code without one.

use std::fs;

use serde_json::Value;

use crate::world::build_folder;

/// Notes that a real program brought about this code (`cause:out_of_memory`, `reason:idle`).
pub fn produced(kind: &str, code: &str) {
    let folder = build_folder().join("produced-codes");
    fs::create_dir_all(&folder).expect("make the folder of produced codes");
    fs::write(folder.join(format!("{kind}-{code}")), "").expect("note a produced code");
}

/// Checks a job's cause and notes its code.
#[track_caller]
pub fn assert_cause(job: &Value, code: &str) {
    assert_eq!(job["cause"]["code"], code, "the cause of {job:#}");
    let evidence = &job["cause"]["sentence"];
    assert!(evidence.as_str().is_some_and(|sentence| !sentence.is_empty()), "a cause speaks: {job:#}");
    produced("cause", code);
}
