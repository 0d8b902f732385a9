//! Standard input of scripts.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use caddis_core::world::Member;
use caddis_types::JobId;
use rustix::fs::{CWD, FileType, Mode, OFlags};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};

use crate::records::{end, job, run};
use crate::rig::{Rig, code, until, within};

/// A job's pipe as the keeper holds it: both ends open.
struct Pipe {
    reader: OwnedFd,
    writer: OwnedFd,
}

fn pipe_path(rig: &Rig, job: &caddis_core::record::JobRecord) -> PathBuf {
    let attempt = job.attempts.last().unwrap();
    let member = Member::Job { job: job.id.clone(), attempt: attempt.number }.to_string();
    rig.home.stdin(&attempt.cluster, &member)
}

fn make_pipe(path: &PathBuf) -> Pipe {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    rustix::fs::mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let open = |flags| rustix::fs::open(path, flags | OFlags::NONBLOCK, Mode::empty()).unwrap();
    let reader = open(OFlags::RDONLY);
    let writer = open(OFlags::WRONLY);
    rustix::fs::fcntl_setfl(&reader, OFlags::empty()).unwrap();
    Pipe { reader, writer }
}

async fn with_stdin(rig: &Rig) -> (JobId, Pipe) {
    let mut job = job(&rig.owner);
    job.stdin = true;
    run(&mut job);
    let pipe = make_pipe(&pipe_path(rig, &job));
    (rig.put_job(job).await, pipe)
}

/// Counts what is taken of an input without an end.
struct Endless(Arc<AtomicU64>);

impl AsyncRead for Endless {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let length = buffer.remaining();
        buffer.initialize_unfilled().fill(b'x');
        buffer.advance(length);
        self.0.fetch_add(length as u64, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_byte_arrives_and_then_an_end() {
    let rig = Rig::start().await;
    let (id, pipe) = with_stdin(&rig).await;
    let text: Vec<u8> = (0..500_000u32).flat_map(u32::to_le_bytes).collect();
    let reader = tokio::task::spawn_blocking(move || {
        let mut all = Vec::new();
        File::from(pipe.reader).read_to_end(&mut all).unwrap();
        all
    });
    within("it is sent", rig.client.send_stdin(id.as_str(), std::io::Cursor::new(text.clone()))).await.unwrap();
    let closed = within("it is closed", async { rig.closed.lock().await.recv().await }).await.unwrap();
    let record = rig.client.job(id.as_str()).await.unwrap();
    assert_eq!(closed, format!("{}/{id}.1", record.cluster.unwrap()));
    drop(pipe.writer);
    assert!(reader.await.unwrap() == text);
}

#[tokio::test]
async fn a_script_that_reads_slowly_slows_the_sender() {
    let rig = Rig::start().await;
    let (id, pipe) = with_stdin(&rig).await;
    let taken = Arc::new(AtomicU64::new(0));
    let (client, name, input) = (rig.client.clone(), id.to_string(), Endless(taken.clone()));
    let sending = tokio::spawn(async move { client.send_stdin(&name, input).await });
    let level = || taken.load(Ordering::Relaxed);
    // It stands still once the pipe and the buffers on the way are full.
    let mut last = (u64::MAX, 0);
    until("the sender stands still", async || {
        last = if last.0 == level() && last.0 > 0 { (last.0, last.1 + 1) } else { (level(), 0) };
        (last.1 == 100).then_some(())
    })
    .await;
    assert!(level() < 4 << 20, "{} bytes were taken of a sender whose reader sleeps", level());
    let before = level();
    let mut buffer = vec![0; 1 << 16];
    let mut reader = File::from(pipe.reader);
    let mut read = 0;
    until("reading lets it go on", async || {
        read += reader.read(&mut buffer).unwrap();
        (level() > before).then_some(())
    })
    .await;
    drop((reader, pipe.writer));
    within("the sender is told that nobody reads", sending).await.unwrap().unwrap();
}

#[tokio::test]
async fn it_waits_for_the_script() {
    let rig = Rig::start().await;
    let mut waiting = job(&rig.owner);
    waiting.stdin = true;
    let id = rig.put_job(waiting).await;
    let (client, name) = (rig.client.clone(), id.to_string());
    let sending = tokio::spawn(async move { client.send_stdin(&name, &b"early"[..]).await });
    // The pipe is there before the record says that the script runs, as it is with the keeper.
    let mut planned = rig.assembly.engine.ports.store.job(&id).await.unwrap().unwrap();
    run(&mut planned);
    let pipe = make_pipe(&pipe_path(&rig, &planned));
    rig.put_job(planned).await;
    within("it is sent", sending).await.unwrap().unwrap();
    let mut buffer = [0; 5];
    File::from(pipe.reader).read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"early");
}

#[tokio::test]
async fn it_ends_when_the_job_does_though_the_terminal_says_nothing() {
    let rig = Rig::start().await;
    let (id, _pipe) = with_stdin(&rig).await;
    let (silent, mut kept) = tokio::io::duplex(64);
    kept.write_all(b"x").await.unwrap();
    let (client, name) = (rig.client.clone(), id.to_string());
    let sending = tokio::spawn(async move { client.send_stdin(&name, silent).await });
    let mut byte = [0];
    let reader = File::from(_pipe.reader);
    let (reader, byte) = tokio::task::spawn_blocking(move || {
        (&reader).read_exact(&mut byte).unwrap();
        (reader, byte)
    })
    .await
    .unwrap();
    assert_eq!(&byte, b"x", "it is fed");
    rig.edit(&id, end).await;
    within("it ends", sending).await.unwrap().unwrap();
    drop(reader);
}

#[tokio::test]
async fn a_client_that_dies_ends_the_input_and_a_server_that_ends_does_not() {
    let mut rig = Rig::start().await;
    for dies in [true, false] {
        let (id, pipe) = with_stdin(&rig).await;
        let (silent, mut kept) = tokio::io::duplex(64);
        kept.write_all(b"x").await.unwrap();
        let (client, name) = (rig.client.clone(), id.to_string());
        let sending = tokio::spawn(async move { client.send_stdin(&name, silent).await });
        let mut reader = File::from(pipe.reader);
        let mut byte = [0];
        reader = tokio::task::spawn_blocking(move || {
            reader.read_exact(&mut byte).unwrap();
            reader
        })
        .await
        .unwrap();
        if dies {
            sending.abort();
            within("it is closed", async { rig.closed.lock().await.recv().await }).await.unwrap();
        } else {
            rig.client.shutdown(true).await.unwrap();
            rig.ended().await.unwrap();
            assert!(within("the sender is told", sending).await.unwrap().is_err());
            assert!(rig.closed.lock().await.try_recv().is_err(), "the next server goes on with it");
        }
        drop(reader);
    }
}

#[tokio::test]
async fn a_job_without_standard_input_takes_none() {
    let rig = Rig::start().await;
    let id = rig.put_job(job(&rig.owner)).await;
    let sent = rig.client.send_stdin(id.as_str(), &b"x"[..]).await;
    assert_eq!(code(sent), (409, "no_stdin".into()));
}
