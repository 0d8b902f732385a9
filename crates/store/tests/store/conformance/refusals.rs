//! What is refused, in which order of reasons, and that nothing of it stays.

use caddis_core::record::{ClusterRecord, JobRecord};
use caddis_engine::ports::{Change, CommitError};
use caddis_types::JobId;

use super::Trial;
use crate::support::{
    at, cluster, cluster_id, decision, document, event, job, job_id, learned, line, named, named_cluster, variables,
};

fn request(owner: &str, key: &str, job: JobId) -> Option<(String, String, JobId)> {
    Some((owner.to_owned(), key.to_owned(), job))
}

async fn conflict(trial: &Trial, change: Change) -> String {
    match trial.store.commit(change).await {
        Err(CommitError::Conflict { subject }) => subject,
        other => panic!("it is a conflict, and yet: {other:?}"),
    }
}

pub(crate) async fn a_stale_generation_is_refused(trial: Trial) {
    trial.must(Change { jobs: vec![job(1)], clusters: vec![cluster(1)], ..Change::default() }).await;
    let (read, living) = (JobRecord { generation: 1, ..job(1) }, ClusterRecord { generation: 1, ..cluster(1) });
    trial.must(Change { jobs: vec![read.clone()], clusters: vec![living.clone()], ..Change::default() }).await;
    let change = Change { jobs: vec![read], ..Change::default() };
    assert_eq!(conflict(&trial, change).await, job_id(1).as_str());
    let change = Change { clusters: vec![living], ..Change::default() };
    assert_eq!(conflict(&trial, change).await, cluster_id(1).as_str());
    // One from the future, one that was never there, and one twice in a change.
    for stale in [JobRecord { generation: 3, ..job(1) }, JobRecord { generation: 1, ..job(9) }] {
        let id = stale.id.to_string();
        assert_eq!(conflict(&trial, Change { jobs: vec![stale], ..Change::default() }).await, id);
    }
    let twice = vec![JobRecord { generation: 2, ..job(1) }, JobRecord { generation: 2, ..job(1) }];
    assert_eq!(conflict(&trial, Change { jobs: twice, ..Change::default() }).await, job_id(1).as_str());
    assert_eq!(trial.store.job(&job_id(1)).await.unwrap().unwrap().generation, 2);
}

pub(crate) async fn a_new_row_needs_a_new_id(trial: Trial) {
    trial.must(Change { jobs: vec![job(1)], clusters: vec![cluster(1)], ..Change::default() }).await;
    assert_eq!(conflict(&trial, Change { jobs: vec![job(1)], ..Change::default() }).await, job_id(1).as_str());
    let change = Change { clusters: vec![cluster(1)], ..Change::default() };
    assert_eq!(conflict(&trial, change).await, cluster_id(1).as_str());
    let change = Change { jobs: vec![job(2), job(2)], ..Change::default() };
    assert_eq!(conflict(&trial, change).await, job_id(2).as_str());
}

pub(crate) async fn a_conflict_goes_before_a_taken_name(trial: Trial) {
    trial.must(Change { jobs: vec![named(1, "etl"), job(2)], ..Change::default() }).await;
    let change = Change { jobs: vec![named(2, "etl")], ..Change::default() };
    assert_eq!(conflict(&trial, change).await, job_id(2).as_str());
    let stale = JobRecord { generation: 7, ..named(2, "etl") };
    let change = Change { jobs: vec![stale], ..Change::default() };
    assert_eq!(conflict(&trial, change).await, job_id(2).as_str());
}

pub(crate) async fn a_repeated_request_answers_the_first_job(trial: Trial) {
    let submission = |number, owner: &str| Change {
        jobs: vec![JobRecord { owner: owner.to_owned(), ..named(number, "etl") }],
        events: vec![event(job_id(number).as_str(), "job.submitted")],
        request: request(owner, "key-1", job_id(number)),
        ..Change::default()
    };
    trial.must(submission(1, "ada")).await;
    // The name is taken as well, by the very job that is answered.
    match trial.store.commit(submission(2, "ada")).await {
        Err(CommitError::Repeated(first)) => assert_eq!(first, job_id(1)),
        other => panic!("it was repeated, and yet: {other:?}"),
    }
    assert_eq!(trial.store.job(&job_id(2)).await.unwrap(), None);
    assert_eq!(trial.store.events(0, None, 0).await.unwrap().len(), 1);
    trial.must(submission(3, "bob")).await;
}

pub(crate) async fn a_request_needs_its_job(trial: Trial) {
    let change = Change { jobs: vec![job(1)], request: request("ada", "k", job_id(2)), ..Change::default() };
    match trial.store.commit(change).await {
        Err(CommitError::Store(error)) => assert_eq!(error.code, "failed", "{error:?}"),
        other => panic!("there is no such job, and yet: {other:?}"),
    }
    assert_eq!(trial.store.job(&job_id(1)).await.unwrap(), None);
    trial.must(Change { jobs: vec![job(2)], ..Change::default() }).await;
    trial.must(Change { jobs: vec![job(1)], request: request("ada", "k", job_id(2)), ..Change::default() }).await;
}

pub(crate) async fn a_refused_change_leaves_nothing(trial: Trial) {
    trial.must(Change { clusters: vec![named_cluster(1, "etl")], jobs: vec![job(9)], ..Change::default() }).await;
    let begun = || Change {
        jobs: vec![named(1, "one"), JobRecord { generation: 1, ..job(9) }],
        clusters: vec![cluster(2)],
        variables: vec![(job_id(1).to_string(), variables(&[("A", "1")]))],
        ledger: vec![line(2, "scheduler")],
        events: vec![event(job_id(1).as_str(), "job.submitted")],
        decisions: vec![decision(2, 1)],
        learned: vec![learned("start", 2)],
        request: request("ada", "k", job_id(1)),
        documents: vec![document("1")],
    };
    let mut stale = begun();
    stale.clusters.push(cluster(1));
    assert_eq!(conflict(&trial, stale).await, cluster_id(1).as_str());
    let mut taken = begun();
    taken.clusters.push(named_cluster(3, "etl"));
    let refused = trial.store.commit(taken).await;
    assert!(matches!(refused, Err(CommitError::NameTaken { .. })), "{refused:?}");

    assert_eq!(trial.store.job(&job_id(1)).await.unwrap(), None);
    assert_eq!(trial.store.job(&job_id(9)).await.unwrap().unwrap().generation, 1);
    assert_eq!(trial.store.cluster(&cluster_id(2)).await.unwrap(), None);
    assert!(trial.store.variables(job_id(1).as_str()).await.unwrap().is_empty());
    assert!(trial.store.ledger(&cluster_id(2)).await.unwrap().is_empty());
    assert!(trial.store.events(0, None, 0).await.unwrap().is_empty());
    assert_eq!(trial.store.document("face.thing", "1").await.unwrap(), None);
    assert_eq!(trial.store.decisions(&cluster_id(2), at(0), 0).await.unwrap(), []);
    assert_eq!(trial.store.learned("start").await.unwrap(), None);
    // Neither a name, nor a request, nor a number is used up.
    trial.must(begun()).await;
    assert_eq!(trial.store.events(0, None, 0).await.unwrap()[0].seq, 1);
    assert_eq!(trial.store.job(&job_id(9)).await.unwrap().unwrap().generation, 2);
}
