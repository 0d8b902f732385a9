//! What an uploaded object is to be: from parameters, headers and a resource.

use serde_json::{Map, Value};

use crate::http::ask::Ask;
use crate::http::refusal::Refusal;
use crate::store::{Draft, Expected, Fields};

/// The draft of an upload; `content_type` is what the bytes are sent as.
pub(super) fn draft(ask: &Ask, resource: &Map<String, Value>, content_type: Option<&str>) -> Result<Draft, Refusal> {
    let name = match (ask.get("name"), resource.get("name")) {
        (Some(name), _) => name.to_owned(),
        (None, Some(Value::String(name))) => name.clone(),
        (None, Some(_)) => return Err(Refusal::bad("Invalid value for `name`: it must be a text")),
        (None, None) => return Err(Refusal::required("name")),
    };
    let mut fields = Fields::default().patched(resource)?;
    fields.content_type = fields.content_type.or_else(|| content_type.map(str::to_owned));
    fields.content_type.get_or_insert_with(|| "application/octet-stream".to_owned());
    if let Some(encoding) = ask.get("contentEncoding") {
        fields.content_encoding = Some(encoding.to_owned());
    }
    let mut expected = expected(ask, Expected::default());
    for (key, at) in [("md5Hash", &mut expected.md5), ("crc32c", &mut expected.crc32c)] {
        match resource.get(key) {
            Some(Value::String(sum)) => *at = Some(sum.clone()),
            Some(Value::Null) | None => {}
            Some(_) => return Err(Refusal::bad(format!("Invalid value for `{key}`: it must be a text"))),
        }
    }
    Ok(Draft { name, fields, conditions: ask.conditions("if")?, expected })
}

/// With what `X-Goog-Hash` says: clients may say it with the last bytes only.
pub(super) fn expected(ask: &Ask, mut known: Expected) -> Expected {
    let header = ask.header("x-goog-hash").unwrap_or_default();
    for (kind, sum) in header.split(',').filter_map(|part| part.trim().split_once('=')) {
        match kind {
            "md5" => known.md5 = Some(sum.to_owned()),
            "crc32c" => known.crc32c = Some(sum.to_owned()),
            _ => {}
        }
    }
    known
}
