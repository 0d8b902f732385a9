//! Lists: every combination of a filter, newest first.

use caddis_core::record::{ClusterRecord, JobRecord};
use caddis_engine::ports::{Change, ClusterFilter, JobFilter};

use super::Trial;
use crate::support::{
    cluster, cluster_for, cluster_id, ended, ended_cluster, job, job_id, named, named_cluster, on_cluster,
};

fn of_bob(job: JobRecord) -> JobRecord {
    JobRecord { owner: "bob".to_owned(), ..job }
}

fn some_jobs() -> Vec<JobRecord> {
    vec![
        on_cluster(named(3, "etl"), 1),
        on_cluster(ended(named(1, "etl"), 5), 1),
        of_bob(on_cluster(named(5, "etl"), 1)),
        job(4),
        of_bob(ended(job(2), 6)),
        on_cluster(job(6), 2),
        on_cluster(ended(job(7), 6), 1),
    ]
}

pub(crate) async fn jobs_are_found_by_every_filter_newest_first(trial: Trial) {
    trial.must(Change { jobs: some_jobs(), ..Change::default() }).await;
    for bits in 0..16u8 {
        for limit in 0..3 {
            let filter = JobFilter {
                owner: (bits & 1 != 0).then(|| "ada".to_owned()),
                active: bits & 2 != 0,
                cluster: (bits & 4 != 0).then(|| cluster_id(1)),
                name: (bits & 8 != 0).then(|| "etl".to_owned()),
                limit,
            };
            let mut wanted: Vec<_> = some_jobs()
                .into_iter()
                .filter(|job| filter.owner.as_ref().is_none_or(|owner| owner == &job.owner))
                .filter(|job| !filter.active || !job.is_ended())
                .filter(|job| filter.cluster.is_none() || filter.cluster.as_ref() == job.cluster_id())
                .filter(|job| filter.name.is_none() || filter.name == job.name)
                .map(|job| JobRecord { generation: 1, ..job })
                .collect();
            wanted.sort_by(|a, b| b.id.cmp(&a.id));
            wanted.truncate(if limit == 0 { usize::MAX } else { limit as usize });
            assert_eq!(trial.store.jobs(&filter).await.unwrap(), wanted, "{filter:?}");
        }
    }
}

fn some_clusters() -> Vec<ClusterRecord> {
    vec![
        named_cluster(2, "shared"),
        ended_cluster(named_cluster(1, "shared"), 5),
        ClusterRecord { owner: "bob".to_owned(), ..named_cluster(6, "shared") },
        cluster_for(3, 1),
        ended_cluster(cluster_for(4, 1), 6),
        cluster_for(5, 2),
        cluster(7),
    ]
}

pub(crate) async fn clusters_are_found_by_every_filter_newest_first(trial: Trial) {
    trial.must(Change { clusters: some_clusters(), ..Change::default() }).await;
    for bits in 0..16u8 {
        for limit in 0..3 {
            let filter = ClusterFilter {
                owner: (bits & 1 != 0).then(|| "ada".to_owned()),
                active: bits & 2 != 0,
                job: (bits & 4 != 0).then(|| job_id(1)),
                name: (bits & 8 != 0).then(|| "shared".to_owned()),
                limit,
            };
            let mut wanted: Vec<_> = some_clusters()
                .into_iter()
                .filter(|cluster| filter.owner.as_ref().is_none_or(|owner| owner == &cluster.owner))
                .filter(|cluster| !filter.active || !cluster.state.is_ended())
                .filter(|cluster| filter.job.is_none() || filter.job == cluster.job)
                .filter(|cluster| filter.name.is_none() || filter.name == cluster.name)
                .map(|cluster| ClusterRecord { generation: 1, ..cluster })
                .collect();
            wanted.sort_by(|a, b| b.id.cmp(&a.id));
            wanted.truncate(if limit == 0 { usize::MAX } else { limit as usize });
            assert_eq!(trial.store.clusters(&filter).await.unwrap(), wanted, "{filter:?}");
        }
    }
}

pub(crate) async fn a_job_is_listed_on_its_newest_attempts_cluster(trial: Trial) {
    let on = async |number| {
        let filter = JobFilter { cluster: Some(cluster_id(number)), ..JobFilter::default() };
        trial.store.jobs(&filter).await.unwrap().len()
    };
    trial.must(Change { jobs: vec![on_cluster(job(1), 1)], ..Change::default() }).await;
    assert_eq!((on(1).await, on(2).await), (1, 0));
    let first = trial.store.job(&job_id(1)).await.unwrap().unwrap();
    trial.must(Change { jobs: vec![on_cluster(first, 2)], ..Change::default() }).await;
    assert_eq!((on(1).await, on(2).await), (0, 1));
}

pub(crate) async fn records_are_read_together_by_their_ids(trial: Trial) {
    trial.must(Change { jobs: some_jobs(), clusters: some_clusters(), ..Change::default() }).await;
    let wanted = [job_id(2), job_id(7), job_id(99), job_id(3), job_id(2)];
    let found: Vec<_> = trial.store.jobs_of(&wanted).await.unwrap().into_iter().map(|job| job.id).collect();
    assert_eq!(found, [job_id(7), job_id(3), job_id(2)], "newest first, each once, what is not there left out");
    let found: Vec<_> = trial.store.clusters_of(&[cluster_id(1), cluster_id(6)]).await.unwrap();
    assert_eq!(found.iter().map(|cluster| cluster.id.clone()).collect::<Vec<_>>(), [cluster_id(6), cluster_id(1)]);
    assert!(found[1].state.is_ended() && found.iter().all(|cluster| cluster.generation == 1));
    assert!(trial.store.jobs_of(&[]).await.unwrap().is_empty());
}
