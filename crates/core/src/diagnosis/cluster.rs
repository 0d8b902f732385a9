//! Deaths of schedulers and workers.

use caddis_types::{Cause, CauseCode, bytes};

use super::{LATE, UNHEARD, text};
use crate::world::{End, Exit, KilledBy, Member};

/// Why a worker ended; nothing when it closed by itself in an orderly way or was told to.
pub fn worker_death(member: &Member, end: &End) -> Option<Cause> {
    let cause = match (&end.killed_by, &end.exit) {
        (Some(KilledBy::Memory { rss, limit }), _) => memory(member, *rss, *limit),
        (Some(KilledBy::KernelOom), _) => {
            Cause::new(CauseCode::OutOfMemory, format!("the kernel killed worker `{member}`: the machine is out of memory"))
                .hint("lower the number of workers, or give the machine more memory")
        }
        (Some(KilledBy::Stop { reason }), _) if reason == LATE => {
            Cause::new(CauseCode::ClusterStart, format!("worker `{member}` did not get ready in time"))
        }
        (Some(KilledBy::Stop { reason }), _) if reason == UNHEARD => {
            Cause::new(CauseCode::HostLost, format!("worker `{member}` was there, and its scheduler did not hear it any more"))
                .hint("its host hangs or is cut off; Dask waits `distributed.scheduler.worker-ttl` before it gives a worker up")
        }
        (Some(_), _) => return None,
        (None, Exit::Code(0)) => return None,
        (None, Exit::Code(code)) => text::from_log(&end.log_tail, &format!("worker `{member}`"))
            .unwrap_or_else(|| Cause::new(CauseCode::WorkersLost, format!("worker `{member}` exited with code {code}"))),
        (None, Exit::Signal(signal)) => Cause::new(
            CauseCode::KilledBySignal,
            format!("worker `{member}` was killed by {} from outside", text::signal_name(*signal)),
        ),
        (None, Exit::Unknown(why)) => rebooted(why)
            .unwrap_or_else(|| Cause::new(CauseCode::Unknown, format!("worker `{member}` ended unseen: {why}"))),
    };
    Some(text::with_log(cause, &end.log_tail))
}

/// How a worker that was taken away ended: its data was saved before, or went with it.
pub fn preempted(member: &Member, end: &End) -> Cause {
    let (how, found) = match (&end.killed_by, &end.exit) {
        (None, Exit::Code(0)) => ("it had handed its data over", "it closed by itself"),
        _ => ("it went with what it held", "it was killed at the end of its notice"),
    };
    Cause::new(CauseCode::Preempted, format!("worker `{member}` was preempted: {how}")).with("end", found)
}

fn memory(member: &Member, rss: u64, limit: u64) -> Cause {
    let sentence =
        format!("worker `{member}` had {} of memory, over its limit of {}", bytes::display(rss), bytes::display(limit));
    Cause::new(CauseCode::OutOfMemory, sentence)
        .with("worker", member.to_string())
        .with("memory when killed", bytes::display(rss))
        .with("limit", bytes::display(limit))
        .hint(format!("give each worker more, for example `--memory {}GiB`, or use smaller partitions", next_gib(rss)))
}

fn next_gib(used: u64) -> u64 {
    (used.saturating_mul(2)).div_ceil(bytes::GIB).max(1)
}

/// Why the scheduler ended; `ready` says whether it had served.
pub fn scheduler_death(ready: bool, end: Option<&End>) -> Cause {
    let log = end.map(|end| end.log_tail.as_str()).unwrap_or_default();
    if let Some(cause) = end.and_then(|end| match &end.exit {
        Exit::Unknown(why) => rebooted(why),
        _ => None,
    }) {
        return cause;
    }
    if let Some(KilledBy::Lease) = end.and_then(|end| end.killed_by.as_ref()) {
        return lease_lapsed();
    }
    if let (false, Some(Exit::Unknown(why))) = (ready, end.map(|end| &end.exit)) {
        return Cause::new(CauseCode::Unknown, format!("the scheduler ended unseen before it served: {why}"));
    }
    let how = match end.map(|end| (&end.killed_by, &end.exit)) {
        Some((Some(KilledBy::KernelOom), _)) => "was killed by the kernel, out of memory".to_owned(),
        Some((Some(KilledBy::Purge { .. }), _)) => "was ended".to_owned(),
        Some((Some(KilledBy::Stop { reason }), _)) => format!("was ended: {reason}"),
        Some((_, Exit::Code(code))) => format!("exited with code {code}"),
        Some((_, Exit::Signal(signal))) => format!("was killed by {}", text::signal_name(*signal)),
        Some((_, Exit::Unknown(why))) => format!("ended unseen: {why}"),
        None => "is gone".to_owned(),
    };
    let cause = if ready {
        Cause::new(CauseCode::SchedulerLost, format!("the scheduler {how}; with it goes all that its workers held"))
            .hint("run it again; `--retries` does so by itself")
    } else {
        text::from_log(log, "the scheduler")
            .unwrap_or_else(|| Cause::new(CauseCode::ClusterStart, format!("the scheduler {how} before it served")))
    };
    text::with_log(cause, log)
}

/// Nobody wanted the cluster any more.
pub(super) fn lease_lapsed() -> Cause {
    Cause::new(CauseCode::ClusterStopped, "nobody renewed the lease of the cluster, so it ended itself")
        .hint("a cluster lives on without a server for 15 minutes; `caddis serve` is one that never ends by itself")
}

/// The keeper's word for a process of an earlier boot.
pub(super) fn rebooted(why: &str) -> Option<Cause> {
    why.contains("rebooted").then(|| {
        Cause::new(CauseCode::HostRebooted, "the machine was started anew while it ran")
            .hint("run it again; `caddis job retry` does so with the same arguments")
    })
}
