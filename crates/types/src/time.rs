//! Points in time: whole microseconds since 1970, the precision of both databases.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// A text that is not a point in time.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{0}` is not a point in time\nhint: write a day such as `2026-11-23`, or a moment such as `2026-11-23T22:14:05Z`, in UTC")]
pub struct TimeError(pub String);

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// From whole milliseconds since 1970.
    pub fn from_millis(millis: i64) -> Self {
        Timestamp(millis.saturating_mul(1000))
    }

    /// The time from `earlier` to this point; zero when `earlier` is later, as after a clock was set back.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Seconds since 1970 as a fraction, for people and for metrics.
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The beginning of its day, UTC.
    pub fn day(self) -> Timestamp {
        Timestamp(self.0.div_euclid(DAY) * DAY)
    }

    /// The beginning of the day after it, UTC.
    pub fn next_day(self) -> Timestamp {
        Timestamp(self.day().0.saturating_add(DAY))
    }

    /// The beginning of its month, UTC.
    pub fn month(self) -> Timestamp {
        let (year, month, _) = self.civil();
        Timestamp(days_from_civil(year, month, 1) * DAY)
    }

    /// The beginning of the month after it, UTC.
    pub fn next_month(self) -> Timestamp {
        let (year, month, _) = self.civil();
        let (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        Timestamp(days_from_civil(year, month, 1) * DAY)
    }

    /// Its year, UTC.
    pub fn year(self) -> i64 {
        self.civil().0
    }

    /// `2026-11-23`: the day, UTC.
    pub fn date(self) -> String {
        let (year, month, day) = self.civil();
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// Reads `2026-11-23` or `2026-11-23T22:14:05Z`, UTC.
    pub fn parse(text: &str) -> Result<Timestamp, TimeError> {
        parse(text.trim()).ok_or_else(|| TimeError(text.to_owned()))
    }

    fn civil(self) -> (i64, i64, i64) {
        civil_from_days(self.0.div_euclid(DAY))
    }

    /// `2026-11-23T22:14:05Z`: UTC, whole seconds.
    pub fn rfc3339(self) -> String {
        let seconds = self.0.div_euclid(1_000_000);
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        format!(
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
            second / 3600,
            second / 60 % 60,
            second % 60
        )
    }
}

/// The proleptic Gregorian date of a day number (0 = 1970-01-01), by Howard Hinnant's `civil_from_days`
/// (https://howardhinnant.github.io/date_algorithms.html).
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// The day number of a date of the proleptic Gregorian calendar, by Howard Hinnant's `days_from_civil` (at the same
/// place).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Numbers of exactly these many digits, with these texts between them.
fn numbers<const N: usize>(text: &str, form: [(usize, &str); N]) -> Option<[i64; N]> {
    let mut rest = text;
    let mut found = [0; N];
    for ((digits, behind), number) in form.into_iter().zip(&mut found) {
        let (head, tail) = rest.split_at_checked(digits)?;
        *number = Some(head).filter(|head| head.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()?;
        rest = tail.strip_prefix(behind)?;
    }
    rest.is_empty().then_some(found)
}

fn parse(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_once('T').map_or((text, None), |(date, time)| (date, Some(time)));
    let [year, month, day] = numbers(date, [(4, "-"), (2, "-"), (2, "")])?;
    let [hour, minute, second] = match time {
        Some(time) => numbers(time, [(2, ":"), (2, ":"), (2, "Z")])?,
        None => [0; 3],
    };
    let days = days_from_civil(year, month, day);
    let sound = (1..=12).contains(&month) && civil_from_days(days) == (year, month, day) && hour < 24 && minute < 60 && second < 60;
    sound.then(|| Timestamp(days * DAY + (hour * 3600 + minute * 60 + second) * SECOND))
}

impl Add<Duration> for Timestamp {
    type Output = Timestamp;
    fn add(self, span: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Timestamp;
    fn sub(self, span: Duration) -> Timestamp {
        Timestamp(self.0.saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00Z"),
            (1_795_471_999_999_999, "2026-11-23T22:13:19Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(Timestamp(micros).rfc3339(), text);
        }
    }

    #[test]
    fn dates_are_read_as_they_are_written() {
        for text in ["1970-01-01T00:00:00Z", "2000-02-29T23:59:59Z", "2026-11-23T22:14:05Z", "1969-12-31T00:00:01Z"] {
            let read = Timestamp::parse(text).unwrap();
            assert_eq!(read.rfc3339(), text);
            assert_eq!(Timestamp::parse(&read.date()), Ok(read.day()));
        }
        for bad in ["", "2026", "2026-13-01", "2026-02-30", "2026-11-23T22:14:05", "2026-11-23T24:00:00Z", "26-11-23", "2026-+1-01"] {
            assert!(Timestamp::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn months_follow_each_other() {
        let mut month = Timestamp::parse("2023-12-15").unwrap().month();
        let days = |month: Timestamp| month.next_month().since(month).as_secs() / 86_400;
        let mut lengths = Vec::new();
        for _ in 0..15 {
            lengths.push(days(month));
            assert_eq!(Timestamp(month.next_month().0 - 1).month(), month);
            month = month.next_month();
        }
        assert_eq!(lengths, [31, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 28]);
    }

    #[test]
    fn a_clock_that_was_set_back_gives_zero() {
        assert_eq!(Timestamp(5).since(Timestamp(9)), Duration::ZERO);
    }
}
