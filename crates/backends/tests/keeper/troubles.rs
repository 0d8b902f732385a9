//! Other users, full disks, damaged records and machines that were started anew.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use caddis_backends::local::keeper::client::CallError;
use caddis_backends::local::keeper::wire::{Exit, Launch, State};
use caddis_backends::local::keeper::{KeeperError, KeeperOptions, run};

use crate::support::{Bench, Held, alive, until};

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

const NOBODY: u32 = 65534;

/// What uid `nobody` gets from the socket.
fn as_nobody(socket: &Path) -> String {
    let code = "import socket, sys\ns = socket.socket(socket.AF_UNIX)\ntry:\n    s.connect(sys.argv[1])\n    \
                s.sendall(b'{\"id\": 1, \"op\": \"hello\", \"version\": \"0\"}\\n')\n    print(len(s.recv(100)))\n\
                except OSError as error: print(type(error).__name__)";
    let mut command = Command::new("/usr/bin/python3");
    command
        .args(["-c", code])
        .arg(socket)
        .uid(NOBODY)
        .gid(NOBODY)
        .current_dir("/");
    let output = command.output().expect("runs");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[tokio::test]
async fn another_user_gets_nothing() {
    if !is_root() {
        return caddis_testkit::skip("stranger", "only root can become another user");
    }
    let bench = Bench::new();
    let held = bench.keeper(&[]).await;
    let open = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("chmod")
    };
    let socket = bench.home.join("keeper.sock");
    open(bench.home.parent().expect("a folder"), 0o755);
    assert_eq!(
        as_nobody(&socket),
        "PermissionError",
        "the folder keeps others out"
    );
    open(&bench.home, 0o755);
    assert_eq!(as_nobody(&socket), "PermissionError", "so does the socket");
    open(&socket, 0o777);
    let told = as_nobody(&socket);
    assert!(
        ["0", "ConnectionResetError", "BrokenPipeError"].contains(&told.as_str()),
        "{told}"
    );
    until("it is written down", || bench.log().contains("refused uid 65534")).await;
    held.client
        .stats()
        .await
        .expect("it still serves its own user");
}

#[test]
fn a_state_folder_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("chmod");
    let refused = run(folder.path(), KeeperOptions::default()).expect_err("refused");
    assert!(
        matches!(refused, KeeperError::NotPrivate { mode: 0o755, .. }),
        "{refused}"
    );
}

/// The record of a member that ran and ended, with some of it replaced.
async fn with_record(bench: &Bench, change: impl FnOnce(&mut serde_json::Value)) -> (Launch, Held) {
    let launch = bench.launch("job.1", "");
    let mut held = bench.keeper(&[]).await;
    held.client.start(launch.clone()).await.expect("starts");
    held.ended(&launch.key).await;
    let file = launch.folder.join("record.json");
    held.kill_keeper().await;
    let mut record = serde_json::from_slice(&fs::read(&file).expect("record")).expect("json");
    change(&mut record);
    for name in ["exit", "ended_at", "killed_by"] {
        record.as_object_mut().expect("an object").remove(name);
    }
    record["state"] = "started".into();
    fs::write(&file, record.to_string()).expect("write");
    let held = bench.keeper(&[]).await;
    (launch, held)
}

#[tokio::test]
async fn after_a_reboot_nobody_is_taken_for_a_member() {
    let bench = Bench::new();
    let own = std::process::id();
    let (launch, held) = with_record(&bench, |record| {
        record["boot_id"] = "another boot".into();
        record["pid"] = own.into();
    })
    .await;
    let record = held.record(&launch.key).expect("known");
    assert_eq!(record.exit, Some(Exit::Unknown("host rebooted".into())));
    let again = held.client.start(launch.clone()).await.expect("known");
    assert_eq!(again.state, State::Ended);
    assert_eq!(Bench::effects(&launch).len(), 1);
}

#[tokio::test]
async fn a_pid_that_was_given_to_somebody_else_is_left_alone() {
    let bench = Bench::new();
    let mut somebody = Command::new("sleep").arg("600").spawn().expect("sleeps");
    let pid = somebody.id().cast_signed();
    let (launch, held) = with_record(&bench, |record| {
        fs::remove_file(Path::new(record["folder"].as_str().expect("a path")).join("outcome.json"))
            .expect("gone");
        record["pid"] = pid.into();
    })
    .await;
    let record = held.record(&launch.key).expect("known");
    assert_eq!(record.exit, Some(Exit::Unknown("keeper was away".into())));
    held.client
        .stop(&launch.key, "too late", &[])
        .await
        .expect("is heard");
    held.client
        .purge(&bench.cluster, "all")
        .await
        .expect("purges");
    assert!(alive(pid));
    somebody
        .kill()
        .and_then(|()| somebody.wait())
        .expect("ends");
}

#[tokio::test]
async fn a_damaged_record_is_told_and_set_aside_and_stops_nobody() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[]).await;
    let (damaged, other) = (
        bench.launch("job.1", "time.sleep(600)"),
        bench.launch("job.2", "time.sleep(600)"),
    );
    let pid = held
        .client
        .start(damaged.clone())
        .await
        .expect("starts")
        .pid
        .expect("pid");
    held.client.start(other.clone()).await.expect("starts");
    held.until(&other.key, "started", |record| {
        record.state == State::Started
    })
    .await;
    held.kill_keeper().await;
    fs::write(damaged.folder.join("record.json"), "{\"key\": ").expect("damage");
    let held = bench.keeper(&[]).await;
    assert!(
        bench.log().contains("job.1` is damaged: EOF while parsing"),
        "{}",
        bench.log()
    );
    let aside = fs::read_dir(&damaged.folder).expect("folder").flatten();
    let aside = aside.filter(|entry| {
        entry
            .file_name()
            .to_string_lossy()
            .starts_with("record.json.damaged-")
    });
    assert_eq!(aside.count(), 1);
    until("what it spoke of is ended", || !alive(pid)).await;
    let again = held
        .client
        .start(damaged.clone())
        .await
        .expect("its key stays used");
    assert_eq!(
        again.exit,
        Some(Exit::Unknown("its record was damaged".into()))
    );
    assert_eq!(
        held.record(&other.key).map(|record| record.state),
        Some(State::Started)
    );
}

/// A file system with few pages, which a test fills to the last.
struct Small {
    folder: tempfile::TempDir,
}

impl Small {
    fn mount() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let options = "size=256k,mode=700,nr_inodes=200";
        let done = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "none"])
            .arg(folder.path())
            .status();
        assert!(done.expect("mount").success());
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    fn fill_but(&self, pages: u64) {
        let free = rustix::fs::statvfs(self.folder.path())
            .expect("statvfs")
            .f_bavail;
        let size = usize::try_from((free - pages) * 4096).expect("small");
        fs::write(self.folder.path().join("ballast"), vec![0; size]).expect("fills");
    }

    fn make_room(&self) {
        fs::remove_file(self.folder.path().join("ballast")).expect("makes room");
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        Command::new("umount")
            .arg("-l")
            .arg(self.folder.path())
            .status()
            .ok();
    }
}

async fn refused_for_want_of_room(held: &Held, launch: &Launch) {
    match held.client.start(launch.clone()).await {
        Err(CallError::Refused(error)) => {
            assert_eq!(error.code, "disk_full");
            assert!(
                error.message.contains("No space left") && error.message.contains("hint:"),
                "{error}"
            );
        }
        other => panic!("not refused: {other:?}"),
    }
    assert_eq!(held.client.stats().await.expect("stats").members, 0);
    assert!(Bench::effects(launch).is_empty() && !launch.folder.join("record.json").exists());
}

#[tokio::test]
async fn on_a_full_disk_nothing_is_started_and_later_it_is() {
    if !is_root() {
        return caddis_testkit::skip("mounts", "only root can mount a small file system");
    }
    let small = Small::mount();
    let bench = Bench::at(small.path());
    let mut held = bench.keeper(&[]).await;
    // Not on that disk, where a full one would hold it up for ever.
    let elsewhere = tempfile::tempdir().expect("a folder");
    let end = elsewhere.path().join("end");
    let code = format!("member.ready({{}})\nwhile not os.path.exists({end:?}): time.sleep(0.01)\nos._exit(3)");
    let launch = bench.launch("job.1", &code);
    for pages in [0, 1] {
        small.fill_but(pages);
        refused_for_want_of_room(&held, &launch).await;
        small.make_room();
    }
    held.client
        .start(launch.clone())
        .await
        .expect("there is room now");
    held.until(&launch.key, "ready again", |record| record.ready.is_some())
        .await;
    small.fill_but(0);
    fs::write(&end, "").expect("lets it end");
    assert_eq!(
        held.ended(&launch.key).await.exit,
        Some(Exit::Code(3)),
        "a full disk hides no end"
    );
    let on_disk = || fs::read_to_string(launch.folder.join("record.json")).expect("record");
    assert!(!on_disk().contains("\"ended\""));
    small.make_room();
    until("it is written as soon as there is room", || {
        on_disk().contains("\"ended\"")
    })
    .await;
}
