//! The keeper is killed at every point of a start and of a life; the next one takes over.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use caddis_backends::local::keeper::client::CallError;
use caddis_backends::local::keeper::wire::{Exit, Launch, Record, State};
use rustix::process::Signal;

use crate::support::{BOUND, Bench, Held, alive, all_pids, kill, signal, until};

/// Starts a member under a keeper that kills itself at `point`, and returns with the next keeper.
async fn crashed_at(bench: &Bench, point: &str, launch: &Launch) -> Held {
    let mut held = bench.keeper(&[("KEEPER_CRASH_AT", point)]).await;
    let started = held.client.start(launch.clone()).await;
    assert!(
        matches!(started, Ok(_) | Err(CallError::Lost)),
        "{started:?}"
    );
    held.lost().await;
    assert!(
        bench.log().contains(&format!("killed at `{point}`")),
        "{}",
        bench.log()
    );
    bench.keeper(&[]).await
}

fn carriers(key: &str) -> Vec<i32> {
    let marker = format!("CADDIS_MEMBER={key:.<120}");
    let carries = |pid: &i32| {
        let environ = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environ
            .split(|byte| *byte == 0)
            .any(|entry| entry == marker.as_bytes())
    };
    all_pids()
        .into_iter()
        .filter(carries)
        .filter(|pid| alive(*pid))
        .collect()
}

fn exists(pid: i32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

/// What a keeper had no time to clear away, the next one clears away.
#[tokio::test]
async fn leftovers_of_what_ended_are_found_by_the_next_keeper() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[]).await;
    let launch = bench.launch("job.1", "");
    held.client.start(launch.clone()).await.expect("starts");
    held.ended(&launch.key).await;
    held.kill_keeper().await;
    let mut left = std::process::Command::new("sleep");
    left.arg("600")
        .env("CADDIS_MEMBER", format!("{:.<120}", launch.key));
    let mut left = left.spawn().expect("sleeps");
    let _held = bench.keeper(&[]).await;
    let ended = || tokio::task::spawn_blocking(move || left.wait());
    let status = tokio::time::timeout(BOUND, ended()).await.expect("in time");
    assert_eq!(status.expect("no panic").expect("waits").signal(), Some(9));
}

/// Asking again never runs it a second time, and what was begun before `go` ends having done nothing.
async fn never_ran(point: &str, wanted: impl Fn(&Record)) {
    let bench = Bench::new();
    let launch = bench.launch("job.1", "sys.exit(7)");
    let mut held = crashed_at(&bench, point, &launch).await;
    let ended = held.ended(&launch.key).await;
    wanted(&ended);
    assert!(!ended.began);
    let again = held.client.start(launch.clone()).await.expect("known");
    assert_eq!(again.state, State::Ended);
    until("nothing carries its marker", || {
        carriers(&launch.key).is_empty()
    })
    .await;
    assert!(Bench::effects(&launch).is_empty());
}

#[tokio::test]
async fn killed_after_the_intent() {
    never_ran("intent", |ended| {
        assert_eq!(ended.exit, Some(Exit::Unknown("never started".into())));
    })
    .await;
}

#[tokio::test]
async fn killed_after_the_fork() {
    never_ran("forked", |ended| {
        assert_eq!(ended.exit, Some(Exit::Unknown("never started".into())));
    })
    .await;
}

#[tokio::test]
async fn killed_before_go() {
    never_ran("started", |ended| {
        assert!(ended.pid.is_some());
        assert!(matches!(ended.exit, Some(Exit::Unknown(_))), "{ended:?}");
    })
    .await;
}

async fn ran_once(point: &str) {
    let bench = Bench::new();
    let code = "member.ready({'n': 1})\nwhile not os.path.exists(os.path.join(member.folder, 'end')): time.sleep(0.01)\nsys.exit(7)";
    let launch = bench.launch("job.1", code);
    let mut held = crashed_at(&bench, point, &launch).await;
    let again = held.client.start(launch.clone()).await.expect("known");
    let ready = held.ready(&launch.key).await;
    assert_eq!(ready.ready, Some(serde_json::json!({"n": 1})));
    assert_eq!(carriers(&launch.key), [ready.pid.expect("pid")]);
    assert_eq!(again.pid, ready.pid);
    fs::write(launch.folder.join("end"), "").expect("lets it end");
    let ended = held.ended(&launch.key).await;
    assert_eq!((ended.exit, ended.began), (Some(Exit::Code(7)), true));
    assert_eq!(Bench::effects(&launch), [ready.pid.expect("pid")]);
}

#[tokio::test]
async fn killed_after_go() {
    ran_once("go").await;
}

#[tokio::test]
async fn killed_when_it_was_ready() {
    ran_once("ready").await;
}

/// A member that lives, with the keeper after the one that started it.
async fn adopted(bench: &Bench, code: &str) -> (Held, Launch, i32) {
    let launch = bench.launch("job.1", code);
    let mut held = bench.keeper(&[]).await;
    held.client.start(launch.clone()).await.expect("starts");
    let pid = held.ready(&launch.key).await.pid.expect("pid");
    held.kill_keeper().await;
    let held = bench.keeper(&[]).await;
    assert_eq!(
        held.record(&launch.key).map(|record| record.state),
        Some(State::Ready)
    );
    (held, launch, pid)
}

/// Linux 6.15 tells how a process ended that was not our child.
fn kernel_tells() -> bool {
    let release = rustix::system::uname()
        .release()
        .to_string_lossy()
        .into_owned();
    let mut numbers = release
        .split(['.', '-'])
        .map_while(|part| part.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(6), Some(15))
}

#[tokio::test]
async fn the_code_of_an_adopted_member_comes_from_the_kernel() {
    let bench = Bench::new();
    let code = "member.ready({})\nwhile not os.path.exists(os.path.join(member.folder, 'end')): time.sleep(0.01)\nos._exit(9)";
    let (mut held, launch, _) = adopted(&bench, code).await;
    fs::write(launch.folder.join("end"), "").expect("lets it end");
    let ended = held.ended(&launch.key).await;
    let wanted = if kernel_tells() {
        Exit::Code(9)
    } else {
        Exit::Unknown("keeper was away".into())
    };
    assert_eq!(ended.exit, Some(wanted));
}

#[tokio::test]
async fn the_signal_of_an_adopted_member_comes_from_the_kernel() {
    let bench = Bench::new();
    let (mut held, launch, pid) = adopted(&bench, "member.ready({}); time.sleep(600)").await;
    signal(pid, Signal::SEGV);
    let ended = held.ended(&launch.key).await;
    let wanted = if kernel_tells() {
        Exit::Signal(11)
    } else {
        Exit::Unknown("keeper was away".into())
    };
    assert_eq!(ended.exit, Some(wanted));
}

#[tokio::test]
async fn an_adopted_member_can_be_stopped_and_reads_on_from_its_input() {
    let bench = Bench::new();
    let (mut held, launch, pid) = adopted(&bench, "member.ready({}); time.sleep(600)").await;
    held.client
        .stop(&launch.key, "enough", &[])
        .await
        .expect("stops");
    let ended = held.ended(&launch.key).await;
    assert!(ended.killed_by.is_some() && !alive(pid));
}

#[tokio::test]
async fn the_code_of_a_member_that_ended_alone_is_its_own_word() {
    let bench = Bench::new();
    let code = "member.ready({})\nwhile not os.path.exists(os.path.join(member.folder, 'end')): time.sleep(0.01)\nsys.exit(8)";
    let launch = bench.launch("job.1", code);
    let mut held = bench.keeper(&[]).await;
    held.client.start(launch.clone()).await.expect("starts");
    let pid = held.ready(&launch.key).await.pid.expect("pid");
    held.kill_keeper().await;
    fs::write(launch.folder.join("end"), "").expect("lets it end");
    until("it was reaped", || !exists(pid)).await;
    let held = bench.keeper(&[]).await;
    let record = held.record(&launch.key).expect("known");
    assert_eq!(
        (record.state, record.exit.clone()),
        (State::Ended, Some(Exit::Code(8)))
    );
    assert!(record.began);
}

#[tokio::test]
async fn of_a_member_that_was_killed_alone_nothing_is_claimed() {
    let bench = Bench::new();
    let launch = bench.launch("worker-1.1", "member.ready({}); time.sleep(600)");
    let mut held = bench.keeper(&[]).await;
    held.client.start(launch.clone()).await.expect("starts");
    let pid = held.ready(&launch.key).await.pid.expect("pid");
    held.kill_keeper().await;
    kill(pid);
    until("it was reaped", || !exists(pid)).await;
    let held = bench.keeper(&[]).await;
    let record = held.record(&launch.key).expect("known");
    assert_eq!(record.exit, Some(Exit::Unknown("keeper was away".into())));
}

#[tokio::test]
async fn a_keeper_that_is_asked_to_end_leaves_what_runs() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[]).await;
    let launch = bench.launch("job.1", "member.ready({}); time.sleep(600)");
    held.client.start(launch.clone()).await.expect("starts");
    let pid = held.ready(&launch.key).await.pid.expect("pid");
    signal(held.pid, Signal::TERM);
    held.lost().await;
    assert!(alive(pid));
    let held = bench.keeper(&[]).await;
    assert_eq!(
        held.record(&launch.key).map(|record| record.state),
        Some(State::Ready)
    );
}

#[tokio::test]
async fn of_two_keepers_one_serves_both_callers() {
    let bench = Bench::new();
    let (first, second) = tokio::join!(bench.keeper(&[]), bench.keeper(&[]));
    assert_eq!(first.pid, second.pid);
}
