//! Which method answers a path. A name is one piece of a path, percent-encoded, as Google wants it.

use http::{Method, Response, StatusCode};

use super::ask::{Ask, decode};
use super::body::{Body, Incoming};
use super::refusal::Refusal;
use super::{batch, buckets, objects, uploads};

/// What a handler gives.
pub(super) type Answer = Result<Response<Body>, Refusal>;

/// Answers a request whose asker is known.
pub(super) async fn route(ask: Ask, body: Incoming) -> Response<Body> {
    find(ask, body).await.unwrap_or_else(|refusal| refusal.response())
}

async fn find(ask: Ask, body: Incoming) -> Answer {
    let path = ask.path.clone();
    let pieces: Vec<String> = path.trim_start_matches('/').split('/').map(decode).collect::<Result<_, _>>()?;
    let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
    match pieces.as_slice() {
        ["storage", "v1", rest @ ..] => call(&ask, rest, body).await,
        ["upload", "storage", "v1", "b", bucket, "o"] | ["resumable", "upload", "storage", "v1", "b", bucket, "o"] => {
            uploads::answer(&ask, bucket, body).await
        }
        ["download", "storage", "v1", "b", bucket, "o", object] if ask.head.method == Method::GET => {
            objects::media(&ask, bucket, object).await
        }
        ["batch"] | ["batch", "storage", "v1"] if ask.head.method == Method::POST => batch::answer(ask, body).await,
        // The form of the XML API, which Google's library for C++ (and so Arrow) reads by.
        [bucket, first, rest @ ..] if matches!(ask.head.method, Method::GET | Method::HEAD) => {
            let name = [&[*first], rest].concat().join("/");
            objects::media(&ask, bucket, &name).await
        }
        _ => Err(unknown(&ask)),
    }
}

/// A method that neither uploads nor downloads; these stand in batches too.
pub(super) async fn call(ask: &Ask, pieces: &[&str], body: Incoming) -> Answer {
    let method = ask.head.method.as_str();
    match (method, pieces) {
        ("GET", ["b"]) => buckets::list(ask).await,
        ("POST", ["b"]) => buckets::insert(ask, body).await,
        ("GET", ["b", bucket]) => buckets::get(ask, bucket),
        ("PATCH" | "PUT", ["b", bucket]) => buckets::patch(ask, bucket, body).await,
        ("DELETE", ["b", bucket]) => buckets::delete(ask, bucket).await,
        ("GET", ["b", bucket, "storageLayout"]) => buckets::layout(ask, bucket),
        ("GET", ["b", bucket, "managedFolders"]) => buckets::managed_folders(ask, bucket),
        ("GET", ["b", bucket, "iam", "testPermissions"]) => buckets::permissions(ask, bucket),
        ("GET", ["b", bucket, "o"]) => objects::list(ask, bucket).await,
        ("GET", ["b", bucket, "o", object]) if ask.get("alt") == Some("media") => objects::media(ask, bucket, object).await,
        ("GET", ["b", bucket, "o", object]) => objects::get(ask, bucket, object).await,
        ("PATCH" | "PUT", ["b", bucket, "o", object]) => objects::patch(ask, bucket, object, body).await,
        ("DELETE", ["b", bucket, "o", object]) => objects::delete(ask, bucket, object).await,
        ("POST", ["b", bucket, "o", object, "compose"]) => objects::compose(ask, bucket, object, body).await,
        ("POST", ["b", bucket, "o", object, "copyTo", "b", target, "o", name]) => {
            objects::copy(ask, [bucket, object], [target, name], body).await
        }
        ("POST", ["b", bucket, "o", object, "rewriteTo", "b", target, "o", name]) => {
            objects::rewrite(ask, [bucket, object], [target, name], body).await
        }
        ("POST", ["b", bucket, "o", object, "moveTo", "o", name]) => objects::rename(ask, bucket, object, name).await,
        _ => Err(unknown(ask)),
    }
}

fn unknown(ask: &Ask) -> Refusal {
    let text = format!("`{} {}` is not served here; docs/DATAPROC.md lists what is", ask.head.method, ask.path);
    Refusal::new(StatusCode::NOT_FOUND, "notFound", text)
}
