//! A policy as a range of workers: a pure function.
//!
//! Primary and secondary workers are the same to Dask; together they are the range in which a cluster is scaled. Which of
//! them are of which kind follows from the weights, as on Google.

use caddis_engine::calls::Reshape;
use caddis_googleapis::dataproc::instance_group_config::Preemptibility;
use caddis_googleapis::dataproc::{
    AutoscalingPolicy, ClusterConfig, InstanceGroupAutoscalingPolicyConfig, InstanceGroupConfig,
};
use caddis_types::ClusterId;
use caddis_types::shape::WorkerRange;
use serde::{Deserialize, Serialize};

/// The fewest primary workers of any policy.
pub(super) const PRIMARY_MIN: i32 = 2;

/// What a cluster's policy says of its workers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Scaling {
    /// The key of the policy.
    pub(crate) policy: String,
    pub(crate) primary: Group,
    pub(crate) secondary: Group,
}

/// One kind of workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) min: u32,
    pub(crate) max: u32,
    pub(crate) weight: u32,
}

impl Group {
    fn of(config: &InstanceGroupAutoscalingPolicyConfig, least: i32) -> Group {
        let positive = |number: i32| u32::try_from(number).unwrap_or(0);
        let min = positive(config.min_instances.max(least));
        Group { min, max: positive(config.max_instances).max(min), weight: positive(config.weight) }
    }

    fn clamp(self, workers: u32) -> u32 {
        workers.clamp(self.min, self.max)
    }
}

impl Scaling {
    /// From a policy that was checked.
    pub(crate) fn of(policy: &str, config: &AutoscalingPolicy) -> Scaling {
        let primary = config.worker_config.as_ref().map_or(Group::default(), |group| Group::of(group, PRIMARY_MIN));
        let secondary = config.secondary_worker_config.as_ref().map_or(Group::default(), |group| Group::of(group, 0));
        Scaling { policy: policy.to_owned(), primary, secondary }
    }

    /// The workers that the cluster may have.
    pub(crate) fn range(&self) -> WorkerRange {
        WorkerRange { min: self.primary.min + self.secondary.min, max: self.primary.max + self.secondary.max }
    }

    /// The cluster in this range from now on.
    pub(crate) fn reshape(&self, cluster: &ClusterId) -> Reshape {
        Reshape { cluster: cluster.clone(), range: Some(self.range()), workers: None, on_demand: Some(self.split(self.range().max).0), limits: None }
    }

    /// How many of so many workers are primary and how many secondary.
    pub(crate) fn split(&self, workers: u32) -> (u32, u32) {
        let (primary, secondary) = match (self.primary.weight, self.secondary.weight) {
            (0, 0) => (1, 1),
            weights => weights,
        };
        let all = u64::from(primary) + u64::from(secondary);
        let share = (u64::from(workers) * u64::from(primary) + all / 2) / all;
        let share = self.primary.clamp(u32::try_from(share).unwrap_or(u32::MAX));
        let rest = self.secondary.clamp(workers.saturating_sub(share));
        (self.primary.clamp(workers.saturating_sub(rest)), rest)
    }

    /// Writes the workers that the cluster has now into its configuration, as Google's autoscaler does.
    pub(crate) fn show(&self, workers: u32, config: &mut ClusterConfig) {
        let (primary, secondary) = self.split(workers);
        let count = |number| i32::try_from(number).unwrap_or(i32::MAX);
        config.worker_config.get_or_insert_default().num_instances = count(primary);
        if secondary > 0 || config.secondary_worker_config.is_some() {
            let fresh = || InstanceGroupConfig { preemptibility: Preemptibility::Preemptible.into(), ..Default::default() };
            config.secondary_worker_config.get_or_insert_with(fresh).num_instances = count(secondary);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scaling(primary: (u32, u32, u32), secondary: (u32, u32, u32)) -> Scaling {
        let group = |(min, max, weight)| Group { min, max, weight };
        Scaling { policy: "p/r/x".to_owned(), primary: group(primary), secondary: group(secondary) }
    }

    #[test]
    fn weights_say_how_many_are_of_which_kind() {
        let equal = scaling((2, 10, 1), (0, 10, 1));
        assert_eq!((equal.split(2), equal.split(6), equal.split(7)), ((2, 0), (3, 3), (4, 3)));
        assert_eq!(scaling((2, 10, 2), (0, 10, 1)).split(9), (6, 3));
        assert_eq!(scaling((2, 10, 1), (0, 10, 0)).split(9), (9, 0), "a weight on one kind only is that kind only");
        assert_eq!(scaling((2, 2, 0), (0, 10, 1)).split(9), (2, 7));
        assert_eq!(scaling((2, 10, 1), (0, 0, 0)).split(9), (9, 0));
    }

    #[test]
    fn a_policy_without_secondary_workers_has_none() {
        let policy = super::super::validate::tests::good();
        let scaling = Scaling::of("p/r/half", &policy);
        assert_eq!(scaling.range(), WorkerRange { min: 2, max: 10 });
        let mut config = ClusterConfig::default();
        scaling.show(5, &mut config);
        assert_eq!((config.worker_config.unwrap().num_instances, config.secondary_worker_config), (5, None));
    }

    proptest! {
        #[test]
        fn the_kinds_are_within_their_bounds_and_make_up_the_whole(
            p in (2u32..20, 0u32..20, 0u32..4), s in (0u32..20, 0u32..20, 0u32..4), at in 0.0f64..1.0,
        ) {
            let scaling = scaling((p.0, p.0 + p.1, p.2), (s.0, s.0 + s.1, s.2));
            let range = scaling.range();
            let workers = range.min + (f64::from(range.max - range.min) * at) as u32;
            let (primary, secondary) = scaling.split(workers);
            prop_assert_eq!(primary + secondary, workers);
            prop_assert!((scaling.primary.min..=scaling.primary.max).contains(&primary));
            prop_assert!((scaling.secondary.min..=scaling.secondary.max).contains(&secondary));
        }
    }
}
