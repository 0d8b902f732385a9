//! What is kept of decisions: every look at a cluster that has something to do, whatever it answered, and what changes
//! while it has not. Each row holds all that the rule went by, so that it can be decided again by itself.
//!
//! At rest nothing is decided, yet what is seen drifts: memory, clients, results that are let go. There a row is written
//! when the answer differs, every few seconds while what it goes by has changed much, and every minute while anything has.
//! A cluster on which nothing moves writes nothing.
//!
//! What always holds: each beginning and each end of work is a row. Between them a look that answers as the one before
//! changes no record, unless the rule's memory changed.

use std::time::Duration;

use caddis_types::Timestamp;

use crate::autoscale::{Memory, Signals};
use crate::plan::Plan;
use crate::record::{ClusterRecord, DecisionRow};

/// Between two rows that differ in their reason alone.
const REASON: Duration = Duration::from_secs(1);
/// Between two rows of which the inputs differ much.
const MUCH: Duration = Duration::from_secs(5);
/// Between two rows of which the inputs differ at all.
const AT_ALL: Duration = Duration::from_secs(60);
/// A number that changed by this share has changed much.
const SHARE: f64 = 0.2;

/// Whether something runs, could run, or is on its way out: then the next look comes by the clock.
pub(super) fn moves(signals: &Signals) -> bool {
    signals.runnable() > 0 || signals.retiring > 0
}

/// Keeps a decision, or looks again when it would tell something new.
pub(super) fn keep(plan: &mut Plan<ClusterRecord>, row: DecisionRow) {
    let pause = plan.record.scaling.last.as_ref().map_or(Some(Duration::ZERO), |last| pause(last, &row));
    if moves(&row.signals) && pause != Some(Duration::ZERO) {
        return plan.decisions.push(row);
    }
    let last = plan.record.scaling.last.as_ref().map_or(row.at, |last| last.at);
    match pause {
        // A clock that went back tells nothing about how old the last row is.
        Some(pause) if row.at >= last + pause || row.at < last => {
            // What is remembered stands in the record anyway.
            plan.record.scaling.last = Some(DecisionRow { memory: Memory::default(), ..row.clone() });
            plan.decisions.push(row);
        }
        Some(pause) => plan.due_at(last + pause),
        None => {}
    }
}

/// How much later than the last row this one is worth keeping at rest; never, when it says the same.
fn pause(last: &DecisionRow, row: &DecisionRow) -> Option<Duration> {
    let answer = |row: &DecisionRow| (row.min, row.max, row.target);
    let edge = moves(&last.signals) != moves(&row.signals);
    if edge || answer(last) != answer(row) || last.policy != row.policy {
        Some(Duration::ZERO)
    } else if last.why != row.why {
        Some(REASON)
    } else if differ_much(&last.signals, &row.signals) {
        Some(MUCH)
    } else {
        (settled(&last.signals) != settled(&row.signals)).then_some(AT_ALL)
    }
}

/// Without the moment at which it was said.
fn settled(signals: &Signals) -> Signals {
    Signals { at: Timestamp(0), ..signals.clone() }
}

fn differ_much(last: &Signals, now: &Signals) -> bool {
    let counts = |signals: &Signals| {
        [
            signals.runnable() as f64,
            signals.waiting as f64,
            signals.executing as f64,
            signals.occupancy + signals.queued_seconds,
            signals.waiting_seconds,
            f64::from(signals.ready),
            f64::from(signals.starting),
            f64::from(signals.retiring),
            f64::from(signals.clients),
            signals.data_bytes as f64,
        ]
    };
    let shares = |signals: &Signals| [signals.memory, signals.cpu, signals.unknown];
    let much = |a: f64, b: f64| (a == 0.0) != (b == 0.0) || (a - b).abs() > SHARE * a.abs().max(b.abs());
    let far = |a: f64, b: f64| (a - b).abs() > SHARE;
    counts(last).into_iter().zip(counts(now)).any(|(a, b)| much(a, b))
        || shares(last).into_iter().zip(shares(now)).any(|(a, b)| far(a, b))
}

#[cfg(test)]
mod tests {
    use caddis_types::NanoDollars;

    use super::*;
    use crate::arbitrary::{NOW, plain_cluster};
    use crate::autoscale::{Policy, Why};

    fn row(second: i64, target: u32, processing: u64) -> DecisionRow {
        DecisionRow {
            cluster: plain_cluster(1, 4).id,
            at: Timestamp(NOW.0 + second * 1_000_000),
            min: 1,
            max: 4,
            current: 1,
            target,
            why: Why::Steady,
            signals: Signals { at: Timestamp(second), processing, ..Signals::default() },
            start_seconds: 1.0,
            worker_hour: NanoDollars(0),
            policy: Policy::default(),
            memory: Memory::default(),
        }
    }

    /// How many rows an hour of looks at every second leaves.
    fn kept(look: impl Fn(i64) -> DecisionRow) -> usize {
        let mut plan = Plan::keep(plain_cluster(1, 4));
        (0..3600).for_each(|second| keep(&mut plan, look(second)));
        plan.decisions.len()
    }

    #[test]
    fn every_look_at_work_is_written_and_changes_no_record_unless_its_answer_is_another() {
        assert_eq!(kept(|second| row(second, 1, 5)), 3600);
        assert_eq!(kept(|second| row(second, 1, second as u64 % 7 * 100 + 1)), 3600);
        let mut plan = Plan::keep(plain_cluster(1, 4));
        keep(&mut plan, row(0, 1, 5));
        let record = plan.record.clone();
        keep(&mut plan, row(1, 1, 9));
        assert!(plan.record == record && plan.decisions.len() == 2);
        keep(&mut plan, row(2, 2, 9));
        assert!(plan.record != record && plan.decisions.len() == 3);
    }

    #[test]
    fn each_beginning_and_each_end_of_work_is_written_though_the_answer_is_the_same() {
        let mut plan = Plan::keep(plain_cluster(1, 4));
        (0..180).for_each(|second| keep(&mut plan, row(second, 1, if second % 15 < 5 { 7 } else { 0 })));
        let edges = plan.decisions.windows(2).filter(|pair| moves(&pair[0].signals) && !moves(&pair[1].signals));
        assert_eq!((edges.count(), plan.decisions.len()), (12, 12 * 6));
    }

    #[test]
    fn what_is_at_rest_is_written_once_and_what_drifts_every_few_seconds_or_each_minute() {
        let drifts = |second: i64, share: f64| {
            let mut row = row(second, 1, 0);
            row.signals.memory = share * (second % 7) as f64;
            row
        };
        assert_eq!(kept(|second| row(second, 1, 0)), 1);
        assert_eq!(kept(|second| drifts(second, 0.001)), 60);
        assert_eq!(kept(|second| drifts(second, 0.3)), 720);
    }

    #[test]
    fn another_answer_is_written_at_once() {
        assert_eq!(kept(|second| row(second, 1 + second as u32 % 2, 0)), 3600);
    }

    #[test]
    fn a_row_of_a_busy_cluster_has_few_bytes() {
        let mut row = row(1, 4, 117);
        row.signals = Signals { occupancy: 48.513, queued_seconds: 391.2, memory: 0.4412, cpu: 0.871, ..row.signals };
        let body = row.body().to_string();
        assert!(body.len() < 420, "{} bytes: {body}", body.len());
    }
}
