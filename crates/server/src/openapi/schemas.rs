//! The shapes of wishes and answers, each once.
//!
//! A wish is described as it may be written, an answer as it is written: the same field may be left out of the one and
//! always stand in the other. Types that occur in both must look the same in both, since they have one name.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value};

const PLACE: &str = "/components/schemas";

/// Collects them.
pub(crate) struct Schemas {
    wishes: SchemaGenerator,
    answers: SchemaGenerator,
}

impl Schemas {
    pub(super) fn new() -> Schemas {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = PLACE.into();
            settings.meta_schema = None;
        });
        Schemas {
            wishes: settings.clone().for_deserialize().into_generator(),
            answers: settings.for_serialize().into_generator(),
        }
    }

    /// What a client may write.
    pub(crate) fn wish<T: JsonSchema>(&mut self) -> Schema {
        self.wishes.subschema_for::<T>()
    }

    /// The fields of what a client may write, without a name.
    pub(crate) fn fields<T: JsonSchema>(&mut self) -> Schema {
        T::json_schema(&mut self.wishes)
    }

    /// What a client may read.
    pub(crate) fn answer<T: JsonSchema>(&mut self) -> Schema {
        self.answers.subschema_for::<T>()
    }

    /// All of them by name, and the names that mean two things.
    pub(super) fn finish(mut self) -> (Map<String, Value>, Vec<String>) {
        let mut all = self.answers.take_definitions(true);
        let mut torn = Vec::new();
        for (name, schema) in self.wishes.take_definitions(true) {
            match all.get(&name) {
                Some(other) if *other != schema => torn.push(name),
                Some(_) => {}
                None => {
                    all.insert(name, schema);
                }
            }
        }
        (all, torn)
    }
}
