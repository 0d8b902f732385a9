//! How long what is left of a limit lasts, if nothing changes.
//!
//! The first minute of every machine is foreseen whole from its start on, so that within it what is foreseen does not
//! grow: who divides by the price of an hour alone announces an end that comes later, and later again.

use std::time::Duration;

use caddis_types::{NanoDollars, Timestamp};

use super::book::{Life, MINUTE, role};
use super::open::processes;
use crate::prices::Tariff;
use crate::record::{ClusterRecord, MemberPhase};
use crate::world::Members;

/// A process that costs nothing more for a while, and then so much an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Meter {
    free: Duration,
    hour: NanoDollars,
}

/// Until the cost that is foreseen for an end that takes `ahead` has grown by `left`; nothing where nothing lives or comes.
pub fn lasts(
    cluster: &ClusterRecord,
    members: &Members,
    tariff: &Tariff,
    now: Timestamp,
    ahead: Duration,
    left: NanoDollars,
) -> Option<Duration> {
    let meter = |(member, phase)| {
        let lived = match phase {
            &MemberPhase::Running { started_at, .. } => {
                let seen = members.get(&member);
                if seen.is_some_and(|view| view.end.is_some()) {
                    return None;
                }
                seen.map_or(Life::between(started_at, now), |view| Life::of(view, now)).lived
            }
            MemberPhase::Waiting { .. } | MemberPhase::Intended { .. } => Duration::ZERO,
            MemberPhase::Ended { .. } => return None,
        };
        let hour = tariff.price(&cluster.shape, role(cluster, &member), now);
        Some(Meter { free: MINUTE.saturating_sub(lived + ahead), hour })
    };
    let mut meters: Vec<Meter> = processes(cluster).filter_map(meter).collect();
    let parts = if cluster.job.is_none() { cluster.account.jobs.len().max(1) as i64 } else { 1 };
    spent(&mut meters, NanoDollars(left.0.max(0).saturating_mul(parts)))
}

/// When all of them together have cost so much.
fn spent(meters: &mut [Meter], mut left: NanoDollars) -> Option<Duration> {
    meters.sort_by_key(|meter| meter.free);
    let (mut at, mut hour) = (Duration::ZERO, NanoDollars(0));
    for meter in meters.iter() {
        let until_then = hour.for_span(meter.free - at);
        if until_then > left {
            break;
        }
        (at, left, hour) = (meter.free, left - until_then, hour + meter.hour);
    }
    if hour.0 <= 0 {
        return None;
    }
    let micros = i128::from(left.0) * 3_600_000_000 / i128::from(hour.0);
    Some(at + Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(free: u64, hour: i64) -> Meter {
        Meter { free: Duration::from_secs(free), hour: NanoDollars(hour) }
    }

    fn lasts(meters: &[Meter], left: i64) -> Option<u64> {
        spent(&mut meters.to_vec(), NanoDollars(left)).map(|span| span.as_secs())
    }

    #[test]
    fn first_minutes_that_are_paid_for_cost_nothing_more() {
        // A nano-dollar a second each.
        assert_eq!(lasts(&[meter(0, 3600)], 10), Some(10));
        assert_eq!(lasts(&[meter(30, 3600)], 10), Some(40));
        assert_eq!(lasts(&[meter(30, 3600), meter(0, 3600)], 10), Some(10), "spent before the other one costs anything");
        assert_eq!(lasts(&[meter(30, 3600), meter(0, 3600)], 50), Some(40), "30, and two for 10 s");
        assert_eq!(lasts(&[meter(30, 3600), meter(10, 3600)], 0), Some(10));
        assert_eq!((lasts(&[], 10), lasts(&[meter(5, 0)], 10)), (None, None));
    }
}
