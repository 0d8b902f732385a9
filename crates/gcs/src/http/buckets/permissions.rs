//! `buckets.testIamPermissions`: an owner may do everything.

use serde_json::json;

use crate::http::ask::Ask;
use crate::http::route::Answer;

pub(crate) fn permissions(ask: &Ask, name: &str) -> Answer {
    ask.bucket(name)?;
    let asked: Vec<&str> = ask.query.iter().filter(|(key, _)| key == "permissions").map(|(_, value)| value.as_str()).collect();
    ask.json(&json!({"kind": "storage#testIamPermissionsResponse", "permissions": asked}))
}
