//! Money: whole nano-dollars, so that a sum of many small lines is exact. Rounded once, when a line is made.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

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

    /// Part `number` of `parts` equal ones; what cannot be divided goes to the first ones, so that they add up exactly.
    pub fn part(self, number: usize, parts: usize) -> NanoDollars {
        NanoDollars(share(self.0, number, parts))
    }

    /// Reads dollars such as `1.50`, exactly.
    pub fn parse(text: &str) -> Result<NanoDollars, MoneyError> {
        parse(text.trim()).ok_or_else(|| MoneyError(text.to_owned()))
    }

    /// All nine decimals, without a sign for the currency: for machines.
    pub fn exact(self) -> String {
        let (sign, whole) = if self.0 < 0 { ("-", self.0.unsigned_abs()) } else { ("", self.0.unsigned_abs()) };
        format!("{sign}{}.{:09}", whole / 1_000_000_000, whole % 1_000_000_000)
    }

    /// As a fraction of dollars, for display only.
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

/// A text that is no sum of money.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{0}` is not a sum of money\nhint: write dollars such as `1.50`")]
pub struct MoneyError(pub String);

fn parse(text: &str) -> Option<NanoDollars> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > 9 || whole.len() + decimals.len() == 0 {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let decimals: i64 = format!("{decimals:0<9}").parse().ok()?;
    whole.checked_mul(1_000_000_000)?.checked_add(decimals).map(NanoDollars)
}

/// Part `number` of `parts` equal ones of a whole number; the first ones have what cannot be divided.
pub fn share(whole: i64, number: usize, parts: usize) -> i64 {
    let parts = i64::try_from(parts.max(1)).unwrap_or(i64::MAX);
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    whole.div_euclid(parts) + i64::from(number < whole.rem_euclid(parts))
}

impl Add for NanoDollars {
    type Output = NanoDollars;
    fn add(self, other: NanoDollars) -> NanoDollars {
        NanoDollars(self.0 + other.0)
    }
}

impl Sub for NanoDollars {
    type Output = NanoDollars;
    fn sub(self, other: NanoDollars) -> NanoDollars {
        NanoDollars(self.0 - other.0)
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
    #[test]
    fn sums_are_read_and_written_exactly() {
        assert_eq!(NanoDollars::parse("1.50"), Ok(NanoDollars(1_500_000_000)));
        assert_eq!(NanoDollars::parse(".000000001"), Ok(NanoDollars(1)));
        assert_eq!(NanoDollars(-1_500_000_000).exact(), "-1.500000000");
        for bad in ["", ".", "-1", "1,5", "$2", "1.0000000001", "1e3", "99999999999999"] {
            assert!(NanoDollars::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn parts_add_up() {
        for (whole, parts) in [(10, 3), (-10, 3), (0, 4), (7, 1), (2, 5)] {
            let sum: NanoDollars = (0..parts).map(|number| NanoDollars(whole).part(number, parts)).sum();
            assert_eq!(sum, NanoDollars(whole), "{whole} in {parts}");
        }
    }
}
