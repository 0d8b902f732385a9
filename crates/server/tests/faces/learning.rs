//! What one run leaves is what the next one begins with.

use std::collections::BTreeMap;
use std::time::Duration;

use caddis_core::cluster::{self, ClusterInput};
use caddis_core::record::{ClusterRecord, ClusterState, Fact, MemberPhase, SlotRecord, StopWhy, Took};
use caddis_core::settings::Settings;
use caddis_core::world::{ClusterWorld, EnvironmentStatus, Member, MemberView, Members, Observed, ReadyFacts};
use caddis_engine::ports::{Change, ClusterFilter, Store};
use caddis_types::Timestamp;
use caddis_types::api::{ClusterChoice, JobWish, Program};
use caddis_types::bytes::GIB;
use caddis_types::dask::{DaskSnapshot, PrefixView};
use caddis_types::shape::{ShapeWish, WorkerRange};

use crate::records::{NOW, cluster, job};
use crate::rig::{Rig, until};

fn at(seconds: u64) -> Timestamp {
    NOW + Duration::from_secs(seconds)
}

/// One look at the cluster of a first run, as its server has it; the scheduler says what it has measured while it lives.
fn look(record: &ClusterRecord, members: Members, prefix: Option<&PrefixView>, now: Timestamp) -> (ClusterRecord, Change) {
    let settings = Settings::default();
    let says = |prefix: &PrefixView| DaskSnapshot { at: now, clients: 1, prefixes: vec![prefix.clone()], ..DaskSnapshot::default() };
    let dask = prefix.map(says);
    let world = ClusterWorld { members: Observed::Known(members), environment: EnvironmentStatus::Ready, dask };
    let input = ClusterInput { record, world: &world, job: None, scripts: &[], victims: &[], settings: &settings };
    let plan = cluster::plan(&input, now);
    (plan.record, Change { learned: plan.learned, ..Change::default() })
}

fn running(ready_at: Timestamp) -> MemberView {
    let ready = Some((ready_at, ReadyFacts { address: None, dashboard_port: None }));
    MemberView { pid: 1, started_at: NOW, ready, end: None, peak_rss: 0, lived: None }
}

/// A first run on a machine on which a worker takes a minute, with tasks of which twenty took 80 s.
async fn first_run(rig: &Rig, program: &Program) {
    let intended = SlotRecord { phase: MemberPhase::Intended { at: NOW }, asked_at: Some(NOW), ..SlotRecord::first(NOW, false) };
    let begun = ClusterRecord {
        job: Some(job(&rig.owner).id),
        program: Some(program.clone()),
        slots: BTreeMap::from([(0, intended)]),
        workers_wanted: 1,
        workers_desired: 1,
        ..cluster(&rig.owner, None)
    };
    let members = Members::from([(Member::Scheduler, running(NOW)), (Member::Worker { slot: 0, attempt: 1 }, running(at(60)))]);
    let prefix = PrefixView { name: "work".into(), done: 20, seconds: 80.0, longest: 9.0, measured: true, ..PrefixView::default() };
    let (serving, started) = look(&begun, members.clone(), Some(&prefix), at(61));
    assert_eq!(started.learned.len(), 1, "how long its worker took to start");
    rig.put(started).await;
    let why = StopWhy::orderly("its job is over");
    let stopping = ClusterState::Stopping { since: at(70), why: why.clone(), closing_at: None, purged_at: None };
    let (ending, _) = look(&ClusterRecord { state: stopping, ..serving }, members, Some(&prefix), at(70));
    let purged = ClusterState::Stopping { since: at(70), why, closing_at: None, purged_at: Some(at(71)) };
    let (ended, left) = look(&ClusterRecord { state: purged, ..ending }, Members::new(), None, at(72));
    assert!(ended.state.is_ended() && left.learned.iter().any(|fact| matches!(fact.fact, Fact::Durations(_))), "{left:?}");
    rig.put(left).await;
}

/// The cluster that a job was given.
async fn begun(rig: &Rig, wish: &JobWish) -> ClusterRecord {
    let id = rig.client.submit_job(wish).await.unwrap().id;
    until("a cluster for it", async || {
        let all = rig.store.clusters(&ClusterFilter::default()).await.unwrap();
        all.into_iter().find(|cluster| cluster.job.as_ref() == Some(&id))
    })
    .await
}

#[tokio::test]
async fn a_second_run_begins_with_what_the_first_one_measured() {
    let rig = Rig::start().await;
    let wish = |script: &str| -> JobWish {
        let wish = serde_json::json!({"program": {"script": script}, "cwd": "/"});
        // Small enough for all of them to have room beside each other.
        let range = Some(WorkerRange { min: 1, max: 1 });
        let shape = ShapeWish { workers: range, memory_bytes: Some(GIB), ..ShapeWish::default() };
        JobWish { cluster: ClusterChoice::Fresh(shape), ..serde_json::from_value(wish).unwrap() }
    };
    let before = begun(&rig, &wish("/job.py")).await;
    assert!(before.scaling.durations.is_empty() && before.scaling.start_seconds < 15.0, "{:?}", before.scaling);
    first_run(&rig, &Program::Script("/job.py".into())).await;
    let second = begun(&rig, &wish("/job.py")).await;
    let took = BTreeMap::from([("work".to_owned(), Took { mean: 4.0, longest: 9.0 })]);
    assert_eq!(second.scaling.durations, took);
    assert!(second.scaling.start_seconds > 15.0, "{}", second.scaling.start_seconds);
    let other = begun(&rig, &wish("/other.py")).await;
    assert!(other.scaling.durations.is_empty(), "another program's tasks are others");
    assert_eq!(other.scaling.start_seconds, second.scaling.start_seconds, "workers start as they start");
}
