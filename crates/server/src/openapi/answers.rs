//! What an endpoint answers, as its type says it.

use std::marker::PhantomData;

use axum::Json;
use axum::response::{IntoResponse, Response};
use hyper::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Operation, codes};
use crate::http::Refusal;

/// The answer of an endpoint.
pub(crate) trait Answers {
    /// Adds it to the description.
    fn describe(operation: &mut Operation<'_>);
}

impl<T: Answers> Answers for Result<T, Refusal> {
    fn describe(operation: &mut Operation<'_>) {
        T::describe(operation);
        operation.refuses(codes::STORE);
    }
}

impl<T: JsonSchema> Answers for Json<T> {
    fn describe(operation: &mut Operation<'_>) {
        let schema = operation.schemas.answer::<T>();
        operation.answers(StatusCode::OK, "What was asked for.", json!({"application/json": {"schema": schema}}));
    }
}

/// 201: what was made.
pub(crate) struct Created<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, Json(self.0)).into_response()
    }
}

impl<T: JsonSchema> Answers for Created<T> {
    fn describe(operation: &mut Operation<'_>) {
        let schema = operation.schemas.answer::<T>();
        operation.answers(StatusCode::CREATED, "What was made.", json!({"application/json": {"schema": schema}}));
    }
}

/// 204: it is done, and there is nothing to say.
pub(crate) struct Done;

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl Answers for Done {
    fn describe(operation: &mut Operation<'_>) {
        operation.answers(StatusCode::NO_CONTENT, "It is done.", Value::Null);
    }
}

/// An answer that is not JSON.
pub(crate) struct Raw<K>(Response, PhantomData<K>);

/// What such an answer is.
pub(crate) trait Kind {
    /// Its status.
    const STATUS: StatusCode;
    /// For people.
    const SENTENCE: &'static str;
    /// The media types that it may have; none means no body.
    const MEDIA: &'static [&'static str];
    /// Its headers, each with a sentence.
    const HEADERS: &'static [(&'static str, &'static str)];
}

impl<K> Raw<K> {
    pub(crate) fn new(response: impl IntoResponse) -> Raw<K> {
        Raw(response.into_response(), PhantomData)
    }
}

impl<K> IntoResponse for Raw<K> {
    fn into_response(self) -> Response {
        self.0
    }
}

impl<K: Kind> Answers for Raw<K> {
    fn describe(operation: &mut Operation<'_>) {
        let media: serde_json::Map<String, Value> =
            K::MEDIA.iter().map(|kind| ((*kind).to_owned(), json!({}))).collect();
        operation.answers(K::STATUS, K::SENTENCE, Value::Object(media));
        for (name, sentence) in K::HEADERS {
            operation.header(K::STATUS, name, sentence);
        }
    }
}
