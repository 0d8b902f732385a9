//! `objects.delete`.

use http::StatusCode;

use super::named;
use crate::http::ask::{Ask, nothing};
use crate::http::route::Answer;

pub(crate) async fn delete(ask: &Ask, bucket: &str, name: &str) -> Answer {
    let which = named(ask, bucket, name)?;
    ask.store(move |store| store.delete_if(&which)).await?;
    Ok(nothing(StatusCode::NO_CONTENT))
}
