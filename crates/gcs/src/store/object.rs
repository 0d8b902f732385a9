//! What is kept of an object beside its bytes.

use std::collections::BTreeMap;

use caddis_types::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Conditions, Expected, StoreError};

/// Bytes of names and values of custom metadata together.
const CUSTOM_BYTES: usize = 8 * 1024;

/// An object. Its bytes never change; what its owner may say of it can be patched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Object {
    /// Its name, which may contain anything.
    pub name: String,
    /// The bucket that holds it.
    pub bucket: String,
    /// Which bytes these are; a later object of the same name has a larger one.
    pub generation: i64,
    /// How often its metadata was changed, from 1 on.
    pub metageneration: i64,
    /// Bytes.
    pub size: u64,
    /// MD5 in base64; composed objects have none.
    pub md5: Option<String>,
    /// CRC32C in base64.
    pub crc32c: String,
    /// How many parts a composed object was made of.
    pub component_count: Option<u64>,
    /// When it was made.
    pub created: Timestamp,
    /// When it or its metadata was changed.
    pub updated: Timestamp,
    /// What its owner says of it.
    pub fields: Fields,
    /// The file with its bytes, in the folder `data` of its bucket.
    pub(super) blob: String,
    /// The resumable upload that it came by: finishing that one again finds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) upload: Option<String>,
}

impl Object {
    /// Changes whenever the object or its metadata does.
    pub fn etag(&self) -> String {
        use base64::Engine as _;
        let both = [self.generation.to_be_bytes(), self.metageneration.to_be_bytes()].concat();
        base64::engine::general_purpose::STANDARD.encode(both)
    }
}

/// The metadata that an object's owner may write, as the API names it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Fields {
    /// `Cache-Control` of downloads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<String>,
    /// `Content-Disposition` of downloads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_disposition: Option<String>,
    /// `Content-Encoding` of downloads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    /// `Content-Language` of downloads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_language: Option<String>,
    /// `Content-Type` of downloads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// A time of the owner's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_time: Option<String>,
    /// Names and values of the owner's own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Kept and returned; all classes are this machine's disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
    /// Neither deleted nor overwritten while set.
    #[serde(skip_serializing_if = "is_false")]
    pub temporary_hold: bool,
    /// The same.
    #[serde(skip_serializing_if = "is_false")]
    pub event_based_hold: bool,
}

fn is_false(value: &bool) -> bool {
    !*value
}

/// The names of [`Fields`] in the API.
const NAMES: [&str; 10] = [
    "cacheControl", "contentDisposition", "contentEncoding", "contentLanguage", "contentType", "customTime", "metadata",
    "storageClass", "temporaryHold", "eventBasedHold",
];
const CLASSES: [&str; 6] = ["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE", "MULTI_REGIONAL", "REGIONAL"];

impl Fields {
    /// With this content type alone.
    pub fn of_type(content_type: &str) -> Fields {
        Fields { content_type: Some(content_type.to_owned()), ..Fields::default() }
    }

    /// Whether a resource says anything of these.
    pub(crate) fn any_in(resource: &Map<String, Value>) -> bool {
        NAMES.iter().any(|name| resource.get(*name).is_some_and(|value| !value.is_null()))
    }

    /// With what a resource says laid over it: a null removes, custom metadata is merged name by name.
    pub(crate) fn patched(&self, resource: &Map<String, Value>) -> Result<Fields, StoreError> {
        let Ok(Value::Object(mut now)) = serde_json::to_value(self) else { return Ok(self.clone()) };
        for name in NAMES {
            match (resource.get(name), now.get_mut(name)) {
                (None, _) => {}
                (Some(Value::Null), _) => drop(now.remove(name)),
                (Some(Value::Object(given)), Some(Value::Object(kept))) => {
                    kept.extend(given.iter().map(|(key, value)| (key.clone(), value.clone())));
                    kept.retain(|_, value| !value.is_null());
                }
                (Some(Value::Object(given)), None) => {
                    let given = given.iter().filter(|(_, value)| !value.is_null());
                    now.insert(name.to_owned(), given.map(|(key, value)| (key.clone(), value.clone())).collect());
                }
                (Some(given), _) => drop(now.insert(name.to_owned(), given.clone())),
            }
        }
        let fields = read(now)?;
        fields.check()?;
        Ok(fields)
    }

    fn check(&self) -> Result<(), StoreError> {
        let custom: usize = self.metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
        if custom > CUSTOM_BYTES {
            return Err(StoreError::invalid("metadata", format!("at most {CUSTOM_BYTES} bytes of names and values")));
        }
        if let Some(class) = self.storage_class.as_ref().filter(|class| !CLASSES.contains(&class.as_str())) {
            return Err(StoreError::invalid("storageClass", format!("`{class}` is not one of {}", CLASSES.join(", "))));
        }
        Ok(())
    }

    /// Whether a hold keeps it as it is.
    pub(crate) fn held(&self) -> bool {
        self.temporary_hold || self.event_based_hold
    }
}

/// One by one, so that what is wrong can be named.
fn read(now: Map<String, Value>) -> Result<Fields, StoreError> {
    for (name, value) in &now {
        let alone = Value::Object(Map::from_iter([(name.clone(), value.clone())]));
        serde_json::from_value::<Fields>(alone).map_err(|error| StoreError::invalid(name.as_str(), error.to_string()))?;
    }
    serde_json::from_value(Value::Object(now)).map_err(|error| StoreError::invalid("resource", error.to_string()))
}

/// An object to be made.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Draft {
    /// Its name.
    pub name: String,
    /// What its owner says of it.
    pub fields: Fields,
    /// What must hold of the object that has the name now.
    pub conditions: Conditions,
    /// What the client says its bytes are.
    pub expected: Expected,
}

impl Draft {
    /// An object of this name, without any conditions.
    pub fn named(name: &str) -> Draft {
        Draft { name: name.to_owned(), ..Draft::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(text: &str) -> Map<String, Value> {
        serde_json::from_str(text).expect("an object")
    }

    #[test]
    fn a_patch_merges_and_nulls_remove() {
        let made = Fields::default().patched(&resource(r#"{"contentType": "text/csv", "metadata": {"a": "1", "b": "2"}, "size": 3}"#));
        let made = made.expect("good");
        let patched = made.patched(&resource(r#"{"contentType": null, "metadata": {"a": null, "c": "3"}}"#)).expect("good");
        assert_eq!(patched.content_type, None);
        assert_eq!(patched.metadata.into_iter().collect::<Vec<_>>(), [("b".into(), "2".into()), ("c".into(), "3".into())]);
        let none = made.patched(&resource(r#"{"metadata": null}"#)).expect("good");
        assert!(none.metadata.is_empty());
    }

    #[test]
    fn wrong_types_name_their_field() {
        for text in [r#"{"contentType": 3}"#, r#"{"metadata": {"a": 1}}"#, r#"{"metadata": "x"}"#, r#"{"temporaryHold": "yes"}"#,
            r#"{"storageClass": "FAST"}"#] {
            let error = Fields::default().patched(&resource(text)).expect_err(text).to_string();
            let field = text.split('"').nth(1).unwrap();
            assert!(error.contains(field), "{error}");
        }
        let large = format!(r#"{{"metadata": {{"a": "{}"}}}}"#, "x".repeat(9000));
        assert!(Fields::default().patched(&resource(&large)).is_err());
    }
}
