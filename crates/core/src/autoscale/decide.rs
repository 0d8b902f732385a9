//! The rule.

use std::time::Duration;

use caddis_types::Timestamp;
use caddis_types::shape::WorkerRange;

use super::{Decision, Economy, Memory, Policy, Signals, Why};

/// How many workers the cluster should have now. `current` is what it was last told to have.
pub fn decide(
    policy: &Policy,
    range: WorkerRange,
    current: u32,
    signals: &Signals,
    economy: &Economy,
    memory: &Memory,
    now: Timestamp,
) -> Decision {
    let _ = economy;
    let threads = f64::from(signals.threads.max(1));
    let seconds = signals.occupancy + signals.queued_seconds;
    let by_time = (seconds / policy.target_seconds.max(0.1) / threads).ceil();
    let by_count = (signals.runnable() as f64 / threads).ceil();
    let wanted = (by_time.min(by_count) as u32).clamp(range.min, range.max);
    let mut next = memory.clone();
    let stay = |memory: Memory, why, sentence: &str, due| Decision {
        target: current.clamp(range.min, range.max),
        why,
        sentence: sentence.to_owned(),
        due,
        memory,
    };
    if wanted > current {
        next.shrink_since = None;
        next.grew_at = Some(now);
        let sentence = format!("{seconds:.0} s of work are more than {current} workers finish in time");
        return Decision { target: wanted, why: Why::Backlog, sentence, due: None, memory: next };
    }
    if wanted == current || signals.queued > 0 {
        next.shrink_since = None;
        return stay(next, Why::Steady, "it has what it needs", None);
    }
    let since = *next.shrink_since.get_or_insert(now);
    let ripe = since + Duration::from_secs_f64(policy.shrink_after_seconds);
    if ripe > now {
        return stay(next, Why::Settling, "fewer workers would be enough, but have not been for long", Some(ripe));
    }
    next.shrink_since = None;
    next.shrank_at = Some(now);
    let sentence = format!("{wanted} workers are enough");
    Decision { target: wanted, why: Why::Spare, sentence, due: None, memory: next }
}
