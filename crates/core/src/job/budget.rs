//! `--max-cost`: a job ends before it costs more.
//!
//! ```text
//! foreseen = what is in the ledger + what lives, until it has ended politely + a minute of what was only asked for
//! ends when foreseen > limit, or when tasks have waited for 5 s for a worker that nothing is left to pay for;
//! looks again when what lives has cost what is left, first minutes that are paid for not counted
//! ```
//!
//! Ending takes time, and that time is paid too: so it begins early enough. The growth that a limit does not pay for is
//! not begun either (`cluster/budget.rs`), so that a grant which it no longer pays for is no reason to end. Deliberately absent: what it would have cost without a limit, and money of
//! other jobs.
//!
//! What always holds: what a job cost when it has ended is not above its limit, unless processes took longer to end than
//! they are given, or more workers died than the limit had room for.

use std::time::Duration;

use caddis_types::{Cause, CauseCode, NanoDollars, Timestamp, duration};

use super::JobInput;
use crate::cluster;
use crate::ledger::{self, Foreseen};
use crate::plan::{Plan, Rung};
use crate::prices::Tariff;
use crate::record::{ClusterRecord, ClusterState, JobRecord, JobState};
use crate::settings::Settings;
use crate::world::{Members, Observed};

/// By how much a look may be late.
const LATE: Duration = Duration::from_secs(5);
/// So long tasks wait for a worker that nobody pays for before the job ends.
const IN_VAIN: Duration = Duration::from_secs(5);
/// How often a cluster without workers, of a job that can pay for none, is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// A limit that comes nearer and nearer is not looked at more often.
const SOONEST: Duration = Duration::from_millis(250);

/// How long a polite end takes at most: the script's ladder, then the cluster's close.
pub(crate) fn ending(settings: &Settings) -> Duration {
    let ladder: u64 = Rung::polite().iter().map(|rung| rung.wait_ms).sum();
    Duration::from_millis(ladder) + settings.orderly_close + LATE
}

/// Where a job stands.
struct Standing {
    limit: NanoDollars,
    foreseen: Foreseen,
}

fn members<'a>(input: &JobInput<'a>) -> Option<&'a Members> {
    match &input.world?.members {
        Observed::Known(members) => Some(members),
        Observed::Unknown(_) => None,
    }
}

fn own(cluster: &ClusterRecord, job: &JobRecord) -> bool {
    cluster.job.as_ref() == Some(&job.id)
}

/// Foreseen for a job: its earlier attempts, and its cluster until it has ended. A cluster that outlives it is not ended.
fn foresee(input: &JobInput<'_>, job: &JobRecord, now: Timestamp) -> Option<Foreseen> {
    let cluster = input.cluster?;
    let ahead = if own(cluster, job) { ending(input.settings) } else { Duration::ZERO };
    // How long something has lived is not concluded from a world that cannot be seen.
    let members = Some(members(input)?);
    let mut foreseen = ledger::foresee(cluster, &job.id, members, &input.settings.tariff, now, ahead);
    foreseen.so_far += job.spent;
    foreseen.ended += job.spent;
    Some(foreseen)
}

fn standing(input: &JobInput<'_>, now: Timestamp) -> Option<Standing> {
    let limit = input.record.max_cost?;
    let mut foreseen = foresee(input, input.record, now)?;
    foreseen.ended = foreseen.ended - not_begun(input, now);
    Some(Standing { limit, foreseen })
}

/// Why it must end now, if it must.
pub(super) fn exceeded(input: &JobInput<'_>, now: Timestamp) -> Option<Cause> {
    let Standing { limit, foreseen } = standing(input, now)?;
    let waited = input.record.in_vain_since.is_some_and(|since| now.since(since) >= IN_VAIN);
    let in_vain = wait_in_vain(input, now).filter(|_| waited).map(|tasks| match tasks {
        1 => ": it pays for no worker any more, and 1 task waits for one".to_owned(),
        tasks => format!(": it pays for no worker any more, and {tasks} tasks wait for one"),
    });
    (foreseen.ended > limit || in_vain.is_some()).then(|| {
        let why = in_vain.unwrap_or_default();
        Cause::new(CauseCode::CostLimit, format!("it would cost more than its limit of {limit} on Google Cloud{why}"))
            .with("limit", limit.to_string())
            .with("cost so far", foreseen.so_far.to_string())
            .with("cost when it has ended", foreseen.ended.to_string())
            .with("an hour", foreseen.hour.to_string())
            .hint("raise `--max-cost`, or ask for fewer workers")
    })
}

/// Tasks that wait for what its limit does not pay: to wait longer costs a scheduler and gains nothing.
fn wait_in_vain(input: &JobInput<'_>, now: Timestamp) -> Option<u64> {
    let tasks = cluster::budget::tasks_that_wait(input.world?);
    (tasks > 0 && pays_for_nobody(input, now)).then_some(tasks)
}

fn pays_for_nobody(input: &JobInput<'_>, now: Timestamp) -> bool {
    let (Some(cluster), Some(world)) = (input.cluster.filter(|cluster| own(cluster, input.record)), input.world) else {
        return false;
    };
    input.record.max_cost.is_some()
        && cluster::budget::pays_for_nobody(cluster, input.record, world, input.settings, now)
}

/// Notes since when its tasks wait in vain. One look is not enough: a script may take them back in a moment.
pub(super) fn notice(plan: &mut Plan<JobRecord>, input: &JobInput<'_>, now: Timestamp) {
    let since = wait_in_vain(input, now).map(|_| plan.record.in_vain_since.unwrap_or(now));
    plan.record.in_vain_since = since;
}

/// What a wish of earlier was granted by the pool: its cluster gives it back where the limit does not pay for it.
fn not_begun(input: &JobInput<'_>, now: Timestamp) -> NanoDollars {
    let gives_back = |cluster: &&ClusterRecord| {
        own(cluster, input.record) && cluster.adapts() && matches!(cluster.state, ClusterState::Running { .. })
    };
    let Some(cluster) = input.cluster.filter(gives_back) else { return NanoDollars(0) };
    let beyond = cluster.shape.workers_min.saturating_sub(cluster.slots.len() as u32);
    let workers = ledger::granted(cluster).saturating_sub(beyond);
    ledger::first_minutes(cluster, workers, &input.settings.tariff, now)
}

/// When the limit is reached if nothing changes, and what is left of it, in words.
pub(super) fn left(plan: &mut Plan<JobRecord>, input: &JobInput<'_>, now: Timestamp) -> Option<String> {
    let Standing { limit, foreseen } = standing(input, now)?;
    let left = NanoDollars((limit - foreseen.ended).0.max(0));
    let cluster = input.cluster?;
    if pays_for_nobody(input, now) {
        // Tasks that come where no worker is may be tasks for which none can be paid, and nobody wakes a job for them.
        plan.due_at(now + LOOK);
    }
    let ahead = if own(cluster, input.record) { ending(input.settings) } else { Duration::ZERO };
    let Some(span) = ledger::lasts(cluster, members(input)?, &input.settings.tariff, now, ahead, left) else {
        return Some(format!("{left} of its limit of {limit} is left"));
    };
    plan.due_at(now + span.max(SOONEST));
    Some(format!("{left} of its limit of {limit} is left, which ends it in {} as things are", duration::display(span)))
}

/// Notes what an attempt cost, when another one is to follow.
pub(super) fn carry(plan: &mut Plan<JobRecord>, input: &JobInput<'_>, now: Timestamp) {
    let again = matches!(plan.record.state, JobState::Queued { .. }) && !matches!(input.record.state, JobState::Queued { .. });
    if plan.record.max_cost.is_none() || !again {
        return;
    }
    if let Some(foreseen) = foresee(input, input.record, now) {
        plan.record.spent = foreseen.ended;
    }
}

/// Why an attempt is not begun: by now its first minute costs more than is left of the limit, which a price that rose
/// while it waited can bring about.
pub fn unaffordable(job: &JobRecord, cluster: &ClusterRecord, tariff: &Tariff, now: Timestamp) -> Option<Cause> {
    let limit = job.max_cost?;
    let least = ledger::least_soon(cluster, tariff, now);
    (job.spent + least > limit).then(|| {
        Cause::new(CauseCode::CostLimit, format!("its first minute would cost more than its limit of {limit} on Google Cloud"))
            .with("limit", limit.to_string())
            .with("cost so far", job.spent.to_string())
            .with("a minute", least.to_string())
            .hint("raise `--max-cost`, or ask for fewer workers")
    })
}

/// Whether not even the first minute of another attempt is left.
pub(super) fn used_up(input: &JobInput<'_>) -> Option<String> {
    let limit = input.record.max_cost.filter(|_| !input.record.attempts.is_empty())?;
    let cluster = input.cluster.filter(|cluster| own(cluster, input.record))?;
    let spent = input.record.spent;
    (spent + ledger::least(&cluster.shape) > limit)
        .then(|| format!("no other attempt follows: {spent} of its limit of {limit} is spent"))
}
