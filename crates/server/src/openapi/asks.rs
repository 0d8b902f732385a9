//! What an endpoint takes, as its arguments' types say it.

use axum::body::Body;
use axum::extract::{Request, State};
use hyper::Method;
use serde_json::json;

use super::Operation;
use crate::face::Face;

/// An argument of an endpoint. The house's own extractors describe themselves where they are.
pub(crate) trait Asks {
    /// Adds to the description what a request must hold for this argument, and what it refuses.
    fn describe(operation: &mut Operation<'_>);
}

impl Asks for State<Face> {
    fn describe(_: &mut Operation<'_>) {}
}

impl Asks for Method {
    fn describe(_: &mut Operation<'_>) {}
}

impl Asks for Request {
    fn describe(_: &mut Operation<'_>) {}
}

impl Asks for Body {
    fn describe(operation: &mut Operation<'_>) {
        operation.body(json!({"application/octet-stream": {}}), false);
    }
}
