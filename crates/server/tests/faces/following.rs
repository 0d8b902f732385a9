//! Outputs that grow while they are read.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

use caddis_client::{LogQuery, Logs};
use caddis_types::JobId;
use caddis_types::api::Stream;

use crate::records::{end, end_attempt, job, run};
use crate::rig::{Rig, until, within};

const FOLLOW: LogQuery = LogQuery { attempt: None, offset: 0, follow: true };

fn open(rig: &Rig, id: &JobId) -> File {
    let path = rig.home.attempt_log(id, 1, Stream::Stdout);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    OpenOptions::new().append(true).create(true).mode(0o600).open(path).unwrap()
}

async fn running(rig: &Rig) -> (JobId, File) {
    let mut job = job(&rig.owner);
    run(&mut job);
    let file = open(rig, &job.id);
    (rig.put_job(job).await, file)
}

async fn follow(rig: &Rig, id: &JobId, query: LogQuery) -> Logs {
    rig.client.job_logs(id.as_str(), Stream::Stdout, query).await.unwrap()
}

async fn all(mut logs: Logs) -> Vec<u8> {
    let mut all = Vec::new();
    within("the log ends", logs.copy_to(&mut all)).await.unwrap();
    all
}

/// Numbered lines of different lengths, written in pieces that cut lines, by several bursts.
fn lines(count: usize) -> Vec<u8> {
    (0..count).flat_map(|i| format!("{i} {}\n", "x".repeat(i * 7919 % 211)).into_bytes()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_byte_is_lost_or_doubled_while_it_is_written() {
    let rig = Rig::start().await;
    let (id, mut file) = running(&rig).await;
    let followers: Vec<_> = futures_util::future::join_all((0..4).map(|_| follow(&rig, &id, FOLLOW))).await;
    let readers: Vec<_> = followers.into_iter().map(|logs| tokio::spawn(all(logs))).collect();
    let text = lines(20_000);
    let written = text.clone();
    let writer = tokio::task::spawn_blocking(move || {
        for (i, piece) in written.chunks(1 + written.len() / 977).enumerate() {
            file.write_all(piece).unwrap();
            if i % 7 == 0 {
                std::thread::yield_now();
            }
        }
    });
    writer.await.unwrap();
    rig.edit(&id, end).await;
    for reader in readers {
        assert!(reader.await.unwrap() == text, "what was read is not what was written");
    }
}

#[tokio::test]
async fn who_is_cut_off_goes_on_where_he_was() {
    let rig = Rig::start().await;
    let (id, mut file) = running(&rig).await;
    let text = lines(3000);
    let (mut read, mut offset) = (Vec::new(), 0);
    for piece in text.chunks(text.len() / 10 + 1) {
        file.write_all(piece).unwrap();
        let mut logs = follow(&rig, &id, LogQuery { offset, ..FOLLOW }).await;
        read.extend(within("a piece", logs.next()).await.unwrap().unwrap());
        offset = logs.offset();
        // Dropping it cuts the connection, usually with more on the way.
    }
    rig.edit(&id, end).await;
    read.extend(all(follow(&rig, &id, LogQuery { offset, ..FOLLOW }).await).await);
    assert!(read == text);
}

#[tokio::test]
async fn a_line_arrives_within_milliseconds() {
    let rig = Rig::start().await;
    let (id, mut file) = running(&rig).await;
    let mut logs = follow(&rig, &id, FOLLOW).await;
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..40 {
        let began = Instant::now();
        file.write_all(b"line\n").unwrap();
        assert_eq!(within("a line", logs.next()).await.unwrap().unwrap(), "line\n");
        times.push(began.elapsed());
    }
    times.sort_unstable();
    println!("a line arrives after {:?} (median), {:?} (slowest)", times[20], times[39]);
    assert!(times[20] < Duration::from_millis(20), "the median is {:?}", times[20]);
}

#[tokio::test]
async fn following_begins_before_there_is_anything() {
    let rig = Rig::start().await;
    let id = rig.put_job(job(&rig.owner)).await;
    let (client, name) = (rig.client.clone(), id.to_string());
    let reader = tokio::spawn(async move { all(client.job_logs(&name, Stream::Stdout, FOLLOW).await.unwrap()).await });
    rig.edit(&id, run).await;
    let mut file = open(&rig, &id);
    file.write_all(b"here\n").unwrap();
    rig.edit(&id, end).await;
    assert_eq!(reader.await.unwrap(), b"here\n");
}

#[tokio::test]
async fn it_ends_with_the_attempt_and_not_with_the_job() {
    let rig = Rig::start().await;
    let (id, mut file) = running(&rig).await;
    let reader = tokio::spawn(all(follow(&rig, &id, FOLLOW).await));
    file.write_all(b"one\n").unwrap();
    rig.edit(&id, |job| {
        end_attempt(job);
        run(job);
    })
    .await;
    assert_eq!(reader.await.unwrap(), b"one\n");
}

#[tokio::test]
async fn a_gap_that_opens_under_a_follower_is_told() {
    let rig = Rig::start().await;
    let (id, mut file) = running(&rig).await;
    let mut logs = follow(&rig, &id, FOLLOW).await;
    file.write_all(b"head\n").unwrap();
    assert_eq!(within("the head", logs.next()).await.unwrap().unwrap(), "head\n");
    let path = rig.home.attempt_log(&id, 1, Stream::Stdout);
    fs::write(path.with_file_name("stdout.gap"), "5 1005\n").unwrap();
    file.write_all(&[vec![0; 1000], b"tail\n".to_vec()].concat()).unwrap();
    rig.edit(&id, end).await;
    assert_eq!(all(logs).await, b"[caddis: 1000 bytes left out here, the limit is 64 MiB]\ntail\n");
}

#[tokio::test]
async fn a_follower_that_leaves_leaves_nothing() {
    let mut rig = Rig::start_with(
        caddis_server::Options { idle_exit: Some(Duration::from_millis(50)), ..Default::default() },
        None,
    )
    .await;
    let (id, _file) = running(&rig).await;
    let logs = follow(&rig, &id, FOLLOW).await;
    drop(logs);
    until("the follower's connection is gone", async || {
        rig.edit(&id, end).await;
        rig.served.as_ref().unwrap().is_finished().then_some(())
    })
    .await;
    rig.ended().await.unwrap();
}

#[tokio::test]
async fn a_server_that_ends_cuts_and_does_not_pretend_an_end() {
    let mut rig = Rig::start().await;
    let (id, mut file) = running(&rig).await;
    file.write_all(b"one\n").unwrap();
    let mut logs = follow(&rig, &id, FOLLOW).await;
    assert_eq!(within("a line", logs.next()).await.unwrap().unwrap(), "one\n");
    rig.client.shutdown(true).await.unwrap();
    let error = within("the cut", logs.next()).await.unwrap_err();
    assert!(error.is_gone(), "{error:?}");
    assert_eq!(logs.offset(), 4);
    rig.ended().await.unwrap();
}
