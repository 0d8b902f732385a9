//! Why a cluster has the size that it has, and what would change it.

use caddis_types::{Reason, ReasonCode, Timestamp};

use crate::autoscale::{Decision, Why, unhelped};
use crate::cluster::stuck::Stuck;
use crate::record::{ClusterRecord, DecisionRow};

fn workers(count: u32) -> String {
    if count == 1 { "1 worker".to_owned() } else { format!("{count} workers") }
}

/// A number that the load does not move.
pub(super) fn fixed(record: &ClusterRecord) -> Reason {
    let since = record.wished_at();
    let sentence = match record.scaling.fixed {
        true => format!("it has {}, as somebody fixed it; the load does not change that", workers(record.workers_desired)),
        false => format!("it was asked for with {} exactly; the load does not change that", workers(record.workers_desired)),
    };
    let range = match record.shape.workers_min < record.shape.workers_max {
        true => String::new(),
        false => " --workers MIN..MAX".to_owned(),
    };
    let next = format!("`caddis cluster scale {0} N` changes it, `caddis cluster adapt {0}{range}` lets the load", record.id);
    Reason::new(ReasonCode::FixedSize, sentence, since).next(next)
}

/// What waits for ever with that number.
pub(super) fn stuck(stuck: Option<Stuck>, record: &ClusterRecord) -> Option<Reason> {
    stuck.map(|Stuck { sentence, next }| Reason::new(ReasonCode::FixedSize, sentence, record.wished_at()).next(next))
}

/// The scheduler does not say what it has to do.
pub(super) fn unheard(record: &ClusterRecord, now: Timestamp) -> Reason {
    let sentence = format!("it keeps {}: its scheduler is not heard just now", workers(record.workers_desired));
    Reason::new(ReasonCode::FollowsLoad, sentence, now).next("it follows the load again when its scheduler is heard")
}

/// What the rule said.
pub(super) fn by_load(record: &ClusterRecord, row: &DecisionRow, decision: &Decision, now: Timestamp) -> Reason {
    let mut sentence = format!("it wants {} of {}..{}: {}", row.target, row.min, row.max, decision.sentence);
    // The limit of what the job may cost ends the range below the maximum, and has a reason of its own.
    if decision.why == Why::AtMaximum && at_its_maximum(record, row) {
        sentence.push_str(&format!(": the maximum is {}", row.max));
    } else if decision.why == Why::AtMaximum {
        sentence.push_str(": its job's limit pays for no more");
    }
    let reason = Reason::new(ReasonCode::FollowsLoad, sentence, record.wished_at().min(now));
    reason.next(next(record, row, decision, now))
}

/// Whether the range that was decided within ends where the cluster's does.
fn at_its_maximum(record: &ClusterRecord, row: &DecisionRow) -> bool {
    row.max >= record.shape.workers_max
}

/// What would change it.
fn next(record: &ClusterRecord, row: &DecisionRow, decision: &Decision, now: Timestamp) -> String {
    let adapt = |range: String| format!("`caddis cluster adapt {} --workers {range}`", record.id);
    let due = decision.due.filter(|due| *due > now);
    match (decision.why, due) {
        (Why::Settling | Why::Spare, Some(due)) => format!("unless work comes, fewer are decided on at {due}"),
        (_, Some(due)) => format!("it is decided again as soon as they are here, and at {due} at the latest"),
        (Why::AtMaximum, None) if !at_its_maximum(record, row) => {
            "fewer tasks, or a higher `--max-cost` of the next run".to_owned()
        }
        (_, None) if decision.memory.unhelped.is_some() => unhelped::NEXT.to_owned(),
        (Why::AtMaximum, None) => {
            format!("fewer tasks, or a larger maximum: {}", adapt(format!("{}..MAX", row.min)))
        }
        (Why::AtMinimum, None) => "when nobody wants those results any more, fewer are decided on".to_owned(),
        (Why::Idle, None) if row.target > 0 => format!("work that comes, or a smaller minimum: {}", adapt(format!("MIN..{}", row.max))),
        _ => format!("it is looked at again whenever the load changes; `caddis cluster scale {} N` fixes a number", record.id),
    }
}
