//! What is taken and kept but means nothing here, or will mean nothing on Google soon: said once, in the operation.

use caddis_googleapis::dataproc::ClusterConfig;

/// Images that Google no longer makes clusters from, or soon will not: version and the last day.
const DEAD: [(&str, &str); 5] = [
    ("1.", "2024-02-29"),
    ("2.0", "2025-01-31"),
    ("2.1", "2026-12-31"),
    ("preview", "at any time"),
    ("3.0", "at any time: it is a preview"),
];

/// The warnings for this configuration.
pub(super) fn of(config: &ClusterConfig) -> Vec<String> {
    let mut warnings = Vec::new();
    let image = config.software_config.as_ref().map(|software| software.image_version.as_str()).unwrap_or_default();
    if let Some((version, until)) = DEAD.iter().find(|(version, _)| image.starts_with(version)) {
        warnings.push(format!(
            "Image version `{image}` (line {version}) can be made into clusters on Google until {until}; here it changes nothing. Use 2.3."
        ));
    }
    for action in &config.initialization_actions {
        warnings.push(format!(
            "Initialization action `{}` was recorded and not run; `init_actions = \"run\"` in caddis.toml runs them.",
            action.executable_file
        ));
    }
    if config.lifecycle_config.as_ref().is_some_and(|lifecycle| lifecycle.ttl.is_some()) {
        warnings.push("The time to delete was recorded and is not acted on yet: delete the cluster, or give it an `idle_delete_ttl`.".to_owned());
    }
    if config.autoscaling_config.as_ref().is_some_and(|scaling| !scaling.policy_uri.is_empty()) {
        warnings.push("The autoscaling policy was recorded and is not acted on yet: the number of workers is as asked.".to_owned());
    }
    warnings
}
