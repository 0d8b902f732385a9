//! Live progress on standard error.
//!
//! [`frame`] and its parts turn what the server said into lines, purely; [`painter`] keeps those lines at the foot of a
//! terminal while the script's own output scrolls above; [`plain`] says the same where there is no terminal;
//! [`summary`] is the last word. What always holds: the script's bytes are passed on unchanged and never mixed with a
//! frame, since a frame is only painted where a line of output has ended.

mod attempts;
mod frame;
mod groups;
mod line;
mod painter;
mod plain;
mod show;
mod stages;
mod summary;
mod totals;

#[cfg(test)]
mod tests;

pub use attempts::Retries;
pub use frame::frame;
pub use line::Line;
pub use painter::Painter;
pub use plain::Plain;
pub use show::{Mode, Show, terminal_size};
pub use summary::{failure, summary};

use caddis_types::Reason;
use caddis_types::api::{ClusterView, JobView};

/// What is known at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The job.
    pub job: &'a JobView,
    /// Its cluster, once there is one.
    pub cluster: Option<&'a ClusterView>,
    /// What keeps it waiting, once that was asked.
    pub why: Option<&'a Reason>,
}

/// What people call the job: its name, else its script or module.
pub fn title(job: &JobView) -> String {
    use caddis_types::api::Program;
    match (&job.name, &job.program) {
        (Some(name), _) => name.clone(),
        (None, Program::Script(path)) => path.rsplit('/').next().unwrap_or(path).to_owned(),
        (None, Program::Module(module)) => format!("-m {module}"),
    }
}
