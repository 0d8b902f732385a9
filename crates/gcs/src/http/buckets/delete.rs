//! `buckets.delete`: an empty one.

use http::StatusCode;

use crate::http::ask::{Ask, nothing};
use crate::http::route::Answer;

pub(crate) async fn delete(ask: &Ask, name: &str) -> Answer {
    ask.bucket(name)?;
    let (name, conditions, now) = (name.to_owned(), ask.conditions("if")?, ask.now);
    ask.store(move |store| store.delete_bucket(&name, &conditions, now)).await?;
    Ok(nothing(StatusCode::NO_CONTENT))
}
