//! What is taken and kept but means nothing here, or will mean nothing on Google soon: said once, in the operation.

use caddis_googleapis::dataproc::{ClusterConfig, NodeInitializationAction};

use super::init_actions::is_ours;
use super::{lifecycle, packages};
use crate::face::InitActions;

/// Images that Google no longer makes clusters from, or soon will not: version and the last day.
const DEAD: [(&str, &str); 5] = [
    ("1.", "2024-02-29"),
    ("2.0", "2025-01-31"),
    ("2.1", "2026-12-31"),
    ("preview", "at any time"),
    ("3.0", "at any time: it is a preview"),
];

/// The warnings for this configuration.
pub(super) fn of(config: &ClusterConfig, init_actions: InitActions) -> Vec<String> {
    let mut warnings = Vec::new();
    let image = config.software_config.as_ref().map(|software| software.image_version.as_str()).unwrap_or_default();
    if let Some((version, until)) = DEAD.iter().find(|(version, _)| image.starts_with(version)) {
        warnings.push(format!(
            "Image version `{image}` (line {version}) can be made into clusters on Google until {until}; here it changes nothing. Use 2.3."
        ));
    }
    let recorded = |action: &&NodeInitializationAction| init_actions == InitActions::Record || is_ours(action);
    let recorded = config.initialization_actions.iter().filter(recorded);
    for action in recorded {
        warnings.push(format!(
            "Initialization action `{}` was recorded and not run: what it installs has to be in the job's Python environment.",
            action.executable_file
        ));
    }
    let conda = config.software_config.as_ref().and_then(|software| software.properties.get(packages::CONDA));
    if let Some(packages) = conda {
        warnings.push(format!("`{}` ({packages}) was recorded and not installed: there is no conda here; `dataproc:pip.packages` is installed.", packages::CONDA));
    }
    if config.lifecycle_config.as_ref().is_some_and(lifecycle::stops) {
        warnings.push("The time to stop was recorded and is not acted on: stop the cluster, or let it be deleted.".to_owned());
    }
    warnings
}
