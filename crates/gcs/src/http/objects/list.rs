//! `objects.list`.

use serde_json::{Value, json};

use crate::glob::Glob;
use crate::http::ask::Ask;
use crate::http::refusal::Refusal;
use crate::http::render;
use crate::http::route::Answer;
use crate::store::{Cursor, Listing};

pub(crate) async fn list(ask: &Ask, bucket: &str) -> Answer {
    ask.bucket(bucket)?;
    let mut answer = json!({"kind": "storage#objects"});
    if ask.flag("softDeleted")? {
        // Nothing is kept of what was deleted.
        return ask.json(&answer);
    }
    let (listing, name) = (listing(ask)?, bucket.to_owned());
    let page = ask.store(move |store| store.page(&name, &listing)).await?;
    if !page.objects.is_empty() {
        answer["items"] = page.objects.iter().map(|object| render::object(object, &ask.base)).collect::<Vec<Value>>().into();
    }
    if !page.prefixes.is_empty() {
        answer["prefixes"] = page.prefixes.into();
    }
    if let Some(next) = page.next {
        answer["nextPageToken"] = next.token().into();
    }
    ask.json(&answer)
}

fn listing(ask: &Ask) -> Result<Listing, Refusal> {
    let limit = ask.number("maxResults")?.unwrap_or(0);
    let limit = usize::try_from(limit).map_err(|_| Refusal::parameter("maxResults", "it is negative"))?;
    let after = match ask.get("pageToken").filter(|token| !token.is_empty()) {
        Some(token) => Some(Cursor::parse(token).ok_or_else(|| Refusal::parameter("pageToken", "it is none of ours"))?),
        None => None,
    };
    let glob = match ask.get("matchGlob").filter(|glob| !glob.is_empty()) {
        Some(glob) => Some(Glob::parse(glob).ok_or_else(|| Refusal::parameter("matchGlob", format!("`{glob}` is not a pattern")))?),
        None => None,
    };
    Ok(Listing {
        prefix: ask.text("prefix"),
        delimiter: ask.text("delimiter"),
        start: ask.text("startOffset"),
        end: ask.text("endOffset"),
        trailing: ask.flag("includeTrailingDelimiter")?,
        glob,
        limit,
        after,
    })
}
