//! A trace from what a real cluster's decisions saw.
//!
//! Stored with each decision is what the scheduler said: tasks done and what they took, tasks that could run and what
//! they were expected to take. Work that arrived between two looks is what the sum of both grew by. What cannot be known
//! from this: which task waited for which (a rise while others still ran counts as a submission at that time; one after
//! a lull counts as the program's next step, so many seconds after the last was done), how long each single task took
//! (every rise gets the average of the whole run where its own is not known), which results were held for whom, and
//! shuffles.

use caddis_core::autoscale::Signals;

use super::{Group, Trace, TraceError};

/// Looks further apart than this are a hole, seconds.
const HOLE: f64 = 15.0 * 60.0;

/// The work that a series of looks at one cluster shows.
pub fn recorded(name: &str, looks: &[Signals]) -> Result<Trace, TraceError> {
    check(looks)?;
    let Some((first, last)) = looks.first().zip(looks.last()) else { return Err(TraceError::Empty) };
    let average = average(first, last);
    let mut groups: Vec<Group> = Vec::new();
    let (mut seen, mut lull) = (first.done, Some(first));
    for look in looks {
        let arrived = (look.done + look.runnable()).saturating_sub(seen);
        seen = seen.max(look.done + look.runnable());
        if arrived > 0 {
            groups.push(group(&groups, look, arrived, average, lull.filter(|_| !groups.is_empty()), first));
        }
        lull = match (look.runnable() + look.waiting, lull) {
            (0, None) => Some(look),
            (0, since) => since,
            _ => None,
        };
    }
    if groups.is_empty() {
        return Err(TraceError::Empty);
    }
    Ok(Trace { name: name.to_owned(), class: "recorded".to_owned(), groups })
}

fn group(
    before: &[Group],
    look: &Signals,
    arrived: u64,
    average: Option<f64>,
    lull: Option<&Signals>,
    first: &Signals,
) -> Group {
    let runnable = look.runnable().max(1) as f64;
    let expected = (look.occupancy + look.queued_seconds) / runnable;
    let seconds = average.unwrap_or(expected);
    let after = lull.and_then(|_| before.last()).map(|group| group.group.clone());
    let since = lull.map(|lull| look.at.since(lull.at).as_secs_f64());
    Group {
        group: format!("look-{}", before.len() + 1),
        tasks_named: "task".to_owned(),
        user: String::new(),
        at: if after.is_some() { 0.0 } else { look.at.since(first.at).as_secs_f64() },
        pause: after.as_ref().and(since),
        after: after.into_iter().collect(),
        tasks: vec![(arrived, (seconds * 1e6).round() / 1e6)],
        bytes: look.data_bytes.checked_div(look.done.max(1)).unwrap_or(0),
        pinned_by: None,
    }
}

/// What a task of this run took.
fn average(first: &Signals, last: &Signals) -> Option<f64> {
    let (count, seconds) = (last.done.saturating_sub(first.done), last.done_seconds - first.done_seconds);
    (count > 0 && seconds > 0.0).then(|| seconds / count as f64)
}

fn check(looks: &[Signals]) -> Result<(), TraceError> {
    for (index, look) in looks.iter().enumerate() {
        let row = index + 1;
        let figures = [
            ("occupancy", look.occupancy),
            ("queued_seconds", look.queued_seconds),
            ("done_seconds", look.done_seconds),
            ("longest", look.longest),
        ];
        if let Some((field, value)) = figures.into_iter().find(|(_, value)| !value.is_finite() || *value < 0.0) {
            let why = "it must be a number of seconds that is not negative";
            return Err(TraceError::Row { row, field, value: value.to_string(), why });
        }
        let Some(before) = index.checked_sub(1).map(|index| &looks[index]) else { continue };
        if look.at < before.at {
            let why = "it is before the row above";
            return Err(TraceError::Row { row, field: "at", value: look.at.to_string(), why });
        }
        if look.done < before.done {
            let why = "it is less than in the row above";
            return Err(TraceError::Row { row, field: "done", value: look.done.to_string(), why });
        }
        let seconds = look.at.since(before.at).as_secs_f64();
        if seconds > HOLE && before.runnable() > 0 {
            return Err(TraceError::Gap { row, seconds });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use caddis_types::Timestamp;

    use super::*;

    fn look(seconds: u64, done: u64, processing: u64, queued: u64) -> Signals {
        Signals {
            at: Timestamp(1_795_000_000_000_000) + Duration::from_secs(seconds),
            done,
            done_seconds: done as f64 * 2.0,
            processing,
            queued,
            occupancy: processing as f64 * 0.5,
            queued_seconds: queued as f64 * 0.5,
            ..Signals::default()
        }
    }

    #[test]
    fn work_is_what_done_and_runnable_grew_by() {
        let looks = [
            look(0, 0, 0, 0),
            look(10, 0, 4, 16),
            look(14, 8, 4, 8),
            look(20, 20, 0, 0),
            look(50, 20, 3, 0),
            look(60, 23, 0, 0),
        ];
        let trace = recorded("etl", &looks).unwrap();
        assert_eq!((trace.count(), trace.seconds()), (23, 46.0));
        assert_eq!((trace.groups[0].at, trace.groups[0].after.len()), (10.0, 0));
        assert_eq!((trace.groups[1].pause, trace.groups[1].after.as_slice()), (Some(30.0), &["look-1".to_owned()][..]));
        assert_eq!(Trace::from_text(&trace.to_text()), Ok(trace));
    }

    #[test]
    fn holes_and_figures_that_cannot_be_are_refused() {
        let gap = recorded("x", &[look(0, 0, 4, 0), look(3000, 4, 0, 0)]);
        assert_eq!(gap, Err(TraceError::Gap { row: 2, seconds: 3000.0 }));
        assert!(recorded("x", &[look(0, 0, 0, 0), look(3000, 0, 4, 0)]).is_ok(), "a lull is no hole");
        let wrong = |looks: &[Signals]| recorded("x", looks).unwrap_err().to_string();
        assert!(wrong(&[Signals { occupancy: -1.0, ..look(0, 0, 1, 0) }]).contains("row 1: `occupancy` is -1"));
        assert!(wrong(&[look(9, 5, 1, 0), look(3, 5, 1, 0)]).contains("`at`"));
        assert!(wrong(&[look(3, 5, 1, 0), look(9, 4, 1, 0)]).contains("`done`"));
        assert_eq!(recorded("x", &[]), Err(TraceError::Empty));
        assert_eq!(recorded("x", &[look(0, 0, 0, 0)]), Err(TraceError::Empty));
    }
}
