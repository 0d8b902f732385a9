//! Everything works for a user without any right.

mod common;

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use caddis_testkit::{Run, processes_naming, skip, wait_for};
use common::stranger::{NOBODY, Stranger};
use common::CADDIS;

/// No more than the cluster needs, so that it is built quickly: the interpreters of tests may be closed to others, and so
/// may what was built from them.
const HEADER: &str = "# /// script\n# dependencies = [\"distributed\"]\n# ///\n";
const JOB: &str = "import os\nfrom dask.distributed import Client\nclient = Client()\n\
    users = client.run(os.getuid)\nprint(os.getuid(), sorted(users.values()), sum(client.gather(client.map(lambda x: x * x, range(10)))))\n";
const WAITS: &str = "import threading\nopen('up', 'w').close()\nthreading.Event().wait()\n";

/// A stranger with a Python, and with a copy of the tests' uv.
fn somebody() -> Option<Stranger> {
    let stranger = Stranger::new()?;
    let code = "import pip, sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))";
    let python = stranger.program("python3").args(["-c", code]).status();
    if !python.is_ok_and(|status| status.success()) {
        skip("stranger", "another user finds no usable `python3` with pip");
        return None;
    }
    let shared = caddis_testkit::environment(Path::new(CADDIS));
    let tools = shared.ancestors().nth(3).expect("a state folder above the environments").join("tools");
    let state = stranger.home().join("state");
    std::fs::create_dir(&state).expect("make a state folder");
    let done = |command: &mut Command| assert!(command.status().expect("start it").success());
    done(Command::new("cp").arg("-a").args([&tools, &state]));
    done(Command::new("chown").args(["-R", "nobody"]).arg(&state));
    done(Command::new("chmod").arg("700").arg(&state));
    Some(stranger)
}

#[test]
fn a_user_without_any_right_runs_and_cancels_jobs() {
    let Some(stranger) = somebody() else { return };
    let settings: Vec<_> = std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PIP_")).collect();
    let caddis = |arguments: &[&str]| {
        let mut command = stranger.command(arguments);
        command.current_dir(stranger.home()).envs(settings.iter().cloned());
        Run { output: command.output().expect("start caddis") }
    };
    for (name, text) in [("job.py", JOB), ("waits.py", WAITS)] {
        std::fs::write(stranger.home().join(name), format!("{HEADER}{text}")).unwrap();
    }
    let run = caddis(&["run", "--workers", "2", "--threads", "1", "job.py"]).expect(0);
    let said = format!("{NOBODY} [{NOBODY}, {NOBODY}] 285\n");
    assert_eq!(run.stdout(), said);
    assert_eq!(caddis(&["job", "logs"]).expect(0).stdout(), said);
    caddis(&["run", "--detach", "--workers", "1", "waits.py"]).expect(0);
    wait_for("the second script", || stranger.home().join("up").exists().then_some(()));
    caddis(&["job", "cancel"]).expect(0);
    caddis(&["job", "wait", "--timeout", "60s"]);
    assert_eq!(caddis(&["job", "show", "-o", "json"]).expect(0).json()["phase"], "CANCELLED");
    let doctor = caddis(&["doctor"]).expect(0);
    assert!(doctor.stdout().contains("state folder"), "{}", doctor.stdout());
    let home = stranger.home().display().to_string();
    wait_for("the end of all members", || processes_naming(&home).iter().all(|one| one.member.is_none()).then_some(()));
    let state = std::fs::metadata(stranger.home().join("state")).unwrap();
    assert_eq!((state.uid(), state.mode() & 0o777), (NOBODY, 0o700));
    caddis(&["serve", "--stop"]).expect(0);
}
