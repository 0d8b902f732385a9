//! What Google fills in where a cluster's request is silent, so that clients find what they read there.

use caddis_googleapis::dataproc::instance_group_config::Preemptibility;
use caddis_googleapis::dataproc::{
    Cluster, ClusterConfig, DiskConfig, GceClusterConfig, InstanceGroupConfig, SoftwareConfig,
};

use crate::place::Place;

/// The image that a new cluster gets on Google today.
const IMAGE: &str = "2.3";
/// What people get who name no machine type; the mission's.
const MACHINE: &str = "n2-standard-4";
/// Workers of a cluster that names no number.
pub(super) const WORKERS: i32 = 2;

/// The defaults for what was asked, to be laid under it.
pub(super) fn defaults(place: &Place, asked: &Cluster) -> Cluster {
    let config = asked.config.clone().unwrap_or_default();
    let single = single_node(&config);
    let machine = |group: &Option<InstanceGroupConfig>, instances: i32, kind: Preemptibility| InstanceGroupConfig {
        num_instances: group.as_ref().map_or(instances, |group| group.num_instances),
        machine_type_uri: MACHINE.to_owned(),
        preemptibility: kind.into(),
        disk_config: Some(DiskConfig {
            boot_disk_type: "pd-standard".to_owned(),
            boot_disk_size_gb: 500,
            ..DiskConfig::default()
        }),
        ..InstanceGroupConfig::default()
    };
    let on_demand = Preemptibility::NonPreemptible;
    let secondary = config.secondary_worker_config.as_ref();
    let filled = ClusterConfig {
        config_bucket: bucket("staging", place),
        temp_bucket: bucket("temp", place),
        gce_cluster_config: Some(GceClusterConfig { zone_uri: format!("{}-a", place.region), ..Default::default() }),
        master_config: Some(machine(&config.master_config, 1, on_demand)),
        worker_config: (!single).then(|| machine(&config.worker_config, WORKERS, on_demand)),
        secondary_worker_config: secondary
            .map(|_| machine(&config.secondary_worker_config, 0, Preemptibility::Preemptible)),
        software_config: Some(SoftwareConfig { image_version: IMAGE.to_owned(), ..Default::default() }),
        ..ClusterConfig::default()
    };
    Cluster { project_id: place.project.clone(), config: Some(filled), ..Cluster::default() }
}

/// Whether it asks for a master alone, which then works itself.
pub(super) fn single_node(config: &ClusterConfig) -> bool {
    let property = config.software_config.as_ref().and_then(|software| software.properties.get("dataproc:dataproc.allow.zero.workers"));
    property.is_some_and(|value| value == "true") && config.worker_config.as_ref().is_none_or(|group| group.num_instances == 0)
}

/// The bucket that Google makes for a project's region when none is named.
pub(crate) fn bucket(kind: &str, place: &Place) -> String {
    let hash = crate::face::Dataproc::uuid_of(&place.name());
    // A bucket's name has at most 63 characters; the hash tells regions of long names apart.
    let region = &place.region[..place.region.len().min(30)];
    format!("dataproc-{kind}-{region}-{}", &hash[..8])
}
