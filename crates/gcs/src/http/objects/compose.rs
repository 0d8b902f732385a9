//! `objects.compose`.

use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value};

use super::named;
use crate::http::ask::Ask;
use crate::http::body::Incoming;
use crate::http::refusal::Refusal;
use crate::http::render;
use crate::http::route::Answer;
use crate::store::{Conditions, Draft, Fields, Source};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wish {
    #[serde(default)]
    destination: Map<String, Value>,
    #[serde(default)]
    source_objects: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    name: String,
    #[serde(default, deserialize_with = "number")]
    generation: Option<i64>,
    #[serde(default)]
    object_preconditions: Preconditions,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Preconditions {
    #[serde(default, deserialize_with = "number")]
    if_generation_match: Option<i64>,
}

/// 64-bit numbers are written as texts in JSON; clients write them as numbers too.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    let wrong = || de::Error::custom("it must be a number");
    match Value::deserialize(from)? {
        Value::Null => Ok(None),
        Value::String(text) => text.parse().map(Some).map_err(|_| wrong()),
        value => value.as_i64().map(Some).ok_or_else(wrong),
    }
}

pub(crate) async fn compose(ask: &Ask, bucket: &str, name: &str, body: Incoming) -> Answer {
    let target = named(ask, bucket, name)?;
    let given = Value::Object(body.resource().await?);
    let wish: Wish = serde_json::from_value(given).map_err(|error| Refusal::bad(error.to_string()))?;
    let fields = Fields::default().patched(&wish.destination)?;
    let draft = Draft { fields, conditions: target.conditions, ..Draft::named(name) };
    let sources: Vec<Source> = wish.source_objects.into_iter().map(|part| Source {
        bucket: target.bucket.clone(),
        name: part.name,
        generation: part.generation,
        conditions: Conditions { generation_match: part.object_preconditions.if_generation_match, ..Conditions::default() },
    }).collect();
    let now = ask.now;
    let object = ask.store(move |store| store.compose(&target.bucket, &sources, draft, now)).await?;
    ask.json(&render::object(&object, &ask.base))
}
