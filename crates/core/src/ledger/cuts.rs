//! Where a life is cut whatever happens: at midnight (UTC), so that each line lies within a day, and where another price
//! comes into force.

use std::time::Duration;

use caddis_types::Timestamp;

use crate::prices::Tariff;

/// A life that seems longer was measured by a clock that was wrong by years: it is not cut into days.
const LONGEST: Duration = Duration::from_secs(400 * 86_400);

/// The moments after `from` and before `to`, in order.
pub(super) fn cuts(tariff: &Tariff, machine: &str, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
    let mut all = tariff.changes(machine, from, to);
    if to.since(from) < LONGEST {
        let days = std::iter::successors(Some(from.next_day()), |day| Some(day.next_day()));
        all.extend(days.take_while(|day| *day < to));
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// The last one after `from` and until `to`.
pub fn last_cut(tariff: &Tariff, machine: &str, from: Timestamp, to: Timestamp) -> Option<Timestamp> {
    cuts(tariff, machine, from, Timestamp(to.0.saturating_add(1))).pop()
}

/// The next one after a moment.
pub fn next_cut(tariff: &Tariff, machine: &str, after: Timestamp) -> Timestamp {
    let midnight = after.next_day();
    tariff.changes(machine, after, midnight).first().copied().unwrap_or(midnight)
}
