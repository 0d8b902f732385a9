//! More workers than there is memory for, in the words with which Google refuses what is above a quota, since clients and
//! people look for those.

use caddis_googleapis::dataproc::{ClusterConfig, InstanceGroupConfig};

use crate::wire::Status;

/// So many workers a cluster may have, whatever memory there is.
pub(super) const MOST: u32 = 10_000;

/// The refusal of so many workers where there is room for `most`. Google counts processors of the machines.
pub(super) fn insufficient(config: &ClusterConfig, workers: u32, most: u64) -> Status {
    let field = field(config);
    let (most, bound) = match most < u64::from(MOST) {
        true => (most, "there is memory for"),
        false => (u64::from(MOST), "a cluster may have"),
    };
    let machine = config.worker_config.as_ref().map(|group| group.machine_type_uri.as_str()).unwrap_or_default();
    let cpus = u64::from(cpus(machine));
    let (requested, available) = (u64::from(workers) * cpus, most * cpus);
    let what = format!("`{workers}` workers are more than the {most} that {bound}");
    let refusal = Status::field(field, what.clone());
    let message = format!(
        "Multiple validation errors:\n - Insufficient 'CPUS' quota. Requested {requested}.0, available {available}.0.\n - {field}: {what}"
    );
    Status { message, ..refusal }
}

/// The field that a client would change: the number of the larger group.
fn field(config: &ClusterConfig) -> &'static str {
    let count = |group: &Option<InstanceGroupConfig>| group.as_ref().map_or(0, |group| group.num_instances);
    match count(&config.secondary_worker_config) > count(&config.worker_config) {
        true => "cluster.config.secondary_worker_config.num_instances",
        false => "cluster.config.worker_config.num_instances",
    }
}

/// The processors of a machine type, as its name says them.
fn cpus(machine: &str) -> u32 {
    let name = machine.rsplit('/').next().unwrap_or_default();
    let parts: Vec<&str> = name.split('-').collect();
    let said = match parts.as_slice() {
        ["custom", cpus, ..] | [_, "custom", cpus, ..] | [_, _, cpus, ..] => cpus.parse().ok(),
        ["e2", _] => Some(2),
        _ => None,
    };
    said.unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_googles_sentence_and_names_the_field() {
        let group = InstanceGroupConfig { machine_type_uri: "zones/z/machineTypes/n2-standard-4".to_owned(), ..Default::default() };
        let status = insufficient(&ClusterConfig { worker_config: Some(group), ..Default::default() }, 400, 3);
        let words = "Multiple validation errors:\n - Insufficient 'CPUS' quota. Requested 1600.0, available 12.0.\n";
        assert!(status.message.starts_with(words), "{}", status.message);
        assert_eq!(status.violations()[0].0, "cluster.config.worker_config.num_instances");
    }

    #[test]
    fn the_larger_group_is_named_and_the_smaller_bound() {
        let group = |many| Some(InstanceGroupConfig { num_instances: many, ..Default::default() });
        let config = |primary, secondary| ClusterConfig {
            worker_config: group(primary),
            secondary_worker_config: group(secondary),
            ..Default::default()
        };
        let of = |config, workers, most| insufficient(&config, workers, most).violations().remove(0);
        let (field, what) = of(config(2, 20_000), 20_002, 3);
        assert_eq!(field, "cluster.config.secondary_worker_config.num_instances");
        assert_eq!(what, "`20002` workers are more than the 3 that there is memory for");
        let (field, what) = of(config(20_000, 2), 20_002, u64::MAX / 64);
        assert_eq!(field, "cluster.config.worker_config.num_instances");
        assert_eq!(what, "`20002` workers are more than the 10000 that a cluster may have");
    }

    #[test]
    fn processors_are_in_the_name() {
        let table = [("n2-standard-4", 4), ("custom-6-23040", 6), ("n2-custom-8-16384-ext", 8), ("e2-medium", 2), ("f1-micro", 1), ("", 1)];
        for (machine, expected) in table {
            assert_eq!(cpus(machine), expected, "{machine}");
        }
    }
}
