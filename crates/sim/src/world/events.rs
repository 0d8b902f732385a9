//! What happens by itself, in order of time.

use caddis_core::world::{Exit, Member};
use caddis_types::ClusterId;

use super::{Known, World, environment, keeper, leases};
use crate::hub::{MS, State};

/// When something happens next by itself.
pub fn next_event(world: &World, lease: i64) -> Option<i64> {
    let processes = world.alive.iter().filter_map(|index| due(world, *index));
    let builds = world.sites.values().filter_map(|site| match site.environment.status {
        Known::Building(at) => Some(at),
        _ => None,
    });
    let withdrawals = world.withdrawals.first().map(|(at, _)| *at);
    processes.chain(builds).chain(world.keeper_back).chain(withdrawals).chain(leases::next(world, lease)).min()
}

fn due(world: &World, index: usize) -> Option<i64> {
    let process = &world.processes[index];
    let ladder = process.ladder.as_ref().map(|ladder| ladder.due);
    let exit = process.exit_due.as_ref().map(|(at, _)| *at);
    let ready = process.ready_due.filter(|_| can_be_ready(world, index));
    [ladder, exit, ready].into_iter().flatten().min()
}

/// Workers and scripts wait for their scheduler.
fn can_be_ready(world: &World, index: usize) -> bool {
    let process = &world.processes[index];
    match process.member {
        Member::Scheduler => true,
        _ => world.find(&process.cluster, &Member::Scheduler).is_some_and(|p| p.end.is_none() && p.ready.is_some()),
    }
}

/// Lets everything happen that is due by now.
pub fn advance(state: &mut State) {
    if state.world.keeper_back.is_some_and(|at| at <= state.t) {
        keeper::replaced(state);
    }
    while let Some((at, index)) = state.world.withdrawals.first().copied().filter(|(at, _)| *at <= state.t) {
        state.world.withdrawals.remove(&(at, index));
        keeper::withdraw(state, index);
    }
    leases::watch(state);
    let builds: Vec<ClusterId> = state.world.sites.iter().filter_map(|(id, site)| match site.environment.status {
        Known::Building(at) if at <= state.t => Some(id.clone()),
        _ => None,
    }).collect();
    for cluster in builds {
        environment::finish(state, &cluster);
    }
    let mut late: Vec<usize> = Vec::new();
    late.extend(state.world.alive.iter().filter(|i| due(&state.world, **i).is_some_and(|at| at <= state.t)));
    for index in late {
        step(state, index);
    }
}

fn step(state: &mut State, index: usize) {
    let t = state.t;
    let process = &state.world.processes[index];
    if process.end.is_some() {
        return;
    }
    if process.ready_due.is_some_and(|at| at <= t) && can_be_ready(&state.world, index) {
        get_ready(state, index);
    }
    if let Some((_, exit)) = state.world.processes[index].exit_due.clone().filter(|(at, _)| *at <= t) {
        leave_child(state, index);
        return super::end(state, index, exit);
    }
    climb(state, index);
}

fn get_ready(state: &mut State, index: usize) {
    let (t, now) = (state.t, state.now());
    let process = &mut state.world.processes[index];
    process.ready_due = None;
    process.ready = Some((t, now));
    let (cluster, member) = (process.cluster.clone(), process.member.clone());
    if let Member::Setup { step } = member {
        state.world.processes[index].begun = true;
        *state.world.set_up.entry((cluster.clone(), step)).or_default() += 1;
        crate::check::set_up(state, &cluster, step);
    }
    if let Member::Job { job, attempt } = &member {
        state.world.processes[index].begun = true;
        let script = state.world.scripts[job].clone();
        if let Some(ms) = script.runs_ms {
            state.world.processes[index].exit_due = Some((t + ms as i64 * MS, script.exit(*attempt)));
        }
        *state.world.begun.entry((job.clone(), *attempt)).or_default() += 1;
        crate::check::begun(state, job, *attempt);
    }
    state.note(|| format!("ready {cluster}/{member}"));
    super::tell(state, &cluster, &member);
}

/// The next signal of a ladder.
fn climb(state: &mut State, index: usize) {
    let t = state.t;
    let process = &mut state.world.processes[index];
    let Some(ladder) = process.ladder.as_mut().filter(|ladder| ladder.due <= t) else { return };
    if ladder.rungs.is_empty() {
        return super::end(state, index, Exit::Signal(9));
    }
    let rung = ladder.rungs.remove(0);
    ladder.due = t + rung.wait_ms as i64 * MS;
    let (deaf, job, begun) = (process.deaf, process.job().map(|(job, _)| job.clone()), process.begun);
    if deaf {
        return;
    }
    let tidy = job.and_then(|job| state.world.scripts.get(&job)).is_some_and(|script| script.tidy);
    let exit = match (tidy && begun, rung.signal.as_str()) {
        (true, _) => Exit::Code(0),
        (false, "INT") if begun => Exit::Code(130),
        (false, "INT") => Exit::Signal(2),
        (false, _) => Exit::Signal(15),
    };
    leave_child(state, index);
    super::end(state, index, exit);
}

/// Whoever ends by himself may leave a child behind; SIGKILL from the keeper takes children along.
fn leave_child(state: &mut State, index: usize) {
    let process = &mut state.world.processes[index];
    process.leaked = process.leaks;
}
