//! Who gets in.

use crate::rig::{Rig, SECRET};

const PATHS: [(&str, &str); 8] = [
    ("GET", "/storage/v1/b?project=p"),
    ("GET", "/storage/v1/b/team-data/o/a?alt=media"),
    ("POST", "/upload/storage/v1/b/team-data/o?uploadType=media&name=a"),
    ("GET", "/download/storage/v1/b/team-data/o/a"),
    ("POST", "/batch/storage/v1"),
    ("DELETE", "/storage/v1/b/team-data"),
    ("GET", "/emulator/wrong/storage/v1/b"),
    ("GET", "/emulator//storage/v1/b"),
];

#[test]
fn without_credentials_nothing_answers() {
    let rig = Rig::new();
    for (method, path) in PATHS {
        for header in ["", "Bearer wrong", "Basic dG9rZW4tb2YtYW5u", "Bearer", "token-of-ann"] {
            rig.send(method, path, &[("authorization", header)], b"").refused(401, "authError");
        }
    }
    assert_eq!(rig.get("/storage/v1/b/team-data").status, 200);
}

#[test]
fn a_secret_in_the_path_stands_for_a_token() {
    let rig = Rig::new();
    let base = format!("/emulator/{SECRET}");
    let said = rig.send("GET", &format!("{base}/storage/v1/b/team-data"), &[], b"").expect(200).json();
    assert_eq!(said["selfLink"], format!("https://localhost:443{base}/storage/v1/b/team-data"), "links lead there again");
    rig.put("a/b", b"text");
    let xml = rig.send("GET", &format!("{base}/team-data/a/b"), &[("range", "bytes=1-2")], b"").expect(206);
    assert_eq!(xml.body, b"ex");
    let head = rig.send("HEAD", &format!("{base}/team-data/a/b"), &[], b"").expect(200);
    assert_eq!((head.header("content-length"), head.body.len()), ("4", 0));
}

#[test]
fn a_page_in_a_browser_gets_nothing() {
    let rig = Rig::new();
    for path in ["/storage/v1/b", &format!("/emulator/{SECRET}/storage/v1/b")] {
        rig.ann("GET", path, &[("origin", "https://evil.example")], b"").refused(403, "forbidden");
    }
}

#[test]
fn buckets_are_their_owners_alone() {
    let rig = Rig::new();
    rig.put("a", b"text");
    let bob = |method: &str, path: &str, body: &str| rig.send(method, path, &[("authorization", "Bearer token-of-bob")], body.as_bytes());
    for (method, path) in [
        ("GET", "/storage/v1/b/team-data"),
        ("PATCH", "/storage/v1/b/team-data"),
        ("DELETE", "/storage/v1/b/team-data"),
        ("GET", "/storage/v1/b/team-data/o"),
        ("GET", "/storage/v1/b/team-data/o/a"),
        ("GET", "/storage/v1/b/team-data/o/a?alt=media"),
        ("DELETE", "/storage/v1/b/team-data/o/a"),
        ("POST", "/storage/v1/b/team-data/o/a/compose"),
        ("POST", "/upload/storage/v1/b/team-data/o?uploadType=media&name=a"),
    ] {
        bob(method, path, "{}").refused(403, "forbidden");
    }
    bob("POST", "/storage/v1/b", r#"{"name": "bobs-data"}"#).expect(200);
    bob("POST", "/storage/v1/b/team-data/o/a/copyTo/b/bobs-data/o/a", "").refused(403, "forbidden");
    rig.ann("POST", "/storage/v1/b/team-data/o/a/rewriteTo/b/bobs-data/o/a", &[], b"").refused(403, "forbidden");
    bob("POST", "/storage/v1/b", r#"{"name": "team-data"}"#).refused(409, "conflict");
    let listed = bob("GET", "/storage/v1/b", "").expect(200).json();
    assert_eq!((listed["items"].as_array().map(Vec::len), &listed["items"][0]["name"]), (Some(1), &"bobs-data".into()));
    let begun = rig.ann("POST", "/upload/storage/v1/b/team-data/o?uploadType=resumable&name=b", &[], b"").expect(200);
    let id = begun.header("x-guploader-uploadid");
    let path = format!("/upload/storage/v1/b/bobs-data/o?uploadType=resumable&upload_id={id}");
    bob("PUT", &path, "x").refused(404, "notFound");
}
