//! Workflows of Google's clients go on beside their requests, from the start of the server to its end.

use caddis_dataproc::Service;

use crate::face::Face;

/// Makes them go on until the server ends. What is under way then is cut, which a workflow bears anywhere.
pub(super) async fn run(face: Face, service: Service) {
    let changes = face.assembly.hub.all();
    tokio::select! {
        () = service.drive_workflows(changes) => {}
        () = face.shutdown.wait() => {}
    }
}
