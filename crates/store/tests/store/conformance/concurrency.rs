//! Many at once.

use caddis_core::record::JobRecord;
use caddis_engine::ports::{Change, CommitError, JobFilter};

use super::Trial;
use crate::support::{event, job, job_id, named};

async fn all_at_once(trial: &Trial, changes: Vec<Change>) -> Vec<Result<(), CommitError>> {
    let tasks: Vec<_> = changes
        .into_iter()
        .map(|change| {
            let store = trial.store.clone();
            tokio::spawn(async move { store.commit(change).await })
        })
        .collect();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.expect("a commit does not panic"));
    }
    outcomes
}

pub(crate) async fn exactly_one_of_many_changes_of_one_generation_wins(trial: Trial) {
    trial.must(Change { jobs: vec![job(1)], ..Change::default() }).await;
    for generation in 1..=10 {
        let change = |n: usize| Change {
            jobs: vec![JobRecord { generation, notices: vec![n.to_string()], ..job(1) }],
            events: vec![event("job_x", &n.to_string())],
            ..Change::default()
        };
        let outcomes = all_at_once(&trial, (0..20).map(change).collect()).await;
        let winners: Vec<_> = (0..20).filter(|n| outcomes[*n].is_ok()).map(|n| n.to_string()).collect();
        assert_eq!(winners.len(), 1, "{outcomes:?}");
        let lost = outcomes.iter().filter(|outcome| matches!(outcome, Err(CommitError::Conflict { .. }))).count();
        assert_eq!(lost, 19, "{outcomes:?}");
        let stored = trial.store.job(&job_id(1)).await.unwrap().unwrap();
        assert_eq!((stored.generation, &stored.notices), (generation + 1, &winners));
        let told = trial.store.events(generation as i64 - 1, None, 0).await.unwrap();
        assert_eq!(told.into_iter().map(|event| event.kind).collect::<Vec<_>>(), winners);
    }
}

pub(crate) async fn a_request_made_many_times_at_once_makes_one_job(trial: Trial) {
    let change = |n| Change {
        jobs: vec![job(n)],
        request: Some(("ada".to_owned(), "k".to_owned(), job_id(n))),
        ..Change::default()
    };
    let outcomes = all_at_once(&trial, (1..=20).map(change).collect()).await;
    let jobs = trial.store.jobs(&JobFilter::default()).await.unwrap();
    assert_eq!(jobs.len(), 1);
    let same = |outcome: &&Result<(), CommitError>| matches!(outcome, Err(CommitError::Repeated(id)) if *id == jobs[0].id);
    assert_eq!(outcomes.iter().filter(same).count(), 19, "{outcomes:?}");
}

pub(crate) async fn a_refusal_among_many_takes_nothing_from_the_others(trial: Trial) {
    trial.must(Change { jobs: vec![named(1000, "etl")], ..Change::default() }).await;
    // Every third cannot be made, after its first record was written.
    let change = |n: u64| Change {
        jobs: if n.is_multiple_of(3) { vec![job(n), named(n + 500, "etl")] } else { vec![job(n)] },
        events: vec![event(job_id(n).as_str(), "job.submitted")],
        ..Change::default()
    };
    let outcomes = all_at_once(&trial, (1..=90).map(change).collect()).await;
    for (outcome, number) in outcomes.iter().zip(1..) {
        let there = trial.store.job(&job_id(number)).await.unwrap().is_some();
        let told = trial.store.events(0, Some(job_id(number).as_str()), 0).await.unwrap().len();
        let wanted = u64::from(!u64::is_multiple_of(number, 3));
        assert_eq!((u64::from(outcome.is_ok()), u64::from(there), told as u64), (wanted, wanted, wanted), "{number}");
    }
    let last = trial.store.events(0, None, 0).await.unwrap().last().map(|event| event.seq);
    assert_eq!(last, Some(60));
}
