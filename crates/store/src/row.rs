//! What both stores need to know of a record: who it is, which generation was read, whether its name is taken by it.

use std::fmt::Display;

use caddis_core::record::{ClusterRecord, ClusterState, JobRecord, JobState};
use caddis_types::{ClusterId, JobId, Timestamp};

/// A record with a generation.
pub(crate) trait Row {
    /// Its kind of id.
    type Id: Clone + Ord + Display;

    /// Who it is.
    fn id(&self) -> &Self::Id;
    /// The generation that was read.
    fn generation(&self) -> u64;
    /// Sets the one that is written.
    fn set_generation(&mut self, generation: u64);
    /// Whose it is.
    fn owner(&self) -> &str;
    /// Its name.
    fn name(&self) -> Option<&str>;
    /// When it ended; absent while it is active.
    fn ended_at(&self) -> Option<Timestamp>;

    /// The name it keeps others from taking.
    fn taken_name(&self) -> Option<&str> {
        if self.ended_at().is_none() { self.name() } else { None }
    }
}

impl Row for JobRecord {
    type Id = JobId;

    fn id(&self) -> &JobId {
        &self.id
    }

    fn generation(&self) -> u64 {
        self.generation
    }

    fn set_generation(&mut self, generation: u64) {
        self.generation = generation;
    }

    fn owner(&self) -> &str {
        &self.owner
    }

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn ended_at(&self) -> Option<Timestamp> {
        match self.state {
            JobState::Ended { at, .. } => Some(at),
            _ => None,
        }
    }
}

impl Row for ClusterRecord {
    type Id = ClusterId;

    fn id(&self) -> &ClusterId {
        &self.id
    }

    fn generation(&self) -> u64 {
        self.generation
    }

    fn set_generation(&mut self, generation: u64) {
        self.generation = generation;
    }

    fn owner(&self) -> &str {
        &self.owner
    }

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn ended_at(&self) -> Option<Timestamp> {
        match self.state {
            ClusterState::Ended { at, .. } => Some(at),
            _ => None,
        }
    }
}

/// The order in which a change's records are written: those that hold no name first, so that one change can end
/// the holder of a name and give the name to another, in whatever order it lists them.
pub(crate) fn in_order<R: Row>(mut records: Vec<R>) -> Vec<R> {
    records.sort_by_key(|record| record.taken_name().is_some());
    records
}
