//! Records, as the database has them, without a word from the server.

use std::process::{Command, Stdio};

use caddis_testkit::World;
use serde_json::Value;

/// The newest record of `jobs` or `clusters`.
pub fn newest(world: &World, table: &str) -> Option<Value> {
    let order = if table == "jobs" { "submitted_at" } else { "created_at" };
    let bodies = bodies(world, &format!("select body from {table} order by {order} desc limit 1"));
    bodies.into_iter().next()
}

/// What a query for bodies answers. The database is opened to read it only, so that nothing of it is touched.
fn bodies(world: &World, query: &str) -> Vec<Value> {
    let code = "import json, sqlite3, sys\n\
        rows = sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True).execute(sys.argv[2]).fetchall()\n\
        print(json.dumps([json.loads(row[0]) for row in rows]))";
    // From its working folder: who names the state folder counts as one of the world's processes.
    let mut command = Command::new("python3");
    command.args(["-c", code, "state.db", query]).current_dir(world.home()).stdin(Stdio::null());
    let output = command.output().expect("read the database");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("records")
}
