//! Durations as people write them: `30s`, `5m`, `1h30m`, `250ms`, `2d`.

use std::time::Duration;

use thiserror::Error;

/// A text that is not a duration.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{0}` is not a duration\nhint: write a number with a unit, such as `90s`, `30m`, `1h30m` or `2d`")]
pub struct DurationError(pub String);

/// Parses `1h30m`, `90s`, `250ms`, `2d`; a bare number is seconds.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let error = || DurationError(text.to_owned());
    let mut rest = text.trim();
    if let Ok(seconds) = rest.parse::<u64>() {
        return Ok(Duration::from_secs(seconds));
    }
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return Err(error());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(error)?;
        let number: f64 = rest[..digits].parse().map_err(|_| error())?;
        let unit_end = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |i| digits + i);
        let seconds = match &rest[digits..unit_end] {
            "ms" => 0.001,
            "s" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return Err(error()),
        };
        let part = Duration::try_from_secs_f64(number * seconds).map_err(|_| error())?;
        total = total.checked_add(part).ok_or_else(error)?;
        rest = &rest[unit_end..];
    }
    Ok(total)
}

/// `412 ms`, `3.4 s`, `2 m 05 s`, `1 h 30 m`: at most two units.
pub fn display(span: Duration) -> String {
    let seconds = span.as_secs_f64();
    let whole = span.as_secs();
    if seconds < 1.0 {
        format!("{} ms", span.as_millis())
    } else if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else if whole < 3600 {
        format!("{} m {:02} s", whole / 60, whole % 60)
    } else {
        format!("{} h {:02} m", whole / 3600, whole / 60 % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_durations() {
        assert_eq!(parse("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(parse("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse("90"), Ok(Duration::from_secs(90)));
        for bad in ["", "soon", "-3s", "3x", "1h30", "99999999999999999999999d"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn two_units_at_most() {
        assert_eq!(display(Duration::from_millis(412)), "412 ms");
        assert_eq!(display(Duration::from_secs(125)), "2 m 05 s");
        assert_eq!(display(Duration::from_secs(5400)), "1 h 30 m");
    }
}
