//! `GET /openapi.json`: what this API is, in OpenAPI's words, read off the endpoints themselves.

use std::sync::LazyLock;

use axum::Json;
use serde_json::Value;

use crate::auth::Who;
use crate::openapi::{About, Routes};

const ABOUT: About = About::new("openapi", "This document.");

/// Made when somebody asks for it first.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| super::routes().document().0);

pub(super) fn routes() -> Routes {
    Routes::of("server").get("/openapi.json", openapi, &ABOUT)
}

async fn openapi(_: Who) -> Json<&'static Value> {
    Json(&DOCUMENT)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_shape_has_one_meaning() {
        let (_, torn) = super::super::routes().document();
        assert!(torn.is_empty(), "written otherwise than read, under one name: {torn:?}");
    }
}
