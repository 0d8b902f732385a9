//! What is known of a job and its cluster, kept up to date.

use std::time::Duration;

use caddis_types::Reason;
use caddis_types::api::{ClusterView, JobPhase, JobView};
use tokio::sync::watch::{self, Receiver, Ref, Sender};
use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::progress::Mode;
use crate::server::Server;
use crate::waiting;

/// The newest of both.
#[derive(Clone, Debug)]
pub struct Known {
    /// The job.
    pub job: JobView,
    /// Its cluster, while it runs.
    pub cluster: Option<ClusterView>,
    /// What keeps the job waiting, once it waits for longer than a moment.
    pub why: Option<Reason>,
}

/// Asks again and again, no oftener than somebody looks.
pub struct Watch {
    known: Receiver<Known>,
    tasks: JoinSet<Result<(), Failure>>,
}

impl Watch {
    /// Begins to watch. A change of the job is known at once in every mode; how often its numbers are renewed depends
    /// on who looks.
    pub fn start(server: Server, job: JobView, mode: Mode) -> Watch {
        let every = match mode {
            Mode::Live => Duration::from_millis(500),
            Mode::Plain => Duration::from_secs(5),
            Mode::Quiet => Duration::from_secs(30),
        };
        let (sender, known) = watch::channel(Known { job, cluster: None, why: None });
        let mut tasks = JoinSet::new();
        tasks.spawn_local(jobs(server.clone(), sender.clone(), every));
        if mode != Mode::Quiet {
            tasks.spawn_local(clusters(server.clone(), sender.clone(), every));
            tasks.spawn_local(reasons(server, sender));
        }
        Watch { known, tasks }
    }

    /// What is known now.
    pub fn known(&self) -> Ref<'_, Known> {
        self.known.borrow()
    }

    /// Waits for news; fails when no server can be asked any more.
    pub async fn changed(&mut self) -> Result<(), Failure> {
        tokio::select! {
            changed = self.known.changed() => match changed {
                Ok(()) => Ok(()),
                Err(_) => std::future::pending().await,
            },
            Some(Ok(Err(failure))) = self.tasks.join_next() => Err(failure),
        }
    }
}

async fn jobs(server: Server, known: Sender<Known>, every: Duration) -> Result<(), Failure> {
    let id = known.borrow().job.id.clone();
    let mut last = known.borrow().job.phase.is_final();
    while !last {
        let after = known.borrow().job.generation;
        let job = server.call(async |client| client.watch_job(id.as_str(), after, every).await).await?;
        last = job.phase.is_final();
        known.send_modify(|known| {
            // What kept it waiting belongs to the stage that is over.
            known.why.take_if(|_| stage(&known.job) != stage(&job));
            known.job = job;
        });
    }
    Ok(())
}

async fn clusters(server: Server, known: Sender<Known>, every: Duration) -> Result<(), Failure> {
    loop {
        let (phase, cluster) = {
            let known = known.borrow();
            (known.job.phase, known.job.cluster.clone())
        };
        match cluster {
            _ if phase.is_final() => return Ok(()),
            Some(id) if phase == JobPhase::Running => {
                let view = server.call(async |client| client.cluster(id.as_str()).await).await?;
                known.send_modify(|known| known.cluster = Some(view));
            }
            _ => {}
        }
        let mut news = known.subscribe();
        // A new phase is worth a look before its time.
        let moved = news.wait_for(|known| known.job.phase != phase);
        let _ = tokio::time::timeout(every, moved).await;
    }
}

fn stage(job: &JobView) -> (JobPhase, usize) {
    (job.phase, job.attempts.len())
}

/// Asks what keeps the job waiting, when a stage before the script lasts for longer than a moment.
async fn reasons(server: Server, known: Sender<Known>) -> Result<(), Failure> {
    let id = known.borrow().job.id.clone();
    let (mut pauses, mut before) = (waiting::Pauses::BEGIN, None);
    loop {
        let now = stage(&known.borrow().job);
        if before.replace(now) != Some(now) {
            pauses = waiting::Pauses::BEGIN;
        }
        let mut news = known.subscribe();
        let moved = async {
            let _ = news.wait_for(|known| stage(&known.job) != now).await;
        };
        match now.0 {
            phase if phase.is_final() => return Ok(()),
            JobPhase::Running => moved.await,
            _ if tokio::time::timeout(pauses.take(), moved).await.is_ok() => {}
            _ => {
                let why = waiting::ask(&server, id.as_str()).await;
                known.send_if_modified(|known| {
                    // The answer may be about a stage that is over.
                    let new = why.is_some() && why != known.why && stage(&known.job) == now;
                    if new {
                        known.why = why;
                    }
                    new
                });
            }
        }
    }
}
