//! Jobs.

use caddis_core::record::JobRecord;
use caddis_types::api::{JobPhase, JobWish, Program};

use crate::records::{end, job};
use crate::rig::{Rig, code};

fn wish() -> JobWish {
    serde_json::from_value(serde_json::json!({"program": {"script": "/job.py"}, "cwd": "/"})).unwrap()
}

#[tokio::test]
async fn a_job_is_taken_once_for_a_request_key() {
    let rig = Rig::start().await;
    let wish = JobWish { request_key: Some("k".into()), name: Some("etl".into()), ..wish() };
    let first = rig.client.submit_job(&wish).await.unwrap();
    assert_eq!((first.owner.as_str(), first.name.as_deref()), (rig.owner.as_str(), Some("etl")));
    assert_eq!(rig.client.submit_job(&wish).await.unwrap().id, first.id);
    for reference in ["etl", "latest", first.id.as_str()] {
        assert_eq!(rig.client.job(reference).await.unwrap().id, first.id);
    }
    let again = JobWish { request_key: None, ..wish };
    assert_eq!(code(rig.client.submit_job(&again).await), (409, "name_taken".into()));
    let missing = JobWish { program: Program::Script("/missing.py".into()), ..self::wish() };
    assert_eq!(code(rig.client.submit_job(&missing).await), (400, "no_script".into()));
}

#[tokio::test]
async fn everybody_sees_only_his_own() {
    let rig = Rig::start().await;
    let (mine, theirs) = (rig.put_job(job(&rig.owner)).await, rig.put_job(job("somebody-else")).await);
    let ids: Vec<_> = rig.client.jobs(false, 0).await.unwrap().into_iter().map(|job| job.id).collect();
    assert_eq!(ids, [mine]);
    let reference = theirs.as_str();
    assert_eq!(code(rig.client.job(reference).await), (404, "not_found".into()));
    assert_eq!(code(rig.client.cancel_job(reference, false).await), (404, "not_found".into()));
    assert_eq!(code(rig.client.why(reference).await), (404, "not_found".into()));
}

#[tokio::test]
async fn lists_are_limited_and_active_ones_are_told_apart() {
    let rig = Rig::start().await;
    let mut ended = job(&rig.owner);
    end(&mut ended);
    rig.put_job(ended).await;
    for _ in 0..3 {
        rig.put_job(job(&rig.owner)).await;
    }
    assert_eq!(rig.client.jobs(true, 0).await.unwrap().len(), 3);
    assert_eq!(rig.client.jobs(false, 0).await.unwrap().len(), 4);
    assert_eq!(rig.client.jobs(false, 2).await.unwrap().len(), 2);
    assert_eq!(rig.client.server().await.unwrap().jobs_active, 3);
}

#[tokio::test]
async fn cancelling_may_be_repeated_and_retrying_needs_an_end() {
    let rig = Rig::start().await;
    let id = rig.put_job(job(&rig.owner)).await;
    let reference = id.as_str();
    assert_eq!(code(rig.client.retry_job(reference).await), (409, "not_ended".into()));
    rig.client.cancel_job(reference, false).await.unwrap();
    rig.client.cancel_job(reference, true).await.unwrap();
    let job = crate::rig::until("it is cancelled", async || {
        Some(rig.client.job(reference).await.unwrap()).filter(|job| job.phase == JobPhase::Cancelled)
    })
    .await;
    assert_eq!(rig.client.cancel_job(reference, false).await.unwrap().phase, JobPhase::Cancelled);
    let again = rig.client.retry_job(reference).await.unwrap();
    assert!(again.id != job.id && again.program == job.program);
}

#[tokio::test]
async fn a_repeated_job_says_that_its_input_is_empty() {
    let rig = Rig::start().await;
    for stdin in [true, false] {
        let mut ended = JobRecord { stdin, ..job(&rig.owner) };
        end(&mut ended);
        let id = rig.put_job(ended).await;
        let again = rig.client.retry_job(id.as_str()).await.unwrap();
        assert_eq!(again.notices.iter().any(|notice| notice.contains("standard input")), stdin, "{:?}", again.notices);
    }
}

#[tokio::test]
async fn why_names_the_subject() {
    let rig = Rig::start().await;
    let id = rig.put_job(job(&rig.owner)).await;
    let why = rig.client.why("latest").await.unwrap();
    assert_eq!(why.subject, id.to_string());
    assert!(!why.reasons.is_empty());
}
