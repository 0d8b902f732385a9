use super::*;
use crate::policies::Group;

/// A group of so many workers of this kind; none without a number.
fn group(many: Option<i32>, kind: Preemptibility) -> Option<InstanceGroupConfig> {
    many.map(|many| InstanceGroupConfig { num_instances: many, preemptibility: kind.into(), ..Default::default() })
}

#[test]
fn primary_workers_are_on_demand_and_secondary_ones_as_they_are_said_to_be() {
    use Preemptibility::*;
    let scaling = |secondary| {
        let primary = Group { min: 2, max: 4, weight: 1 };
        Some(Scaling { policy: "p/r/x".to_owned(), primary, secondary })
    };
    let four_more = Group { min: 0, max: 4, weight: 1 };
    for (primary, secondary, kind, scaling, expected) in [
        (2, None, Unspecified, None, 2),
        (2, Some(0), Preemptible, None, 2),
        (2, Some(1), Spot, None, 2),
        (2, Some(3), Preemptible, None, 2),
        (2, Some(3), Unspecified, None, 2),
        (2, Some(3), NonPreemptible, None, 5),
        (2, None, Unspecified, scaling(Group::default()), 4),
        (2, Some(1), Spot, scaling(four_more), 4),
        (2, Some(1), NonPreemptible, scaling(four_more), 8),
    ] {
        let config = ClusterConfig {
            worker_config: group(Some(primary), NonPreemptible),
            secondary_worker_config: group(secondary, kind),
            ..ClusterConfig::default()
        };
        assert_eq!(on_demand(&config, scaling.as_ref()), expected, "{primary} + {secondary:?} {kind:?}");
    }
}
