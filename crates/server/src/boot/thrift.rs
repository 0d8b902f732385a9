//! What the server does about its own size: after each busy while it gives the memory back that only that one needed.

use std::time::Duration;

use caddis_backends::{blocking, memory};

use crate::face::Face;

/// Nothing happened for so long.
const QUIET: Duration = Duration::from_secs(3);

/// Looks whether something happened, and gives memory back once after that, when nothing happens any more.
pub(super) async fn watch(face: Face) {
    let mut changes = face.assembly.hub.all();
    let (mut last, mut used) = (face.activity.last(), true);
    loop {
        tokio::time::sleep(QUIET).await;
        let happened = changes.has_changed().unwrap_or(false) || face.activity.last() != last;
        if happened {
            changes.mark_unchanged();
            (last, used) = (face.activity.last(), true);
        } else if std::mem::take(&mut used) {
            blocking(memory::let_go).await;
        }
    }
}
