//! Buckets and objects as the API writes them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caddis_types::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use crate::store::{Bucket, Object};

/// What stands in a path as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A name as one piece of a path.
pub(super) fn piece(name: &str) -> String {
    utf8_percent_encode(name, PLAIN).to_string()
}

/// With milliseconds, as Google's are.
pub(super) fn time(at: Timestamp) -> String {
    let seconds = at.rfc3339();
    format!("{}.{:03}Z", seconds.trim_end_matches('Z'), at.0.rem_euclid(1_000_000) / 1000)
}

/// A bucket; `base` is where the client found us.
pub(super) fn bucket(bucket: &Bucket, base: &str) -> Value {
    let etag = STANDARD.encode(bucket.metageneration.to_be_bytes());
    let mut said = json!({
        "location": "US", "storageClass": "STANDARD", "rpo": "DEFAULT",
        "iamConfiguration": {
            "uniformBucketLevelAccess": {"enabled": true},
            "bucketPolicyOnly": {"enabled": true},
            "publicAccessPrevention": "enforced",
        },
        "softDeletePolicy": {"retentionDurationSeconds": "0"},
    });
    let ours = json!({
        "kind": "storage#bucket", "id": bucket.name, "name": bucket.name, "etag": etag, "projectNumber": "0",
        "selfLink": format!("{base}/storage/v1/b/{}", piece(&bucket.name)),
        "generation": bucket.created.0.to_string(), "metageneration": bucket.metageneration.to_string(),
        "timeCreated": time(bucket.created), "updated": time(bucket.updated),
    });
    lay(&mut said, &bucket.resource);
    lay(&mut said, ours.as_object().unwrap_or(&Map::new()));
    let location = said["location"].as_str().unwrap_or_default().to_uppercase();
    said["locationType"] = if location.contains('-') { "region" } else { "multi-region" }.into();
    said["location"] = location.into();
    said
}

fn lay(over: &mut Value, what: &Map<String, Value>) {
    if let Value::Object(map) = over {
        map.extend(what.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
}

/// An object; `base` is where the client found us.
pub(super) fn object(object: &Object, base: &str) -> Value {
    let (bucket, name, generation) = (piece(&object.bucket), piece(&object.name), object.generation);
    let mut value = serde_json::to_value(&object.fields).unwrap_or_default();
    let ours = json!({
        "kind": "storage#object",
        "id": format!("{}/{}/{generation}", object.bucket, object.name),
        "selfLink": format!("{base}/storage/v1/b/{bucket}/o/{name}"),
        "mediaLink": format!("{base}/download/storage/v1/b/{bucket}/o/{name}?generation={generation}&alt=media"),
        "name": object.name, "bucket": object.bucket, "etag": object.etag(),
        "generation": generation.to_string(), "metageneration": object.metageneration.to_string(),
        "size": object.size.to_string(), "crc32c": object.crc32c,
        "storageClass": object.fields.storage_class.as_deref().unwrap_or("STANDARD"),
        "timeCreated": time(object.created), "timeFinalized": time(object.created), "updated": time(object.updated),
        "timeStorageClassUpdated": time(object.created),
    });
    lay(&mut value, ours.as_object().unwrap_or(&Map::new()));
    if let Some(md5) = &object.md5 {
        value["md5Hash"] = md5.as_str().into();
    }
    if let Some(count) = object.component_count {
        value["componentCount"] = count.into();
    }
    value
}
