//! A script's standard input: from the body of a request through a pipe, as fast as the script reads.
//!
//! What always holds: at most one piece of the body is held beside the kernel's pipe; the script reads an end when the
//! body has ended, or was cut off by the client, but not because this server ends.

mod pipe;

use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use caddis_backends::plain;
use caddis_core::record::{AttemptPhase, AttemptRecord};
use caddis_core::world::Member;
use caddis_engine::calls::Caller;
use caddis_types::{ClusterId, JobId};
use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe::Sender;

use crate::face::Face;
use crate::http::Refusal;
use crate::hub::Watch;

/// Between two looks for the pipe of a script that is being started.
const LOOK: Duration = Duration::from_millis(10);

/// Feeds a job's script until the body ends, the script wants no more, or it is over.
///
/// It runs beside the request: when the client goes away, the request is dropped, and the script must still read an
/// end.
pub(crate) async fn feed(face: &Face, caller: &Caller, job: &JobId, body: Body) -> Result<(), Refusal> {
    let changes = face.assembly.hub.watch(job.as_str());
    let mut feeder = Feeder { face: face.clone(), caller: caller.clone(), job: job.clone(), changes };
    let presence = face.activity.enter();
    let task = tokio::spawn(async move {
        let _presence = presence;
        feeder.run(body.into_data_stream()).await
    });
    task.await.unwrap_or_else(|_| Err(Refusal::unavailable("stdin", "standard input could not be sent")))
}

struct Feeder {
    face: Face,
    caller: Caller,
    job: JobId,
    changes: Watch,
}

/// The script that is fed.
struct Script {
    number: u32,
    cluster: ClusterId,
    member: String,
}

/// How feeding ended.
enum Fed {
    /// The body ended, or its sender went away.
    Whole,
    /// The script wants no more, or is over.
    Refused,
    /// This server ends; the script must not take that for an end.
    Cut,
}

impl Feeder {
    async fn run(&mut self, body: BodyDataStream) -> Result<(), Refusal> {
        let Some((script, pipe)) = self.open().await? else { return Ok(()) };
        match self.copy(&script, pipe, body).await {
            Fed::Refused => Ok(()),
            Fed::Cut => Err(ending()),
            Fed::Whole => self.close(&script).await,
        }
    }

    /// Waits for the script's pipe; nothing when the job is over before, or its script takes no input.
    async fn open(&mut self) -> Result<Option<(Script, Sender)>, Refusal> {
        loop {
            let record = self.face.assembly.engine.find_job(&self.caller, self.job.as_str()).await?;
            if record.is_ended() {
                return Ok(None);
            }
            let attempt = record.attempt();
            if let Some(attempt) = attempt {
                let script = self.script(attempt);
                let path = self.face.assembly.home.stdin(&script.cluster, &script.member);
                match pipe::open(&path).map_err(|error| trouble(&error))? {
                    Some(pipe) => return Ok(Some((script, pipe))),
                    // Its pipe is there before it runs: a running script without one takes no input any more.
                    None if matches!(attempt.phase, AttemptPhase::Running { .. }) => return Ok(None),
                    None => {}
                }
            }
            self.wait(attempt.is_some()).await?;
        }
    }

    async fn wait(&mut self, starting: bool) -> Result<(), Refusal> {
        let look = async {
            match starting {
                true => tokio::time::sleep(LOOK).await,
                false => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.changes.changed() => Ok(()),
            () = look => Ok(()),
            () = self.face.shutdown.wait() => Err(ending()),
        }
    }

    async fn copy(&mut self, script: &Script, mut pipe: Sender, mut body: BodyDataStream) -> Fed {
        let shutdown = self.face.shutdown.clone();
        let copied = async {
            while let Some(Ok(piece)) = body.next().await {
                if !write(&mut pipe, &piece).await {
                    return Fed::Refused;
                }
            }
            Fed::Whole
        };
        tokio::select! {
            biased;
            () = shutdown.wait() => Fed::Cut,
            fed = copied => if shutdown.begun() { Fed::Cut } else { fed },
            () = self.over(script) => Fed::Refused,
        }
    }

    /// Returns when the script is over, also when something that it left behind holds the pipe open.
    async fn over(&mut self, script: &Script) {
        loop {
            self.changes.changed().await;
            let found = self.face.assembly.engine.find_job(&self.caller, self.job.as_str()).await;
            let attempt = found.as_ref().ok().filter(|record| !record.is_ended()).and_then(|record| record.attempt());
            let same = attempt.filter(|attempt| attempt.number == script.number);
            if same.is_none_or(|attempt| matches!(attempt.phase, AttemptPhase::Ended { .. })) {
                return;
            }
        }
    }

    async fn close(&self, script: &Script) -> Result<(), Refusal> {
        let closed = self.face.assembly.stdin.close(&script.cluster, &script.member).await;
        closed.map_err(|error| {
            tracing::info!(job.id = %self.job, error.code, error.message, "a script's standard input was not closed");
            Refusal::unavailable("stdin", format!("its standard input could not be closed: {}", error.message))
        })
    }

    fn script(&self, attempt: &AttemptRecord) -> Script {
        let member = Member::Job { job: self.job.clone(), attempt: attempt.number }.to_string();
        Script { number: attempt.number, cluster: attempt.cluster.clone(), member }
    }
}

async fn write(pipe: &mut Sender, piece: &Bytes) -> bool {
    match pipe.write_all(piece).await {
        Ok(()) => true,
        Err(error) => {
            tracing::debug!(error = %error, "a script takes no more standard input");
            false
        }
    }
}

fn ending() -> Refusal {
    Refusal::unavailable("ending", "the server is ending\nhint: send the rest to the next one")
}

fn trouble(error: &std::io::Error) -> Refusal {
    Refusal::unavailable("stdin", format!("the script's standard input cannot be opened: {}", plain(error)))
}
