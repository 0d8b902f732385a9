//! Memory, output and leases: what the keeper watches while its members run.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use caddis_backends::local::keeper::wire::{Exit, KilledBy};

use crate::support::{Bench, kill, until};

const MB: u64 = 1 << 20;
const GROWS: &str = "member.ready({})\nheld = []\nwhile True:\n    held.append(b'x' * (4 << 20))\n    time.sleep(0.02)";

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
    assert!(
        pss.expect("readable here") > ceiling && rss > ceiling,
        "{rss} {pss:?}"
    );
    assert!(
        pss.expect("readable here") < 160 * MB,
        "killed late, at {pss:?}"
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
    until("its middle is freed", || kept() <= 300 << 10).await;
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
    worker.kind = caddis_backends::local::keeper::wire::Kind::Worker;
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

#[tokio::test]
async fn a_kill_by_the_kernel_is_told_from_one_by_somebody_else() {
    let Some(tight) = Tight::make(60 * MB) else {
        return println!("not checked: no memory cgroup can be made here");
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
