//! `objects.patch` (a merge) and `objects.update` (PUT: the whole).

use http::Method;

use super::named;
use crate::http::ask::Ask;
use crate::http::body::Incoming;
use crate::http::render;
use crate::http::route::Answer;
use crate::store::Fields;

pub(crate) async fn patch(ask: &Ask, bucket: &str, name: &str, body: Incoming) -> Answer {
    let which = named(ask, bucket, name)?;
    let given = body.resource().await?;
    let (whole, now) = (ask.head.method == Method::PUT, ask.now);
    let change = move |fields: &Fields| if whole { Fields::default().patched(&given) } else { fields.patched(&given) };
    let object = ask.store(move |store| store.patch(&which, change, now)).await?;
    ask.json(&render::object(&object, &ask.base))
}
