//! Ending members, and what they leave behind.

use std::fs;
use std::time::{Duration, Instant};

use caddis_backends::local::keeper::wire::{Exit, KilledBy, Rung, SignalName};
use rustix::process::Signal;

use crate::support::{Bench, Held, alive, signal, until};

fn rung(signal: SignalName, wait_ms: u64) -> Rung {
    Rung { signal, wait_ms }
}

/// Leaves a grandchild in a session of its own that ignores all that can be ignored; `%` is where its environment goes.
const DAEMON: &str = r#"
import signal, subprocess
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        code = "import os,signal,sys,time\nfor n in (1, 2, 15): signal.signal(n, signal.SIG_IGN)\n" \
               "open(sys.argv[1] + '.new', 'w').write(str(os.getpid()))\nos.rename(sys.argv[1] + '.new', sys.argv[1])\n" \
               "time.sleep(600)"
        os.execve(sys.executable, [sys.executable, "-c", code, os.path.join(member.folder, "daemon")], ENVIRON)
    os._exit(0)
os.wait()
while not os.path.exists(os.path.join(member.folder, "daemon")):
    time.sleep(0.01)
member.ready({})
"#;

fn daemon(environ: &str) -> String {
    DAEMON.replace("ENVIRON", environ)
}

fn daemon_pid(folder: &std::path::Path) -> i32 {
    fs::read_to_string(folder.join("daemon"))
        .expect("it was started")
        .parse()
        .expect("a pid")
}

#[tokio::test]
async fn a_killed_member_is_told_within_milliseconds() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[]).await;
    let mut took = Vec::new();
    // Not by a look now and then: it is woken. On a busy machine one of a few may be slow.
    while took.iter().all(|took| *took > Duration::from_millis(100)) {
        assert!(took.len() < 5, "never within 100 ms: {took:?}");
        let name = format!("worker-1.{}", took.len() + 1);
        let launch = bench.launch(&name, "member.ready({}); time.sleep(600)");
        held.client.start(launch.clone()).await.expect("starts");
        let pid = held.ready(&launch.key).await.pid.expect("pid");
        let before = Instant::now();
        signal(pid, Signal::SEGV);
        let ended = held.ended(&launch.key).await;
        took.push(before.elapsed());
        assert_eq!(ended.exit, Some(Exit::Signal(Signal::SEGV.as_raw())));
        assert!(ended.killed_by.is_none());
    }
    println!("told after {took:?}");
}

#[tokio::test]
async fn a_ladder_ends_what_ignores_its_steps() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[]).await;
    let code = "import signal\nfor n, name in ((2, 'INT'), (15, 'TERM')):\n    \
                signal.signal(n, lambda *_, name=name: print(name))\nmember.ready({})\nwhile True: time.sleep(1)";
    let launch = bench.launch("job.1", code);
    held.client.start(launch.clone()).await.expect("starts");
    held.ready(&launch.key).await;
    let ladder = [rung(SignalName::Int, 2000), rung(SignalName::Term, 2000)];
    let before = Instant::now();
    held.client
        .stop(&launch.key, "enough", &ladder)
        .await
        .expect("stops");
    let ended = held.ended(&launch.key).await;
    assert!(
        before.elapsed() >= Duration::from_millis(4000),
        "{:?}",
        before.elapsed()
    );
    assert_eq!(ended.exit, Some(Exit::Signal(9)));
    assert_eq!(
        ended.killed_by,
        Some(KilledBy::Stop {
            reason: "enough".into()
        })
    );
    assert_eq!(Bench::said(&launch), "INT\nTERM\n");
}

#[tokio::test]
async fn a_second_stop_hurries_and_a_slower_one_does_not_delay() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[]).await;
    let launch = bench.launch(
        "job.1",
        "import signal\nsignal.signal(2, signal.SIG_IGN)\nmember.ready({})\ntime.sleep(600)",
    );
    held.client.start(launch.clone()).await.expect("starts");
    held.ready(&launch.key).await;
    held.client
        .stop(&launch.key, "first", &[rung(SignalName::Int, 3_600_000)])
        .await
        .expect("stops");
    held.client
        .stop(&launch.key, "second", &[])
        .await
        .expect("hurries");
    held.client
        .stop(&launch.key, "third", &[rung(SignalName::Int, 3_600_000)])
        .await
        .expect("is heard");
    let ended = held.ended(&launch.key).await;
    assert_eq!(ended.exit, Some(Exit::Signal(9)));
    assert_eq!(
        ended.killed_by,
        Some(KilledBy::Stop {
            reason: "first".into()
        })
    );
    held.client
        .stop(&launch.key, "too late", &[])
        .await
        .expect("an ended one is left as it is");
}

async fn leaves_nothing(code: &str, act: impl AsyncFnOnce(&Bench, &mut Held, &str)) {
    let bench = Bench::new();
    let mut held = bench.keeper(&[]).await;
    let launch = bench.launch("job.1", code);
    held.client.start(launch.clone()).await.expect("starts");
    held.until(&launch.key, "ready or ended", |record| {
        record.ready.is_some()
    })
    .await;
    let pid = daemon_pid(&launch.folder);
    act(&bench, &mut held, &launch.key).await;
    until(
        &format!("the daemon {pid} is gone\n{}", bench.log()),
        || !alive(pid),
    )
    .await;
    let bystander = held.client.stats().await.expect("stats");
    assert_eq!(
        bystander.fork_servers.len(),
        1,
        "the fork server is not among the killed"
    );
}

#[tokio::test]
async fn a_member_that_ends_leaves_no_daemon() {
    leaves_nothing(&daemon("os.environ"), async |_, held, key| {
        drop(held.ended(key).await)
    })
    .await;
}

#[tokio::test]
async fn a_daemon_that_emptied_its_environment_is_found_too() {
    leaves_nothing(&daemon("{}"), async |_, held, key| {
        drop(held.ended(key).await)
    })
    .await;
}

#[tokio::test]
async fn a_purge_kills_members_and_daemons_and_answers_when_nothing_lives() {
    let code = format!("{}\ntime.sleep(600)", daemon("{}"));
    leaves_nothing(&code, async |bench, held, key| {
        let (pid, folder) = held
            .record(key)
            .map(|r| (r.pid.expect("pid"), r.folder.clone()))
            .expect("known");
        let killed = held
            .client
            .purge(&bench.cluster, "gone")
            .await
            .expect("purges");
        assert!(killed >= 2, "{killed}");
        assert!(!alive(pid) && !alive(daemon_pid(&folder)));
        let ended = held.ended(key).await;
        assert_eq!(
            ended.killed_by,
            Some(KilledBy::Purge {
                reason: "gone".into()
            })
        );
        assert_eq!(
            held.client
                .purge(&bench.cluster, "again")
                .await
                .expect("purges"),
            0
        );
    })
    .await;
}

#[tokio::test]
async fn a_purge_after_the_keeper_was_killed_kills_them_too() {
    for environ in ["os.environ", "{}"] {
        let bench = Bench::new();
        let mut held = bench.keeper(&[]).await;
        let stays = bench.launch("job.1", &format!("{}\ntime.sleep(600)", daemon(environ)));
        let ends = bench.launch("job.2", &format!("{}\ntime.sleep(600)", daemon(environ)));
        for launch in [&stays, &ends] {
            held.client.start(launch.clone()).await.expect("starts");
        }
        let mut pids = Vec::new();
        for launch in [&stays, &ends] {
            pids.push(held.ready(&launch.key).await.pid.expect("pid"));
            pids.push(daemon_pid(&launch.folder));
        }
        held.kill_keeper().await;
        assert!(
            pids.iter().all(|pid| alive(*pid)),
            "the keeper's end ends nobody"
        );
        let held = bench.keeper(&[]).await;
        let killed = held
            .client
            .purge(&bench.cluster, "gone")
            .await
            .expect("purges");
        assert_eq!(killed, 4, "{}", bench.log());
        assert!(!pids.iter().any(|pid| alive(*pid)));
    }
}
