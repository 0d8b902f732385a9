//! Records as JSON with the version of their shape, so that rows written by an older Caddis are read by a newer one.
//!
//! A record whose shape changes gets the next version, and a step that turns the JSON of the version before into the
//! new one; steps run in a row, so each is written once and then left alone. Steps of a kind are listed here and
//! nowhere else. `docs/checklists/add-a-migration.md` says when a change of a shape needs one.
//!
//! Deliberately absent: reading what a newer Caddis wrote. Every new version comes with a migration, so that an older
//! binary refuses the whole file when it opens it, before it could read half of it.

use caddis_engine::ports::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::trouble::{unreadable, unwritable};

/// Turns the JSON of one version into that of the next.
pub(crate) type Step = fn(&mut Value);

/// The shapes that one kind of record has had.
#[derive(Clone, Copy)]
pub(crate) struct Shapes {
    /// In words, for errors.
    pub(crate) kind: &'static str,
    /// From version 1 to 2, from 2 to 3, ...
    pub(crate) steps: &'static [Step],
}

/// Of `JobRecord`.
pub(crate) const JOB: Shapes = Shapes { kind: "job", steps: &[] };
/// Of `ClusterRecord`.
pub(crate) const CLUSTER: Shapes = Shapes { kind: "cluster", steps: &[] };
/// Of `LedgerLine`.
pub(crate) const LEDGER: Shapes = Shapes { kind: "ledger line", steps: &[] };
/// Of environment variables.
pub(crate) const VARIABLES: Shapes = Shapes { kind: "variables", steps: &[] };

impl Shapes {
    /// The version that is written.
    pub(crate) fn version(self) -> i64 {
        self.steps.len() as i64 + 1
    }

    /// A record as it is written.
    pub(crate) fn write<T: Serialize>(self, record: &T) -> Result<String, StoreError> {
        serde_json::to_string(record).map_err(|error| unwritable(&error))
    }

    /// A record of any version up to this one.
    pub(crate) fn read<T: DeserializeOwned>(self, whose: &str, version: i64, body: &str) -> Result<T, StoreError> {
        let steps = usize::try_from(version - 1).ok().and_then(|made| self.steps.get(made..));
        let read = match steps {
            Some([]) => serde_json::from_str(body),
            Some(steps) => serde_json::from_str(body).and_then(|mut value: Value| {
                steps.iter().for_each(|step| step(&mut value));
                serde_json::from_value(value)
            }),
            None => return Err(self.newer(whose, version)),
        };
        read.map_err(|error| self.unreadable(whose, &error))
    }

    fn newer(self, whose: &str, version: i64) -> StoreError {
        let (kind, known) = (self.kind, self.version());
        StoreError {
            code: "newer",
            message: format!("the {kind} `{whose}` was written in version {version}, and this caddis knows up to {known}"),
            hint: Some("use the newer caddis that wrote it".to_owned()),
        }
    }

    fn unreadable(self, whose: &str, error: &serde_json::Error) -> StoreError {
        unreadable(self.kind, whose, error)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Pot {
        litres: u32,
        lid: String,
    }

    /// Version 1 had `size` in decilitres; version 2 had litres; version 3 has a lid.
    const POT: Shapes = Shapes {
        kind: "pot",
        steps: &[
            |pot| pot["litres"] = json!(pot["size"].as_u64().unwrap_or(0) / 10),
            |pot| pot["lid"] = json!(format!("for {}", pot["litres"])),
        ],
    };

    #[test]
    fn every_older_version_is_read_through_all_later_steps() {
        let pot = Pot { litres: 3, lid: "for 3".to_owned() };
        assert_eq!(POT.read::<Pot>("p", 1, r#"{"size": 30}"#).unwrap(), pot);
        assert_eq!(POT.read::<Pot>("p", 2, r#"{"litres": 3}"#).unwrap(), pot);
        assert_eq!(POT.read::<Pot>("p", 3, &POT.write(&pot).unwrap()).unwrap(), pot);
    }

    #[test]
    fn what_cannot_be_read_says_whose_it_is_and_why() {
        let newer = POT.read::<Pot>("p7", 4, "{}").unwrap_err();
        assert_eq!(newer.code, "newer");
        assert_eq!(newer.message, "the pot `p7` was written in version 4, and this caddis knows up to 3");
        for (version, body) in [(3, "{"), (3, "{}"), (1, "nonsense")] {
            let error = POT.read::<Pot>("p7", version, body).unwrap_err();
            assert_eq!(error.code, "corrupt", "{error:?}");
            assert!(error.message.contains("`p7`") && error.hint.is_some(), "{error:?}");
        }
        assert_eq!(POT.read::<Pot>("p", 0, "{}").unwrap_err().code, "newer");
    }
}
