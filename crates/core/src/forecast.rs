//! What the current month will have cost: what was used so far, and for the rest of it as much a day as lately.
//!
//! ```text
//! usage = so far + (a day's use lately) x (days left)        fixed = the whole month of each fixed cost
//! ```
//!
//! *Lately* is the last seven days, so that a weekend weighs what it weighs; or since the first use in them, at least a
//! day, so that a team that began on Tuesday is not taken for one that rested on Monday. Deliberately absent: trends and
//! seasons. Who asks on the first of a month gets the last week, which is the best that is known.

use std::time::Duration;

use caddis_types::api::ForecastView;
use caddis_types::{NanoDollars, Timestamp};

use crate::ledger::FixedCost;

const DAY: Duration = Duration::from_secs(86_400);
/// How far back it looks.
pub const LATELY: Duration = Duration::from_secs(7 * 86_400);

/// The current month. `lately` is what was used in the last seven days, and `first_use` when that began.
pub fn month(
    so_far: NanoDollars,
    lately: NanoDollars,
    first_use: Option<Timestamp>,
    fixed: &[FixedCost],
    now: Timestamp,
) -> ForecastView {
    let until = now.next_month();
    let observed = now.since(first_use.unwrap_or(now)).clamp(DAY, LATELY);
    let left = until.since(now);
    let share = |span: Duration| {
        let exact = i128::from(lately.0) * span.as_micros() as i128 / observed.as_micros() as i128;
        NanoDollars(exact as i64)
    };
    let usage = so_far + share(left);
    let fixed: NanoDollars = fixed.iter().map(|cost| cost.between(now.month(), until)).sum();
    ForecastView {
        until,
        so_far,
        per_day: share(DAY),
        observed_days: observed.as_secs_f64() / DAY.as_secs_f64(),
        usage,
        fixed,
        total: usage + fixed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOLLAR: i64 = 1_000_000_000;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn the_rest_of_a_month_is_as_the_last_week_was() {
        let now = at("2026-11-21");
        let fixed = [FixedCost { name: "nat".into(), month: NanoDollars(20 * DOLLAR), from: None, until: None }];
        let told = month(NanoDollars(100 * DOLLAR), NanoDollars(35 * DOLLAR), Some(at("2026-11-01")), &fixed, now);
        assert_eq!((told.until, told.per_day.0, told.observed_days), (at("2026-12-01"), 5 * DOLLAR, 7.0));
        assert_eq!((told.usage.0, told.fixed.0, told.total.0), (150 * DOLLAR, 20 * DOLLAR, 170 * DOLLAR));
    }

    #[test]
    fn a_beginning_is_not_taken_for_rest_and_an_hour_not_for_a_day() {
        let now = at("2026-11-21");
        let told = |first: &str| month(NanoDollars(0), NanoDollars(6 * DOLLAR), Some(at(first)), &[], now);
        assert_eq!(told("2026-11-18").per_day.0, 2 * DOLLAR);
        assert_eq!(told("2026-11-20T23:00:00Z").per_day.0, 6 * DOLLAR);
        let nothing = month(NanoDollars(0), NanoDollars(0), None, &[], now);
        assert_eq!(nothing.total.0, 0);
    }

    #[test]
    fn at_the_end_of_a_month_the_forecast_is_what_was() {
        let now = Timestamp(at("2026-12-01").0 - 1);
        let told = month(NanoDollars(70 * DOLLAR), NanoDollars(70 * DOLLAR), None, &[], now);
        assert!(told.usage.0 - 70 * DOLLAR < DOLLAR / 1000, "{told:?}");
    }
}
