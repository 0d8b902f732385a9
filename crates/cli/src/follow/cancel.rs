//! The wish to end the job: Ctrl-C once, twice, three times; `kill`; a terminal that is gone.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use super::screen::Screen;
use crate::failure::Failure;
use crate::server::Server;
use crate::signals::Signal;

/// How long a program that leaves waits for the server to accept the cancellation.
const ACCEPTED: Duration = Duration::from_secs(5);

/// What follows from a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The job is being ended; its end is waited for.
    Stay,
    /// We leave with this code.
    Leave(u8),
}

/// Cancels one job, more and more urgently.
pub struct Canceller {
    server: Server,
    job: String,
    asked: u32,
    calls: JoinSet<Result<(), Failure>>,
}

impl Canceller {
    /// Nothing is wished yet.
    pub fn new(server: Server, job: String) -> Canceller {
        Canceller { server, job, asked: 0, calls: JoinSet::new() }
    }

    /// Does what the signal means.
    pub async fn signal(&mut self, signal: Signal, screen: &Screen) -> Then {
        if signal == Signal::HangUp {
            self.cancel_now().await;
            return Then::Leave(signal.exit_code());
        }
        self.asked += 1;
        match self.asked {
            1 => screen.say(match signal {
                Signal::Interrupt => "cancelling; Ctrl-C again to hurry",
                _ => "cancelling",
            }),
            2 => screen.say("hurrying; a third time leaves at once, and the job is ended without us"),
            _ => return Then::Leave(signal.exit_code()),
        }
        self.calls.spawn_local(cancel(self.server.clone(), self.job.clone(), self.asked > 1));
        Then::Stay
    }

    /// Wishes the end and waits, not for long, until the server has heard it.
    pub async fn cancel_now(&mut self) {
        // Whoever leaves has nobody to tell that it did not work.
        let _ = timeout(ACCEPTED, cancel(self.server.clone(), self.job.clone(), false)).await;
    }

    /// The first call that failed; waits for ever while none does.
    pub async fn trouble(&mut self) -> Result<(), Failure> {
        loop {
            match self.calls.join_next().await {
                Some(Ok(Err(failure))) => return Err(failure),
                Some(_) => {}
                None => return std::future::pending().await,
            }
        }
    }
}

async fn cancel(server: Server, job: String, hurry: bool) -> Result<(), Failure> {
    server.call(async |client| client.cancel_job(&job, hurry).await).await.map(drop)
}
