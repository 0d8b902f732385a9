//! What really runs: processes, the keeper that sees them, environments, schedulers. Survives every crash of the server.
//!
//! What always holds, as in docs/KEEPER.md: a key is started at most once until it is forgotten; what was listed once
//! stays listed; after an answered purge nothing of the cluster runs, what ran is listed, and no start is taken any more.

mod environment;
mod events;
pub mod keeper;
pub mod leases;
mod process;
pub mod schedulers;
mod script;
mod start;

use std::collections::{BTreeMap, BTreeSet};

use caddis_core::world::{Exit, Member};
use caddis_engine::Key;
use caddis_types::dask::DaskSnapshot;
use caddis_types::{ClusterId, JobId};

pub use environment::{Environment, Known, forget_all, prepare, status};
pub use events::{advance, next_event};
pub use process::{Process, TrueEnd};
pub use script::Script;
pub use start::{fits, start};

use crate::hub::State;

/// One cluster's place outside the database.
#[derive(Debug, Default)]
pub struct Site {
    /// Whether there is a run folder.
    pub folder: bool,
    /// Whether it was purged, after which nothing starts.
    pub purged: bool,
    /// How recent the newest view was that was given out.
    pub floor: i64,
    /// Its Python environment.
    pub environment: Environment,
    /// Until when the link is down.
    pub link_down: i64,
    /// What its scheduler said when it was listened to last.
    pub said: Option<DaskSnapshot>,
    /// Whether its scheduler said that it closes.
    pub closed: bool,
    /// Tasks that users keep on it, and until when.
    pub load: (u32, i64),
    /// Until when users want the results that its workers hold.
    pub wanted_until: i64,
    /// When its lease was renewed last.
    pub lease: i64,
    /// Whether nobody wants it any more, which is final.
    pub lapsed: bool,
}

/// Everything that runs, and everything that ran.
#[derive(Debug, Default)]
pub struct World {
    /// Every process there ever was.
    pub processes: Vec<Process>,
    /// Those that live.
    pub alive: BTreeSet<usize>,
    /// The newest process under each key that is not forgotten.
    pub keys: BTreeMap<(ClusterId, Member), usize>,
    /// Clusters.
    pub sites: BTreeMap<ClusterId, Site>,
    /// When the dead keeper is replaced; nothing while it lives.
    pub keeper_back: Option<i64>,
    /// When processes that never ran are taken out of the list again.
    pub withdrawals: BTreeSet<(i64, usize)>,
    /// How often user code of each attempt was begun.
    pub begun: BTreeMap<(JobId, u32), u32>,
    /// How often what sets up each cluster was begun, by its number.
    pub set_up: BTreeMap<(ClusterId, u32), u32>,
    /// Scripts, by job.
    pub scripts: BTreeMap<JobId, Script>,
}

impl World {
    /// The process under a key.
    pub fn find(&self, cluster: &ClusterId, member: &Member) -> Option<&Process> {
        self.keys.get(&(cluster.clone(), member.clone())).map(|index| &self.processes[*index])
    }

    /// The living processes of a cluster.
    pub fn living(&self, cluster: &ClusterId) -> Vec<usize> {
        self.alive.iter().copied().filter(|index| &self.processes[*index].cluster == cluster).collect()
    }

    /// Whether anything of a cluster runs, children left behind included.
    pub fn runs(&self, cluster: &ClusterId) -> bool {
        self.processes.iter().any(|p| &p.cluster == cluster && (p.end.is_none() || p.leaked))
    }

    /// A cluster's place.
    pub fn site(&mut self, cluster: &ClusterId) -> &mut Site {
        self.sites.entry(cluster.clone()).or_default()
    }
}

/// Ends a process now.
pub fn end(state: &mut State, index: usize, exit: Exit) {
    crate::check::nothing_lost(state, index);
    let (t, now) = (state.t, state.now());
    let heard = state.world.keeper_back.is_none();
    let process = &mut state.world.processes[index];
    if process.end.is_some() {
        return;
    }
    process.end = Some(TrueEnd { t, at: now, exit: exit.clone() });
    process.ladder = None;
    if heard {
        process.keep_end(t, now);
    }
    let (cluster, member) = (process.cluster.clone(), process.member.clone());
    state.world.alive.remove(&index);
    state.note(|| format!("ends {cluster}/{member} {exit:?}"));
    if member == Member::Scheduler {
        schedulers::lost(state, &cluster);
    }
    tell(state, &cluster, &member);
}

/// Wakes those whom a change of a process concerns; that may be lost, or come twice.
pub fn tell(state: &mut State, cluster: &ClusterId, member: &Member) {
    if let Member::Job { job, .. } = member {
        wake(state, Key::Job(job.clone()));
    }
    wake(state, Key::Cluster(cluster.clone()));
}

/// One wake-up from outside.
pub fn wake(state: &mut State, key: Key) {
    let calls = state.options.calls.clone();
    let lost = state.chaos.hit(calls.wake_lost);
    let twice = state.chaos.hit(calls.wake_twice);
    let Some(queue) = &state.queue else { return };
    if !lost {
        queue.wake(key);
    }
    if twice {
        queue.wake(Key::Pool);
        for cluster in state.world.sites.keys() {
            queue.wake(Key::Cluster(cluster.clone()));
        }
        for job in state.world.scripts.keys() {
            queue.wake(Key::Job(job.clone()));
        }
    }
}
