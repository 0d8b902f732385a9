//! Starting a process.

use caddis_core::record::{ClusterRecord, JobRecord};
use caddis_core::world::{End, Exit, Member};
use caddis_engine::ports::StartError;
use caddis_types::bytes::GIB;
use caddis_types::{Cause, CauseCode};
use rand::RngExt;

use super::{Known, Process, Script, TrueEnd};
use crate::hub::{MS, SECOND, State};

/// Starts one process, at most once under its key; `again` leaves the key out of it, which is a planted bug.
pub fn start(
    state: &mut State,
    cluster: &ClusterRecord,
    member: &Member,
    job: Option<&JobRecord>,
    again: bool,
) -> Result<(), StartError> {
    let key = (cluster.id.clone(), member.clone());
    let site = state.world.site(&cluster.id);
    let (purged, ready) = (site.purged, site.environment.status == Known::Ready);
    if state.world.keeper_back.is_some() {
        return Err(StartError::Unknown("the keeper does not answer".into()));
    }
    if !again && state.world.keys.contains_key(&key) {
        return Ok(());
    }
    if purged {
        return Err(StartError::Refused(Cause::new(CauseCode::ClusterStopped, "its cluster was cleared away")));
    }
    if !ready {
        return Err(StartError::Unknown("its environment is not ready".into()));
    }
    let (refuse, dies) = (state.options.world.refuse, state.options.world.keeper_start);
    if state.chaos.hit(refuse) {
        return Err(StartError::Refused(Cause::new(CauseCode::ClusterStart, "fork: no more processes")));
    }
    if let Member::Worker { slot, .. } = member {
        let (chance, preemptible) = (state.options.world.no_capacity, cluster.slots.get(slot).is_some_and(|slot| slot.preemptible));
        if preemptible && state.chaos.hit(chance) {
            return Err(StartError::NoCapacity("all of them are taken".into()));
        }
    }
    let stillborn = state.chaos.hit(dies);
    let process = born(state, cluster, member, job);
    let index = state.world.processes.len();
    let t = state.t;
    let site = state.world.site(&cluster.id);
    if !site.folder {
        (site.folder, site.lease) = (true, t);
    }
    state.world.processes.push(process);
    state.world.keys.insert(key, index);
    if stillborn {
        never_ran(state, index);
        return Err(StartError::Unknown("the keeper died".into()));
    }
    state.world.alive.insert(index);
    let pid = state.world.processes[index].pid;
    let id = &cluster.id;
    state.note(|| format!("starts {id}/{member} as {pid}"));
    super::tell(state, id, member);
    fits(state);
    crate::check::one_each(state);
    Ok(())
}

fn born(state: &mut State, cluster: &ClusterRecord, member: &Member, job: Option<&JobRecord>) -> Process {
    let faults = state.options.world.clone();
    let (lagging, lag) = (state.chaos.hit(faults.lag), state.chaos.span(faults.lag_ms));
    let wedged = state.chaos.hit(faults.wedge) && job.is_none();
    let (worker_dies, scheduler_dies) = (state.chaos.hit(faults.worker_death), state.chaos.hit(faults.scheduler_death));
    let life = state.chaos.rng.random_range(5..40_000) * MS;
    let ready = state.chaos.rng.random_range(20..600) * MS;
    let exit = if state.chaos.rng.random_bool(0.5) { Exit::Signal(9) } else { Exit::Code(1) };
    let dies = match member {
        Member::Scheduler => scheduler_dies,
        Member::Worker { .. } => worker_dies,
        Member::Setup { .. } | Member::Job { .. } => false,
    };
    let setup = matches!(member, Member::Setup { .. }).then(|| setup_ends(state));
    if let Some(job) = job {
        state.world.scripts.entry(job.id.clone()).or_insert_with(|| Script::of(job));
    }
    let reserve = if matches!(member, Member::Worker { .. }) { cluster.shape.memory_bytes } else { 0 };
    Process {
        cluster: cluster.id.clone(),
        member: member.clone(),
        pid: 1000 + state.world.processes.len() as u32,
        reserve,
        born: state.t,
        started_at: state.now(),
        listed: state.t + if lagging { lag } else { 0 },
        preemptible: matches!(member, Member::Worker { slot, .. } if cluster.slots.get(slot).is_some_and(|slot| slot.preemptible)),
        ready_due: (!wedged).then_some(state.t + ready),
        ready: None,
        begun: false,
        keys: 0,
        cordoned: false,
        exit_due: setup.unwrap_or_else(|| dies.then_some((state.t + life, exit))),
        ladder: None,
        deaf: state.chaos.hit(faults.deaf),
        leaks: state.chaos.hit(faults.leak),
        leaked: false,
        adopted: false,
        killed_by: None,
        end: None,
        kept: None,
        kept_lived: None,
        withdrawn: None,
    }
}

/// What sets a cluster up mostly succeeds; some of it fails, and some goes on for ever.
fn setup_ends(state: &mut State) -> Option<(i64, Exit)> {
    let rng = &mut state.chaos.rng;
    let at = state.t + rng.random_range(5..8_000) * MS;
    match rng.random_range(0..10) {
        0 => None,
        1 => Some((at, Exit::Code(3))),
        _ => Some((at, Exit::Code(0))),
    }
}

/// The keeper died between intent and go: the process did nothing, and the next keeper says so. A script's end is
/// told, since its job counts attempts; anything else is listed for a while at most, and its key is free again.
fn never_ran(state: &mut State, index: usize) {
    let (t, at) = (state.t, state.now());
    let exit = Exit::Unknown("never started".into());
    let process = &mut state.world.processes[index];
    process.end = Some(TrueEnd { t, at, exit: exit.clone() });
    process.leaks = false;
    let end = End { at, exit, killed_by: None, began: false, outcome: None, log_tail: String::new() };
    let (cluster, member) = (process.cluster.clone(), process.member.clone());
    state.note(|| format!("never runs {cluster}/{member}: the keeper dies"));
    super::keeper::die(state, 2 * SECOND);
    let back = state.world.keeper_back.unwrap_or(t);
    let shown = state.chaos.span(3000);
    let process = &mut state.world.processes[index];
    process.listed = process.listed.max(back);
    if process.job().is_some() {
        process.kept = Some((back, end));
    } else {
        process.withdrawn = Some(process.listed + shown);
        state.world.withdrawals.insert((process.listed + shown, index));
    }
}

/// Memory is never given twice.
pub fn fits(state: &mut State) {
    let used: u64 = state.world.alive.iter().map(|index| state.world.processes[*index].reserve).sum();
    let pool = state.options.pool_slots * GIB;
    if used > pool {
        state.violate(format!("living workers may use {used} bytes of a pool of {pool}"));
    }
}
