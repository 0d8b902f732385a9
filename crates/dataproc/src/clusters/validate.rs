//! What Google refuses, refused at once and with the field's name: also what Google itself would take and fail with
//! minutes later (one primary worker, a time to live under its minimum, a machine type that there is not).

mod gce;

use caddis_googleapis::dataproc::instance_group_config::Preemptibility;
use caddis_googleapis::dataproc::{Cluster, ClusterConfig, InstanceGroupConfig};

use super::images;
use crate::place::Place;
use crate::policies::Scaling;
use crate::regions;
use crate::wire::Status;
use crate::wrong::Wrong;

pub(super) use gce::inside;

/// Refuses a cluster that Google would not make, naming every field that is wrong.
pub(crate) fn new(cluster: &Cluster) -> Result<(), Status> {
    let mut wrong = Wrong::default();
    if let Err(what) = name(&cluster.cluster_name) {
        wrong.add("cluster.cluster_name", what);
    }
    labels(&cluster.labels, "cluster.labels", &mut wrong);
    if cluster.virtual_cluster_config.is_some() {
        wrong.add("cluster.virtual_cluster_config", "clusters on GKE are not served here; use `config`");
    }
    if let Some(config) = &cluster.config {
        self::config(config, &mut wrong);
    }
    wrong.done()
}

/// Refuses a new cluster in a region that Google does not have.
pub(super) fn region(place: &Place) -> Result<(), Status> {
    match regions::is_known(&place.region) {
        true => Ok(()),
        false => Err(Status::field("region", format!("`{}` is not a region of Google's", place.region))),
    }
}

/// Who names the numbers of workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// A new cluster: a number that is not given is the policy's to choose.
    New,
    /// An update.
    Change,
}

/// Refuses numbers of workers that the cluster's policy does not allow.
pub(super) fn within(scaling: &Scaling, config: &ClusterConfig, asks: Asks) -> Result<(), Status> {
    let mut wrong = Wrong::default();
    for (field, group, bounds) in [
        ("worker_config", &config.worker_config, scaling.primary),
        ("secondary_worker_config", &config.secondary_worker_config, scaling.secondary),
    ] {
        let count = group.as_ref().map_or(0, |group| group.num_instances);
        let given = group.is_some() && (asks == Asks::Change || count != 0);
        if given && !(bounds.min..=bounds.max).contains(&count.unsigned_abs()) {
            let what = format!("`{count}` is not between {} and {}, as the autoscaling policy wants", bounds.min, bounds.max);
            wrong.add(format!("cluster.config.{field}.num_instances"), what);
        }
    }
    wrong.done()
}

/// Refuses an update to no primary workers at all, unless the master is to work itself: nothing would run tasks any more,
/// and it could not be started again.
pub(super) fn some_workers(config: &ClusterConfig) -> Result<(), Status> {
    let count = config.worker_config.as_ref().map_or(0, |group| group.num_instances);
    if count != 0 || super::defaults::single_node(config) {
        return Ok(());
    }
    Err(Status::field("cluster.config.worker_config.num_instances", "`0` primary workers are not enough: a cluster has at least 2"))
}

/// A name is a lowercase letter, then at most 51 letters, digits and hyphens, and does not end in a hyphen.
pub(crate) fn name(name: &str) -> Result<(), String> {
    let good = name.len() <= 52
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    match name {
        "" => Err("must be specified".to_owned()),
        _ if good => Ok(()),
        _ => Err(format!("`{name}` must match '(?:[a-z](?:[-a-z0-9]{{0,49}}[a-z0-9])?)'")),
    }
}

/// Labels as Google takes them: at most 32, keys and values of at most 63 characters.
pub(crate) fn label_map(labels: &std::collections::BTreeMap<String, String>, field: &str) -> Result<(), Status> {
    let mut wrong = Wrong::default();
    self::labels(labels, field, &mut wrong);
    wrong.done()
}

fn labels(labels: &std::collections::BTreeMap<String, String>, field: &str, wrong: &mut Wrong) {
    let good = |text: &str| {
        text.chars().count() <= 63
            && text.chars().all(|c| c.is_lowercase() || c.is_numeric() || c == '-' || c == '_' || (c.is_alphabetic() && !c.is_uppercase()))
    };
    // What Google itself puts on things does not count.
    let own = labels.keys().filter(|key| !key.starts_with("goog-")).count();
    if own > 32 {
        wrong.add(field, format!("{own} labels are more than 32"));
    }
    for (key, value) in labels {
        if !good(key) || !key.starts_with(|c: char| c.is_alphabetic()) {
            wrong.add(format!("{field}.{key}"), "a key is a lowercase letter, then at most 62 lowercase letters, digits, `-` and `_`");
        }
        if !good(value) {
            wrong.add(format!("{field}.{key}"), format!("`{value}` is not at most 63 lowercase letters, digits, `-` and `_`"));
        }
    }
}

fn config(config: &ClusterConfig, wrong: &mut Wrong) {
    let at = |field: &str| format!("cluster.config.{field}");
    for (field, bucket) in [("config_bucket", &config.config_bucket), ("temp_bucket", &config.temp_bucket)] {
        if bucket.contains('/') {
            wrong.add(at(field), format!("`{bucket}` is not a bucket's name: leave out `gs://` and what follows the name"));
        }
    }
    if let Some(master) = &config.master_config {
        if !matches!(master.num_instances, 0 | 1 | 3) {
            wrong.add(at("master_config.num_instances"), format!("`{}` is neither 1 nor 3", master.num_instances));
        }
        group(master, &at("master_config"), true, wrong);
    }
    if let Some(workers) = &config.worker_config {
        if workers.num_instances == 1 || (workers.num_instances < 0) {
            let what = format!("`{}` primary workers are not enough: a cluster has at least 2, or none on a single node", workers.num_instances);
            wrong.add(at("worker_config.num_instances"), what);
        }
        group(workers, &at("worker_config"), true, wrong);
    }
    if let Some(workers) = &config.secondary_worker_config {
        if workers.num_instances < 0 {
            wrong.add(at("secondary_worker_config.num_instances"), format!("`{}` is negative", workers.num_instances));
        }
        group(workers, &at("secondary_worker_config"), false, wrong);
    }
    for (index, action) in config.initialization_actions.iter().enumerate() {
        if !["gs://", "file:///", "/"].iter().any(|begin| action.executable_file.starts_with(begin)) {
            let what = format!("`{}` is not an object's address (`gs://bucket/object`), nor a file here", action.executable_file);
            wrong.add(at(&format!("initialization_actions[{index}].executable_file")), what);
        }
    }
    if let Some(software) = &config.software_config
        && !software.image_version.is_empty()
        && !images::is_spelled_well(&software.image_version)
    {
        let what = format!("`{}` is not an image version, such as `2.3` or `2.3-debian12`", software.image_version);
        wrong.add(at("software_config.image_version"), what);
    }
    gce::config(config, wrong);
}

fn group(group: &InstanceGroupConfig, at: &str, on_demand: bool, wrong: &mut Wrong) {
    let machine = group.machine_type_uri.rsplit('/').next().unwrap_or_default();
    if !machine.is_empty() && !machine_type(machine) {
        let what = format!("`{machine}` is not a machine type, such as `n2-standard-4` or `custom-6-23040`");
        wrong.add(format!("{at}.machine_type_uri"), what);
    }
    let kind = group.preemptibility();
    if on_demand && !matches!(kind, Preemptibility::Unspecified | Preemptibility::NonPreemptible) {
        wrong.add(format!("{at}.preemptibility"), "only secondary workers may be preemptible");
    }
    if let Some(disk) = &group.disk_config
        && disk.boot_disk_size_gb != 0
        && disk.boot_disk_size_gb < 10
    {
        wrong.add(format!("{at}.disk_config.boot_disk_size_gb"), format!("`{}` is less than 10", disk.boot_disk_size_gb));
    }
}

/// Families of Compute Engine and what follows them; `FAMILY-TYPE-CPUS` or `[FAMILY-]custom-CPUS-MEGABYTES[-ext]`.
fn machine_type(text: &str) -> bool {
    const FAMILIES: [&str; 25] = [
        "a2", "a3", "a4", "c2", "c2d", "c3", "c3d", "c4", "c4a", "c4d", "e2", "g2", "g4", "h3", "h4d", "m1", "m2", "m3", "n1",
        "n2", "n2d", "n4", "t2a", "t2d", "z3",
    ];
    let number = |text: &str| text.parse::<u32>().is_ok_and(|number| number > 0);
    match text.split('-').collect::<Vec<_>>().as_slice() {
        ["custom", cpus, megabytes] | [_, "custom", cpus, megabytes] | [_, "custom", cpus, megabytes, "ext"] => {
            number(cpus) && number(megabytes) && (text.starts_with("custom") || FAMILIES.iter().any(|family| text.starts_with(family)))
        }
        [family @ ("f1" | "g1"), kind] => matches!((*family, *kind), ("f1", "micro") | ("g1", "small")),
        ["e2", "micro" | "small" | "medium"] => true,
        [family, kind, size, ..] => {
            let kinds = ["standard", "highmem", "highcpu", "ultramem", "megamem", "hypermem", "highgpu", "megagpu", "ultragpu"];
            let size = size.strip_suffix('g').unwrap_or(size);
            FAMILIES.contains(family) && kinds.contains(kind) && number(size)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use caddis_googleapis::dataproc::SoftwareConfig;

    use super::*;

    #[test]
    fn machine_types() {
        for good in ["n2-standard-4", "custom-6-23040", "n2-custom-4-16384", "e2-medium", "a2-highgpu-1g", "n1-highmem-96"] {
            assert!(machine_type(good), "{good}");
        }
        for bad in ["n9-standard-4", "n2-standard", "n2-standard-0", "large", "x-custom-1-1", ""] {
            assert!(!machine_type(bad), "{bad}");
        }
    }

    #[test]
    fn a_new_cluster_is_in_a_region_of_googles() {
        let refused = |name| region(&Place::new("p", name).unwrap()).err().map(|status| status.violations()[0].0.clone());
        assert_eq!((refused("us-central1"), refused("global")), (None, None));
        assert_eq!(refused("mars-west9"), Some("region".to_owned()));
    }

    #[test]
    fn every_wrong_field_is_named() {
        let cluster = Cluster {
            cluster_name: "Bad".to_owned(),
            config: Some(ClusterConfig {
                worker_config: Some(InstanceGroupConfig { num_instances: 1, ..Default::default() }),
                config_bucket: "gs://bucket".to_owned(),
                software_config: Some(SoftwareConfig { image_version: "latest".to_owned(), ..Default::default() }),
                ..Default::default()
            }),
            ..Default::default()
        };
        let text = new(&cluster).unwrap_err().message;
        for field in ["cluster.cluster_name", "worker_config.num_instances", "config_bucket", "software_config.image_version"] {
            assert!(text.contains(field), "{text}");
        }
    }
}
