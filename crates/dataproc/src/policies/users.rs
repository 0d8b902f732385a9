//! The clusters that name a policy.

use crate::clusters::{record, render};
use crate::documents::{self, ClusterDocument, Read};
use crate::face::Dataproc;
use crate::wire::Status;

/// Those that are there, whatever their state, in the policy's own project and region.
pub(super) async fn of(face: &Dataproc, policy: &str) -> Result<Vec<Read<ClusterDocument>>, Status> {
    let region = policy.rsplit_once('/').map_or(policy, |(region, _)| region);
    let mut users = Vec::new();
    for read in documents::list::<ClusterDocument>(&face.engine, &format!("{region}/"), "", 0).await? {
        let names = read.body.scaling.as_ref().is_some_and(|scaling| scaling.policy == policy);
        if names && render::cluster(face, &read.body, record(face, &read.body.cluster).await?.as_ref())?.is_some() {
            users.push(read);
        }
    }
    Ok(users)
}
