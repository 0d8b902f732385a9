//! `buckets.list`: the asker's own, of a project where one is named.

use serde_json::{Value, json};

use crate::http::ask::Ask;
use crate::http::refusal::Refusal;
use crate::http::render;
use crate::http::route::Answer;

/// The most of one page.
const MOST: usize = 1000;

pub(crate) async fn list(ask: &Ask) -> Answer {
    let (project, prefix, after) = (ask.text("project"), ask.text("prefix"), ask.text("pageToken"));
    let most = match ask.number("maxResults")? {
        None | Some(0) => MOST,
        Some(most) => usize::try_from(most).map_err(|_| Refusal::parameter("maxResults", "it is negative"))?.min(MOST),
    };
    let all = ask.store(|store| Ok(store.buckets())).await?;
    // Clients that were told an "emulator" name no project; their buckets are of every one.
    let wanted = |project: &str, of: &str| project.is_empty() || of.is_empty() || of == project;
    let mut own = all.into_iter().filter(|bucket| bucket.owner == ask.owner && wanted(&project, &bucket.project));
    let mut own = own.by_ref().filter(|bucket| bucket.name.starts_with(&prefix) && bucket.name > after).peekable();
    let mut items: Vec<(String, Value)> = Vec::new();
    while items.len() < most && own.peek().is_some() {
        items.extend(own.next().map(|bucket| (bucket.name.clone(), render::bucket(&bucket, &ask.base))));
    }
    let mut answer = json!({"kind": "storage#buckets"});
    if let (Some(_), Some((last, _))) = (own.peek(), items.last()) {
        answer["nextPageToken"] = last.as_str().into();
    }
    if !items.is_empty() {
        answer["items"] = items.into_iter().map(|(_, bucket)| bucket).collect();
    }
    ask.json(&answer)
}
