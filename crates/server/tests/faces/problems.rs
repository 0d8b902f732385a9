//! What refusals look like.

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::UnixStream;

use crate::openapi::{document, knows};
use crate::records::job;
use crate::rig::Rig;

/// A request on the socket, and its answer as text: the status, then the body without its request id.
async fn ask(rig: &Rig, method: Method, path: &str, body: impl Into<Bytes>) -> String {
    let stream = UnixStream::connect(rig.home.server_socket()).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let described = document(rig).await;
    let request =
        Request::builder().method(method.clone()).uri(path).header("host", "x").body(Full::new(body.into())).unwrap();
    let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
    let mut problem: Value = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap();
    let id = problem["request_id"].take();
    let id = id.as_str().unwrap();
    assert!(id.starts_with("req_") && id == parts.headers["caddis-request-id"], "{id}");
    problem.as_object_mut().unwrap().remove("request_id");
    let (status, code) = (parts.status.as_u16(), problem["code"].as_str().unwrap());
    assert!(knows(&described, &method, path, status, code), "{method} {path} {status} {code} is not described");
    format!("{status} {}", serde_json::to_string_pretty(&problem).unwrap())
}

fn wish(extra: Value) -> String {
    let mut wish = json!({"program": {"script": "/job.py"}, "cwd": "/"});
    wish.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    wish.to_string()
}

#[tokio::test]
async fn refusals_say_what_is_true_and_what_to_do() {
    let rig = Rig::start().await;
    let id = rig.put_job(job(&rig.owner)).await;
    let mut told = String::new();
    let mut tell = async |name: &str, method: Method, path: &str, body: String| {
        let answer = ask(&rig, method, path, body).await.replace(id.as_str(), "job_ID");
        told.push_str(&format!("# {name}\n{answer}\n\n"));
    };
    let (get, post) = (Method::GET, Method::POST);
    tell("an unknown field", post.clone(), "/v1/jobs", wish(json!({"tiemout_ms": 5}))).await;
    let shape = json!({"cluster": {"fresh": {"workers": {"min": 1, "maximum": 2}}}});
    tell("an unknown field inside", post.clone(), "/v1/jobs", wish(shape)).await;
    tell("a wrong type", post.clone(), "/v1/jobs", wish(json!({"args": "x"}))).await;
    tell("a field that is missing", post.clone(), "/v1/jobs", "{}".into()).await;
    tell("no JSON", post.clone(), "/v1/jobs", "{nonsense".into()).await;
    tell("something after it", post.clone(), "/v1/jobs", wish(json!({})) + "x").await;
    tell("a bad name", post.clone(), "/v1/jobs", wish(json!({"name": "2fast"}))).await;
    tell("a script that is not there", post.clone(), "/v1/jobs", wish(json!({"program": {"script": "/missing.py"}})))
        .await;
    tell(
        "a minimum above the pool",
        post.clone(),
        "/v1/jobs",
        wish(json!({"cluster": {"fresh": {"workers": {"min": 99, "max": 99}}}})),
    )
    .await;
    let fresh = |min: u32, max: u32| wish(json!({"cluster": {"fresh": {"workers": {"min": min, "max": max}}}}));
    tell("no workers", post.clone(), "/v1/jobs", fresh(0, 0)).await;
    tell("a range upside down", post.clone(), "/v1/jobs", fresh(2, 1)).await;
    tell("two programs", post.clone(), "/v1/jobs", wish(json!({"program": {"script": "/a.py", "module": "b"}}))).await;
    tell("a script that is not absolute", post.clone(), "/v1/jobs", wish(json!({"program": {"script": "a.py"}}))).await;
    tell("an argument with a zero byte", post.clone(), "/v1/jobs", wish(json!({"args": ["a\0b"]}))).await;
    tell("a variable without a name", post.clone(), "/v1/jobs", wish(json!({"variables": {"": "1"}}))).await;
    let variables = json!({"variables": {"A=B": "1"}}).to_string();
    tell("a cluster's variable with `=`", post.clone(), "/v1/clusters", variables).await;
    tell("a parameter twice", get.clone(), "/v1/jobs?limit=1&limit=2", String::new()).await;
    tell("a parameter that is too large", get.clone(), "/v1/jobs?limit=99999999999", String::new()).await;
    tell("a parameter that is neither", get.clone(), "/v1/jobs?active=1", String::new()).await;
    tell("an unknown parameter", get.clone(), "/v1/jobs?activ=true", String::new()).await;
    tell("a parameter of a wrong type", get.clone(), "/v1/jobs?limit=many", String::new()).await;
    tell("a job that may cost nothing", post.clone(), "/v1/jobs", wish(json!({"max_cost": 0}))).await;
    tell("a job that may cost too little", post.clone(), "/v1/jobs", wish(json!({"max_cost": 1000}))).await;
    tell("costs upside down", get.clone(), "/v1/cost?since=5&until=5", String::new()).await;
    tell("costs by a tag that none can be", get.clone(), "/v1/cost?by=tag&tag=2%22fast", String::new()).await;
    tell("costs by a day and a tag", get.clone(), "/v1/cost?by=day&tag=team", String::new()).await;
    tell("costs by something else", get.clone(), "/v1/cost?by=week", String::new()).await;
    tell("no such job", get.clone(), "/v1/jobs/nightly", String::new()).await;
    tell("no such cluster", get.clone(), "/v1/clusters/shared", String::new()).await;
    tell("a job that has not ended", post.clone(), &format!("/v1/jobs/{id}/retry"), String::new()).await;
    tell("no such output", get.clone(), &format!("/v1/jobs/{id}/logs/stdlog"), String::new()).await;
    tell("a script that was never started", get.clone(), &format!("/v1/jobs/{id}/logs/stdout"), String::new()).await;
    tell("a name that is no text", get.clone(), "/v1/jobs/%ff", String::new()).await;
    tell("no such path", get.clone(), "/v2/jobs", String::new()).await;
    tell("no such method", Method::DELETE, "/v1/jobs", String::new()).await;
    tell("a shutdown while something is active", post.clone(), "/v1/shutdown", String::new()).await;
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_and_one_that_fits_is_not() {
    let rig = Rig::start().await;
    let large = wish(json!({"args": ["x".repeat(17 << 20)]}));
    assert!(ask(&rig, Method::POST, "/v1/jobs", large).await.starts_with("413 "));
    let fits = wish(json!({"args": ["x".repeat(15 << 20)], "name": "2fast"}));
    assert!(ask(&rig, Method::POST, "/v1/jobs", fits).await.contains("bad_name"));
}
