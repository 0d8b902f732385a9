//! The description of the API: it is the one in `docs`, and it says what is served, no less and no more.

use std::collections::BTreeSet;
use std::fs;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::ALLOW;
use hyper::{HeaderMap, Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;

use crate::rig::Rig;

const IN_DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");

/// What a server says of itself.
pub(crate) async fn document(rig: &Rig) -> Value {
    let (_, body) = ask(rig, Method::GET, "/openapi.json").await;
    serde_json::from_slice(&body).unwrap()
}

/// Whether the document knows a refusal; a path that it does not know is refused in one way only.
pub(crate) fn knows(document: &Value, method: &Method, path: &str, status: u16, code: &str) -> bool {
    let path = path.split('?').next().unwrap();
    let found = document["paths"].as_object().unwrap().iter().find(|(template, _)| is_at(template, path));
    let Some((_, methods)) = found else { return (status, code) == (404, "no_such_path") };
    let operation = &methods[method.as_str().to_lowercase()];
    if operation.is_null() {
        return (status, code) == (405, "no_such_method");
    }
    let schema = &operation["responses"][status.to_string()]["content"]["application/json"]["schema"];
    schema["allOf"][1]["properties"]["code"]["enum"].as_array().is_some_and(|codes| codes.iter().any(|it| it == code))
}

fn is_at(template: &str, path: &str) -> bool {
    let (names, parts) = (template.split('/'), path.split('/'));
    names.clone().count() == parts.clone().count()
        && names.zip(parts).all(|(name, part)| name == part || (name.starts_with('{') && !part.is_empty()))
}

async fn ask(rig: &Rig, method: Method, path: &str) -> (HeaderMap, Bytes) {
    let stream = UnixStream::connect(rig.home.server_socket()).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::builder().method(method).uri(path).header("host", "x").body(Empty::<Bytes>::new()).unwrap();
    let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
    (parts.headers, body.collect().await.unwrap().to_bytes())
}

#[tokio::test]
async fn the_document_in_docs_is_the_one_that_is_served() {
    let rig = Rig::start().await;
    let served = serde_json::to_string_pretty(&document(&rig).await).unwrap() + "\n";
    if std::env::var_os("INSTA_UPDATE").is_some_and(|how| how == "always") {
        fs::write(IN_DOCS, &served).unwrap();
    }
    let kept = fs::read_to_string(IN_DOCS).unwrap_or_default();
    let difference = served.lines().zip(kept.lines()).find(|(served, kept)| served != kept);
    assert!(
        served == kept,
        "`docs/openapi.json` is old, first at {difference:?}: `INSTA_UPDATE=always` writes it anew"
    );
}

/// The router says itself which methods it has at a path, when it is asked for one that it has not.
#[tokio::test]
async fn what_is_served_at_each_path_is_what_is_described() {
    let rig = Rig::start().await;
    let document = document(&rig).await;
    for (template, methods) in document["paths"].as_object().unwrap() {
        let path: Vec<_> = template.split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect();
        let (headers, body) = ask(&rig, Method::PATCH, &path.join("/")).await;
        let problem: Value = serde_json::from_slice(&body).unwrap();
        if template == "/clusters/{reference}/{rest}" {
            assert_eq!(problem["code"], "not_found", "every method goes on to a dashboard");
            continue;
        }
        assert_eq!(problem["code"], "no_such_method", "{template}");
        let allowed = headers[ALLOW].to_str().unwrap().split(',').filter(|method| *method != "HEAD");
        let allowed: BTreeSet<_> = allowed.map(str::to_lowercase).collect();
        let described: BTreeSet<_> = methods.as_object().unwrap().keys().cloned().collect();
        assert_eq!(allowed, described, "{template}");
    }
}

#[tokio::test]
async fn every_operation_has_a_name_of_its_own() {
    let rig = Rig::start().await;
    let document = document(&rig).await;
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.values().flat_map(|methods| methods.as_object().unwrap().values());
    let names: Vec<_> = operations.map(|operation| operation["operationId"].as_str().unwrap()).collect();
    let different: BTreeSet<_> = names.iter().collect();
    assert!(names.len() == different.len() && names.len() > 30, "{names:?}");
}
