//! Leases: renewed by the server, and by the keeper for as long as a script lives; when nobody does, the cluster ends
//! itself.

use std::collections::BTreeSet;

use caddis_core::world::{Exit, KilledBy, Member};
use caddis_types::ClusterId;
use rand::RngExt;

use super::World;
use crate::check;
use crate::hub::{MS, SECOND, State};

/// The server says that somebody wants these clusters.
pub fn renew(state: &mut State, clusters: &[ClusterId]) {
    for cluster in clusters {
        if let Some(site) = state.world.sites.get_mut(cluster) {
            site.lease = state.t;
        }
    }
}

/// The clusters whose leases the keeper renews.
fn kept(world: &World) -> BTreeSet<ClusterId> {
    if world.keeper_back.is_some() {
        return BTreeSet::new();
    }
    let living = world.alive.iter().map(|index| &world.processes[*index]);
    living.filter(|process| process.job().is_some()).map(|process| process.cluster.clone()).collect()
}

/// The leases that may lapse, and when, if nobody renews them before: those of clusters whose scheduler runs. What has
/// not started yet has no lease, and what ended needs none.
fn due(world: &World, lasts: i64) -> Vec<(ClusterId, i64)> {
    let kept = kept(world);
    let running = |cluster: &ClusterId| world.find(cluster, &Member::Scheduler).is_some_and(|process| process.end.is_none());
    let due = world.sites.iter().filter(|(id, site)| !site.lapsed && !kept.contains(*id) && running(id));
    due.map(|(id, site)| (id.clone(), site.lease + lasts)).collect()
}

/// When the next lease lapses, if nobody renews it before.
pub(super) fn next(world: &World, lasts: i64) -> Option<i64> {
    due(world, lasts).into_iter().map(|(_, at)| at).min()
}

/// Renews what the keeper renews, and ends what nobody wants.
pub(super) fn watch(state: &mut State) {
    let (t, lasts) = (state.t, state.options.lease_s as i64 * SECOND);
    for cluster in kept(&state.world) {
        state.world.site(&cluster).lease = t;
    }
    for (cluster, _) in due(&state.world, lasts).into_iter().filter(|(_, at)| *at <= t) {
        lapse(state, &cluster);
    }
}

/// The scheduler closes its workers and itself, and what does not hear of that is ended by the keeper.
fn lapse(state: &mut State, cluster: &ClusterId) {
    check::unwanted(state, cluster);
    state.note(|| format!("the lease of {cluster} lapses"));
    state.world.site(cluster).lapsed = true;
    for index in state.world.living(cluster) {
        let at = state.t + state.chaos.rng.random_range(5..3000) * MS;
        let process = &mut state.world.processes[index];
        process.killed_by.get_or_insert(KilledBy::Lease);
        if process.job().is_none() && process.exit_due.as_ref().is_none_or(|(due, _)| *due > at) {
            process.exit_due = Some((at, Exit::Code(0)));
        }
    }
}
