//! Outputs of scripts, as they are.

use std::path::PathBuf;

use caddis_client::{ClientError, LogQuery};
use caddis_types::JobId;
use caddis_types::api::Stream;

use crate::browser::Browser;
use crate::records::{end, end_attempt, job, run};
use crate::rig::{Rig, code};

/// A job with an attempt that runs and wrote this.
async fn wrote(rig: &Rig, text: &[u8]) -> (JobId, PathBuf) {
    let mut job = job(&rig.owner);
    run(&mut job);
    let path = rig.home.attempt_log(&job.id, 1, Stream::Stdout);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    (rig.put_job(job).await, path)
}

async fn read(rig: &Rig, id: &JobId, query: LogQuery) -> Vec<u8> {
    let mut all = Vec::new();
    let mut logs = rig.client.job_logs(id.as_str(), Stream::Stdout, query).await.unwrap();
    logs.copy_to(&mut all).await.unwrap();
    all
}

#[tokio::test]
async fn bytes_come_unchanged_from_any_offset() {
    let rig = Rig::start().await;
    let text: Vec<u8> = (0..300_000u32).flat_map(u32::to_le_bytes).collect();
    let (id, _) = wrote(&rig, &text).await;
    assert_eq!(read(&rig, &id, LogQuery::default()).await, text);
    let from = LogQuery { offset: 1_000_001, ..LogQuery::default() };
    assert_eq!(read(&rig, &id, from).await, text[1_000_001..]);
    let path = format!("/v1/jobs/{id}/logs/stdout");
    let got = Browser::new(rig.port()).session(&rig.session().await).get(&path).await;
    assert_eq!((got.status, &got.headers["caddis-attempt"]), (200, &"1".parse().unwrap()));
    assert_eq!(got.headers["content-type"], "application/octet-stream");
    assert_eq!(got.body, String::from_utf8_lossy(&text), "without frames");
}

#[tokio::test]
async fn each_attempt_has_its_own() {
    let rig = Rig::start().await;
    let (id, path) = wrote(&rig, b"first").await;
    rig.edit(&id, |job| {
        end_attempt(job);
        run(job);
    })
    .await;
    let second = path.parent().unwrap().parent().unwrap().join("2");
    std::fs::create_dir_all(&second).unwrap();
    std::fs::write(second.join("stdout"), "second").unwrap();
    assert_eq!(read(&rig, &id, LogQuery::default()).await, b"second");
    let first = LogQuery { attempt: Some(1), ..LogQuery::default() };
    assert_eq!(read(&rig, &id, first).await, b"first");
    let logs = rig.client.job_logs(id.as_str(), Stream::Stdout, first).await.unwrap();
    assert_eq!(logs.attempt(), Some(1));
    let third = LogQuery { attempt: Some(3), ..first };
    let refused = rig.client.job_logs(id.as_str(), Stream::Stdout, third).await.map(drop);
    assert_eq!(code(refused), (404, "no_attempt".into()));
}

#[tokio::test]
async fn a_script_that_never_started_or_said_nothing() {
    let rig = Rig::start().await;
    let id = rig.put_job(job(&rig.owner)).await;
    let ask = || rig.client.job_logs(id.as_str(), Stream::Stderr, LogQuery::default());
    assert_eq!(code(ask().await.map(drop)), (404, "no_attempt".into()));
    rig.edit(&id, |job| {
        run(job);
        end(job);
    })
    .await;
    assert!(ask().await.unwrap().next().await.unwrap().is_none(), "an output that was never made is empty");
}

#[tokio::test]
async fn what_was_left_out_is_told_and_offsets_stay_true() {
    let rig = Rig::start().await;
    let (id, path) = wrote(&rig, b"head\n\0\0\0\0\0tail\n").await;
    std::fs::write(path.with_file_name("stdout.gap"), "5 10\n").unwrap();
    let notice = "[caddis: 5 bytes left out here, the limit is 64 MiB]\n";
    assert_eq!(read(&rig, &id, LogQuery::default()).await, format!("head\n{notice}tail\n").as_bytes());
    let mut logs = rig.client.job_logs(id.as_str(), Stream::Stdout, LogQuery::default()).await.unwrap();
    let mut seen = Vec::new();
    while let Some(piece) = logs.next().await.unwrap() {
        seen.push((logs.offset(), String::from_utf8(piece.to_vec()).unwrap()));
    }
    assert_eq!(seen, [(5, "head\n".into()), (10, notice.into()), (15, "tail\n".into())]);
}

#[tokio::test]
async fn other_outputs_and_other_peoples_jobs_are_not_there() {
    let rig = Rig::start().await;
    let mut theirs = job("somebody-else");
    run(&mut theirs);
    let theirs = rig.put_job(theirs).await;
    let refused = rig.client.job_logs(theirs.as_str(), Stream::Stdout, LogQuery::default()).await.map(drop);
    assert_eq!(code(refused), (404, "not_found".into()));
    let (id, _) = wrote(&rig, b"x").await;
    let browser = Browser::new(rig.port()).session(&rig.session().await);
    for name in ["stdin", "..", "stdout.gap", "..%2f..%2f..%2fstate.db"] {
        assert_eq!(browser.get(&format!("/v1/jobs/{id}/logs/{name}")).await.status, 404, "{name}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let error = caddis_client::Client::connect(folder.path()).await.unwrap_err();
    assert!(matches!(error, ClientError::NotRunning { .. }), "{error:?}");
}
