//! One endpoint's description, while it is collected.

use std::collections::{BTreeMap, BTreeSet};

use caddis_types::api::Problem;
use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::schemas::Schemas;
use super::{Code, parameters};

/// What is known of an operation so far.
pub(crate) struct Operation<'a> {
    /// Where shapes are kept.
    pub(crate) schemas: &'a mut Schemas,
    /// Whether it changes something.
    pub(crate) changes: bool,
    path: &'a str,
    parameters: Vec<Value>,
    body: Option<Value>,
    needs_login: bool,
    answers: BTreeMap<u16, Value>,
    refusals: BTreeMap<u16, BTreeSet<&'static str>>,
    otherwise: Option<Value>,
}

impl<'a> Operation<'a> {
    pub(super) fn new(schemas: &'a mut Schemas, path: &'a str, changes: bool) -> Operation<'a> {
        let mut operation = Operation {
            schemas,
            changes,
            path,
            parameters: Vec::new(),
            body: None,
            needs_login: false,
            answers: BTreeMap::new(),
            refusals: BTreeMap::new(),
            otherwise: None,
        };
        operation.refuses(&[(StatusCode::INTERNAL_SERVER_ERROR, "internal")]);
        operation
    }

    /// It wants to know who asks.
    pub(crate) fn needs_login(&mut self) {
        self.needs_login = true;
    }

    /// It reads the names in its path.
    pub(crate) fn path_parameters(&mut self) {
        let found = parameters::in_path(self.path, self.schemas);
        self.parameters.extend(found);
    }

    /// It reads these fields behind the `?`.
    pub(crate) fn query_parameters(&mut self, fields: &Value) {
        self.parameters.extend(parameters::in_query(fields));
    }

    /// It reads a body.
    pub(crate) fn body(&mut self, content: Value, required: bool) {
        self.body = Some(json!({"content": content, "required": required}));
    }

    /// It answers so.
    pub(crate) fn answers(&mut self, status: StatusCode, sentence: &str, content: Value) {
        let mut answer = json!({"description": sentence});
        if content.as_object().is_some_and(|content| !content.is_empty()) {
            answer["content"] = content;
        }
        self.answers.insert(status.as_u16(), answer);
    }

    /// It answers anything else.
    pub(crate) fn otherwise(&mut self, sentence: &str) {
        self.otherwise = Some(json!({"description": sentence}));
    }

    /// An answer has this header.
    pub(crate) fn header(&mut self, status: StatusCode, name: &str, sentence: &str) {
        if let Some(answer) = self.answers.get_mut(&status.as_u16()) {
            answer["headers"][name] = json!({"description": sentence, "schema": {"type": "string"}});
        }
    }

    /// It may refuse so.
    pub(crate) fn refuses(&mut self, refusals: &[Code]) {
        for &(status, code) in refusals {
            self.refusals.entry(status.as_u16()).or_default().insert(code);
        }
    }

    /// The description in OpenAPI's words.
    pub(super) fn finish(self, tag: &str, id: &str, sentence: &str) -> Value {
        let problem = self.schemas.answer::<Problem>();
        let refusals =
            self.refusals.iter().map(|(status, codes)| (status.to_string(), refusal(&problem, *status, codes)));
        let answers = self.answers.iter().map(|(status, answer)| (status.to_string(), answer.clone()));
        let otherwise = self.otherwise.map(|answer| ("default".to_owned(), answer));
        let responses: Map<String, Value> = refusals.chain(answers).chain(otherwise).collect();
        let mut all = json!({"tags": [tag], "operationId": id, "summary": sentence, "responses": responses});
        if !self.parameters.is_empty() {
            all["parameters"] = Value::Array(self.parameters);
        }
        if let Some(body) = self.body {
            all["requestBody"] = body;
        }
        if !self.needs_login {
            all["security"] = json!([]);
        }
        all
    }
}

/// A problem with one of these codes.
fn refusal(problem: &schemars::Schema, status: u16, codes: &BTreeSet<&'static str>) -> Value {
    let name = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default();
    let schema = json!({"allOf": [problem, {"properties": {"code": {"enum": codes}}}]});
    json!({"description": format!("{name}: it was refused."), "content": {"application/json": {"schema": schema}}})
}
