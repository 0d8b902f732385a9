//! What the keeper does: it sees, ends, purges, forgets; it may die and be replaced, and what it held goes on.

use caddis_core::plan::Rung;
use caddis_core::world::{Exit, KilledBy, Member, Members, Observed};
use caddis_engine::ports::Stopped;
use caddis_types::ClusterId;

use super::process::Ladder;
use crate::hub::{MS, State};

/// What runs of a cluster, as of the newest moment between the last look and `age` ago.
pub fn look(state: &mut State, cluster: &ClusterId, age: i64) -> Observed<Members> {
    if state.world.keeper_back.is_some() {
        return Observed::Unknown("the keeper does not answer".into());
    }
    let t = state.t;
    let seen = match state.world.sites.get_mut(cluster) {
        Some(site) => {
            site.floor = site.floor.max(t - age);
            site.floor
        }
        None => t,
    };
    let mut members = Members::new();
    for ((_, member), index) in state.world.keys.range((cluster.clone(), Member::Scheduler)..) {
        let process = &state.world.processes[*index];
        if &process.cluster != cluster {
            break;
        }
        if let Some(view) = process.view(seen) {
            members.insert(member.clone(), view);
        }
    }
    Observed::Known(members)
}

/// Begins a ladder, or hurries one.
pub fn stop(
    state: &mut State,
    cluster: &ClusterId,
    member: &Member,
    reason: &str,
    rungs: &[Rung],
) -> Result<Stopped, String> {
    if state.world.keeper_back.is_some() {
        return Err("the keeper does not answer".into());
    }
    let Some(index) = state.world.keys.get(&(cluster.clone(), member.clone())).copied() else {
        return Ok(Stopped::Nothing);
    };
    let ladder = Ladder { rungs: rungs.to_vec(), due: state.t };
    let process = &mut state.world.processes[index];
    if process.end.is_some() {
        return Ok(Stopped::Found);
    }
    process.killed_by.get_or_insert(KilledBy::Stop { reason: reason.to_owned() });
    if process.ladder.as_ref().is_none_or(|old| ladder.last() < old.last()) {
        process.ladder = Some(ladder);
    }
    Ok(Stopped::Found)
}

/// Ends all of a cluster and takes no more starts for it.
pub fn purge(state: &mut State, cluster: &ClusterId, reason: &str) -> Result<(), String> {
    if state.world.keeper_back.is_some() {
        return Err("the keeper does not answer".into());
    }
    let t = state.t;
    for index in state.world.living(cluster) {
        state.world.processes[index].killed_by.get_or_insert(KilledBy::Purge { reason: reason.to_owned() });
        super::end(state, index, Exit::Signal(9));
    }
    for process in state.world.processes.iter_mut().filter(|process| &process.cluster == cluster) {
        process.leaked = false;
        process.listed = process.listed.min(t);
    }
    if let Some(site) = state.world.sites.get_mut(cluster) {
        site.purged = true;
        site.floor = t;
    }
    state.note(|| format!("purged {cluster}"));
    Ok(())
}

/// Removes the folder and what is remembered.
pub fn clean(state: &mut State, cluster: &ClusterId) -> Result<(), String> {
    if state.world.keeper_back.is_some() {
        return Err("the keeper does not answer".into());
    }
    if state.mutant.is_none() && !state.world.living(cluster).is_empty() {
        return Err("only what has ended can be forgotten".into());
    }
    state.world.keys.retain(|(of, _), _| of != cluster);
    state.world.sites.remove(cluster);
    state.note(|| format!("cleaned {cluster}"));
    Ok(())
}

/// Removes what is remembered of processes that have ended; their keys are free then.
pub fn forget(state: &mut State, cluster: &ClusterId, members: &[Member]) -> Result<(), String> {
    if state.world.keeper_back.is_some() {
        return Err("the keeper does not answer".into());
    }
    let lives = |state: &State, member: &Member| {
        let index = state.world.keys.get(&(cluster.clone(), member.clone()));
        index.is_some_and(|index| state.world.processes[*index].end.is_none())
    };
    if members.iter().any(|member| lives(state, member)) {
        return Err("only what has ended can be forgotten".into());
    }
    for member in members {
        state.world.keys.remove(&(cluster.clone(), member.clone()));
        state.note(|| format!("forgotten {cluster}/{member}"));
    }
    Ok(())
}

/// The keeper dies, and is replaced after a while.
pub fn die(state: &mut State, away: i64) {
    let back = state.t + away.max(5 * MS);
    state.world.keeper_back = Some(state.world.keeper_back.map_or(back, |old| old.max(back)));
    state.note(|| "the keeper dies".into());
    for index in state.world.alive.clone() {
        state.world.processes[index].adopted = true;
    }
}

/// The next keeper adopts what lives and finds out what ended meanwhile.
pub fn replaced(state: &mut State) {
    state.world.keeper_back = None;
    let (t, now) = (state.t, state.now());
    state.note(|| "a new keeper takes over".into());
    // Whoever looks lost sight of all with the old keeper, and sees by the new one what that found at its start: no look
    // is as of a moment in which nobody watched.
    state.world.sites.values_mut().for_each(|site| site.floor = site.floor.max(t));
    let unsaid = |p: &&mut super::Process| p.end.is_some() && p.kept.is_none() && p.withdrawn.is_none();
    for process in state.world.processes.iter_mut().filter(unsaid) {
        process.keep_end(t, now);
    }
    for (cluster, member) in state.world.keys.keys().cloned().collect::<Vec<_>>() {
        super::tell(state, &cluster, &member);
    }
}

/// What never ran is not listed any more, and its key is free.
pub fn withdraw(state: &mut State, index: usize) {
    let process = &state.world.processes[index];
    let (cluster, member) = (process.cluster.clone(), process.member.clone());
    let key = (cluster, member);
    if state.world.keys.get(&key) == Some(&index) {
        state.world.keys.remove(&key);
    }
    let (cluster, member) = key;
    state.note(|| format!("withdrawn {cluster}/{member}"));
    super::tell(state, &cluster, &member);
}

/// The machine starts anew: nothing runs any more.
pub fn reboot(state: &mut State) {
    state.note(|| "the machine is started anew".into());
    die(state, 3000 * MS);
    for index in state.world.alive.clone() {
        super::end(state, index, Exit::Unknown("host rebooted".into()));
    }
    for process in &mut state.world.processes {
        process.leaked = false;
    }
}
