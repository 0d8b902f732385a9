//! `buckets.getStorageLayout` and `managedFolders.list`: clients ask whether a bucket has folders. None has.

use serde_json::json;

use crate::http::ask::Ask;
use crate::http::render;
use crate::http::route::Answer;

pub(crate) fn layout(ask: &Ask, name: &str) -> Answer {
    let bucket = render::bucket(&ask.bucket(name)?, &ask.base);
    ask.json(&json!({
        "kind": "storage#storageLayout", "bucket": name, "location": bucket["location"],
        "locationType": bucket["locationType"], "hierarchicalNamespace": {"enabled": false},
    }))
}

pub(crate) fn managed_folders(ask: &Ask, name: &str) -> Answer {
    ask.bucket(name)?;
    ask.json(&json!({"kind": "storage#managedFolders"}))
}
