//! When a cluster ends by itself: what may be asked for, and what it means here.

use caddis_engine::calls::Limits;
use caddis_googleapis::dataproc::lifecycle_config::{StopTtl, Ttl};
use caddis_googleapis::dataproc::{ClusterConfig, LifecycleConfig};
use caddis_types::Timestamp;

use crate::wire::Status;
use crate::wrong::Wrong;

const MINUTE: i64 = 60;
const DAYS_14: i64 = 14 * 24 * 60 * MINUTE;
/// The shortest idleness, and the shortest life.
const IDLE: i64 = 5 * MINUTE;
const LIFE: i64 = 10 * MINUTE;

/// Refuses times that Google would take and not keep, naming each.
pub(super) fn check(config: &ClusterConfig, now: Timestamp) -> Result<(), Status> {
    let mut wrong = Wrong::default();
    let Some(lifecycle) = &config.lifecycle_config else { return Ok(()) };
    let span = |ttl: &prost_types::Duration| ttl.seconds;
    let from_now = |at: &prost_types::Timestamp| at.seconds.saturating_sub(now.0.div_euclid(1_000_000));
    let mut within = |field: &str, seconds: i64, least: i64, word: &str| {
        if !(least..=DAYS_14).contains(&seconds) {
            let what = format!("{word} is not between {} minutes and 14 days", least / MINUTE);
            wrong.add(format!("cluster.config.lifecycle_config.{field}"), what);
        }
    };
    let ttl = |seconds: i64| format!("`{seconds}s`");
    let time = |seconds: i64| format!("a time `{seconds}s` from now");
    for (field, idle) in [("idle_delete_ttl", &lifecycle.idle_delete_ttl), ("idle_stop_ttl", &lifecycle.idle_stop_ttl)] {
        if let Some(idle) = idle {
            within(field, span(idle), IDLE, &ttl(span(idle)));
        }
    }
    match &lifecycle.ttl {
        Some(Ttl::AutoDeleteTtl(life)) => within("auto_delete_ttl", span(life), LIFE, &ttl(span(life))),
        Some(Ttl::AutoDeleteTime(at)) => within("auto_delete_time", from_now(at), LIFE, &time(from_now(at))),
        None => {}
    }
    match &lifecycle.stop_ttl {
        Some(StopTtl::AutoStopTtl(life)) => within("auto_stop_ttl", span(life), LIFE, &ttl(span(life))),
        Some(StopTtl::AutoStopTime(at)) => within("auto_stop_time", from_now(at), LIFE, &time(from_now(at))),
        None => {}
    }
    wrong.done()
}

/// The end that was asked for: a lifetime counts from the request that names it.
pub(super) fn ends_at(config: &ClusterConfig, asked_at: Timestamp) -> Option<Timestamp> {
    match config.lifecycle_config.as_ref()?.ttl.as_ref()? {
        Ttl::AutoDeleteTtl(life) => Some(Timestamp(asked_at.0.saturating_add(life.seconds.saturating_mul(1_000_000)))),
        Ttl::AutoDeleteTime(at) => Some(Timestamp(at.seconds.saturating_mul(1_000_000) + i64::from(at.nanos / 1000))),
    }
}

/// Without a wish it lives until it is deleted, as on Google; the hard end is the operator's.
pub(super) fn limits(config: &ClusterConfig, ends_at: Option<Timestamp>) -> Limits {
    let idle = config.lifecycle_config.as_ref().and_then(|lifecycle| lifecycle.idle_delete_ttl.as_ref());
    Limits { idle_timeout_ms: idle.map_or(0, |ttl| ttl.seconds.unsigned_abs().saturating_mul(1000)), ends_at }
}

/// Whether it asks for a stop, which is kept and does not come by itself.
pub(super) fn stops(lifecycle: &LifecycleConfig) -> bool {
    lifecycle.idle_stop_ttl.is_some() || lifecycle.stop_ttl.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

    fn with(lifecycle: LifecycleConfig) -> ClusterConfig {
        ClusterConfig { lifecycle_config: Some(lifecycle), ..ClusterConfig::default() }
    }

    fn span(seconds: i64) -> prost_types::Duration {
        prost_types::Duration { seconds, nanos: 0 }
    }

    fn time(seconds: i64) -> prost_types::Timestamp {
        prost_types::Timestamp { seconds: NOW.0 / 1_000_000 + seconds, nanos: 0 }
    }

    /// What is said of each of the fields when it is `seconds`, or a time as far away.
    fn said(seconds: i64) -> Vec<(&'static str, Result<(), Status>)> {
        let one = LifecycleConfig::default;
        vec![
            ("idle_delete_ttl", LifecycleConfig { idle_delete_ttl: Some(span(seconds)), ..one() }),
            ("idle_stop_ttl", LifecycleConfig { idle_stop_ttl: Some(span(seconds)), ..one() }),
            ("auto_delete_ttl", LifecycleConfig { ttl: Some(Ttl::AutoDeleteTtl(span(seconds))), ..one() }),
            ("auto_delete_time", LifecycleConfig { ttl: Some(Ttl::AutoDeleteTime(time(seconds))), ..one() }),
            ("auto_stop_ttl", LifecycleConfig { stop_ttl: Some(StopTtl::AutoStopTtl(span(seconds))), ..one() }),
            ("auto_stop_time", LifecycleConfig { stop_ttl: Some(StopTtl::AutoStopTime(time(seconds))), ..one() }),
        ]
        .into_iter()
        .map(|(field, lifecycle)| (field, check(&with(lifecycle), NOW)))
        .collect()
    }

    #[test]
    fn bounds_are_googles_and_the_field_is_named() {
        for seconds in [600, DAYS_14] {
            assert!(said(seconds).iter().all(|(_, said)| said.is_ok()), "{seconds}: {:?}", said(seconds));
        }
        for seconds in [-1, 0, 299, DAYS_14 + 1] {
            for (field, said) in said(seconds) {
                let text = said.unwrap_err().message;
                assert!(text.contains(&format!("cluster.config.lifecycle_config.{field}")), "{text}");
            }
        }
        for (field, said) in said(599) {
            assert_eq!(said.is_ok(), field.starts_with("idle"), "{field}");
        }
    }

    #[test]
    fn a_lifetime_counts_from_the_request_and_a_time_is_itself() {
        let life = with(LifecycleConfig { ttl: Some(Ttl::AutoDeleteTtl(span(600))), ..LifecycleConfig::default() });
        let at = with(LifecycleConfig { ttl: Some(Ttl::AutoDeleteTime(time(900))), ..LifecycleConfig::default() });
        assert_eq!(ends_at(&life, NOW), Some(Timestamp(NOW.0 + 600_000_000)));
        assert_eq!(ends_at(&at, NOW), Some(Timestamp(NOW.0 + 900_000_000)));
        assert_eq!(ends_at(&ClusterConfig::default(), NOW), None);
        let idle = with(LifecycleConfig { idle_delete_ttl: Some(span(300)), ..LifecycleConfig::default() });
        assert_eq!(limits(&idle, None).idle_timeout_ms, 300_000);
        assert_eq!(limits(&ClusterConfig::default(), None), Limits::default());
    }
}
