//! What Google fills in where a cluster's request is silent, so that clients find what they read there.

use caddis_googleapis::dataproc::instance_group_config::Preemptibility;
use caddis_googleapis::dataproc::{
    Cluster, ClusterConfig, DiskConfig, GceClusterConfig, InstanceGroupConfig, SoftwareConfig,
};

use crate::place::Place;

/// What people get who name no machine type; the mission's.
const MACHINE: &str = "n2-standard-4";
/// Workers of a cluster that names no number.
pub(super) const WORKERS: i32 = 2;

/// The defaults for what was asked, to be laid under it.
pub(super) fn defaults(place: &Place, asked: &Cluster) -> Cluster {
    let config = asked.config.clone().unwrap_or_default();
    let single = single_node(&config);
    // A group that says no number is as one that is not named: gcloud sends one for the machine type alone.
    let said = |group: &Option<InstanceGroupConfig>| group.as_ref().map(|group| group.num_instances).filter(|said| *said != 0);
    let machine = |group: &Option<InstanceGroupConfig>, instances: i32, kind: Preemptibility| InstanceGroupConfig {
        num_instances: said(group).unwrap_or(instances),
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
        software_config: Some(SoftwareConfig { image_version: super::images::NEWEST.to_owned(), ..Default::default() }),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn workers(config: ClusterConfig) -> Option<i32> {
        let place = Place::new("p", "us-central1").unwrap();
        let filled = defaults(&place, &Cluster { config: Some(config), ..Cluster::default() }).config.unwrap();
        filled.worker_config.map(|group| group.num_instances)
    }

    #[test]
    fn a_group_without_a_number_has_as_many_workers_as_none() {
        let group = InstanceGroupConfig { machine_type_uri: MACHINE.to_owned(), ..Default::default() };
        let named = ClusterConfig { worker_config: Some(group), ..Default::default() };
        assert_eq!(workers(named.clone()), Some(WORKERS));
        assert_eq!(workers(ClusterConfig::default()), Some(WORKERS));
        let property = ("dataproc:dataproc.allow.zero.workers".to_owned(), "true".to_owned());
        let software = SoftwareConfig { properties: [property].into(), ..Default::default() };
        assert_eq!(workers(ClusterConfig { software_config: Some(software), ..named }), None, "a single node");
    }
}
