//! The native API against its own description, with tools that know nothing of Caddis.

mod common;

use std::process::{Command, Output, Stdio};

use caddis_testkit::{World, environment};
use common::{CADDIS, world};

/// The tools in an environment of their own; says where its interpreter is.
const TOOLS: &str = "\
# /// script
# dependencies = [\"schemathesis==4.32.5\", \"openapi-spec-validator==0.9.0\", \"jsonschema==4.26.0\", \"distributed\"]
# ///
import sys
print(sys.executable)
";

/// Says what it reads, after a word with its cluster.
const JOB: &str = "\
import sys
from dask.distributed import Client
with Client() as client:
    client.submit(sum, [1, 2]).result()
sys.stdout.write(sys.stdin.read())
";

/// What the first program does not ask: what a dashboard answers.
const NOT_ASKED: &str = "not asked: GET /clusters/{reference}/{rest}\n";

/// Two worlds: with a server that is asked, and with an environment for those who ask.
struct Asked {
    world: World,
    tools: World,
    python: String,
}

impl Asked {
    fn new() -> Asked {
        let (world, tools) = (world(), World::building(CADDIS));
        let script = tools.file("tools.py", TOOLS);
        let run = tools.run(&["run", "--quiet", "--workers", "1", script.to_str().unwrap()]).expect(0);
        world.file("job.py", JOB);
        world.run(&["job", "list"]).expect(0);
        Asked { world, tools, python: run.stdout().trim().to_owned() }
    }

    #[track_caller]
    fn by(&self, program: &str) -> String {
        let program = format!("{}/tests/programs/{program}", env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(&self.python);
        command.args(["-B", &program]).arg(self.world.home().join("server.sock")).arg(self.world.work());
        command.arg(environment(CADDIS.as_ref())).current_dir(self.tools.work()).stdin(Stdio::null());
        let Output { status, stdout, stderr } = command.output().unwrap();
        let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        assert!(status.success(), "{stdout}\n{stderr}");
        stdout.into_owned()
    }
}

#[test]
fn every_answer_is_as_it_is_described() {
    let asked = Asked::new();
    assert_eq!(asked.by("api_answers.py"), NOT_ASKED);
    asked.world.assert_nothing_left();
}

#[test]
fn whatever_a_fuzzer_sends_is_answered_as_it_is_described() {
    let asked = Asked::new();
    let said = asked.by("api_fuzz.py");
    assert!(said.contains(" generated, ") && !said.contains("FAILURES"), "{said}");
    let log = asked.world.server_log();
    assert!(!log.contains("ERROR") && !log.contains("WARN"), "{log}");
}
