//! A request from its three places: path, query and body, put together as JSON and read by the descriptor.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::blame;
use crate::wire::Status;

/// Parameters of the query that mean the exchange and not the request.
const SYSTEM: [&str; 12] = [
    "alt", "$alt", "key", "fields", "prettyPrint", "$prettyPrint", "access_token", "oauth_token", "quotaUser",
    "$.xgafv", "callback", "upload_protocol",
];

/// How the answer is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Form {
    /// Enums as numbers.
    pub(crate) enum_numbers: bool,
}

/// Reads a request. `fields` come from the path, `body_field` is `*`, a field, or empty.
pub(crate) fn read(
    descriptor: &MessageDescriptor,
    fields: &[(&str, String)],
    query: &[(String, String)],
    body_field: &str,
    body: &[u8],
) -> Result<(DynamicMessage, Form), Status> {
    let mut request = match body_field {
        "" => Value::Object(Map::new()),
        "*" => object(body)?,
        field => json!({ field: object(body)? }),
    };
    let mut form = Form::default();
    for (name, value) in query {
        if SYSTEM.contains(&name.as_str()) {
            form.enum_numbers |= name.ends_with("alt") && value.contains("enum-encoding=int");
            continue;
        }
        put(&mut request, descriptor, name, value)
            .map_err(|what| Status::malformed(vec![(String::new(), blame::unknown(name, "", &what))]))?;
    }
    for (name, value) in fields {
        // The path says what is meant, whatever the body says of the same field.
        put(&mut request, descriptor, name, value).map_err(|what| Status::field(name, what))?;
    }
    // Read from a reference, so that it is still there to be looked through.
    match DynamicMessage::deserialize(descriptor.clone(), &request) {
        Ok(message) => Ok((message, form)),
        Err(error) => Err(Status::malformed(match blame::wrong(descriptor, &request) {
            wrong if wrong.is_empty() => vec![(String::new(), format!("Invalid JSON payload received. {error}"))],
            wrong => wrong,
        })),
    }
}

fn object(body: &[u8]) -> Result<Value, Status> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(Map::new()));
    }
    match serde_json::from_slice(body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(unreadable("The body is no JSON object.".to_owned())),
        Err(error) => Err(unreadable(error.to_string())),
    }
}

/// The refusal of a body that is no JSON at all: there is no field to name.
fn unreadable(what: String) -> Status {
    Status::malformed(vec![(String::new(), format!("Invalid JSON payload received. {what}"))])
}

/// Puts one value at a dotted path of fields, in either spelling.
fn put(request: &mut Value, descriptor: &MessageDescriptor, path: &str, text: &str) -> Result<(), String> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let by_name = descriptor.get_field_by_name(name).or_else(|| descriptor.get_field_by_json_name(name));
    let Some(field) = by_name else { 
        let what = format!("Cannot bind query parameter. Field '{name}' could not be found in request message.");
        return Err(what);
    };
    let Value::Object(object) = request else { return Err("Its parent is no object.".to_owned()) };
    // One spelling, so that the path's value and the body's are not both there.
    let snake = object.remove(field.name());
    if let Some(value) = snake {
        object.entry(field.json_name().to_owned()).or_insert(value);
    }
    match (rest, field.kind()) {
        (Some(rest), Kind::Message(inner)) if !field.is_list() && !field.is_map() => {
            let below = object.entry(field.json_name().to_owned()).or_insert_with(|| Value::Object(Map::new()));
            put(below, &inner, rest, text)
        }
        (Some(rest), Kind::Message(_)) if field.is_map() => {
            let map = object.entry(field.json_name().to_owned()).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(map) = map else { return Err("It is no map.".to_owned()) };
            map.insert(rest.to_owned(), Value::String(text.to_owned()));
            Ok(())
        }
        (Some(_), _) => Err("It has no fields.".to_owned()),
        (None, _) if field.is_list() => {
            let list = object.entry(field.json_name().to_owned()).or_insert_with(|| Value::Array(Vec::new()));
            let Value::Array(list) = list else { return Err("It is no list.".to_owned()) };
            list.push(scalar(&field, text)?);
            Ok(())
        }
        (None, _) => {
            object.insert(field.json_name().to_owned(), scalar(&field, text)?);
            Ok(())
        }
    }
}

fn scalar(field: &FieldDescriptor, text: &str) -> Result<Value, String> {
    match field.kind() {
        Kind::Bool => match text {
            "true" | "1" => Ok(Value::Bool(true)),
            "false" | "0" => Ok(Value::Bool(false)),
            other => Ok(json!(other)),
        },
        Kind::Enum(_) => Ok(text.parse::<i32>().map_or_else(|_| json!(text), |number| json!(number))),
        Kind::Message(message) if message.full_name() == "google.protobuf.FieldMask" => Ok(json!(camel_mask(text))),
        Kind::Message(message) if !message.full_name().starts_with("google.protobuf.") => {
            Err("It is a message: name its fields.".to_owned())
        }
        _ => Ok(json!(text)),
    }
}

/// A field mask as JSON spells it: `config.workerConfig`. gcloud sends `config.worker_config`.
fn camel_mask(text: &str) -> String {
    let mut camel = String::with_capacity(text.len());
    let mut upper = false;
    for character in text.chars().filter(|character| !character.is_whitespace()) {
        match character {
            '_' => upper = true,
            other if upper => {
                camel.extend(other.to_uppercase());
                upper = false;
            }
            other => camel.push(other),
        }
    }
    camel
}

#[cfg(test)]
mod tests {
    use caddis_googleapis::{dataproc as v1, pool};
    use prost::Name;

    use super::*;

    fn read_as<M: Name + Default>(
        fields: &[(&str, &str)],
        query: &[(&str, &str)],
        body_field: &str,
        body: &str,
    ) -> Result<(M, Form), Status> {
        let descriptor = pool().get_message_by_name(&M::full_name()).unwrap();
        let fields: Vec<_> = fields.iter().map(|(k, v)| (*k, (*v).to_owned())).collect();
        let query: Vec<_> = query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let (message, form) = read(&descriptor, &fields, &query, body_field, body.as_bytes())?;
        Ok((message.transcode_to().unwrap(), form))
    }

    #[test]
    fn path_query_and_body_make_one_request() {
        let (request, form) = read_as::<v1::UpdateClusterRequest>(
            &[("project_id", "p"), ("region", "r"), ("cluster_name", "c")],
            &[
                ("updateMask", "config.worker_config.num_instances,labels"),
                ("graceful_decommission_timeout", "600s"),
                ("$alt", "json;enum-encoding=int"),
            ],
            "cluster",
            r#"{"config": {"workerConfig": {"numInstances": 5, "preemptibility": 2}}, "labels": {"a": "b"}}"#,
        )
        .unwrap();
        assert_eq!((request.project_id.as_str(), request.cluster_name.as_str()), ("p", "c"));
        let mask = request.update_mask.unwrap().paths;
        assert_eq!(mask, ["config.worker_config.num_instances", "labels"]);
        assert_eq!(request.graceful_decommission_timeout.unwrap().seconds, 600);
        let worker = request.cluster.unwrap().config.unwrap().worker_config.unwrap();
        assert_eq!((worker.num_instances, worker.preemptibility), (5, 2));
        assert!(form.enum_numbers);
    }

    #[test]
    fn the_path_overrules_the_body() {
        let (request, _) = read_as::<v1::SubmitJobRequest>(
            &[("project_id", "p"), ("region", "r")],
            &[],
            "*",
            r#"{"project_id": "other", "requestId": "x", "job": {"pysparkJob": {"mainPythonFileUri": "a.py"}}}"#,
        )
        .unwrap();
        assert_eq!((request.project_id.as_str(), request.request_id.as_str()), ("p", "x"));
    }

    #[test]
    fn what_is_unknown_or_of_the_wrong_type_is_named() {
        for (query, body) in [
            (vec![("nonsense", "1")], "{}"),
            (vec![], r#"{"nonsense": 1}"#),
            (vec![], r#"{"job": {"labels": [1]}}"#),
            (vec![], r#"{"job": 7}"#),
            (vec![], "[]"),
            (vec![], "{"),
        ] {
            let refused = read_as::<v1::SubmitJobRequest>(&[], &query, "*", body).unwrap_err();
            assert_eq!(refused.code, crate::wire::Code::InvalidArgument, "{body}");
        }
    }
}
