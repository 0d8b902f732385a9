//! Python environments: built in the background, forgotten by a new server, found again quickly when built before.

use caddis_core::world::EnvironmentStatus;
use caddis_engine::Key;
use caddis_types::{Cause, CauseCode, ClusterId};
use rand::RngExt;

use crate::hub::{MS, State};

/// One cluster's environment.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// What the living server knows of it.
    pub status: Known,
    /// Whether it is on the disk.
    pub built: bool,
}

/// What a server knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Known {
    /// Nobody asked since it started.
    #[default]
    Absent,
    /// Done at this time.
    Building(i64),
    /// Usable.
    Ready,
    /// Not to be built.
    Failed,
}

/// What the engine is told.
pub fn status(state: &State, cluster: &ClusterId) -> EnvironmentStatus {
    match state.world.sites.get(cluster).map(|site| &site.environment.status) {
        None | Some(Known::Absent) => EnvironmentStatus::Absent,
        Some(Known::Building(_)) => EnvironmentStatus::Building("packages are installed".into()),
        Some(Known::Ready) => EnvironmentStatus::Ready,
        Some(Known::Failed) => {
            EnvironmentStatus::Failed(Cause::new(CauseCode::EnvironmentBuild, "`nonesuch` has no such version"))
        }
    }
}

/// Begins to build, unless that is being done or was done.
pub fn prepare(state: &mut State, cluster: &ClusterId) {
    let (quick, slow) = (state.chaos.rng.random_range(1..30) * MS, state.chaos.rng.random_range(30..9000) * MS);
    let t = state.t;
    let environment = &mut state.world.site(cluster).environment;
    if matches!(environment.status, Known::Absent | Known::Failed) {
        environment.status = Known::Building(t + if environment.built { quick } else { slow });
    }
}

/// Finishes a build that is due.
pub(super) fn finish(state: &mut State, cluster: &ClusterId) {
    let fails = state.options.world.environment;
    let fails = state.chaos.hit(fails);
    let environment = &mut state.world.site(cluster).environment;
    environment.built |= !fails;
    environment.status = if fails { Known::Failed } else { Known::Ready };
    let what = if fails { "fails" } else { "is ready" };
    state.note(|| format!("environment of {cluster} {what}"));
    super::wake(state, Key::Cluster(cluster.clone()));
}

/// A new server knows nothing of any of them.
pub fn forget_all(state: &mut State) {
    for site in state.world.sites.values_mut() {
        site.environment.status = Known::Absent;
    }
}
