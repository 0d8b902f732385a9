//! Where a cluster's dashboard is.

use caddis_core::record::{ClusterRecord, MemberPhase};
use hyper::header::HeaderValue;

use crate::face::Face;
use crate::http::Refusal;
use crate::listen::owner;

/// A dashboard: a port of this machine, and the secret that it asks for.
pub(super) struct Target {
    pub(super) port: u16,
    pub(super) secret: HeaderValue,
}

/// The dashboard of a cluster that serves.
pub(super) async fn of(face: &Face, cluster: &ClusterRecord) -> Result<Target, Refusal> {
    let scheduler = cluster.scheduler.as_ref().filter(|_| !cluster.state.is_ending());
    let scheduler = scheduler.filter(|it| matches!(it.phase, MemberPhase::Running { ready_at: Some(_), .. }));
    let Some(scheduler) = scheduler else {
        let text = format!("cluster `{0}` does not serve\nhint: `caddis why {0}` says why", cluster.id);
        return Err(Refusal::conflict("not_serving", text));
    };
    let Some(port) = scheduler.dashboard_port else {
        let text = format!("cluster `{}` has no dashboard\nhint: Dask shows one when `bokeh` is installed", cluster.id);
        return Err(Refusal::not_found(text));
    };
    let me = rustix::process::geteuid().as_raw();
    // The scheduler may just have died, and its port be somebody else's by now: he must not learn the secret, nor may
    // his pages pass for ours.
    match owner::of_listener(port).await {
        Ok(Some(uid)) if uid == me => {}
        _ => return Err(gone(cluster)),
    }
    let secret = tokio::fs::read(face.assembly.dashboards.secret_file(&cluster.id)).await;
    let secret = secret.ok().and_then(|secret| HeaderValue::from_bytes(secret.trim_ascii()).ok());
    let mut secret = secret.ok_or_else(|| gone(cluster))?;
    secret.set_sensitive(true);
    Ok(Target { port, secret })
}

fn gone(cluster: &ClusterRecord) -> Refusal {
    Refusal::unavailable(
        "dashboard_gone",
        format!("the dashboard of cluster `{}` does not answer any more", cluster.id),
    )
}
