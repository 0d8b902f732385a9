//! What must never be, looked at whenever something changes, and what must come true after the storm.

mod data;
mod leases;
mod ledger;
mod liveness;
mod prompt;
mod reasons;
mod records;
mod runs;

use std::collections::BTreeMap;

use caddis_core::record::{ClusterRecord, JobRecord, LedgerLine};
use caddis_types::{ClusterId, JobId};

pub use data::nothing_lost;
pub use leases::unwanted;
pub use ledger::books_balance;
pub use liveness::{all_gone, free, settled, stuck, wishes};
pub use prompt::prompt;
pub use reasons::reasons;
pub use records::committed;
pub use runs::{begun, may_start, one_each, set_up};

/// The rows as they are on the disk, for checkers.
#[derive(Debug, Default)]
pub struct Ledgerbook {
    /// Jobs, removed ones included.
    pub jobs: BTreeMap<JobId, JobRecord>,
    /// Clusters, removed ones included.
    pub clusters: BTreeMap<ClusterId, ClusterRecord>,
    /// Ledger lines, by key.
    pub lines: BTreeMap<String, LedgerLine>,
}

/// A cluster record in a few words.
pub fn brief(cluster: &ClusterRecord) -> String {
    let state = format!("{:?}", cluster.state);
    let state = state.split([' ', '{']).next().unwrap_or_default().to_owned();
    let phase = |phase: &caddis_core::record::MemberPhase| {
        let text = format!("{phase:?}");
        let ready = text.contains("ready_at: Some");
        format!("{}{}", text.split([' ', '{']).next().unwrap_or_default(), if ready { "+" } else { "" })
    };
    let scheduler = cluster.scheduler.as_ref().map_or_else(|| "-".into(), |scheduler| phase(&scheduler.phase));
    let slots: Vec<_> = cluster
        .slots
        .iter()
        .map(|(n, slot)| format!("{n}.{}:{}{}", slot.attempt, phase(&slot.phase), if slot.retiring.is_some() { "↓" } else { "" }))
        .collect();
    format!("{state} wanted {}/{} scheduler {scheduler} [{}]", cluster.workers_wanted, cluster.workers_desired, slots.join(" "))
}
