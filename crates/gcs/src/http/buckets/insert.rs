//! `buckets.insert`.

use http::StatusCode;
use serde_json::Value;

use crate::http::ask::Ask;
use crate::http::body::Incoming;
use crate::http::refusal::Refusal;
use crate::http::render;
use crate::http::route::Answer;
use crate::store::{Bucket, StoreError, merged};

pub(crate) async fn insert(ask: &Ask, body: Incoming) -> Answer {
    let given = body.resource().await?;
    let name = match given.get("name") {
        Some(Value::String(name)) => name.clone(),
        Some(_) => return Err(Refusal::bad("Invalid value for `name`: it must be a text")),
        None => return Err(Refusal::required("name")),
    };
    let mut bucket = Bucket::new(&ask.owner, &ask.text("project"), &name, ask.now);
    bucket.resource = merged(&bucket.resource, &given);
    let owner = ask.owner.clone();
    let made = ask.store(move |store| match store.create_bucket(bucket) {
        Err(StoreError::BucketExists(name)) => Ok(Err(store.bucket(&name)?)),
        made => made.map(Ok),
    });
    match made.await? {
        Ok(bucket) => ask.json(&render::bucket(&bucket, &ask.base)),
        Err(other) => Err(Refusal::new(StatusCode::CONFLICT, "conflict", taken(other.owner == owner))),
    }
}

/// In Google's words.
fn taken(own: bool) -> &'static str {
    if own {
        "Your previous request to create the named bucket succeeded and you already own it."
    } else {
        "The requested bucket name is not available. The bucket namespace is shared by all users of the system. \
         Please select a different name and try again."
    }
}
