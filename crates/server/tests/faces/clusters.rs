//! Clusters.

use caddis_core::record::{MemberPhase, SlotRecord};
use caddis_types::api::{ClusterPhase, ClusterWish};
use tokio::fs;

use crate::records::{NOW, cluster};
use crate::rig::{Rig, code, within};

#[tokio::test]
async fn a_cluster_is_made_shown_scaled_and_stopped() {
    let rig = Rig::start().await;
    let wish = ClusterWish { name: Some("shared".into()), ..ClusterWish::default() };
    let made = rig.client.create_cluster(&wish).await.unwrap();
    assert_eq!(rig.client.cluster("shared").await.unwrap().id, made.id);
    assert_eq!(code(rig.client.create_cluster(&wish).await), (409, "name_taken".into()));
    rig.client.scale_cluster("shared", 3).await.unwrap();
    assert_eq!(code(rig.client.scale_cluster("shared", 4000).await), (409, "above_pool".into()));
    assert_eq!(code(rig.client.connection("shared").await), (409, "not_serving".into()));
    rig.client.stop_cluster("shared").await.unwrap();
    rig.client.stop_cluster("shared").await.unwrap();
    assert_eq!(rig.client.server().await.unwrap().clusters_active, 1);
    assert_eq!(rig.client.clusters(false, 0).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_serving_cluster_says_how_to_connect() {
    let rig = Rig::start().await;
    let id = rig.put_cluster(cluster(&rig.owner, None)).await;
    let theirs = rig.put_cluster(cluster("somebody-else", None)).await;
    assert_eq!(rig.client.connection(id.as_str()).await.unwrap().address, "tls://127.0.0.1:1");
    assert_eq!(rig.client.cluster(id.as_str()).await.unwrap().phase, ClusterPhase::Running);
    assert_eq!(code(rig.client.connection(theirs.as_str()).await), (404, "not_found".into()));
}

#[tokio::test]
async fn nobody_who_looks_waits_for_a_scheduler() {
    let rig = Rig::start().await;
    let mut shrinking = cluster(&rig.owner, None);
    let phase = MemberPhase::Running { started_at: NOW, pid: 1, ready_at: Some(NOW) };
    shrinking.slots.insert(0, SlotRecord { attempt: 1, phase, asked_at: None, failures: 0, last_death: None, preemptible: false, unheard_since: None, retiring: None });
    (shrinking.workers_wanted, shrinking.workers_desired) = (0, 0);
    assert_eq!(caddis_core::cluster::surplus(&shrinking), 1, "its scheduler is asked whom it would close");
    let id = rig.put_cluster(shrinking).await;
    assert_eq!(within("the list", rig.client.clusters(true, 0)).await.unwrap().len(), 1);
    assert_eq!(within("the cluster", rig.client.cluster(id.as_str())).await.unwrap().id, id);
    assert!(!within("its reasons", rig.client.why(id.as_str())).await.unwrap().reasons.is_empty());
    within("its end", rig.client.stop_cluster(id.as_str())).await.unwrap();
}

#[tokio::test]
async fn logs_of_members_are_listed_and_nothing_else_is_read() {
    let rig = Rig::start().await;
    let id = rig.put_cluster(cluster(&rig.owner, None)).await;
    assert!(rig.client.cluster_members(id.as_str()).await.unwrap().is_empty());
    let folder = rig.home.cluster_logs(&id);
    fs::create_dir_all(&folder).await.unwrap();
    for (name, text) in [("worker-0000.1.log", "worker\n"), ("scheduler.1.log", "scheduler\n")] {
        fs::write(folder.join(name), text).await.unwrap();
    }
    assert_eq!(rig.client.cluster_members(id.as_str()).await.unwrap(), ["scheduler.1", "worker-0000.1"]);
    for (member, text) in [("scheduler", "scheduler\n"), ("scheduler.1", "scheduler\n"), ("worker-0000.1", "worker\n")]
    {
        let mut logs = rig.client.cluster_logs(id.as_str(), member, Default::default()).await.unwrap();
        assert_eq!(logs.next().await.unwrap().unwrap(), text);
    }
    for member in ["../../state.db", "/etc/passwd", "scheduler.1/../x", "job_0000000000000000.1", ""] {
        let refused = rig.client.cluster_logs(id.as_str(), member, Default::default()).await.map(drop);
        assert_eq!(code(refused), (400, "bad_member".into()), "{member}");
    }
    let absent = rig.client.cluster_logs(id.as_str(), "worker-0009.1", Default::default()).await.map(drop);
    assert_eq!(code(absent), (404, "not_found".into()));
}
