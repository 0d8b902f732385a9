//! Points in time for people.

use caddis_types::{Timestamp, duration};

/// `12 s ago`, `3 m ago`, `2 d ago`: one unit, which is what a list needs.
pub fn ago(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.since(then).as_secs();
    match seconds {
        0 => "just now".to_owned(),
        1..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} m ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

/// `2026-11-23T22:14:05Z (3 m ago)`.
pub fn at(then: Timestamp, now: Timestamp) -> String {
    format!("{then} ({})", ago(then, now))
}

/// How long something took, or takes until now.
pub fn span(from: Timestamp, to: Option<Timestamp>, now: Timestamp) -> String {
    duration::display(to.unwrap_or(now).since(from))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn one_unit() {
        let now = Timestamp::from_millis(1_795_471_999_000);
        for (seconds, text) in [(0, "just now"), (59, "59 s ago"), (3599, "59 m ago"), (7200, "2 h ago"), (200_000, "2 d ago")] {
            assert_eq!(ago(now - Duration::from_secs(seconds), now), text);
        }
    }
}
