//! A state folder, a real keeper in it and real Python members, for every test of the keeper.
//!
//! The members run the real fork server and member code of the runtime; only the imports and the roles are stood in
//! for, so that a test needs no Dask.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use caddis_backends::local::keeper::client::{KeeperClient, KeeperEvents};
use caddis_backends::local::keeper::spawn_detached;
use caddis_backends::local::keeper::wire::{
    Event, Interpreter, Kind, Launch, Record, State, Stdin,
};
use rustix::process::{Pid, Signal, kill_process};

/// Longer than anything here takes on a busy machine.
pub(crate) const BOUND: Duration = Duration::from_secs(30);

/// One test's state folder, with a cluster's name that no other test has.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    pub(crate) home: PathBuf,
    pub(crate) cluster: String,
    pub(crate) runtime: PathBuf,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::within(folder, None)
    }

    /// With the state folder somewhere else: a small file system.
    pub(crate) fn at(home: PathBuf) -> Self {
        Self::within(tempfile::tempdir().expect("a folder"), Some(home))
    }

    fn within(folder: tempfile::TempDir, home: Option<PathBuf>) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let cluster = format!("cl_t{}_{number}", std::process::id());
        let home = home.unwrap_or_else(|| folder.path().join("home"));
        fs::create_dir_all(&home).expect("home");
        fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).expect("private");
        let runtime = make_runtime(folder.path());
        Self {
            folder,
            home,
            cluster,
            runtime,
        }
    }

    /// Connects to a keeper that is started if need be, with these variables.
    pub(crate) async fn keeper(&self, variables: &[(&str, &str)]) -> Held {
        let exe = self.executable(variables);
        let (client, events) = spawn_detached(&exe, &self.home)
            .await
            .unwrap_or_else(|error| {
                panic!("no keeper: {error}\n{}", self.log());
            });
        Held::new(client, events)
    }

    fn executable(&self, variables: &[(&str, &str)]) -> PathBuf {
        let keeper = keeper_binary();
        let script = self
            .folder
            .path()
            .join(format!("keeper-{}", variables.len()));
        let set: String = variables
            .iter()
            .map(|(name, value)| format!("{name}={value} "))
            .collect();
        fs::write(
            &script,
            format!("#!/bin/sh\n{set} exec {} \"$@\"\n", keeper.display()),
        )
        .expect("script");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("executable");
        script
    }

    /// A launch of this Python text, forked.
    pub(crate) fn launch(&self, name: &str, python: &str) -> Launch {
        let folder = self
            .home
            .join("clusters")
            .join(&self.cluster)
            .join("members")
            .join(name);
        fs::create_dir_all(&folder).expect("member folder");
        Launch {
            key: format!("{}/{name}", self.cluster),
            cluster: self.cluster.clone(),
            kind: Kind::Job,
            interpreter: self.interpreter(),
            runtime: self.runtime.clone(),
            env: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
            cwd: "/".into(),
            umask: 0o022,
            stdin: Stdin::Null,
            stdout: folder.join("stdout"),
            stderr: folder.join("stderr"),
            memory_limit: None,
            terminate: 0.98,
            output_limit: None,
            lease: None,
            lease_seconds: None,
            role: serde_json::json!({ "python": python }),
            folder,
        }
    }

    pub(crate) fn interpreter(&self) -> Interpreter {
        Interpreter {
            python: python(),
            fork: true,
            env: BTreeMap::new(),
            preload: Vec::new(),
            fingerprint: self.cluster.clone(),
        }
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.home.join("keeper.log")).unwrap_or_default()
    }

    /// The processes that ran user code for this launch.
    pub(crate) fn effects(launch: &Launch) -> Vec<i32> {
        let text = fs::read_to_string(launch.folder.join("effects")).unwrap_or_default();
        text.lines()
            .map(|line| line.parse().expect("a pid"))
            .collect()
    }

    pub(crate) fn said(launch: &Launch) -> String {
        let read = |path: &Path| fs::read_to_string(path).unwrap_or_default();
        format!("{}{}", read(&launch.stdout), read(&launch.stderr))
    }
}

impl Drop for Bench {
    /// A test that failed must not leave processes behind either.
    fn drop(&mut self) {
        let marker = format!("CADDIS_MEMBER={}/", self.cluster);
        let home = self.home.clone().into_os_string().into_encoded_bytes();
        for pid in all_pids() {
            let read = |name: &str| fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
            let marked = contains(&read("environ"), marker.as_bytes());
            let keeper = contains(&read("cmdline"), &home) && contains(&read("cmdline"), b"keeper");
            if marked || keeper {
                kill(pid);
            }
        }
        self.remove_groups();
    }
}

impl Bench {
    /// A keeper that was killed leaves its groups to the next one, and here there is none.
    fn remove_groups(&self) {
        let log = self.log();
        let named = log.lines().filter_map(|line| line.split_once("limited by groups in `"));
        for folder in named.map(|(_, rest)| PathBuf::from(rest.trim_end_matches('`'))) {
            let deadline = Instant::now() + BOUND;
            while folder.is_dir() && fs::remove_dir(&folder).is_err() && Instant::now() < deadline {
                let groups = fs::read_dir(&folder).into_iter().flatten().flatten();
                groups.for_each(|group| drop(fs::remove_dir(group.path())));
            }
        }
    }
}

/// A connection with all that it has told.
pub(crate) struct Held {
    pub(crate) client: KeeperClient,
    pub(crate) pid: i32,
    pub(crate) events: KeeperEvents,
    seen: BTreeMap<String, Record>,
    pub(crate) history: Vec<Event>,
}

impl Held {
    pub(crate) fn new(client: KeeperClient, events: KeeperEvents) -> Self {
        let seen = events
            .hello
            .members
            .iter()
            .map(|record| (record.key.clone(), record.clone()))
            .collect();
        Self {
            client,
            pid: events.hello.pid,
            events,
            seen,
            history: Vec::new(),
        }
    }

    /// The last record told of this key.
    pub(crate) fn record(&self, key: &str) -> Option<&Record> {
        self.seen.get(key)
    }

    /// Waits until a record is as wanted.
    pub(crate) async fn until(
        &mut self,
        key: &str,
        what: &str,
        wanted: impl Fn(&Record) -> bool,
    ) -> Record {
        let deadline = tokio::time::Instant::now() + BOUND;
        loop {
            if let Some(record) = self.seen.get(key).filter(|record| wanted(record)) {
                return record.clone();
            }
            let event = tokio::time::timeout_at(deadline, self.events.events.recv()).await;
            match event {
                Ok(Some(event)) => self.take(event),
                Ok(None) => panic!(
                    "the keeper went away before `{key}` was {what}: {:?}",
                    self.seen.get(key)
                ),
                Err(_) => panic!("`{key}` was not {what} in time: {:?}", self.seen.get(key)),
            }
        }
    }

    pub(crate) async fn ended(&mut self, key: &str) -> Record {
        self.until(key, "ended", |record| record.state == State::Ended)
            .await
    }

    pub(crate) async fn ready(&mut self, key: &str) -> Record {
        self.until(key, "ready", |record| record.state == State::Ready)
            .await
    }

    /// Waits for an event of any kind.
    pub(crate) async fn event(&mut self, what: &str, wanted: impl Fn(&Event) -> bool) -> Event {
        let deadline = tokio::time::Instant::now() + BOUND;
        loop {
            let event = tokio::time::timeout_at(deadline, self.events.events.recv()).await;
            let event = event
                .unwrap_or_else(|_| panic!("{what} was not told in time"))
                .expect("the keeper is there");
            self.take(event.clone());
            if wanted(&event) {
                return event;
            }
        }
    }

    /// Waits until the keeper is gone.
    pub(crate) async fn lost(&mut self) {
        let deadline = tokio::time::Instant::now() + BOUND;
        while let Some(event) = tokio::time::timeout_at(deadline, self.events.events.recv())
            .await
            .expect("in time")
        {
            self.take(event);
        }
        until("the keeper is gone", || !alive(self.pid)).await;
    }

    fn take(&mut self, event: Event) {
        if let Event::Member { member } = &event {
            self.seen.insert(member.key.clone(), (**member).clone());
        }
        self.history.push(event);
    }

    /// Kills the keeper and waits until it is gone.
    pub(crate) async fn kill_keeper(mut self) {
        kill(self.pid);
        self.lost().await;
    }
}

/// Waits on a level, with a bound.
pub(crate) async fn until(what: &str, level: impl Fn() -> bool) {
    let deadline = Instant::now() + BOUND;
    while !level() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

pub(crate) fn alive(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

pub(crate) fn kill(pid: i32) {
    signal(pid, Signal::KILL);
}

pub(crate) fn signal(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).expect("a pid"), signal).ok();
}

pub(crate) fn all_pids() -> Vec<i32> {
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// The keeper without the rest of `caddis`.
pub(crate) fn keeper_binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_keeper-alone"))
}

/// A Python that works, by its real path: a shim may choose another one in another folder.
pub(crate) fn python() -> PathBuf {
    let works = |name: &&str| {
        let output = std::process::Command::new(name)
            .args(["-c", "import sys; print(sys.executable)"])
            .output();
        output
            .ok()
            .filter(|output| output.status.success())
            .map(|output| output.stdout)
    };
    let names = [
        "python3",
        "/usr/bin/python3",
        "python3.13",
        "python3.12",
        "python3.11",
        "python3.10",
    ];
    let told = names
        .iter()
        .find_map(works)
        .expect("these tests need a Python");
    PathBuf::from(String::from_utf8(told).expect("a path").trim())
}

fn make_runtime(folder: &Path) -> PathBuf {
    let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../python/caddis/src/caddis/runtime");
    let stand_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keeper/runtime");
    let runtime = folder.join("runtime");
    let package = runtime.join("caddis/runtime");
    fs::create_dir_all(&package).expect("runtime");
    let copy = |from: &Path, name: &str, to: &str| {
        fs::copy(from.join(name), package.join(to))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    };
    for name in ["__init__.py", "forkserver.py", "spawn.py", "member.py"] {
        copy(&real, name, name);
    }
    copy(&stand_in, "warm.py", "warm.py");
    for role in ["job.py", "worker.py", "scheduler.py"] {
        copy(&stand_in, "job.py", role);
    }
    runtime
}
