//! Waiting for changes: none is missed, and none is waited for that has come already.

use std::sync::Arc;
use std::time::{Duration, Instant};

use caddis_core::record::NewEvent;
use caddis_engine::ports::{Change, Store};

use crate::records::{NOW, cluster, end, job};
use crate::rig::{BOUND, Rig, until, within};

/// Long enough that an answer which comes earlier came because of a change.
const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_change_ends_the_wait_at_once() {
    let rig = Rig::start().await;
    let id = rig.put_job(job(&rig.owner)).await;
    let now = rig.client.job(id.as_str()).await.unwrap();
    let (client, name) = (rig.client.clone(), id.to_string());
    let waiting = tokio::spawn(async move { client.watch_job(&name, now.generation, LONG).await.unwrap() });
    rig.edit(&id, |job| job.notices.push("new".into())).await;
    let seen = within("the change is answered", waiting).await.unwrap();
    assert_eq!((seen.generation, seen.notices.as_slice()), (now.generation + 1, &["new".to_owned()][..]));
}

#[tokio::test]
async fn what_changed_already_is_not_waited_for() {
    let rig = Rig::start().await;
    let id = rig.put_job(job(&rig.owner)).await;
    within("an older generation", rig.client.watch_job(id.as_str(), 0, LONG)).await.unwrap();
    rig.edit(&id, end).await;
    let generation = rig.client.job(id.as_str()).await.unwrap().generation;
    within("an ended job", rig.client.watch_job(id.as_str(), generation, LONG)).await.unwrap();
    let id = rig.put_cluster(cluster(&rig.owner, None)).await;
    within("an older cluster", rig.client.watch_cluster(id.as_str(), 0, LONG)).await.unwrap();
}

#[tokio::test]
async fn the_wait_is_over_when_its_time_is() {
    let rig = Rig::start().await;
    let id = rig.put_job(job(&rig.owner)).await;
    let (wait, began) = (Duration::from_millis(80), Instant::now());
    let seen = rig.client.watch_job(id.as_str(), 1, wait).await.unwrap();
    assert!(began.elapsed() >= wait && began.elapsed() < BOUND);
    assert_eq!(seen.generation, 1);
}

/// Many changes at full speed, many who wait: whoever asks on from what he saw sees the last one without ever waiting
/// for a time to be over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_change_is_missed_however_fast_they_come() {
    const LAST: u64 = 300;
    let rig = Arc::new(Rig::start().await);
    let id = rig.put_job(job(&rig.owner)).await;
    let watchers: Vec<_> = (0..8)
        .map(|_| {
            let (client, id) = (rig.client.clone(), id.to_string());
            tokio::spawn(async move {
                let mut generation = 0;
                while generation < LAST {
                    let seen = client.watch_job(&id, generation, LONG).await.unwrap().generation;
                    assert!(seen > generation, "answered {seen} to who had seen {generation}");
                    generation = seen;
                }
            })
        })
        .collect();
    for _ in 1..LAST {
        rig.edit(&id, |_| {}).await;
        tokio::task::yield_now().await;
    }
    for watcher in watchers {
        within("every watcher sees the last change", watcher).await.unwrap();
    }
}

#[tokio::test]
async fn events_are_the_callers_own_and_waited_for() {
    let rig = Rig::start().await;
    let (mine, theirs) = (job(&rig.owner), job("somebody-else"));
    let (my_id, their_id) = (mine.id.clone(), theirs.id.clone());
    let event = |id: &str, kind: &str| NewEvent::new(NOW, id, kind, "it happened");
    let client = rig.client.clone();
    let waiting = tokio::spawn(async move { client.events(0, None, LONG).await.unwrap() });
    rig.put(Change {
        jobs: vec![theirs],
        events: vec![event(their_id.as_str(), "job.submitted")],
        ..Change::default()
    })
    .await;
    rig.put(Change { jobs: vec![mine], events: vec![event(my_id.as_str(), "job.submitted")], ..Change::default() })
        .await;
    let seen = within("my event", waiting).await.unwrap();
    assert_eq!(seen.iter().map(|event| event.subject.as_str()).collect::<Vec<_>>(), [my_id.as_str()]);
    let after = seen.last().unwrap().seq;
    assert!(rig.client.events(after, None, Duration::ZERO).await.unwrap().is_empty());
    assert_eq!(rig.client.events(0, Some(my_id.as_str()), Duration::ZERO).await.unwrap(), seen);
    assert_eq!(rig.client.job_events(my_id.as_str()).await.unwrap(), seen);
    assert!(rig.client.events(0, Some(their_id.as_str()), Duration::ZERO).await.is_err());
    until("the store has both", async || (rig.store.events(0, None, 9).await.unwrap().len() == 2).then_some(())).await;
}
