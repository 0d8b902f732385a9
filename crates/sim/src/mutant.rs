//! Planted bugs. Each lives in the simulated ports or in the simulator's driver, never in the code under test, and
//! each must be found: a simulator that misses one has a hole in its faults or in its checkers.

use std::str::FromStr;
use std::time::Duration;

use caddis_core::cluster::preempt;
use caddis_core::record::{JobState, LedgerKind, Leaving, LedgerLine, Outcome};
use caddis_engine::ports::{Change, Store};
use caddis_store::MemStore;

macro_rules! mutants {
    ($($(#[doc = $about:literal])+ $variant:ident = $name:literal,)+) => {
        /// A planted bug.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mutant { $($(#[doc = $about])+ $variant,)+ }

        impl Mutant {
            /// All of them.
            pub const ALL: &'static [Mutant] = &[$(Mutant::$variant,)+];

            /// The word for the command line.
            pub fn name(self) -> &'static str {
                match self { $(Mutant::$variant => $name,)+ }
            }

            /// What is wrong with it.
            pub fn about(self) -> &'static str {
                match self { $(Mutant::$variant => concat!($($about,)+),)+ }
            }
        }
    };
}

mutants! {
    /// A start has no idempotency key: repeating it starts another process.
    NoKey = "no-key",
    /// What is remembered of a cluster is forgotten before its processes are ended.
    ForgetFirst = "forget-first",
    /// A process that was asked for and is not listed yet is taken for dead.
    AbsentIsDead = "absent-is-dead",
    /// The effect comes before its intent is durable.
    ActFirst = "act-first",
    /// The second try of a commit leaves the ledger lines out.
    LineDropped = "line-dropped",
    /// A line is written once for the end of a process and once more for the end of its cluster.
    LineTwice = "line-twice",
    /// Where a life is cut, a piece of it is left out.
    LineGap = "line-gap",
    /// How long processes live is measured by the clock on the wall, which jumps.
    WallClock = "wall-clock",
    /// A dead worker is followed by one of the same name.
    NameReused = "name-reused",
    /// A script whose start was not answered is started once more under a key of its own.
    ScriptAgain = "script-again",
    /// Jobs are admitted by what was free a while ago.
    OldCapacity = "old-capacity",
    /// A cluster whose scheduler said that it closes is not purged.
    PurgeSkipped = "purge-skipped",
    /// A cancelled job is over at once, without its process being ended.
    CancelOnly = "cancel-only",
    /// Wake-ups for others that follow from a pass are lost.
    WakeLost = "wake-lost",
    /// A stop answers that nothing was started, whatever there is.
    StopBlind = "stop-blind",
    /// The scheduler tells neither of the results that its workers hold nor that they take tasks.
    DataUnseen = "data-unseen",
    /// Leases are not renewed.
    LeaseForgotten = "lease-forgotten",
    /// A worker that is taken away is not killed when its time is over.
    NoticeIgnored = "notice-ignored",
    /// A worker that is taken away is given a minute more than there is.
    NoticeLong = "notice-long",
    /// A worker that is taken away is killed long before its time is over.
    NoticeShort = "notice-short",
    /// Preemptible workers are counted at the price of those on demand, and the other way round.
    PriceSwapped = "price-swapped",
}

impl FromStr for Mutant {
    type Err = String;

    fn from_str(text: &str) -> Result<Mutant, String> {
        Mutant::ALL.iter().find(|mutant| mutant.name() == text).copied().ok_or_else(|| {
            let names: Vec<_> = Mutant::ALL.iter().map(|mutant| mutant.name()).collect();
            format!("there is no planted bug `{text}`\nhint: there are {}", names.join(", "))
        })
    }
}

/// The planted bugs that write something else than the engine asked for.
pub(crate) async fn spoil(mutant: Mutant, change: &mut Change, retried: bool, rows: &MemStore) {
    match mutant {
        Mutant::LineDropped if retried => change.ledger.clear(),
        Mutant::LineTwice if change.clusters.iter().any(|cluster| cluster.state.is_ended()) => {
            let again: Vec<_> = change.ledger.iter().map(|line| LedgerLine { key: format!("{}!", line.key), ..line.clone() }).collect();
            change.ledger.extend(again);
        }
        Mutant::NoticeLong => move_notices(change, preempt::NOTICE + Duration::from_secs(60)),
        Mutant::NoticeShort => move_notices(change, Duration::from_secs(5)),
        Mutant::PriceSwapped => swap_prices(change),
        Mutant::LineGap => change.ledger.retain(|line| !line.key.ends_with("#2")),
        Mutant::NameReused => {
            for cluster in &mut change.clusters {
                let Ok(Some(stored)) = rows.cluster(&cluster.id).await else { continue };
                for (number, slot) in &mut cluster.slots {
                    if stored.slots.get(number).is_some_and(|old| old.attempt < slot.attempt) {
                        slot.attempt -= 1;
                    }
                }
            }
        }
        Mutant::CancelOnly => {
            for job in change.jobs.iter_mut().filter(|job| job.cancel.is_some() && !job.is_ended()) {
                let at = job.cancel.as_ref().map_or(job.submitted_at, |cancel| cancel.at);
                job.state = JobState::Ended { at, outcome: Outcome::Cancelled, exit_code: 130 };
            }
        }
        _ => {}
    }
}

/// Workers that are taken away have so long from their notice.
fn move_notices(change: &mut Change, notice: Duration) {
    let slots = change.clusters.iter_mut().flat_map(|cluster| cluster.slots.values_mut());
    for retiring in slots.filter_map(|slot| slot.retiring.as_mut()).filter(|retiring| retiring.why == Leaving::Preempted) {
        retiring.deadline = retiring.since + notice;
    }
}

/// Lines of workers at the other price; what their cluster says of itself agrees.
fn swap_prices(change: &mut Change) {
    for line in change.ledger.iter_mut().filter(|line| line.kind == LedgerKind::Worker) {
        let Some(cluster) = change.clusters.iter_mut().find(|cluster| cluster.id == line.cluster) else { continue };
        let shape = &cluster.shape;
        line.price_hour = if line.preemptible { shape.worker_price_hour } else { shape.preemptible_price_hour };
        let span = line.ended_at.since(line.started_at) + Duration::from_micros(line.minimum_micros.unsigned_abs());
        let right = std::mem::replace(&mut line.cost, line.price_hour.for_span(span));
        cluster.cost.0 += line.cost.0 - right.0;
    }
}
