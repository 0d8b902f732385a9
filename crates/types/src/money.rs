//! Money: whole nano-dollars, so that a sum of many small lines is exact. Rounded once, when a line is made.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// US dollars, in billionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct NanoDollars(pub i64);

impl NanoDollars {
    /// What `span` costs at this price an hour, rounded to the nearest nano-dollar.
    pub fn for_span(self, span: Duration) -> NanoDollars {
        const HOUR_MICROS: i128 = 3_600_000_000;
        let exact = i128::from(self.0) * span.as_micros() as i128;
        NanoDollars(((exact + HOUR_MICROS / 2) / HOUR_MICROS) as i64)
    }

    /// As a fraction of dollars, for display only.
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Add for NanoDollars {
    type Output = NanoDollars;
    fn add(self, other: NanoDollars) -> NanoDollars {
        NanoDollars(self.0 + other.0)
    }
}

impl AddAssign for NanoDollars {
    fn add_assign(&mut self, other: NanoDollars) {
        self.0 += other.0;
    }
}

impl Sum for NanoDollars {
    fn sum<I: Iterator<Item = NanoDollars>>(lines: I) -> NanoDollars {
        lines.fold(NanoDollars(0), Add::add)
    }
}

impl fmt::Display for NanoDollars {
    /// `$1.23`; four decimals below a dollar, since a local run costs parts of a cent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dollars = self.dollars();
        if dollars.abs() < 1.0 { write!(f, "${dollars:.4}") } else { write!(f, "${dollars:.2}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_costs_the_hourly_price_and_parts_round_to_nearest() {
        let price = NanoDollars(194_236_000);
        assert_eq!(price.for_span(Duration::from_secs(3600)), price);
        assert_eq!(price.for_span(Duration::from_micros(9267)), NanoDollars(500));
        assert_eq!(NanoDollars(1_234_000_000).to_string(), "$1.23");
        assert_eq!(NanoDollars(12_300_000).to_string(), "$0.0123");
    }
}
