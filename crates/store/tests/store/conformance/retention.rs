//! What ended long ago goes, and only that.

use caddis_core::record::{JobRecord, NewEvent};
use caddis_engine::ports::{Change, CommitError, DocumentWrite, EVENTS_REMOVED};
use caddis_types::JobId;

use super::Trial;
use crate::support::{
    at, cluster, cluster_for, cluster_id, decision, document, ended, ended_cluster, event, job, job_id, learned, line, variables,
};

fn belongings(subjects: &[&str], happened: u64) -> Change {
    Change {
        variables: subjects.iter().map(|subject| ((*subject).to_owned(), variables(&[("A", "1")]))).collect(),
        events: subjects.iter().map(|subject| NewEvent { at: at(happened), ..event(subject, "x") }).collect(),
        ..Change::default()
    }
}

fn submission(record: JobRecord) -> Change {
    let request: Option<(String, String, JobId)> = Some(("ada".to_owned(), record.id.to_string(), record.id.clone()));
    Change { jobs: vec![record], request, ..Change::default() }
}

pub(crate) async fn what_ended_before_goes_with_all_that_belongs_to_it(trial: Trial) {
    trial.must(submission(ended(job(1), 10))).await;
    trial.must(submission(ended(job(2), 20))).await;
    trial.must(submission(ended(job(3), 5))).await;
    trial.must(submission(job(4))).await;
    let clusters = vec![ended_cluster(cluster_for(1, 1), 11), ended_cluster(cluster(2), 10), cluster(3)];
    let ledger = vec![line(1, "scheduler"), line(2, "scheduler")];
    trial.must(Change { clusters, ledger, ..Change::default() }).await;
    let subjects: Vec<_> = (1..=4).map(|n| job_id(n).to_string()).chain((1..=3).map(|n| cluster_id(n).to_string())).collect();
    let subjects: Vec<_> = subjects.iter().map(String::as_str).collect();
    trial.must(belongings(&subjects, 25)).await;

    let removed = trial.store.remove_ended(at(20)).await.unwrap();
    assert_eq!(removed.jobs, [job_id(3), job_id(1)], "before, not at, the time that was given");
    assert_eq!(removed.clusters, [cluster_id(2), cluster_id(1)]);
    let left: Vec<_> = trial.store.jobs(&Default::default()).await.unwrap().into_iter().map(|job| job.id).collect();
    assert_eq!(left, [job_id(4), job_id(2)]);
    assert_eq!(trial.store.clusters(&Default::default()).await.unwrap().len(), 1);
    for (subject, kept) in subjects.iter().zip([false, true, false, true, false, false, true]) {
        assert_eq!(!trial.store.variables(subject).await.unwrap().is_empty(), kept, "variables of {subject}");
        assert_eq!(!trial.store.events(0, Some(subject), 0).await.unwrap().is_empty(), kept, "events of {subject}");
    }
    assert_eq!(trial.store.ledger(&cluster_id(1)).await.unwrap(), [line(1, "scheduler")]);
    assert_eq!(trial.store.ledger(&cluster_id(2)).await.unwrap(), [line(2, "scheduler")]);
    // The request of a job that is gone may be made again; that of one that stays may not.
    trial.must(submission(job(1))).await;
    let again = trial.store.commit(submission(job(2))).await;
    assert!(matches!(again, Err(CommitError::Repeated(first)) if first == job_id(2)));
    assert_eq!(trial.store.remove_ended(at(20)).await.unwrap(), Default::default());
}

pub(crate) async fn a_job_stays_while_its_cluster_lives_and_a_cluster_while_its_job_stays(trial: Trial) {
    // Kept after a failure, the cluster outlives its job.
    let kept = Change { jobs: vec![ended(job(1), 5)], clusters: vec![cluster_for(1, 1)], ..Change::default() };
    trial.must(kept).await;
    // The cluster of a first attempt belongs to the history of a job that still runs.
    let first = ended_cluster(cluster_for(2, 2), 5);
    trial.must(Change { jobs: vec![job(2)], clusters: vec![first], ..Change::default() }).await;
    assert_eq!(trial.store.remove_ended(at(10)).await.unwrap(), Default::default());

    let (job, cluster) = (trial.store.job(&job_id(2)).await.unwrap(), trial.store.cluster(&cluster_id(1)).await.unwrap());
    let clusters = vec![ended_cluster(cluster.unwrap(), 30)];
    trial.must(Change { jobs: vec![ended(job.unwrap(), 6)], clusters, ..Change::default() }).await;
    let removed = trial.store.remove_ended(at(10)).await.unwrap();
    assert_eq!(removed.jobs, [job_id(2), job_id(1)]);
    assert_eq!(removed.clusters, [cluster_id(2)], "the other one ended later");
    assert_eq!(trial.store.remove_ended(at(31)).await.unwrap().clusters, [cluster_id(1)]);
}

pub(crate) async fn a_document_goes_with_what_it_is_about(trial: Trial) {
    let about = |key: &str, about: Option<String>| DocumentWrite { about, ..document(key) };
    let (job, cluster) = (ended(job(1), 5), ended_cluster(cluster(1), 6));
    let documents = vec![
        about("of-the-job", Some(job_id(1).to_string())),
        about("of-the-cluster", Some(cluster_id(1).to_string())),
        about("moved-on", Some(cluster_id(1).to_string())),
        about("let-go", Some(job_id(1).to_string())),
        about("of-another", Some(job_id(2).to_string())),
        about("of-nothing", None),
    ];
    trial.must(Change { jobs: vec![job], clusters: vec![cluster], documents, ..Change::default() }).await;
    // What a document is about is what was written last.
    let again = |key: &str, id: Option<String>| DocumentWrite { generation: 1, ..about(key, id) };
    let documents = vec![again("moved-on", Some(job_id(3).to_string())), again("let-go", None)];
    trial.must(Change { documents, ..Change::default() }).await;

    let all = async || {
        let found = trial.store.documents("face.thing", "", "", 0).await.unwrap();
        found.into_iter().map(|document| document.key).collect::<Vec<_>>()
    };
    trial.store.remove_ended(at(5)).await.unwrap();
    assert_eq!(all().await.len(), 6, "nothing had ended before");
    trial.store.remove_ended(at(6)).await.unwrap();
    assert_eq!(all().await, ["let-go", "moved-on", "of-another", "of-nothing", "of-the-cluster"]);
    trial.store.remove_ended(at(7)).await.unwrap();
    assert_eq!(all().await, ["let-go", "moved-on", "of-another", "of-nothing"]);
    trial.store.remove_ended(at(7)).await.unwrap();
    assert_eq!(all().await.len(), 4);
}

pub(crate) async fn events_of_what_goes_on_go_by_their_own_age(trial: Trial) {
    let (job_id, cluster_id) = (job_id(1).to_string(), cluster_id(1).to_string());
    let subjects = [job_id.as_str(), cluster_id.as_str(), "pool"];
    trial.must(Change { jobs: vec![job(1)], clusters: vec![cluster(1)], ..Change::default() }).await;
    for happened in [9, 10, 11] {
        trial.must(belongings(&subjects, happened)).await;
    }
    assert_eq!(trial.store.remove_ended(at(10)).await.unwrap(), Default::default());
    for subject in subjects {
        let left: Vec<_> = trial.store.events(0, Some(subject), 0).await.unwrap().into_iter().map(|event| event.at).collect();
        assert_eq!(left, [at(10), at(11)], "before, not at, the time that was given: {subject}");
        assert!(!trial.store.variables(subject).await.unwrap().is_empty(), "they do not age");
    }
}

pub(crate) async fn the_last_event_that_was_removed_is_known(trial: Trial) {
    let removed = async || trial.store.setting(EVENTS_REMOVED).await.unwrap();
    let (old, gone) = (NewEvent { at: at(9), ..event("pool", "a") }, job_id(1).to_string());
    let events = vec![old.clone(), NewEvent { at: at(20), ..event(&gone, "b") }, NewEvent { at: at(20), ..old }];
    trial.must(Change { jobs: vec![ended(job(1), 5)], events, ..Change::default() }).await;
    trial.store.remove_ended(at(1)).await.unwrap();
    assert_eq!(removed().await, None, "nothing was removed");
    trial.store.remove_ended(at(10)).await.unwrap();
    assert_eq!(removed().await.as_deref(), Some("2"), "the job's went with the job");
    trial.must(Change { events: vec![NewEvent { at: at(1), ..event("pool", "c") }], ..Change::default() }).await;
    trial.store.remove_ended(at(10)).await.unwrap();
    assert_eq!(removed().await.as_deref(), Some("4"));
    trial.store.remove_ended(at(10)).await.unwrap();
    assert_eq!(removed().await.as_deref(), Some("4"), "nothing more was removed");
}

pub(crate) async fn event_numbers_are_not_used_again(trial: Trial) {
    let id = job_id(1).to_string();
    let events = vec![event(&id, "a"), event(&id, "b")];
    trial.must(Change { jobs: vec![ended(job(1), 5)], events, ..Change::default() }).await;
    trial.store.remove_ended(at(10)).await.unwrap();
    assert!(trial.store.events(0, None, 0).await.unwrap().is_empty());
    trial.must(Change { events: vec![event("cl_x", "c")], ..Change::default() }).await;
    assert_eq!(trial.store.events(2, None, 0).await.unwrap()[0].seq, 3);
}

pub(crate) async fn decisions_go_with_their_cluster_and_by_their_age(trial: Trial) {
    let clusters = vec![ended_cluster(cluster(1), 5), cluster(2)];
    let decisions = vec![decision(1, 30), decision(2, 9), decision(2, 10)];
    let learned = vec![learned("old", 9), learned("new", 10)];
    trial.must(Change { clusters, decisions, learned, ..Change::default() }).await;
    trial.store.remove_ended(at(10)).await.unwrap();
    assert_eq!(trial.store.decisions(&cluster_id(1), at(0), 0).await.unwrap(), []);
    assert_eq!(trial.store.decisions(&cluster_id(2), at(0), 0).await.unwrap(), [decision(2, 10)]);
    let known = (trial.store.learned("old").await.unwrap(), trial.store.learned("new").await.unwrap());
    assert!(known.0.is_none() && known.1.is_some(), "{known:?}");
}

pub(crate) async fn of_many_decisions_those_go_that_are_old_and_no_others(trial: Trial) {
    trial.must(Change { clusters: vec![cluster(1), ended_cluster(cluster(2), 5)], ..Change::default() }).await;
    for second in 1..=300 {
        let decisions = vec![decision(1, second), decision(2, second)];
        trial.must(Change { decisions, ..Change::default() }).await;
    }
    for before in [100, 100, 129, 250, 301] {
        trial.store.remove_ended(at(before)).await.unwrap();
        let left: Vec<_> = (before..=300).map(|second| decision(1, second)).collect();
        assert_eq!(trial.store.decisions(&cluster_id(1), at(0), 0).await.unwrap(), left, "before {before}");
        assert_eq!(trial.store.decisions(&cluster_id(2), at(0), 0).await.unwrap(), []);
    }
}
