//! REST with JSON, transcoded from the same methods by their `google.api.http` rules.

mod blame;
mod request;
mod routes;
mod template;

use std::sync::Arc;

use bytes::Bytes;
use caddis_engine::calls::Caller;
use caddis_googleapis::pool;
use http::{HeaderValue, Method, Response, StatusCode, header};
use percent_encoding::percent_decode_str;
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor, SerializeOptions};
use serde_json::Value;

pub(crate) use request::Form;
pub(crate) use routes::Routes;

use super::methods::Methods;
use super::{Code, Status};

/// Answers one request.
pub(crate) async fn answer<S: Send + Sync + 'static>(
    methods: &Methods<S>,
    routes: &Routes,
    state: Arc<S>,
    caller: Result<Caller, Status>,
    verb: &Method,
    uri: &http::Uri,
    body: Bytes,
) -> Response<Bytes> {
    match ask(methods, routes, state, caller, verb, uri, body).await {
        Ok(text) => respond(StatusCode::OK, text),
        Err(status) => refuse(&status),
    }
}

async fn ask<S: Send + Sync + 'static>(
    methods: &Methods<S>,
    routes: &Routes,
    state: Arc<S>,
    caller: Result<Caller, Status>,
    verb: &Method,
    uri: &http::Uri,
    body: Bytes,
) -> Result<Vec<u8>, Status> {
    let caller = caller?;
    let (route, fields) = routes.find(verb, uri.path()).map_err(|other_verb| match other_verb {
        true => Status::new(Code::NotFound, format!("`{verb}` is not served at `{}`", uri.path())),
        false => Status::new(Code::NotFound, format!("nothing is served at `{}`", uri.path())),
    })?;
    let method = methods.get(&route.path).expect("routes are made from these methods");
    let query = query(uri.query().unwrap_or_default());
    let (request, form) = request::read(&method.input(), &fields, &query, &route.body, &body)?;
    let answer = method.call(state, caller, Bytes::from(request.encode_to_vec())).await?;
    json(&method.output(), &answer, form)
}

/// A message as JSON, as Google writes it: fields that are not set are left out.
pub(crate) fn json(descriptor: &MessageDescriptor, encoded: &[u8], form: Form) -> Result<Vec<u8>, Status> {
    let internal = |what: String| Status::new(Code::Internal, what);
    let message = DynamicMessage::decode(descriptor.clone(), encoded).map_err(|error| internal(error.to_string()))?;
    let options = SerializeOptions::new().use_enum_numbers(form.enum_numbers);
    if !holds_any(descriptor) {
        // A page of clusters has thousands of values: they are not built up only to be written down.
        let mut text = Vec::with_capacity(4 * encoded.len());
        let mut writer = serde_json::Serializer::pretty(&mut text);
        message.serialize_with_options(&mut writer, &options).map_err(|error| internal(error.to_string()))?;
        return Ok(text);
    }
    let written = message.serialize_with_options(serde_json::value::Serializer, &options);
    let mut value = written.map_err(|error| internal(error.to_string()))?;
    plain_empties(&mut value);
    serde_json::to_vec_pretty(&value).map_err(|error| internal(error.to_string()))
}

/// Whether messages of this type may hold an `Any`: those of operations, and refusals.
fn holds_any(descriptor: &MessageDescriptor) -> bool {
    matches!(descriptor.package_name(), "google.longrunning" | "google.rpc")
}

/// `Empty` within an `Any` is its type alone on Google's wire. The JSON mapping as it is written down gives such types a
/// `value`, which Google's own library for Python refuses.
fn plain_empties(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if object.get("@type").and_then(Value::as_str) == Some("type.googleapis.com/google.protobuf.Empty") {
                object.remove("value");
            }
            object.values_mut().for_each(plain_empties);
        }
        Value::Array(list) => list.iter_mut().for_each(plain_empties),
        _ => {}
    }
}

/// A refusal as Google's REST services write it.
pub(crate) fn refuse(status: &Status) -> Response<Bytes> {
    let descriptor = pool().get_message_by_name("google.rpc.Status").expect("the protos have it");
    let written = json(&descriptor, &status.to_proto().encode_to_vec(), Form::default()).ok();
    let details = written.and_then(|text| serde_json::from_slice::<Value>(&text).ok());
    let mut error = serde_json::json!({
        "code": status.code.http().as_u16(),
        "message": status.message,
        "status": status.code.word(),
    });
    if let Some(details) = details.as_ref().and_then(|details| details.get("details")) {
        error["details"] = details.clone();
    }
    respond(status.code.http(), serde_json::json!({ "error": error }).to_string().into_bytes())
}

fn respond(code: StatusCode, text: Vec<u8>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = code;
    let json = HeaderValue::from_static("application/json; charset=UTF-8");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// The parameters of a query, decoded.
fn query(text: &str) -> Vec<(String, String)> {
    let decoded = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(k, v)| (decoded(k), decoded(v))).collect()
}

#[cfg(test)]
mod tests {
    use caddis_googleapis::longrunning::Operation;
    use caddis_googleapis::longrunning::operation::Result as Outcome;
    use prost::Name;

    use super::*;
    use crate::wire::any;

    #[test]
    fn an_operation_that_answers_nothing_is_read_by_googles_library() {
        let operation = Operation { done: true, result: Some(Outcome::Response(any(&()))), ..Operation::default() };
        let descriptor = pool().get_message_by_name(&Operation::full_name()).unwrap();
        let text = json(&descriptor, &operation.encode_to_vec(), Form::default()).unwrap();
        let read: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(read["response"], serde_json::json!({ "@type": "type.googleapis.com/google.protobuf.Empty" }));
    }
}
