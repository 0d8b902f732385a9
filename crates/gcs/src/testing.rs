//! What unit tests share.

use caddis_types::Timestamp;

use crate::store::Object;

/// An object of this name, made in 1970.
pub(crate) fn object(name: &str) -> Object {
    let text = serde_json::json!({
        "name": name, "bucket": "abc", "generation": 1, "metageneration": 1, "size": 0, "md5": null, "crc32c": "",
        "component_count": null, "created": Timestamp(0), "updated": Timestamp(0), "fields": {}, "blob": "x",
    });
    serde_json::from_value(text).expect("an object")
}
