//! A keeper that is there and does not answer.

use caddis_backends::local::keeper::client::{CallError, ConnectError, KeeperClient};
use caddis_backends::local::keeper::wire::State;
use rustix::process::Signal;

use crate::support::{Bench, Held, signal};

#[tokio::test]
async fn a_stopped_keeper_holds_nobody_up_and_serves_when_it_goes_on() {
    let bench = Bench::new();
    let mut held = bench.keeper(&[]).await;
    let launch = bench.launch("job.1", "member.ready({}); time.sleep(600)");
    held.client.start(launch.clone()).await.expect("starts");
    held.ready(&launch.key).await;
    signal(held.pid, Signal::STOP);
    let second = bench.launch("job.2", "member.ready({}); time.sleep(600)");
    let (stats, start, purge) = tokio::join!(
        held.client.stats(),
        held.client.start(second.clone()),
        held.client.purge("cl_other", "a test"),
    );
    assert!(matches!(stats, Err(CallError::Silent { op: "stats", seconds: 10 })), "{stats:?}");
    // What may take long is not waited for either, once it is known that nobody is at work.
    assert!(matches!(start, Err(CallError::Lost)), "{start:?}");
    assert!(matches!(purge, Err(CallError::Lost)), "{purge:?}");
    assert!(held.events.events.recv().await.is_none(), "its events end");
    let again = KeeperClient::connect(&bench.home).await.expect_err("it is stopped");
    assert!(matches!(again, ConnectError::Hello(CallError::Silent { op: "hello", .. })), "{again}");
    assert!(again.is_silence() && again.to_string().contains("`hello` had no answer"), "{again}");
    signal(held.pid, Signal::CONT);
    let (client, events) = KeeperClient::connect(&bench.home).await.expect("it goes on");
    let mut held = Held::new(client, events);
    // The start was heard after all, and is answered with what it made.
    let record = held.client.start(second.clone()).await.expect("known");
    assert!(record.state != State::Ended);
    held.ready(&second.key).await;
    assert_eq!(Bench::effects(&second).len(), 1, "a key is started once");
}
