//! What Google refuses in a policy, each field by its name; and what it fills in.

use bytes::Bytes;
use caddis_googleapis::dataproc::autoscaling_policy::Algorithm;
use caddis_googleapis::dataproc::basic_autoscaling_algorithm::Config;
use caddis_googleapis::dataproc::{
    AutoscalingPolicy, BasicAutoscalingAlgorithm, BasicYarnAutoscalingConfig, InstanceGroupAutoscalingPolicyConfig as Group,
};
use prost::Message;
use prost_types::Duration;

use super::scaling::PRIMARY_MIN;
use crate::clusters::label_map;
use crate::raw;
use crate::wire::Status;
use crate::wrong::Wrong;

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;
/// Between two decisions, where a policy does not say.
const COOLDOWN: i64 = 2 * MINUTE;

/// An id has 3 to 50 letters, digits, `-` and `_`, and neither begins nor ends with one of the last two.
pub(super) fn id(id: &str) -> Result<(), Status> {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let good = (3..=50).contains(&id.len())
        && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        && edge(id.chars().next())
        && edge(id.chars().next_back());
    match id {
        "" => Err(Status::field("policy.id", "Policy id is required")),
        _ if good => Ok(()),
        _ => {
            let what = "has 3 to 50 letters, digits, `-` and `_`, and neither begins nor ends with `-` or `_`";
            Err(Status::field("policy.id", format!("`{id}` is no policy's id: one {what}")))
        }
    }
}

/// Refuses a policy that Google would not take, naming every field that is wrong.
pub(super) fn policy(policy: &AutoscalingPolicy) -> Result<(), Status> {
    label_map(&policy.labels, "policy.labels")?;
    let mut wrong = Wrong::default();
    match &policy.algorithm {
        Some(Algorithm::BasicAlgorithm(basic)) => algorithm(basic, &mut wrong),
        None => wrong.add("policy.basic_algorithm", "must be specified"),
    }
    match &policy.worker_config {
        Some(group) => primary(group, &mut wrong),
        None => wrong.add("policy.worker_config", "must be specified"),
    }
    if let Some(group) = &policy.secondary_worker_config {
        self::group(group, 0, "policy.secondary_worker_config", &mut wrong);
    }
    wrong.done()
}

fn algorithm(basic: &BasicAutoscalingAlgorithm, wrong: &mut Wrong) {
    const AT: &str = "policy.basic_algorithm";
    if let Some(cooldown) = &basic.cooldown_period {
        within(cooldown, 2 * MINUTE, "2 minutes", &format!("{AT}.cooldown_period"), wrong);
    }
    let Some(Config::YarnConfig(yarn)) = &basic.config else {
        return wrong.add(format!("{AT}.yarn_config"), "must be specified");
    };
    let at = |field: &str| format!("{AT}.yarn_config.{field}");
    match &yarn.graceful_decommission_timeout {
        Some(timeout) => within(timeout, 0, "0", &at("graceful_decommission_timeout"), wrong),
        None => wrong.add(at("graceful_decommission_timeout"), "must be specified; `0s` waits for nothing"),
    }
    for (field, factor) in [
        ("scale_up_factor", yarn.scale_up_factor),
        ("scale_down_factor", yarn.scale_down_factor),
        ("scale_up_min_worker_fraction", yarn.scale_up_min_worker_fraction),
        ("scale_down_min_worker_fraction", yarn.scale_down_min_worker_fraction),
    ] {
        if !(0.0..=1.0).contains(&factor) {
            wrong.add(at(field), format!("`{factor}` is not between 0.0 and 1.0"));
        }
    }
}

fn within(span: &Duration, least: i64, word: &str, field: &str, wrong: &mut Wrong) {
    let whole = span.seconds >= least && span.nanos >= 0 && (span.seconds, span.nanos) <= (DAY, 0);
    if !whole {
        wrong.add(field, format!("`{}s` is not between {word} and 1 day", span.seconds));
    }
}

fn primary(group: &Group, wrong: &mut Wrong) {
    const AT: &str = "policy.worker_config";
    // A number that is not given is 2, which a maximum has to reach as well.
    if group.min_instances != 0 && group.min_instances < PRIMARY_MIN {
        wrong.add(format!("{AT}.min_instances"), format!("`{}` is less than 2", group.min_instances));
    }
    if group.max_instances == 0 {
        return wrong.add(format!("{AT}.max_instances"), "must be specified");
    }
    self::group(group, PRIMARY_MIN, AT, wrong);
}

fn group(group: &Group, least: i32, at: &str, wrong: &mut Wrong) {
    if group.min_instances < 0 {
        wrong.add(format!("{at}.min_instances"), format!("`{}` is negative", group.min_instances));
    }
    let min = group.min_instances.max(least);
    if group.max_instances < min {
        let what = format!("`{}` is less than the fewest instances, {min}", group.max_instances);
        wrong.add(format!("{at}.max_instances"), what);
    }
    if group.max_instances > 10_000 {
        wrong.add(format!("{at}.max_instances"), format!("`{}` is more than 10000", group.max_instances));
    }
    if group.weight < 0 {
        wrong.add(format!("{at}.weight"), format!("`{}` is negative", group.weight));
    }
}

/// With Google's defaults under what was asked for.
pub(super) fn filled(asked: &Bytes) -> Bytes {
    let policy = AutoscalingPolicy::decode(asked.clone()).unwrap_or_default();
    let weight = |group: Option<&Group>| group.map_or(0, |group| group.weight);
    let unset = weight(policy.worker_config.as_ref()) == 0 && weight(policy.secondary_worker_config.as_ref()) == 0;
    let group = |min_instances| Group { min_instances, weight: i32::from(unset), ..Group::default() };
    let basic = BasicAutoscalingAlgorithm {
        cooldown_period: Some(Duration { seconds: COOLDOWN, nanos: 0 }),
        config: Some(Config::YarnConfig(BasicYarnAutoscalingConfig::default())),
    };
    let own = policy.algorithm.as_ref().map(|Algorithm::BasicAlgorithm(basic)| basic.cooldown_period.is_some());
    let basic = BasicAutoscalingAlgorithm {
        cooldown_period: basic.cooldown_period.filter(|_| own != Some(true)),
        ..basic
    };
    let under = AutoscalingPolicy {
        algorithm: Some(Algorithm::BasicAlgorithm(basic)),
        worker_config: Some(group(PRIMARY_MIN)),
        secondary_worker_config: policy.secondary_worker_config.as_ref().map(|_| group(0)),
        ..AutoscalingPolicy::default()
    };
    raw::merge(&under.encode_to_vec(), asked)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn good() -> AutoscalingPolicy {
        let yarn = BasicYarnAutoscalingConfig {
            graceful_decommission_timeout: Some(Duration { seconds: 0, nanos: 0 }),
            scale_up_factor: 0.5,
            scale_down_factor: 1.0,
            ..Default::default()
        };
        let basic = BasicAutoscalingAlgorithm { config: Some(Config::YarnConfig(yarn)), cooldown_period: None };
        AutoscalingPolicy {
            id: "half".to_owned(),
            algorithm: Some(Algorithm::BasicAlgorithm(basic)),
            worker_config: Some(Group { max_instances: 10, ..Group::default() }),
            ..AutoscalingPolicy::default()
        }
    }

    /// The good one after `change` is refused, and these fields are named.
    #[track_caller]
    fn refused(change: impl Fn(&mut AutoscalingPolicy), fields: &[&str]) {
        let mut wrong = good();
        change(&mut wrong);
        let text = policy(&wrong).unwrap_err().message;
        for field in fields {
            assert!(text.contains(field), "{field} in: {text}");
        }
    }

    fn basic(policy: &mut AutoscalingPolicy) -> &mut BasicAutoscalingAlgorithm {
        let Some(Algorithm::BasicAlgorithm(basic)) = &mut policy.algorithm else { unreachable!() };
        basic
    }

    fn yarn(policy: &mut AutoscalingPolicy) -> &mut BasicYarnAutoscalingConfig {
        let Some(Config::YarnConfig(yarn)) = &mut basic(policy).config else { unreachable!() };
        yarn
    }

    #[test]
    fn a_good_policy_is_taken_and_every_wrong_field_is_named() {
        assert_eq!(policy(&good()), Ok(()));
        refused(|p| p.algorithm = None, &["policy.basic_algorithm"]);
        refused(|p| basic(p).config = None, &["yarn_config"]);
        for seconds in [119, DAY + 1, -1] {
            refused(|p| basic(p).cooldown_period = Some(Duration { seconds, nanos: 0 }), &["cooldown_period"]);
        }
        refused(|p| yarn(p).graceful_decommission_timeout = None, &["graceful_decommission_timeout"]);
        for (seconds, nanos) in [(-1, 0), (DAY, 1)] {
            refused(|p| yarn(p).graceful_decommission_timeout = Some(Duration { seconds, nanos }), &["graceful_decommission"]);
        }
        for factor in [-0.1, 1.1, f64::NAN] {
            refused(
                |p| {
                    yarn(p).scale_up_factor = factor;
                    yarn(p).scale_down_factor = factor;
                    yarn(p).scale_up_min_worker_fraction = factor;
                    yarn(p).scale_down_min_worker_fraction = factor;
                },
                &["scale_up_factor", "scale_down_factor", "scale_up_min_worker_fraction", "scale_down_min_worker_fraction"],
            );
        }
        let group = |min_instances, max_instances, weight| Some(Group { min_instances, max_instances, weight });
        refused(|p| p.worker_config = None, &["policy.worker_config"]);
        refused(|p| p.worker_config = group(1, 5, 0), &["policy.worker_config.min_instances"]);
        refused(|p| p.worker_config = group(0, 0, 0), &["policy.worker_config.max_instances"]);
        refused(|p| p.worker_config = group(0, 1, 0), &["policy.worker_config.max_instances"]);
        refused(|p| p.worker_config = group(6, 5, -1), &["worker_config.max_instances", "worker_config.weight"]);
        refused(|p| p.secondary_worker_config = group(-1, 5, 0), &["policy.secondary_worker_config.min_instances"]);
        refused(|p| p.secondary_worker_config = group(3, 2, 0), &["policy.secondary_worker_config.max_instances"]);
    }

    #[test]
    fn ids() {
        for good in ["abc", "a_b", "Half-2", &"x".repeat(50)] {
            assert_eq!(id(good), Ok(()), "{good}");
        }
        for bad in ["", "ab", "-abc", "abc_", "a.b", "a/b", "äbc", &"x".repeat(51)] {
            assert!(id(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_not_given_is_filled_in() {
        let filled = |policy: &AutoscalingPolicy| AutoscalingPolicy::decode(filled(&policy.encode_to_vec().into())).unwrap();
        let mut some = filled(&good());
        let worker = some.worker_config.unwrap();
        assert_eq!((worker.min_instances, worker.max_instances, worker.weight), (2, 10, 1));
        assert_eq!(basic(&mut some).cooldown_period.unwrap().seconds, 120);
        assert_eq!((yarn(&mut some).scale_up_factor, some.secondary_worker_config), (0.5, None));
        let mut weighted = good();
        basic(&mut weighted).cooldown_period = Some(Duration { seconds: 180, nanos: 0 });
        weighted.worker_config = Some(Group { min_instances: 3, max_instances: 4, weight: 2 });
        weighted.secondary_worker_config = Some(Group { max_instances: 5, ..Group::default() });
        let mut filled = filled(&weighted);
        assert_eq!(basic(&mut filled).cooldown_period.unwrap().seconds, 180);
        assert_eq!((filled.worker_config, filled.secondary_worker_config), (weighted.worker_config, weighted.secondary_worker_config));
    }
}
