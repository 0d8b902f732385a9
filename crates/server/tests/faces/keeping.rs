//! What is kept, and removing it.

use caddis_types::api::PruneWish;

use crate::records::{cluster, end, job};
use crate::rig::{Rig, code};

#[tokio::test]
async fn pruning_says_the_same_as_it_does() {
    let rig = Rig::start().await;
    let mut old = job(&rig.owner);
    end(&mut old);
    let old = rig.put_job(old).await;
    rig.put_job(job(&rig.owner)).await;
    let stray = cluster(&rig.owner, None).id;
    rig.outside.traces.lock().unwrap().push(stray);
    let wish = PruneWish { dry_run: true, older_than_ms: Some(0) };
    let told = rig.client.prune(&wish).await.unwrap();
    assert_eq!((&told.jobs[..], told.leftovers, &told.environments[..]), (&[old][..], 1, &["aa11".to_owned()][..]));
    assert_eq!(rig.client.jobs(false, 0).await.unwrap().len(), 2, "nothing was removed");
    assert_eq!(rig.client.environments().await.unwrap().len(), 2);
    let done = rig.client.prune(&PruneWish { dry_run: false, ..wish }).await.unwrap();
    assert_eq!(caddis_types::api::PruneView { dry_run: true, ..done }, told);
    assert_eq!(rig.client.jobs(false, 0).await.unwrap().len(), 1);
    assert!(rig.outside.traces.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_ended_lately_is_kept_by_default() {
    let rig = Rig::start().await;
    let mut lately = job(&rig.owner);
    end(&mut lately);
    let now = rig.assembly.engine.ports.clock.now();
    if let caddis_core::record::JobState::Ended { at, .. } = &mut lately.state {
        *at = now;
    }
    rig.put_job(lately).await;
    let told = rig.client.prune(&PruneWish { dry_run: true, older_than_ms: None }).await.unwrap();
    assert!(told.jobs.is_empty(), "{told:?}");
}

#[tokio::test]
async fn the_logs_of_a_removed_cluster_go_with_it() {
    let rig = Rig::start().await;
    let mut ended = cluster(&rig.owner, None);
    ended.state = caddis_core::record::ClusterState::Ended {
        at: crate::records::NOW,
        why: caddis_core::record::StopWhy::orderly("it was stopped"),
    };
    let id = rig.put_cluster(ended).await;
    let logs = rig.home.cluster_logs(&id);
    std::fs::create_dir_all(&logs).unwrap();
    let done = rig.client.prune(&PruneWish { dry_run: false, older_than_ms: Some(0) }).await.unwrap();
    assert_eq!(done.clusters, [id]);
    assert!(!logs.exists());
}

#[tokio::test]
async fn environments_are_found_by_the_beginning_of_their_id() {
    let rig = Rig::start().await;
    assert_eq!(rig.client.environment("aa1").await.unwrap().id, "aa11");
    assert_eq!(code(rig.client.environment("aa").await), (409, "ambiguous".into()));
    assert_eq!(code(rig.client.environment("zz").await), (404, "not_found".into()));
    assert_eq!(code(rig.client.remove_environment("aa22").await), (409, "in_use".into()));
    rig.client.remove_environment("aa1").await.unwrap();
    assert_eq!(rig.client.environments().await.unwrap().len(), 1);
}
