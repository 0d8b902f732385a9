//! Preconditions on generations: what a request says it knows of an object.

use serde::{Deserialize, Serialize};

use super::{Object, StoreError};

/// `ifGenerationMatch` and its kin; absent means no condition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conditions {
    /// The generation it must have; 0 means that it must not exist.
    pub generation_match: Option<i64>,
    /// A generation it must not have; 0 means that it must exist.
    pub generation_not_match: Option<i64>,
    /// The metageneration it must have.
    pub metageneration_match: Option<i64>,
    /// A metageneration it must not have.
    pub metageneration_not_match: Option<i64>,
}

impl Conditions {
    /// Only when there is none yet.
    pub fn absent() -> Conditions {
        Conditions { generation_match: Some(0), ..Conditions::default() }
    }

    /// For what changes or removes.
    pub(crate) fn check_write(&self, current: Option<&Object>) -> Result<(), StoreError> {
        self.check(current.map(|object| (object.generation, object.metageneration)), StoreError::Condition)
    }

    /// For what reads: what the client has already is not sent again.
    pub(crate) fn check_read(&self, object: &Object) -> Result<(), StoreError> {
        self.check(Some((object.generation, object.metageneration)), |_| StoreError::Unchanged)
    }

    /// For buckets, which have a metageneration alone.
    pub(crate) fn check_bucket(&self, metageneration: i64, read: bool) -> Result<(), StoreError> {
        let here = Conditions { generation_match: None, generation_not_match: None, ..*self };
        here.check(Some((1, metageneration)), |name| if read { StoreError::Unchanged } else { StoreError::Condition(name) })
    }

    fn check(&self, now: Option<(i64, i64)>, unchanged: impl Fn(&'static str) -> StoreError) -> Result<(), StoreError> {
        let generation = now.map_or(0, |(generation, _)| generation);
        let metageneration = now.map(|(_, metageneration)| metageneration);
        if self.generation_match.is_some_and(|wanted| wanted != generation) {
            return Err(StoreError::Condition("ifGenerationMatch"));
        }
        if self.metageneration_match.is_some_and(|wanted| Some(wanted) != metageneration) {
            return Err(StoreError::Condition("ifMetagenerationMatch"));
        }
        if self.generation_not_match == Some(generation) {
            return Err(unchanged("ifGenerationNotMatch"));
        }
        if self.metageneration_not_match.is_some_and(|known| metageneration.is_none_or(|now| now == known)) {
            return Err(unchanged("ifMetagenerationNotMatch"));
        }
        Ok(())
    }
}
