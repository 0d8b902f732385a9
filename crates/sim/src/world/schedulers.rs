//! Schedulers, as the link shows them: tasks, clients, registered workers, results; closing and draining.

use caddis_core::record::Leaving;
use caddis_core::world::{Exit, Member};
use caddis_types::ClusterId;
use caddis_types::dask::{DaskSnapshot, TaskCounts, WorkerView};
use rand::RngExt;

use super::World;
use crate::hub::{MS, SECOND, State};

/// What a task is expected to take: so much that as many workers are wanted as there are tasks.
const TASK_SECONDS: f64 = 7.5;

fn serving(world: &World, cluster: &ClusterId) -> bool {
    world.find(cluster, &Member::Scheduler).is_some_and(|p| p.end.is_none() && p.ready.is_some())
}

fn registered(world: &World, cluster: &ClusterId) -> Vec<usize> {
    let ready = |index: &usize| {
        let process = &world.processes[*index];
        matches!(process.member, Member::Worker { .. }) && process.ready.is_some()
    };
    world.living(cluster).into_iter().filter(ready).collect()
}

/// What the scheduler said last, while its link is up.
pub fn snapshot(state: &mut State, cluster: &ClusterId) -> Option<DaskSnapshot> {
    let chance = state.options.world.link_down;
    let t = state.t;
    if !serving(&state.world, cluster) {
        return None;
    }
    let (falls, span) = (state.chaos.hit(chance * 0.1), state.chaos.span(8000));
    let site = state.world.sites.get_mut(cluster)?;
    if falls {
        site.link_down = t + span;
    }
    if site.link_down > t {
        return None;
    }
    let load = if site.load.1 > t { site.load.0 } else { 0 };
    let workers = registered(&state.world, cluster);
    let scripts = state.world.living(cluster).iter().filter(|i| state.world.processes[**i].begun).count() as u32;
    let view = |index: &usize| WorkerView {
        name: state.world.processes[*index].member.to_string(),
        keys: held(&state.world, *index, t),
        status: if state.world.processes[*index].cordoned { "closing_gracefully" } else { "running" }.to_owned(),
        nthreads: 1,
        ..WorkerView::default()
    };
    let keys: u64 = workers.iter().map(|index| held(&state.world, *index, t)).sum();
    let tasks =
        TaskCounts { processing: u64::from(load), queued: u64::from(load), memory: keys, ..TaskCounts::default() };
    Some(DaskSnapshot {
        at: state.now(),
        data_bytes: keys << 20,
        tasks,
        total: u64::from(load),
        threads: workers.len() as u32,
        runnable: u64::from(load) * 4,
        target: load,
        occupancy: f64::from(load) * TASK_SECONDS,
        queued_seconds: f64::from(load) * TASK_SECONDS,
        longest: if load > 0 { TASK_SECONDS } else { 0.0 },
        closable: Some(workers.len() as u32),
        clients: scripts,
        workers: workers.iter().map(view).collect(),
        ..DaskSnapshot::default()
    })
}

/// Whom the scheduler would close: the youngest.
pub fn victims(state: &mut State, cluster: &ClusterId, count: u32) -> Vec<String> {
    if snapshot(state, cluster).is_none() {
        return Vec::new();
    }
    let workers = registered(&state.world, cluster);
    workers.iter().rev().take(count as usize).map(|i| state.world.processes[*i].member.to_string()).collect()
}

/// Results on a worker that somebody still wants.
pub fn held(world: &World, index: usize, t: i64) -> u64 {
    let process = &world.processes[index];
    let wanted = world.sites.get(&process.cluster).is_some_and(|site| site.wanted_until > t);
    if wanted && process.end.is_none() { process.keys } else { 0 }
}

/// Work leaves results on every worker that takes some.
pub fn compute(state: &mut State, cluster: &ClusterId, until: i64) {
    let stale = state.world.site(cluster).wanted_until <= state.t;
    for index in registered(&state.world, cluster) {
        let process = &mut state.world.processes[index];
        let before = if stale { 0 } else { process.keys };
        process.keys = before + u64::from(!process.cordoned);
    }
    let site = state.world.site(cluster);
    site.wanted_until = site.wanted_until.max(until);
}

/// Workers copy their data off and go, unless they never get done with it, or nobody is there to take it. Every other one
/// that is taken away runs something that does not end in time: it has nothing to lose then, and stays until it is killed.
pub fn drain(state: &mut State, cluster: &ClusterId, names: &[String], why: Leaving) -> bool {
    if snapshot(state, cluster).is_none() {
        return false;
    }
    for index in registered(&state.world, cluster) {
        if names.contains(&state.world.processes[index].member.to_string()) {
            let lazy = state.options.world.lazy;
            if !state.chaos.hit(lazy) && hand_over(state, cluster, index) && !works_on(state, index, why) {
                let at = state.t + state.chaos.rng.random_range(5..3000) * MS;
                ends_at(state, index, at);
            }
        }
    }
    true
}

/// Where the clock jumps, the end of a notice may be far away; nobody works for that long.
fn works_on(state: &State, index: usize, why: Leaving) -> bool {
    let odd = state.world.processes[index].pid % 2 == 1;
    why == Leaving::Preempted && odd && state.options.world.clock_jumps == 0
}

/// Copies the results of a worker to another one; no when there is none.
fn hand_over(state: &mut State, cluster: &ClusterId, index: usize) -> bool {
    let keys = held(&state.world, index, state.t);
    let takes = |other: &usize| *other != index && !state.world.processes[*other].cordoned;
    let to = registered(&state.world, cluster).into_iter().find(takes);
    match to {
        Some(to) => state.world.processes[to].keys = held(&state.world, to, state.t) + keys,
        None if keys > 0 => return false,
        None => {}
    }
    let process = &mut state.world.processes[index];
    (process.keys, process.cordoned) = (0, true);
    true
}

/// The scheduler closes its workers and itself, unless it hangs.
pub fn close(state: &mut State, cluster: &ClusterId) -> bool {
    if snapshot(state, cluster).is_none() {
        return false;
    }
    state.world.site(cluster).closed = true;
    for index in state.world.living(cluster) {
        let lazy = state.options.world.lazy;
        if state.world.processes[index].job().is_none() && !state.chaos.hit(lazy) {
            let at = state.t + state.chaos.rng.random_range(5..1500) * MS;
            ends_at(state, index, at);
        }
    }
    true
}

fn ends_at(state: &mut State, index: usize, at: i64) {
    let process = &mut state.world.processes[index];
    if process.exit_due.as_ref().is_none_or(|(due, _)| *due > at) {
        process.exit_due = Some((at, Exit::Code(0)));
    }
}

/// Without their scheduler workers end after a while, and so do most scripts.
pub(super) fn lost(state: &mut State, cluster: &ClusterId) {
    for index in state.world.living(cluster) {
        let (stays, span) = (state.chaos.rng.random_bool(0.3), state.chaos.rng.random_range(1..12) * SECOND);
        let at = state.t + span;
        let process = &mut state.world.processes[index];
        let (code, due) = match process.member {
            Member::Job { .. } if !process.begun => continue,
            Member::Job { .. } => (1, !stays),
            _ => (0, !stays),
        };
        if due && process.exit_due.as_ref().is_none_or(|(due, _)| *due > at) {
            process.exit_due = Some((at, Exit::Code(code)));
        }
    }
}
