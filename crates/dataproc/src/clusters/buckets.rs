//! The buckets of a cluster: those that were named must be there, the others are made once for a project's region.

use caddis_engine::calls::Caller;
use caddis_gcs::StoreError;
use caddis_googleapis::dataproc::ClusterConfig;

use super::defaults;
use crate::face::Dataproc;
use crate::place::Place;
use crate::wire::{Code, Status};

/// Checks the buckets that a request names, and makes the ones that it leaves to us.
pub(super) async fn ready(face: &Dataproc, place: &Place, caller: &Caller, asked: &ClusterConfig) -> Result<(), Status> {
    let mut wrong = Vec::new();
    for (field, kind, name) in [("config_bucket", "staging", &asked.config_bucket), ("temp_bucket", "temp", &asked.temp_bucket)] {
        let made_here = defaults::bucket(kind, place);
        if name.is_empty() || *name == made_here {
            make(face, place, caller, made_here).await?;
        } else if !there(face, caller, name).await? {
            let what = format!("the bucket `{name}` does not exist; make it first, or leave the field out");
            wrong.push((format!("cluster.config.{field}"), what));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Status::fields(wrong)) }
}

/// A cluster's staging bucket, made again where it was removed and is one of ours.
pub(crate) async fn staging(face: &Dataproc, place: &Place, caller: &Caller, bucket: &str) -> Result<(), Status> {
    let made_here = defaults::bucket("staging", place);
    if bucket == made_here {
        return make(face, place, caller, made_here).await;
    }
    match there(face, caller, bucket).await? {
        true => Ok(()),
        false => Err(Status::new(Code::FailedPrecondition, format!("the cluster's staging bucket `{bucket}` does not exist any more"))),
    }
}

async fn make(face: &Dataproc, place: &Place, caller: &Caller, name: String) -> Result<(), Status> {
    let (store, owner, project, now) = (face.objects.clone(), caller.owner.clone(), place.project.clone(), face.now());
    let made = tokio::task::spawn_blocking(move || store.ensure_bucket(&owner, &project, &name, now)).await;
    match made {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(Status::new(Code::Internal, format!("a staging bucket cannot be made: {error}"))),
        Err(_) => Err(Status::new(Code::Internal, "a staging bucket cannot be made")),
    }
}

/// Whether it is there, and the caller's.
async fn there(face: &Dataproc, caller: &Caller, name: &str) -> Result<bool, Status> {
    match face.objects.bucket(name) {
        Ok(found) => Ok(found.owner == caller.owner),
        Err(StoreError::NoBucket(_)) => Ok(false),
        Err(error) => Err(Status::new(Code::Internal, error.to_string())),
    }
}
