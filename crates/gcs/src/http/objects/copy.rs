//! `objects.copy` and `objects.rewrite`: no byte is copied, so one call is always enough.

use std::sync::Arc;

use serde_json::json;

use crate::http::ask::Ask;
use crate::http::body::Incoming;
use crate::http::refusal::Refusal;
use crate::http::render;
use crate::http::route::Answer;
use crate::store::{Fields, Object, Source};

pub(crate) async fn copy(ask: &Ask, from: [&str; 2], to: [&str; 2], body: Incoming) -> Answer {
    let object = copied(ask, from, to, body).await?;
    ask.json(&render::object(&object, &ask.base))
}

pub(crate) async fn rewrite(ask: &Ask, from: [&str; 2], to: [&str; 2], body: Incoming) -> Answer {
    let object = copied(ask, from, to, body).await?;
    let size = object.size.to_string();
    ask.json(&json!({
        "kind": "storage#rewriteResponse", "totalBytesRewritten": size, "objectSize": size, "done": true,
        "resource": render::object(&object, &ask.base),
    }))
}

async fn copied(ask: &Ask, from: [&str; 2], to: [&str; 2], body: Incoming) -> Result<Arc<Object>, Refusal> {
    ask.bucket(from[0])?;
    ask.bucket(to[0])?;
    let source = Source {
        bucket: from[0].to_owned(),
        name: from[1].to_owned(),
        generation: ask.number("sourceGeneration")?,
        conditions: ask.conditions("ifSource")?,
    };
    let given = body.resource().await?;
    // Metadata that is given takes the place of all that the source has.
    let fields = if Fields::any_in(&given) { Some(Fields::default().patched(&given)?) } else { None };
    let (bucket, name, conditions, now) = (to[0].to_owned(), to[1].to_owned(), ask.conditions("if")?, ask.now);
    ask.store(move |store| store.copy(&source, &bucket, &name, fields, conditions, now)).await
}
