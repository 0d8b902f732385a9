//! The ledger, as the database has it.

use std::process::{Command, Stdio};

use caddis_testkit::World;
use serde_json::Value;

/// Every line with its key.
pub fn lines(world: &World) -> Vec<(String, Value)> {
    let code = "import json, sqlite3, sys\n\
        rows = sqlite3.connect(sys.argv[1]).execute('select key, body from ledger').fetchall()\n\
        print(json.dumps([[k, json.loads(b)] for k, b in rows]))";
    let output = Command::new("python3")
        .args(["-c", code])
        .arg(world.home().join("state.db"))
        .stdin(Stdio::null())
        .output()
        .expect("read the ledger");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
