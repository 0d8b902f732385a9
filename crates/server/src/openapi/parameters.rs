//! Parameters: in the path, and behind the `?`.

use caddis_types::api::Stream;
use serde_json::{Map, Value, json};

use super::schemas::Schemas;

/// The names in a path such as `/v1/jobs/{reference}`.
pub(super) fn in_path(path: &str, schemas: &mut Schemas) -> Vec<Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names
        .map(|name| {
            let name = name.trim_start_matches('*');
            let (sentence, schema) = match name {
                "stream" => ("Which of the script's outputs.", json!(schemas.wish::<Stream>())),
                "reference" => ("An id, a name, or `latest` for the newest.", json!({"type": "string"})),
                "id" => ("An id, or its beginning.", json!({"type": "string"})),
                _ => ("The path below; it may hold `/`.", json!({"type": "string"})),
            };
            json!({"name": name, "in": "path", "required": true, "description": sentence, "schema": schema})
        })
        .collect()
}

/// The fields of an object as parameters.
pub(super) fn in_query(fields: &Value) -> Vec<Value> {
    let nothing = Map::new();
    let properties = fields["properties"].as_object().unwrap_or(&nothing);
    let required =
        |name: &str| fields["required"].as_array().is_some_and(|names| names.iter().any(|other| other == name));
    properties
        .iter()
        .map(|(name, schema)| {
            let mut schema = schema.clone();
            let sentence = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            absent_not_null(&mut schema);
            let mut parameter = json!({"name": name, "in": "query", "required": required(name), "schema": schema});
            if let Some(sentence) = sentence {
                parameter["description"] = sentence;
            }
            parameter
        })
        .collect()
}

/// What may be missing in a query is missing; there is no `null` there.
fn absent_not_null(schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else { return };
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    let kinds = schema.get("type").and_then(Value::as_array);
    let kind = kinds.and_then(|kinds| kinds.iter().find(|kind| *kind != "null")).cloned();
    if let Some(kind) = kind {
        schema.insert("type".to_owned(), kind);
    }
}
