//! What is kept is found again.

use caddis_core::record::{AttemptPhase, DecisionRow, JobRecord, LedgerLine};
use caddis_engine::ports::Change;

use super::Trial;
use crate::support::{
    at, cluster_id, decision, event, job, job_id, learned, line, named, named_cluster, on_cluster, variables,
};

pub(crate) async fn what_is_written_is_read_with_the_next_generation(trial: Trial) {
    let (mut job, mut cluster) = (on_cluster(named(1, "etl"), 2), named_cluster(2, "etl"));
    trial.must(Change { jobs: vec![job.clone()], clusters: vec![cluster.clone()], ..Change::default() }).await;
    job.generation = 1;
    cluster.generation = 1;
    assert_eq!(trial.store.job(&job.id).await.unwrap().as_ref(), Some(&job));
    assert_eq!(trial.store.cluster(&cluster.id).await.unwrap().as_ref(), Some(&cluster));

    job.attempts[0].phase = AttemptPhase::Running { started_at: at(3), pid: 77, stopping: None };
    cluster.workers_wanted = 9;
    trial.must(Change { jobs: vec![job.clone()], clusters: vec![cluster.clone()], ..Change::default() }).await;
    job.generation = 2;
    cluster.generation = 2;
    assert_eq!(trial.store.job(&job.id).await.unwrap(), Some(job));
    assert_eq!(trial.store.cluster(&cluster.id).await.unwrap(), Some(cluster));
}

pub(crate) async fn what_is_not_there_is_none(trial: Trial) {
    assert_eq!(trial.store.job(&job_id(1)).await.unwrap(), None);
    assert_eq!(trial.store.cluster(&cluster_id(1)).await.unwrap(), None);
    assert!(trial.store.jobs(&Default::default()).await.unwrap().is_empty());
    assert!(trial.store.clusters(&Default::default()).await.unwrap().is_empty());
    assert!(trial.store.variables("job_0000000000000001").await.unwrap().is_empty());
    assert!(trial.store.ledger(&cluster_id(1)).await.unwrap().is_empty());
    assert!(trial.store.events(0, None, 0).await.unwrap().is_empty());
    assert_eq!(trial.store.setting("port").await.unwrap(), None);
    assert_eq!(trial.store.remove_ended(at(99)).await.unwrap(), Default::default());
    trial.must(Change::default()).await;
}

pub(crate) async fn variables_are_kept_by_subject_and_replaced(trial: Trial) {
    let (one, two) = (variables(&[("A", "1"), ("B", "")]), variables(&[("A", "2")]));
    let write = |pairs: Vec<(&str, _)>| Change {
        variables: pairs.into_iter().map(|(subject, variables)| (subject.to_owned(), variables)).collect(),
        ..Change::default()
    };
    trial.must(write(vec![("job_x", one.clone()), ("cl_x", two.clone())])).await;
    assert_eq!(trial.store.variables("job_x").await.unwrap(), one);
    assert_eq!(trial.store.variables("cl_x").await.unwrap(), two);
    // The last word counts, within a change as well.
    trial.must(write(vec![("job_x", one), ("job_x", two.clone()), ("cl_x", variables(&[]))])).await;
    assert_eq!(trial.store.variables("job_x").await.unwrap(), two);
    assert!(trial.store.variables("cl_x").await.unwrap().is_empty());
}

pub(crate) async fn settings_are_kept_and_replaced(trial: Trial) {
    trial.store.set_setting("port", "8000").await.unwrap();
    trial.store.set_setting("name", "").await.unwrap();
    trial.store.set_setting("port", "8001").await.unwrap();
    assert_eq!(trial.store.setting("port").await.unwrap().as_deref(), Some("8001"));
    assert_eq!(trial.store.setting("name").await.unwrap().as_deref(), Some(""));
    assert_eq!(trial.store.setting("Port").await.unwrap(), None);
}

pub(crate) async fn ledger_lines_are_written_once_and_kept_in_order(trial: Trial) {
    let (scheduler, worker, other) = (line(1, "scheduler"), line(1, "worker-2"), line(2, "scheduler"));
    trial.must(Change { ledger: vec![worker.clone(), other.clone()], ..Change::default() }).await;
    let mut again = worker.clone();
    again.cost.0 += 1;
    trial.must(Change { ledger: vec![again, scheduler.clone(), scheduler.clone()], ..Change::default() }).await;
    assert_eq!(trial.store.ledger(&cluster_id(1)).await.unwrap(), [worker, scheduler]);
    assert_eq!(trial.store.ledger(&cluster_id(2)).await.unwrap(), [other]);
    let (mine, beside) = (job(1).id, job(2).id);
    let shared = LedgerLine { shared: vec![mine.clone(), beside.clone()], key: "shared".into(), job: None, ..line(3, "worker-1") };
    let alone = LedgerLine { job: Some(mine.clone()), key: "alone".into(), shared: Vec::new(), ..line(3, "worker-2") };
    let nobodys = LedgerLine { job: None, key: "nobody".into(), shared: Vec::new(), ..line(3, "worker-3") };
    trial.must(Change { ledger: vec![shared.clone(), nobodys, alone.clone()], ..Change::default() }).await;
    let of = async |job| trial.store.ledger_of_job(&cluster_id(3), job).await.unwrap();
    assert_eq!(of(&mine).await, [shared.clone(), alone]);
    assert_eq!(of(&beside).await, [shared]);
}

pub(crate) async fn decisions_are_read_by_their_time(trial: Trial) {
    let decisions = vec![decision(1, 20), decision(2, 10), decision(1, 30)];
    trial.must(Change { decisions, ..Change::default() }).await;
    trial.must(Change { decisions: vec![decision(1, 10)], ..Change::default() }).await;
    let seconds = async |cluster, after, limit| {
        let rows = trial.store.decisions(&cluster_id(cluster), at(after), limit).await.unwrap();
        rows.into_iter().map(|row| row.at).collect::<Vec<_>>()
    };
    assert_eq!(seconds(1, 0, 0).await, [at(10), at(20), at(30)], "also when a clock went back");
    assert_eq!(seconds(1, 10, 0).await, [at(20), at(30)]);
    assert_eq!(seconds(1, 0, 2).await, [at(10), at(20)]);
    assert!(seconds(3, 0, 0).await.is_empty());
    assert_eq!(trial.store.decisions(&cluster_id(2), at(0), 0).await.unwrap(), [decision(2, 10)]);
}

pub(crate) async fn many_decisions_are_read_in_pages(trial: Trial) {
    // A clock that goes back twice, so that moments come again.
    let seconds = (100..400).chain(300..500).chain(250..350).collect::<Vec<u64>>();
    let mut all: Vec<_> = seconds.iter().zip(1..).map(|(second, current)| DecisionRow { current, ..decision(1, *second) }).collect();
    for (number, some) in all.chunks(7).enumerate() {
        let other = if number % 3 == 0 { vec![decision(2, number as u64)] } else { Vec::new() };
        trial.must(Change { decisions: [some, other.as_slice()].concat(), ..Change::default() }).await;
    }
    trial.must(Change { decisions: (0..200).map(|second| decision(3, second)).collect(), ..Change::default() }).await;
    all.sort_by_key(|row| row.at);
    for (after, limit) in [(0, 0), (0, 1), (99, 64), (250, 65), (251, 300), (320, 0), (399, 7), (499, 5)] {
        let later: Vec<_> = all.iter().filter(|row| row.at > at(after)).cloned().collect();
        let last = if limit == 0 { None } else { later.get(limit as usize - 1).map(|row| row.at) };
        let expected: Vec<_> = later.into_iter().filter(|row| last.is_none_or(|last| row.at <= last)).collect();
        let read = trial.store.decisions(&cluster_id(1), at(after), limit).await.unwrap();
        assert_eq!(read, expected, "after {after}, {limit} of them");
    }
    let (mut paged, mut after) = (Vec::new(), at(0));
    loop {
        let page = trial.store.decisions(&cluster_id(1), after, 64).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.at;
        paged.extend(page);
    }
    assert_eq!(paged, all, "page by page, none is missed and none comes twice");
    assert_eq!(trial.store.decisions(&cluster_id(2), at(0), 0).await.unwrap().len(), 28);
    assert_eq!(trial.store.decisions(&cluster_id(3), at(99), 0).await.unwrap().len(), 100);
}

pub(crate) async fn what_was_learned_last_is_what_is_known(trial: Trial) {
    assert_eq!(trial.store.learned("start").await.unwrap(), None);
    let (first, other, last) = (learned("start", 2), learned("durations", 3), learned("start", 1));
    trial.must(Change { learned: vec![first, other.clone()], ..Change::default() }).await;
    trial.must(Change { learned: vec![last.clone()], ..Change::default() }).await;
    assert_eq!(trial.store.learned("start").await.unwrap(), Some(last.fact));
    assert_eq!(trial.store.learned("durations").await.unwrap(), Some(other.fact));
}

pub(crate) async fn events_are_numbered_without_gaps(trial: Trial) {
    let events = vec![event("job_a", "job.submitted"), event("cl_b", "cluster.created")];
    trial.must(Change { events, ..Change::default() }).await;
    trial.must(Change { events: vec![event("job_a", "job.ended")], ..Change::default() }).await;
    let all = trial.store.events(0, None, 0).await.unwrap();
    assert_eq!(all.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(all[1].subject, "cl_b");
    assert_eq!((all[2].kind.as_str(), all[2].message.as_str(), all[2].at), ("job.ended", "job.ended of job_a", at(7)));

    let numbers = async |after, subject, limit| {
        let events = trial.store.events(after, subject, limit).await.unwrap();
        events.into_iter().map(|event| event.seq).collect::<Vec<_>>()
    };
    assert_eq!(numbers(1, None, 0).await, [2, 3]);
    assert_eq!(numbers(0, None, 2).await, [1, 2]);
    assert_eq!(numbers(0, Some("job_a"), 0).await, [1, 3]);
    assert_eq!(numbers(1, Some("job_a"), 1).await, [3]);
    assert_eq!(numbers(3, None, 0).await, [0; 0]);
    assert_eq!(numbers(i64::MAX, None, 0).await, [0; 0]);
    assert_eq!(numbers(i64::MIN, None, 1).await, [1]);
}

pub(crate) async fn texts_of_every_kind_survive(trial: Trial) {
    let odd = "päivä 日本 \u{1f980} \" ' \\ ; -- \n\t\0 ?1 %s {}";
    let record = JobRecord { owner: odd.to_owned(), name: Some(odd.to_owned()), args: vec![odd.to_owned()], ..job(1) };
    let change = Change {
        jobs: vec![record.clone()],
        variables: vec![(job_id(1).to_string(), variables(&[(odd, odd)]))],
        events: vec![event(odd, odd)],
        request: Some((odd.to_owned(), odd.to_owned(), job_id(1))),
        ..Change::default()
    };
    trial.must(change).await;
    trial.store.set_setting(odd, odd).await.unwrap();
    assert_eq!(trial.store.job(&job_id(1)).await.unwrap().unwrap().args, [odd]);
    assert_eq!(trial.store.variables(job_id(1).as_str()).await.unwrap(), variables(&[(odd, odd)]));
    assert_eq!(trial.store.events(0, Some(odd), 0).await.unwrap()[0].kind, odd);
    assert_eq!(trial.store.setting(odd).await.unwrap().as_deref(), Some(odd));
    let filter = caddis_engine::ports::JobFilter {
        owner: Some(odd.to_owned()),
        name: Some(odd.to_owned()),
        ..Default::default()
    };
    assert_eq!(trial.store.jobs(&filter).await.unwrap().len(), 1);
}
