//! What is known of a job and its cluster, kept up to date.

use std::time::Duration;

use caddis_types::api::{ClusterView, JobPhase, JobView};
use tokio::sync::watch::{self, Receiver, Ref, Sender};
use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::progress::Mode;
use crate::server::Server;

/// The newest of both.
#[derive(Clone, Debug)]
pub struct Known {
    /// The job.
    pub job: JobView,
    /// Its cluster, while it runs.
    pub cluster: Option<ClusterView>,
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
        let (sender, known) = watch::channel(Known { job, cluster: None });
        let mut tasks = JoinSet::new();
        tasks.spawn_local(jobs(server.clone(), sender.clone(), every));
        if mode != Mode::Quiet {
            tasks.spawn_local(clusters(server, sender, every));
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
        known.send_modify(|known| known.job = job);
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
