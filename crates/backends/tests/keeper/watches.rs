//! Memory, output and leases: what the keeper watches while its members run.

use std::cell::Cell;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use caddis_backends::local::keeper::wire::{Exit, KilledBy, Kind};

use rustix::process::Signal;

use crate::support::{Bench, alive, kill, signal, until};

const MB: u64 = 1 << 20;
const GROWS: &str = "member.ready({})\nheld = []\nwhile True:\n    held.append(b'x' * (4 << 20))\n    time.sleep(0.1)";

#[tokio::test]
async fn a_member_above_its_memory_limit_is_killed_and_it_is_told_why() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[]).await;
    let mut launch = bench.launch("worker-1.1", GROWS);
    launch.memory_limit = Some(100 * MB);
    held.client.start(launch.clone()).await.expect("starts");
    let ended = held.ended(&launch.key).await;
    assert_eq!(ended.exit, Some(Exit::Signal(9)));
    let Some(KilledBy::Memory { rss, limit, pss }) = ended.killed_by else {
        panic!("{ended:?}")
    };
    assert_eq!(limit, 100 * MB);
    let ceiling = 98 * MB;
    assert!(rss > ceiling, "{rss} {pss:?}");
    // On a busy machine the kernel's group may be quicker; it tells no proportional size.
    assert!(
        pss.is_none_or(|pss| (ceiling..160 * MB).contains(&pss)),
        "killed early or late, at {pss:?}"
    );
    assert!(ended.peak_rss >= rss);
}

#[tokio::test]
async fn a_limit_is_kept_by_the_next_keeper_too() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[]).await;
    let code = GROWS.replacen("held = []", "held = []\nwhile not os.path.exists(os.path.join(member.folder, 'grow')): time.sleep(0.01)", 1);
    let mut launch = bench.launch("worker-1.1", &code);
    launch.memory_limit = Some(100 * MB);
    held.client.start(launch.clone()).await.expect("starts");
    held.ready(&launch.key).await;
    held.kill_keeper().await;
    let mut held = bench.keeper(&[]).await;
    fs::write(launch.folder.join("grow"), "").expect("lets it grow");
    let ended = held.ended(&launch.key).await;
    assert!(
        matches!(ended.killed_by, Some(KilledBy::Memory { .. })),
        "{ended:?}"
    );
}

#[tokio::test]
async fn a_member_within_its_limit_is_left_alone() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[]).await;
    let mut launch = bench.launch(
        "worker-1.1",
        "x = b'x' * (60 << 20)\nmember.ready({})\ntime.sleep(1.5)",
    );
    launch.memory_limit = Some(100 * MB);
    held.client.start(launch.clone()).await.expect("starts");
    let ended = held.ended(&launch.key).await;
    assert_eq!((ended.exit, ended.killed_by), (Some(Exit::Code(0)), None));
    assert!(
        ended.peak_rss > 60 * MB && ended.peak_rss < 100 * MB,
        "{}",
        ended.peak_rss
    );
}

#[tokio::test]
async fn output_beyond_its_limit_loses_its_middle_and_blocks_nobody() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[]).await;
    let code = "for n in range(200_000): print(f'{n:09}')\nmember.ready({})\ntime.sleep(600)";
    let mut launch = bench.launch("job.1", code);
    launch.output_limit = Some(256 << 10);
    held.client.start(launch.clone()).await.expect("starts");
    held.ready(&launch.key).await;
    let size = 2_000_000;
    let kept = || fs::metadata(&launch.stdout).expect("output").blocks() * 512;
    // The last look tells of the last gap: the limit's eighth is kept of the beginning, the rest of the end.
    let last = format!("{} {}", 32 << 10, (size - (224 << 10)) / 4096 * 4096);
    let told = || fs::read_to_string(launch.folder.join("stdout.gap")).unwrap_or_default();
    until("its middle is freed", || kept() <= 300 << 10 && told().trim() == last).await;
    let text = fs::read(&launch.stdout).expect("output");
    assert_eq!(text.len(), size);
    let gap = fs::read_to_string(launch.folder.join("stdout.gap")).expect("the gap is told");
    let (start, end) = gap.trim().split_once(' ').expect("two numbers");
    let (start, end): (usize, usize) = (start.parse().expect("start"), end.parse().expect("end"));
    assert!(start >= 32 << 10 && size - end >= 224 << 10, "{gap}");
    let line = |at: usize| format!("{:09}\n", at / 10).into_bytes();
    let whole: Vec<u8> = (0..size).step_by(10).flat_map(line).collect();
    assert!(text[..start] == whole[..start] && text[end..] == whole[end..]);
    assert!(text[start..end].iter().all(|byte| *byte == 0));
    assert!(!launch.folder.join("stderr.gap").exists());
}

#[tokio::test]
async fn a_lease_is_renewed_while_a_job_lives_by_every_keeper() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[]).await;
    let lease = bench
        .home
        .join("clusters")
        .join(&bench.cluster)
        .join("lease");
    let old = SystemTime::UNIX_EPOCH;
    let age = || {
        fs::metadata(&lease)
            .and_then(|meta| meta.modified())
            .expect("lease")
            .elapsed()
            .unwrap_or_default()
    };
    let make_old = || {
        fs::File::create(&lease)
            .and_then(|file| file.set_modified(old))
            .expect("an old lease")
    };
    let mut worker = bench.launch("worker-1.1", "member.ready({}); time.sleep(600)");
    let mut job = bench.launch("job.1", "member.ready({}); time.sleep(600)");
    worker.kind = Kind::Worker;
    (worker.lease, job.lease) = (Some(lease.clone()), Some(lease.clone()));
    make_old();
    held.client.start(worker.clone()).await.expect("starts");
    held.ready(&worker.key).await;
    assert!(age() > Duration::from_secs(3000), "a worker renews nothing");
    held.client.start(job.clone()).await.expect("starts");
    until("renewed", || age() < Duration::from_secs(60)).await;
    held.ready(&job.key).await;
    held.kill_keeper().await;
    make_old();
    let _held = bench.keeper(&[]).await;
    until("renewed by the next keeper", || {
        age() < Duration::from_secs(60)
    })
    .await;
}

#[tokio::test]
async fn a_cluster_whose_lease_nobody_renews_is_ended_with_all_that_it_left() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[("KEEPER_LEASE_MS", "200")]).await;
    let lease = bench.home.join("clusters").join(&bench.cluster).join("lease");
    let leased = |name: &str, python: &str| {
        let mut launch = bench.launch(name, python);
        launch.kind = Kind::Worker;
        (launch.lease, launch.lease_seconds) = (Some(lease.clone()), Some(4));
        launch
    };
    let stuck = leased(
        "worker-1.1",
        "import signal\nfor s in (signal.SIGINT, signal.SIGTERM): signal.signal(s, signal.SIG_IGN)\n\
         pid = os.fork()\nif pid == 0:\n    os.setsid()\n    time.sleep(600)\n\
         member.ready({'child': pid})\ntime.sleep(600)",
    );
    let polite = leased(
        "worker-2.1",
        "import signal\nsignal.signal(signal.SIGINT, lambda *_: os._exit(7))\nmember.ready({})\ntime.sleep(600)",
    );
    let other = bench.launch("worker-3.1", "member.ready({}); time.sleep(600)");
    for launch in [&stuck, &polite, &other] {
        // Renewed at each start, which may take a while here.
        fs::write(&lease, "").expect("a lease");
        held.client.start(launch.clone()).await.expect("starts");
    }
    let said = held.ready(&stuck.key).await.ready.expect("said");
    let child = i32::try_from(said["child"].as_i64().expect("a pid")).expect("a pid");
    fs::write(&lease, "").expect("a lease");
    held.ready(&polite.key).await;
    // Renewed all the while, by a clock that jumps back and forth.
    let until_then = tokio::time::Instant::now() + Duration::from_secs(8);
    let hours = Cell::new(0);
    until("twice its time is over", || {
        hours.set((hours.get() + 1) % 1000);
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(hours.get() * 3600);
        let file = fs::File::options().write(true).open(&lease);
        file.and_then(|file| file.set_modified(wall)).expect("touched");
        tokio::time::Instant::now() > until_then
    })
    .await;
    assert!(held.client.stats().await.expect("stats").members == 3 && alive(child));
    let ended = held.ended(&polite.key).await;
    assert_eq!((ended.exit, ended.killed_by), (Some(Exit::Code(7)), Some(KilledBy::Lease)));
    let ended = held.ended(&stuck.key).await;
    assert_eq!((ended.exit, ended.killed_by), (Some(Exit::Signal(9)), Some(KilledBy::Lease)));
    until("what it left is ended", || !alive(child)).await;
    let ended = held.ended(&other.key).await;
    assert_eq!(ended.killed_by, Some(KilledBy::Lease), "it belongs to the cluster");
    assert!(bench.log().contains("was not renewed"), "{}", bench.log());
}

/// A scheduler closes by itself before the keeper would end it.
#[tokio::test]
async fn a_member_that_closed_for_its_lease_is_told_as_such() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[]).await;
    let launch = bench.launch("scheduler.1", "member.lapsed = True");
    held.client.start(launch.clone()).await.expect("starts");
    let ended = held.ended(&launch.key).await;
    assert_eq!((ended.exit, ended.killed_by), (Some(Exit::Code(0)), Some(KilledBy::Lease)));
}

/// A memory cgroup with a small limit, where one can be made.
struct Tight(PathBuf);

impl Tight {
    fn make(limit: u64) -> Option<Self> {
        let name = format!("caddis-test-{}", std::process::id());
        let roots = [
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            ("/sys/fs/cgroup", "memory.max"),
        ];
        roots.into_iter().find_map(|(root, file)| {
            let tight = Self(Path::new(root).join(&name));
            fs::create_dir(&tight.0).ok()?;
            fs::write(tight.0.join(file), limit.to_string())
                .ok()
                .map(|()| tight)
        })
    }

    fn put(&self, pid: i32) {
        fs::write(self.0.join("cgroup.procs"), pid.to_string()).expect("moves");
    }
}

impl Drop for Tight {
    fn drop(&mut self) {
        fs::remove_dir(&self.0).ok();
    }
}

/// Nobody looks at what a task starts, and a keeper that is held up looks at nothing.
#[tokio::test]
async fn the_kernels_group_holds_between_two_looks_and_for_what_a_member_starts() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[]).await;
    let Some(groups) = held.client.stats().await.expect("stats").limits.groups else {
        return caddis_testkit::skip("memory cgroup", "none can be made here");
    };
    let waits = "\nwhile not os.path.exists(os.path.join(member.folder, 'grow')): time.sleep(0.01)\n";
    let child = format!(
        "member.ready({{}}){waits}pid = os.fork()\nif pid == 0:\n    x = b'x' * (300 << 20)\n    os._exit(0)\n\
         sys.exit(os.waitpid(pid, 0)[1])"
    );
    let own = format!("member.ready({{}}){waits}x = b'x' * (300 << 20)\ntime.sleep(600)");
    let (mut parent, mut grown) = (bench.launch("worker-1.1", &child), bench.launch("worker-2.1", &own));
    for launch in [&mut parent, &mut grown] {
        launch.memory_limit = Some(100 * MB);
        held.client.start(launch.clone()).await.expect("starts");
        held.ready(&launch.key).await;
        let group = groups.join(launch.key.replace('/', ":"));
        let pid = held.record(&launch.key).and_then(|record| record.pid).expect("pid");
        until("it is in its group", || {
            fs::read_to_string(group.join("cgroup.procs")).is_ok_and(|text| text.lines().any(|line| line == pid.to_string()))
        })
        .await;
    }
    fs::write(parent.folder.join("grow"), "").expect("lets it grow");
    let ended = held.ended(&parent.key).await;
    assert!(
        ended.exit == Some(Exit::Code(9)) || matches!(ended.killed_by, Some(KilledBy::Memory { .. })),
        "{ended:?}"
    );
    let pid = held.record(&grown.key).and_then(|record| record.pid).expect("pid");
    signal(held.pid, Signal::STOP);
    fs::write(grown.folder.join("grow"), "").expect("lets it grow");
    until("the kernel ends it", || !alive(pid)).await;
    signal(held.pid, Signal::CONT);
    let ended = held.ended(&grown.key).await;
    assert_eq!(ended.exit, Some(Exit::Signal(9)));
    let Some(KilledBy::Memory { rss, limit, .. }) = ended.killed_by else {
        panic!("{ended:?}")
    };
    assert!(limit == 100 * MB && rss >= limit, "{rss}");
    until("no group is left", || fs::read_dir(&groups).is_ok_and(|left| left.flatten().all(|entry| !entry.path().is_dir()))).await;
    held.client.shutdown().await.expect("ends");
    held.lost().await;
    assert!(!groups.exists(), "the folder goes with the keeper");
}

#[tokio::test]
async fn groups_that_a_killed_keeper_left_are_removed_by_the_next_and_those_of_the_living_are_kept() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[]).await;
    let Some(groups) = held.client.stats().await.expect("stats").limits.groups else {
        return caddis_testkit::skip("memory cgroup", "none can be made here");
    };
    let (mut dead, mut living) = (
        bench.launch("worker-1.1", "member.ready({}); time.sleep(600)"),
        bench.launch("worker-2.1", "member.ready({}); time.sleep(600)"),
    );
    let group = |key: &str| groups.join(key.replace('/', ":"));
    for launch in [&mut dead, &mut living] {
        launch.memory_limit = Some(100 * MB);
        held.client.start(launch.clone()).await.expect("starts");
        held.ready(&launch.key).await;
        until("it has a group", || group(&launch.key).is_dir()).await;
    }
    let pid = held.record(&dead.key).and_then(|record| record.pid).expect("pid");
    held.kill_keeper().await;
    // While somebody is in it: once it is empty, every keeper that starts on this machine may remove it.
    assert!(group(&dead.key).is_dir());
    kill(pid);
    until("it is gone", || !alive(pid)).await;
    let mut held = bench.keeper(&[]).await;
    until("the dead one's is removed", || !group(&dead.key).exists()).await;
    assert!(group(&living.key).is_dir());
    held.client.purge(&bench.cluster, "end of test").await.expect("purges");
    held.ended(&living.key).await;
    held.client.shutdown().await.expect("ends");
    held.lost().await;
    assert!(!groups.exists());
}

#[tokio::test]
async fn a_kill_by_the_kernel_is_told_from_one_by_somebody_else() {
    let Some(tight) = Tight::make(60 * MB) else {
        return caddis_testkit::skip("memory cgroup", "none can be made here");
    };
    let bench = Bench::new();
    let mut held = bench.keeper(&[]).await;
    let code = GROWS.replacen("held = []", "held = []\nwhile not os.path.exists(os.path.join(member.folder, 'grow')): time.sleep(0.01)", 1);
    let other = bench.launch("worker-2.1", "member.ready({}); time.sleep(600)");
    held.client.start(other.clone()).await.expect("starts");
    kill(held.ready(&other.key).await.pid.expect("pid"));
    let ended = held.ended(&other.key).await;
    assert_eq!((ended.exit, ended.killed_by), (Some(Exit::Signal(9)), None));
    let launch = bench.launch("worker-1.1", &code);
    held.client.start(launch.clone()).await.expect("starts");
    let pid = held.ready(&launch.key).await.pid.expect("pid");
    tight.put(pid);
    fs::write(launch.folder.join("grow"), "").expect("lets it grow");
    let ended = held.ended(&launch.key).await;
    assert_eq!(
        (ended.exit, ended.killed_by),
        (Some(Exit::Signal(9)), Some(KilledBy::KernelOom))
    );
}
