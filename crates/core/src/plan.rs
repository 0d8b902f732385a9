//! What a pass returns: the changed record, what to do, when to look again, and the reason for every non-action.

use std::time::Duration;

use caddis_types::{Reason, Timestamp};
use serde::{Deserialize, Serialize};

use crate::record::{DecisionRow, Learned, Leaving, LedgerLine, NewEvent};
use crate::world::Member;

/// One signal of a ladder and how long to wait after it. SIGKILL stands behind the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    /// `INT` or `TERM`.
    pub signal: String,
    /// How long the process may take, milliseconds.
    pub wait_ms: u64,
}

impl Rung {
    /// The polite ladder for scripts: INT (a `KeyboardInterrupt`), TERM, then SIGKILL.
    pub fn polite() -> Vec<Rung> {
        vec![Rung { signal: "INT".into(), wait_ms: 5000 }, Rung { signal: "TERM".into(), wait_ms: 3000 }]
    }
}

/// An effect. Each may be repeated with the same result: its key names what it is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "action")]
pub enum Action {
    /// Makes the cluster's environment ready, in the background.
    PrepareEnvironment,
    /// Starts a process; its key is the cluster's id and the member's name.
    StartMember {
        /// Which.
        #[serde(with = "member_text")]
        member: Member,
    },
    /// Ends a process by a ladder of signals.
    StopMember {
        /// Which.
        #[serde(with = "member_text")]
        member: Member,
        /// Why.
        reason: String,
        /// Signals; empty means SIGKILL at once.
        ladder: Vec<Rung>,
    },
    /// Asks the scheduler to close its workers and itself.
    CloseCluster {
        /// Why.
        reason: String,
    },
    /// Copies the data off workers and closes them.
    DrainWorkers {
        /// The unique names of the workers.
        workers: Vec<String>,
        /// How long a running task may hold it up.
        deadline: Duration,
        /// Why they go: those that are preempted go whatever they hold, so that nothing is worth waiting for.
        why: Leaving,
    },
    /// Ends every process that carries the cluster's marker.
    PurgeCluster {
        /// Why.
        reason: String,
    },
    /// Removes the cluster's run folder and what the keeper remembers of it.
    CleanCluster,
}

mod member_text {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Member;

    pub(super) fn serialize<S: Serializer>(member: &Member, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(member)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Member, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What follows from one look at one record and its world.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan<R> {
    /// The record as it should be; equal to the one given when nothing changed.
    pub record: R,
    /// Effects, to be acted after the record is committed.
    pub actions: Vec<Action>,
    /// Lines that became known.
    pub ledger: Vec<LedgerLine>,
    /// What to tell.
    pub events: Vec<NewEvent>,
    /// Decisions that are worth keeping.
    pub decisions: Vec<DecisionRow>,
    /// What was learned for others.
    pub learned: Vec<Learned>,
    /// When something will change by itself.
    pub due: Option<Timestamp>,
    /// The reason for each thing that is not done; the most direct first.
    pub report: Vec<Reason>,
}

impl<R> Plan<R> {
    /// A plan that changes nothing yet.
    pub fn keep(record: R) -> Plan<R> {
        Plan {
            record,
            actions: Vec::new(),
            ledger: Vec::new(),
            events: Vec::new(),
            decisions: Vec::new(),
            learned: Vec::new(),
            due: None,
            report: Vec::new(),
        }
    }

    /// Looks again at `at` or earlier.
    pub fn due_at(&mut self, at: Timestamp) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }
}
