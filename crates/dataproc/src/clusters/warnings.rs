//! What is taken and kept but means nothing here, or will mean nothing on Google soon: said once, in the operation.

use caddis_googleapis::dataproc::{ClusterConfig, NodeInitializationAction};
use caddis_types::Timestamp;

use super::init_actions::is_ours;
use super::{images, lifecycle, packages};
use crate::face::InitActions;

/// The warnings for this configuration.
pub(super) fn of(config: &ClusterConfig, init_actions: InitActions, now: Timestamp) -> Vec<String> {
    let mut warnings = Vec::new();
    let image = config.software_config.as_ref().map(|software| software.image_version.as_str()).unwrap_or_default();
    warnings.extend(images::warning(image, now));
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
