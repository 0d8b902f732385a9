//! What the object store does not keep any more.

use std::io;

use caddis_engine::ports::StoreError;

use crate::face::Face;

/// Removes old staging data, what the rules of buckets say, and uploads that nobody finished.
pub(super) async fn expire(face: &Face) -> Result<(), StoreError> {
    let Some(store) = face.google.storage().cloned() else { return Ok(()) };
    let (keep, now) = (face.assembly.staging_retention, face.assembly.engine.ports.clock.now());
    let expired = tokio::task::spawn_blocking(move || store.expire(keep, now)).await;
    match expired.map_err(io::Error::other).and_then(|gone| gone.map_err(io::Error::other)) {
        Ok(0) => {}
        Ok(gone) => tracing::info!(objects = gone, "objects whose time was over are removed"),
        Err(error) => tracing::error!(error = %error, "the object store could not be cleaned and is looked at again"),
    }
    Ok(())
}
