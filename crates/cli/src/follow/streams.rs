//! One output of a job, attempt after attempt, without losing or doubling a byte.

use std::time::Duration;

use caddis_client::{ClientError, LogQuery};
use caddis_types::api::Stream;

use super::screen::{Screen, Target};
use crate::failure::{Exit, Failure};
use crate::server::{Server, lost};

const PAUSE: Duration = Duration::from_millis(50);
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// After so many cuts without a byte between them it is not chance any more.
const TRIES: u32 = 6;

/// How reading one attempt's output ended.
enum Read {
    /// The server has no more of it for now: the attempt is over, or the server ends.
    Whole,
    /// The connection was cut.
    Cut,
    /// Nobody takes the bytes any more.
    Unwanted,
}

/// One output of a job on its way to the screen, and how far it is.
struct Pump {
    server: Server,
    job: String,
    stream: Stream,
    screen: Screen,
    target: Target,
    attempt: u32,
    offset: u64,
}

/// Passes one output of a job on until the job is over.
pub async fn pump(server: Server, job: String, stream: Stream, screen: Screen, target: Target) -> Result<(), Failure> {
    let mut pump = Pump { server, job, stream, screen, target, attempt: 1, offset: 0 };
    let mut cuts = 0;
    loop {
        let before = pump.offset;
        match pump.read(true).await {
            Ok(Read::Unwanted) => return Ok(()),
            Ok(Read::Whole) => match pump.after_the_end().await? {
                Next::Over => return Ok(()),
                Next::Attempt => cuts = 0,
            },
            Ok(Read::Cut) if cuts < TRIES => {
                cuts = if pump.offset > before { 1 } else { cuts + 1 };
                tokio::time::sleep(PAUSE * (cuts - 1)).await;
                pump.server.again().await?;
            }
            Ok(Read::Cut) => {
                let text = format!("the output of job `{}` cannot be read: the connection is lost again and again", pump.job);
                return Err(Failure::new(Exit::Unavailable, "connection_lost", text).hint("see `caddis doctor`"));
            }
            // The job ended before the script was started: there is no output.
            Err(error) if error.problem().is_some_and(|problem| problem.code == "no_attempt") => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// What follows the end of an attempt's output.
enum Next {
    /// Nothing: the job is over.
    Over,
    /// More of this attempt, or another one.
    Attempt,
}

impl Pump {
    async fn read(&mut self, follow: bool) -> Result<Read, ClientError> {
        let client = self.server.client().await;
        let query = LogQuery { attempt: Some(self.attempt), offset: self.offset, follow };
        let mut logs = match client.job_logs(&self.job, self.stream, query).await {
            Err(error) if lost(&error) => return Ok(Read::Cut),
            other => other?,
        };
        loop {
            match logs.next().await {
                Ok(Some(bytes)) => {
                    self.offset = logs.offset();
                    if !self.screen.write(self.target, bytes.to_vec()).await {
                        return Ok(Read::Unwanted);
                    }
                }
                Ok(None) => return Ok(Read::Whole),
                Err(error) if lost(&error) => return Ok(Read::Cut),
                Err(error) => return Err(error),
            }
        }
    }

    /// The output came to an end. That may be the end of a server: the attempt is over only when the job says so, and
    /// what was written meanwhile is read then.
    async fn after_the_end(&mut self) -> Result<Next, Failure> {
        let (job, attempt) = (self.job.clone(), self.attempt);
        let view = self.server.call(async |client| client.job(&job).await).await?;
        let ended = view.attempts.iter().any(|one| one.number == attempt && one.ended_at.is_some());
        if !ended && !view.phase.is_final() {
            return Ok(Next::Attempt);
        }
        while !matches!(self.read(false).await, Ok(Read::Whole | Read::Unwanted) | Err(_)) {
            self.server.again().await?;
        }
        let mut view = view;
        loop {
            if view.attempts.iter().any(|other| other.number > attempt) {
                (self.attempt, self.offset) = (attempt + 1, 0);
                return Ok(Next::Attempt);
            }
            if view.phase.is_final() {
                return Ok(Next::Over);
            }
            let after = view.generation;
            view = self.server.call(async |client| client.watch_job(&job, after, LOOK_EVERY).await).await?;
        }
    }
}
