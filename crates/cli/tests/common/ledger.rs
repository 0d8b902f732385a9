//! The ledger and what happened, as the database has it.

use std::process::{Command, Stdio};

use caddis_testkit::World;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Every line with its key.
pub fn lines(world: &World) -> Vec<(String, Value)> {
    let rows: Vec<(String, String)> = rows(world, "select key, cast(body as text) from ledger");
    rows.into_iter().map(|(key, body)| (key, serde_json::from_str(&body).unwrap())).collect()
}

/// Every event of a kind: when it was, in microseconds since 1970, and its sentence.
pub fn events(world: &World, kind: &str) -> Vec<(i64, String)> {
    rows(world, &format!("select at, message from events where kind = '{kind}' order by seq"))
}

fn rows<T: DeserializeOwned>(world: &World, query: &str) -> Vec<T> {
    let code = "import json, sqlite3, sys\n\
        print(json.dumps(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall()))";
    let output = Command::new("python3")
        .args(["-c", code])
        .arg(world.home().join("state.db"))
        .arg(query)
        .stdin(Stdio::null())
        .output()
        .expect("read the database");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
