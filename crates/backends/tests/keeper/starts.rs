//! Starting members, forked and spawned.

use caddis_backends::local::keeper::client::{CallError, KeeperClient};
use caddis_backends::local::keeper::wire::{Event, Exit, State, Stdin};

use crate::support::{BOUND, Bench, alive, kill, signal, until};

#[tokio::test]
async fn a_member_starts_says_ready_and_ends_with_its_code() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[]).await;
    let code = "print('out'); print('err', file=sys.stderr)\nmember.ready({'address': 'tls://x'})\nsys.exit(3)";
    let launch = bench.launch("job.1", code);
    let started = held.client.start(launch.clone()).await.expect("starts");
    assert_eq!(started.state, State::Started);
    let ended = held.ended(&launch.key).await;
    assert_eq!(ended.exit, Some(Exit::Code(3)), "{}", Bench::said(&launch));
    assert_eq!(ended.ready, Some(serde_json::json!({"address": "tls://x"})));
    assert!(ended.began && ended.ready_at >= ended.started_at && ended.ended_at >= ended.ready_at);
    assert!(ended.killed_by.is_none() && ended.cpu_seconds >= 0.0);
    assert_eq!(Bench::said(&launch), "out\nerr\n");
    let states: Vec<State> = held.history.iter().filter_map(state).collect();
    assert_eq!(
        states,
        [State::Intent, State::Started, State::Ready, State::Ended]
    );
}

fn state(event: &Event) -> Option<State> {
    match event {
        Event::Member { member } => Some(member.state),
        Event::ForkServer { .. } => None,
    }
}

#[tokio::test]
async fn a_key_is_started_once_however_often_it_is_asked_for() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[]).await;
    let launch = bench.launch("job.1", "");
    let both = tokio::join!(
        held.client.start(launch.clone()),
        held.client.start(launch.clone())
    );
    let (first, second) = (both.0.expect("starts"), both.1.expect("starts"));
    assert_eq!(first.pid, second.pid);
    let ended = held.ended(&launch.key).await;
    assert_eq!(
        held.client.start(launch.clone()).await.expect("known"),
        ended
    );
    held.kill_keeper().await;
    let held = bench.keeper(&[]).await;
    let again = held
        .client
        .start(launch.clone())
        .await
        .expect("known to the next keeper too");
    assert_eq!(
        (again.state, again.exit),
        (State::Ended, Some(Exit::Code(0)))
    );
    assert_eq!(Bench::effects(&launch).len(), 1);
    held.client
        .forget(std::slice::from_ref(&launch.key))
        .await
        .expect("forgets");
    let mut held = held;
    let anew = held
        .client
        .start(launch.clone())
        .await
        .expect("a forgotten key is new");
    assert_ne!(anew.pid, first.pid);
    held.until(&launch.key, "the new one", |record| {
        record.pid == anew.pid && !record.alive()
    })
    .await;
}

#[tokio::test]
async fn a_spawned_member_is_like_a_forked_one() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[]).await;
    let mut launch = bench.launch(
        "worker-1.1",
        "member.ready({})\nprint(os.getcwd(), os.getsid(0) == os.getpid())\nsys.exit(4)",
    );
    launch.interpreter.fork = false;
    held.client.start(launch.clone()).await.expect("starts");
    let ended = held.ended(&launch.key).await;
    assert_eq!(ended.exit, Some(Exit::Code(4)), "{}", Bench::said(&launch));
    assert!(ended.ready.is_some());
    assert_eq!(Bench::said(&launch), "/ True\n");
    assert!(
        held.client
            .stats()
            .await
            .expect("stats")
            .fork_servers
            .is_empty()
    );
}

#[tokio::test]
async fn a_burst_is_started_whole_and_each_has_its_own_output() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[]).await;
    let launches: Vec<_> = (0..20)
        .map(|n| {
            bench.launch(
                &format!("worker-{n}.1"),
                &format!("print({n}); sys.exit({n})"),
            )
        })
        .collect();
    let calls: Vec<_> = launches
        .iter()
        .map(|launch| {
            let (client, launch) = (held.client.clone(), launch.clone());
            tokio::spawn(async move { client.start(launch).await })
        })
        .collect();
    for call in calls {
        call.await.expect("no panic").expect("starts");
    }
    for (n, launch) in launches.iter().enumerate() {
        let ended = held.ended(&launch.key).await;
        assert_eq!(
            ended.exit,
            Some(Exit::Code(i32::try_from(n).expect("small")))
        );
        assert_eq!(Bench::said(launch), format!("{n}\n"));
    }
}

#[tokio::test]
async fn a_long_environment_and_a_long_role_arrive() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[]).await;
    let mut launch = bench.launch(
        "job.1",
        "print(len(os.environ['LONG']), len(member.role['long']))",
    );
    launch.env.insert("LONG".into(), "x".repeat(100_000));
    launch.role["long"] = "y".repeat(1_000_000).into();
    held.client.start(launch.clone()).await.expect("starts");
    held.ended(&launch.key).await;
    assert_eq!(Bench::said(&launch), "100000 1000000\n");
}

#[tokio::test]
async fn standard_input_stays_open_until_it_is_closed() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[]).await;
    let mut launch = bench.launch("job.1", "member.ready({}); print(sys.stdin.read().upper())");
    launch.stdin = Stdin::Fifo;
    let fifo = launch.folder.join("stdin");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        0o600.into(),
        0,
    )
    .expect("fifo");
    held.client.start(launch.clone()).await.expect("starts");
    held.ready(&launch.key).await;
    for word in ["one ", "two"] {
        std::fs::write(&fifo, word).expect("writes and closes its end");
    }
    assert_eq!(held.client.stats().await.expect("stats").members, 1);
    held.client.close_stdin(&launch.key).await.expect("closes");
    assert_eq!(held.ended(&launch.key).await.exit, Some(Exit::Code(0)));
    assert_eq!(Bench::said(&launch), "ONE TWO\n");
}

#[tokio::test]
async fn what_cannot_be_started_is_refused_and_the_key_stays_free() {
    let bench = Bench::new();
    let held = bench.keeper(&[]).await;
    let refused = async |launch| match held.client.start(launch).await {
        Err(CallError::Refused(error)) => error,
        other => panic!("not refused: {other:?}"),
    };
    let mut elsewhere = bench.launch("job.1", "");
    elsewhere.folder = "/tmp".into();
    assert_eq!(refused(elsewhere).await.code, "bad_launch");
    let mut climbing = bench.launch("job.1", "");
    climbing.key = format!("{}/../job.1", bench.cluster);
    assert_eq!(refused(climbing).await.code, "bad_launch");
    let mut unwritable = bench.launch("job.1", "");
    unwritable.stdout = "/proc/nothing/stdout".into();
    assert_eq!(refused(unwritable).await.code, "files");
    let mut absent = bench.launch("job.1", "");
    absent.interpreter.python = "/nowhere/python".into();
    assert_eq!(refused(absent.clone()).await.code, "fork_server");
    absent.interpreter.fork = false;
    assert_eq!(refused(absent).await.code, "spawn");
    let mut failing = bench.launch("job.1", "");
    failing
        .interpreter
        .env
        .insert("FAIL_WITH".into(), "no_distributed".into());
    assert_eq!(refused(failing).await.code, "no_distributed");
    let mut dying = bench.launch("job.1", "");
    dying
        .interpreter
        .env
        .insert("DIE_SAYING".into(), "my last words".into());
    let error = refused(dying).await;
    assert!(
        error.code == "fork_server" && error.message.contains("my last words"),
        "{error:?}"
    );
    let started = held
        .client
        .start(bench.launch("job.1", ""))
        .await
        .expect("the key is still free");
    assert_eq!(started.state, State::Started);
}

#[tokio::test]
async fn a_dead_fork_server_is_replaced_and_its_members_live() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[]).await;
    let first = bench.launch("worker-1.1", "member.ready({}); time.sleep(600)");
    held.client.start(first.clone()).await.expect("starts");
    let member = held.ready(&first.key).await;
    let server = held.client.stats().await.expect("stats").fork_servers[0].pid;
    kill(server);
    let next = held.event("another fork server", |event| {
        matches!(event, Event::ForkServer { fork_server } if fork_server.state == "serving" && fork_server.pid != server)
    });
    next.await;
    assert!(alive(member.pid.expect("pid")));
    let second = bench.launch("job.1", "sys.exit(5)");
    held.client.start(second.clone()).await.expect("starts");
    assert_eq!(held.ended(&second.key).await.exit, Some(Exit::Code(5)));
    held.client
        .purge(&bench.cluster, "end of test")
        .await
        .expect("purges");
    assert!(!alive(member.pid.expect("pid")));
}

#[tokio::test]
async fn a_fork_server_that_hangs_is_replaced_and_its_request_is_served() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[("KEEPER_FORK_MS", "3000")]).await;
    let warm = bench.launch("job.1", "");
    held.client.start(warm.clone()).await.expect("starts");
    held.ended(&warm.key).await;
    let server = held.client.stats().await.expect("stats").fork_servers[0].pid;
    signal(server, rustix::process::Signal::STOP);
    let launch = bench.launch("job.2", "sys.exit(5)");
    held.client.start(launch.clone()).await.expect("starts");
    assert_eq!(held.ended(&launch.key).await.exit, Some(Exit::Code(5)));
    assert!(!alive(server));
    assert_eq!(Bench::effects(&launch).len(), 1);
}

#[tokio::test]
async fn at_most_three_idle_fork_servers_are_kept() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[]).await;
    for n in 0..5 {
        let mut launch = bench.launch(&format!("job.{n}"), "");
        launch.interpreter.fingerprint = format!("{n}");
        held.client.start(launch.clone()).await.expect("starts");
        held.ended(&launch.key).await;
    }
    let left = held.client.stats().await.expect("stats").fork_servers;
    let left: Vec<_> = left
        .iter()
        .map(|server| server.fingerprint.as_str())
        .collect();
    assert_eq!(left, ["2", "3", "4"]);
}

#[tokio::test]
async fn a_keeper_with_nothing_to_hold_ends_itself_and_one_with_something_does_not() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[("KEEPER_IDLE_MS", "2000")]).await;
    let launch = bench.launch("job.1", "member.ready({}); time.sleep(1); sys.exit(6)");
    held.client.start(launch.clone()).await.expect("starts");
    held.ready(&launch.key).await;
    let pid = held.pid;
    drop(held);
    let file = launch.folder.join("record.json");
    until("the end is on disk", || {
        std::fs::read_to_string(&file).is_ok_and(|text| text.contains("\"ended\""))
    })
    .await;
    until("the keeper ends itself", || !alive(pid)).await;
    assert!(KeeperClient::connect(&bench.home).await.is_err());
    let held = bench.keeper(&[]).await;
    assert_eq!(
        held.record(&launch.key)
            .and_then(|record| record.exit.clone()),
        Some(Exit::Code(6))
    );
}

#[tokio::test]
async fn shutdown_is_refused_while_something_lives() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[]).await;
    let launch = bench.launch("job.1", "time.sleep(600)");
    held.client.start(launch.clone()).await.expect("starts");
    match held.client.shutdown().await {
        Err(CallError::Refused(error)) => assert_eq!(error.code, "busy"),
        other => panic!("{other:?}"),
    }
    held.client
        .purge(&bench.cluster, "end of test")
        .await
        .expect("purges");
    held.client.shutdown().await.expect("ends");
    tokio::time::timeout(BOUND, held.lost())
        .await
        .expect("gone");
}
