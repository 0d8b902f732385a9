//! A name is held by one unfinished job, and by one living cluster, of an owner.

use caddis_core::record::{ClusterRecord, ClusterState, JobRecord, StopWhy};
use caddis_engine::ports::{Change, CommitError};

use super::Trial;
use crate::support::{at, cluster_id, ended, ended_cluster, job_id, named, named_cluster};

fn jobs(jobs: Vec<JobRecord>) -> Change {
    Change { jobs, ..Change::default() }
}

fn clusters(clusters: Vec<ClusterRecord>) -> Change {
    Change { clusters, ..Change::default() }
}

async fn taken_by(trial: &Trial, change: Change) -> String {
    match trial.store.commit(change).await {
        Err(CommitError::NameTaken { name, by }) if name == "etl" => by,
        other => panic!("the name is taken, and yet: {other:?}"),
    }
}

pub(crate) async fn a_name_is_held_by_one_unfinished_job_of_an_owner(trial: Trial) {
    trial.must(jobs(vec![named(1, "etl")])).await;
    assert_eq!(taken_by(&trial, jobs(vec![named(2, "etl")])).await, job_id(1).as_str());
    assert_eq!(trial.store.job(&job_id(2)).await.unwrap(), None);
    let of_bob = JobRecord { owner: "bob".to_owned(), ..named(3, "etl") };
    trial.must(jobs(vec![of_bob, named(4, "ETL"), ended(named(5, "etl"), 9)])).await;
    trial.must(clusters(vec![named_cluster(6, "etl")])).await;

    let holder = trial.store.job(&job_id(1)).await.unwrap().unwrap();
    trial.must(jobs(vec![ended(holder, 9)])).await;
    trial.must(jobs(vec![named(2, "etl")])).await;
    // The second holder may be changed, and the first one cannot come back.
    let second = trial.store.job(&job_id(2)).await.unwrap().unwrap();
    trial.must(jobs(vec![second])).await;
    let back = JobRecord { generation: 2, ..named(1, "etl") };
    assert_eq!(taken_by(&trial, jobs(vec![back])).await, job_id(2).as_str());
}

pub(crate) async fn a_name_is_held_by_one_living_cluster_of_an_owner(trial: Trial) {
    let why = StopWhy::orderly("it was stopped");
    let stopping = ClusterState::Stopping { since: at(3), why, closing_at: None, purged_at: None };
    trial.must(clusters(vec![ClusterRecord { state: stopping, ..named_cluster(1, "etl") }])).await;
    // One that is on its way out still has its name.
    assert_eq!(taken_by(&trial, clusters(vec![named_cluster(2, "etl")])).await, cluster_id(1).as_str());
    let of_bob = ClusterRecord { owner: "bob".to_owned(), ..named_cluster(3, "etl") };
    trial.must(clusters(vec![of_bob, named_cluster(4, "other")])).await;
    let holder = trial.store.cluster(&cluster_id(1)).await.unwrap().unwrap();
    trial.must(clusters(vec![ended_cluster(holder, 9)])).await;
    trial.must(clusters(vec![named_cluster(2, "etl")])).await;
}

pub(crate) async fn one_change_may_pass_a_name_on_in_any_order(trial: Trial) {
    trial.must(jobs(vec![named(1, "etl")])).await;
    for (old, new) in [(1, 2), (2, 3), (3, 4)] {
        let holder = trial.store.job(&job_id(old)).await.unwrap().unwrap();
        let mut change = jobs(vec![ended(holder, 9), named(new, "etl")]);
        if new % 2 == 0 {
            change.jobs.reverse();
        }
        trial.must(change).await;
    }
    trial.must(clusters(vec![named_cluster(1, "etl")])).await;
    let holder = trial.store.cluster(&cluster_id(1)).await.unwrap().unwrap();
    trial.must(clusters(vec![named_cluster(2, "etl"), ended_cluster(holder, 9)])).await;
}

pub(crate) async fn two_records_of_one_change_cannot_hold_a_name(trial: Trial) {
    let by = taken_by(&trial, jobs(vec![named(1, "etl"), named(2, "etl")])).await;
    assert_eq!(by, job_id(1).as_str());
    assert!(trial.store.jobs(&Default::default()).await.unwrap().is_empty());
    let by = taken_by(&trial, clusters(vec![named_cluster(1, "etl"), named_cluster(2, "etl")])).await;
    assert_eq!(by, cluster_id(1).as_str());
    assert!(trial.store.clusters(&Default::default()).await.unwrap().is_empty());
    trial.must(jobs(vec![named(1, "etl")])).await;
}
