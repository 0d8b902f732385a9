//! Whom Google's clients have to trust here, and whom we trust: the authority is good for Dataproc's hosts alone, a token
//! for this machine alone, and what proves either is its owner's alone.

mod common;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use caddis_testkit::{World, skip};
use common::CADDIS;
use common::google::{interpreter, says, settings, ways_in};

/// Names that the port has, or one of them in another region.
const OURS: [&str; 4] = [
    "DNS:dataproc.googleapis.com",
    "DNS:us-central1-dataproc.googleapis.com",
    "DNS:europe-west12-dataproc.googleapis.com",
    "DNS:localhost",
];
/// Names that nobody may have from us.
const OTHERS: [&str; 12] = [
    "DNS:www.example.com",
    "DNS:storage.example",
    "DNS:googleapis.com",
    "DNS:storage.googleapis.com",
    "DNS:oauth2.googleapis.com",
    "DNS:*.googleapis.com",
    "DNS:evil-dataproc.googleapis.com",
    "DNS:dataproc.googleapis.com.example",
    "DNS:accounts.google.com",
    "IP:10.0.0.1",
    "IP:127.0.0.1",
    "IP:::1",
];

/// A program of `tests/programs`.
fn program(name: &str) -> String {
    format!("{}/tests/programs/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_authority_is_trusted_for_dataprocs_hosts_alone() {
    if Command::new("openssl").arg("version").output().is_err() {
        return skip("openssl", "it is not installed");
    }
    let world = World::bare(CADDIS);
    settings(&world, "gcloud");
    let folder = world.home().join("google");
    let mut command = Command::new("sh");
    command.arg(program("google_authority.sh")).args([folder.join("ca.pem"), folder.join("ca.key")]);
    command.args(OURS).args(OTHERS).stdin(Stdio::null());
    let taken = OURS.map(|name| format!("taken {name}\n")).concat();
    let refused = OTHERS.map(|name| format!("refused {name}\n")).concat();
    says(command, &format!("{taken}{refused}"));
}

/// What is in a folder, and what is in the folders of it.
fn everything_below(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("read a folder").flatten() {
        if entry.file_type().expect("its kind").is_dir() {
            everything_below(&entry.path(), all);
        }
        all.push(entry.path());
    }
}

#[test]
fn what_proves_who_asks_is_its_owners_alone() {
    let world = World::bare(CADDIS);
    // Made under the widest mask that people have.
    let mut command = Command::new("sh");
    let line = "umask 0 && exec \"$0\" --home \"$1\" env python --json";
    command.args(["-c", line, CADDIS]).arg(world.home()).stdin(Stdio::null());
    assert!(command.output().expect("start caddis").status.success());
    let folder = world.home().join("google");
    let mut all = vec![folder.clone()];
    everything_below(&folder, &mut all);
    for name in ["ca.key", "ca.pem", "roots.pem", "service-account.json", "token", "storage-secret", "storage"] {
        assert!(all.contains(&folder.join(name)), "{name} is there: {all:?}");
    }
    for path in &all {
        let found = std::fs::symlink_metadata(path).expect("its mode");
        let wanted = if found.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(found.mode() & 0o7777, wanted, "{}: {:o}", path.display(), found.mode());
        assert_eq!(found.uid(), rustix::process::geteuid().as_raw(), "{}", path.display());
    }
    // A secret is in no other file that somebody else could read.
    let token = std::fs::read_to_string(folder.join("token")).expect("the token");
    let secret = std::fs::read_to_string(folder.join("storage-secret")).expect("the secret");
    let mut rest = Vec::new();
    everything_below(world.home(), &mut rest);
    for path in rest.iter().filter(|path| path.is_file() && !path.starts_with(&folder)) {
        let bytes = std::fs::read(path).expect("read it");
        let holds = |word: &str| bytes.windows(word.len()).any(|found| found == word.as_bytes());
        assert!(!holds(token.trim()) && !holds(secret.trim()), "{} holds a secret", path.display());
    }
}

#[test]
fn only_tokens_that_are_ours_and_good_now_are_taken() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    let (port, _, roots) = ways_in(&world);
    let key = world.home().join("google/service-account.json");
    let mut command = Command::new(python);
    command.args(["-B", &program("google_tokens.py"), &port, &roots]).arg(key).stdin(Stdio::null());
    says(command, "good ones are taken\nbad ones are refused\nthe wrong place is refused\n");
    let log = world.server_log();
    assert!(!log.contains("panicked") && !log.contains("eyJ"), "no token is in the log: {log}");
    world.assert_nothing_left();
}
