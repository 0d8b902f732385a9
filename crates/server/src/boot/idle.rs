//! A background server ends itself when for a while nothing was active and nobody was there. What it would lose is
//! nothing: the next command starts another one.

use std::time::Duration;

use crate::face::Face;

/// Ends the server when it has been idle for `span`.
pub(super) async fn watch(face: Face, span: Duration) {
    let look = (span / 8).clamp(Duration::from_millis(20), Duration::from_secs(10));
    loop {
        tokio::time::sleep(look).await;
        match face.active().await {
            Ok((0, 0)) if face.activity.idle_for() >= span => {
                tracing::info!("the server has been idle for {}", caddis_types::duration::display(span));
                face.shutdown.begin();
                return;
            }
            Ok((0, 0)) => {}
            // What cannot be seen may be active.
            Ok(_) | Err(_) => face.activity.touch(),
        }
    }
}
