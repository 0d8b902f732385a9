//! This test binary, started again by a test in another role: as another user, on another disk, or to be killed.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use caddis_engine::ports::StoreError;
use caddis_store::SqliteStore;

const ROLE: &str = "CADDIS_STORE_TEST_ROLE";
const FILE: &str = "CADDIS_STORE_TEST_FILE";

/// `nobody` on every Linux; which account it is does not matter, only that it is not root.
const NOBODY: u32 = 65534;

/// Whether the tests run as root.
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").expect("Linux has /proc").uid() == 0
}

/// What makes this binary play a role: a program and its arguments.
pub(crate) fn words(program: &Path) -> Vec<OsString> {
    let rest = ["--ignored", "--exact", "child::plays_its_role", "--nocapture"];
    std::iter::once(program.as_os_str().to_owned()).chain(rest.map(OsString::from)).collect()
}

/// The environment of a role.
pub(crate) fn cast<'c>(command: &'c mut Command, role: &str, file: &Path) -> &'c mut Command {
    // nextest tells its children how to behave; this one is not nextest's.
    command.env(ROLE, role).env(FILE, file).env_remove("NEXTEST")
}

/// This binary in a role.
pub(crate) fn command(role: &str, file: &Path) -> Command {
    let program = std::env::current_exe().expect("a process knows its program");
    let words = words(&program);
    let mut command = Command::new(&words[0]);
    cast(command.args(&words[1..]), role, file);
    command
}

/// Opens a file as a user who is not root; answers the code and text of the error, or `ok`.
pub(crate) fn open_as_nobody(folder: &Path, file: &Path) -> String {
    let mut command = command("open", file);
    if is_root() {
        use std::os::unix::process::CommandExt;
        // The build folder may be closed to others.
        let program = copy_of_this_program(folder);
        command = Command::new(&program);
        cast(command.args(&words(&program)[1..]), "open", file).uid(NOBODY).gid(NOBODY).current_dir("/");
    }
    told(&mut command)
}

fn copy_of_this_program(folder: &Path) -> PathBuf {
    let copy = folder.join("program");
    std::fs::copy(std::env::current_exe().expect("a process knows its program"), &copy).expect("it can be copied");
    std::fs::set_permissions(&copy, PermissionsExt::from_mode(0o755)).expect("it can be opened to all");
    copy
}

/// Runs a child to its end and answers its line that begins with `told: `.
pub(crate) fn told(command: &mut Command) -> String {
    let output = command.output().expect("this binary starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("told: "));
    line.unwrap_or_else(|| panic!("the child told nothing: {output:?}")).to_owned()
}

/// Tells the parent something.
pub(crate) fn tell(what: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "told: {what}").and_then(|()| out.flush()).expect("the parent listens");
}

/// An error on one line.
pub(crate) fn one_line(outcome: Result<SqliteStore, StoreError>) -> String {
    match outcome {
        Ok(_) => "ok".to_owned(),
        Err(StoreError { code, message, hint }) => format!("{code}: {message}; hint: {}", hint.unwrap_or_default()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "other tests start it"]
async fn plays_its_role() {
    let (Ok(role), Ok(file)) = (std::env::var(ROLE), std::env::var(FILE)) else { return };
    let file = Path::new(&file);
    match role.as_str() {
        "open" => tell(&one_line(SqliteStore::open(file).await)),
        "make" => SqliteStore::open(file).await.expect("a file can be made").close().await,
        "commit" => crate::crash::commit_for_ever(file).await,
        "full" => crate::outage::fill_the_disk(file).await,
        "full-at-open" => crate::outage::open_on_a_full_disk(file).await,
        other => panic!("there is no role `{other}`"),
    }
}
