//! Changing, copying, composing and removing objects, one by one and in batches.

use serde_json::json;

use crate::rig::Rig;

const OBJECTS: &str = "/storage/v1/b/team-data/o";

#[test]
fn preconditions_are_kept() {
    let rig = Rig::new();
    let upload = "/upload/storage/v1/b/team-data/o?uploadType=media&name=a";
    let first = rig.post(&format!("{upload}&ifGenerationMatch=0"), "1").expect(200).json();
    rig.post(&format!("{upload}&ifGenerationMatch=0"), "2").refused(412, "conditionNotMet");
    let generation = first["generation"].as_str().expect("a generation");
    let second = rig.post(&format!("{upload}&ifGenerationMatch={generation}"), "2").expect(200).json();
    rig.post(&format!("{upload}&ifGenerationMatch={generation}"), "3").refused(412, "conditionNotMet");
    let path = format!("{OBJECTS}/a");
    let now = second["generation"].as_str().expect("a generation");
    assert_eq!(rig.get(&format!("{path}?ifGenerationNotMatch={now}")).status, 304);
    rig.get(&format!("{path}?ifGenerationMatch={generation}")).refused(412, "conditionNotMet");
    rig.get(&format!("{path}?ifGenerationMatch=x")).refused(400, "invalidParameter");
    rig.ann("DELETE", &format!("{path}?ifMetagenerationMatch=2"), &[], b"").refused(412, "conditionNotMet");
    rig.ann("DELETE", &format!("{path}?ifGenerationMatch={now}"), &[], b"").expect(204);
    rig.ann("DELETE", &path, &[], b"").refused(404, "notFound");
}

#[test]
fn metadata_is_patched_and_replaced() {
    let rig = Rig::new();
    rig.put("a", b"x");
    let path = format!("{OBJECTS}/a");
    let one = rig.ann("PATCH", &path, &[], br#"{"metadata": {"k": "v"}, "cacheControl": "no-store", "size": "9"}"#).expect(200).json();
    assert_eq!((&one["metageneration"], &one["size"], &one["contentType"]), (&json!("2"), &json!("1"), &json!("text/plain")));
    let two = rig.ann("PUT", &path, &[], br#"{"contentType": "text/csv"}"#).expect(200).json();
    assert_eq!((&two["contentType"], two.get("metadata"), two.get("cacheControl")), (&json!("text/csv"), None, None));
    for bad in [r#"{"metadata": {"a": 3}}"#, r#"{"contentType": []}"#, r#"{"temporaryHold": "x"}"#, r#"{"storageClass": "NONE"}"#] {
        rig.ann("PATCH", &path, &[], bad.as_bytes()).refused(400, "invalid");
    }
    rig.ann("PATCH", &path, &[], b"{").refused(400, "parseError");
    rig.ann("PATCH", &path, &[], br#"{"temporaryHold": true}"#).expect(200);
    rig.ann("DELETE", &path, &[], b"").refused(403, "forbidden");
    rig.post("/upload/storage/v1/b/team-data/o?uploadType=media&name=a", "x").refused(403, "forbidden");
}

#[test]
fn objects_are_copied_rewritten_moved_and_composed() {
    let rig = Rig::new();
    rig.put("a/b", b"one ");
    rig.put("c", b"two");
    let copy = rig.post(&format!("{OBJECTS}/a%2Fb/copyTo/b/team-data/o/x%2Fy"), "").expect(200).json();
    assert_eq!((&copy["name"], &copy["contentType"]), (&json!("x/y"), &json!("text/plain")));
    let other = rig.post(&format!("{OBJECTS}/a%2Fb/rewriteTo/b/team-data/o/z"), r#"{"contentType": "text/csv", "metadata": {"k": "v"}}"#).expect(200).json();
    assert_eq!((&other["done"], &other["objectSize"], &other["resource"]["metadata"]["k"]), (&json!(true), &json!("4"), &json!("v")));
    rig.post(&format!("{OBJECTS}/none/copyTo/b/team-data/o/x"), "").refused(404, "notFound");
    rig.post(&format!("{OBJECTS}/c/copyTo/b/team-data/o/z?ifGenerationMatch=0"), "").refused(412, "conditionNotMet");
    rig.post(&format!("{OBJECTS}/c/copyTo/b/team-data/o/z?ifSourceGenerationMatch=1"), "").refused(412, "conditionNotMet");
    let wish = r#"{"sourceObjects": [{"name": "a/b"}, {"name": "c"}], "destination": {"contentType": "text/x"}}"#;
    let composed = rig.post(&format!("{OBJECTS}/all/compose"), wish).expect(200).json();
    assert_eq!((&composed["componentCount"], composed.get("md5Hash"), &composed["contentType"]), (&json!(2), None, &json!("text/x")));
    assert_eq!(rig.get(&format!("{OBJECTS}/all?alt=media")).body, b"one two");
    let wrong = r#"{"sourceObjects": [{"name": "c", "objectPreconditions": {"ifGenerationMatch": "1"}}]}"#;
    rig.post(&format!("{OBJECTS}/all/compose"), wrong).refused(412, "conditionNotMet");
    for bad in [r#"{"sourceObjects": []}"#, r#"{"sourceObjects": 3}"#, r#"{"sourceObjects": [{"name": 3}]}"#, r#"{"sourceObjects": [{"name": "c", "generation": "x"}]}"#] {
        rig.post(&format!("{OBJECTS}/all/compose"), bad).refused(400, "invalid");
    }
    rig.post(&format!("{OBJECTS}/c/moveTo/o/d"), "").expect(200);
    rig.get(&format!("{OBJECTS}/c")).refused(404, "notFound");
    assert_eq!(rig.get(&format!("{OBJECTS}/d?alt=media")).body, b"two");
}

#[test]
fn batches_answer_each_call() {
    let rig = Rig::new();
    rig.put("a/b", b"x");
    rig.put("c", b"x");
    let call = |id: &str, line: &str, body: &str| {
        let length = body.len();
        format!("--=_b\r\nContent-Type: application/http\r\nContent-ID: <{id}>\r\n\r\n{line} HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{body}\r\n")
    };
    let body = [
        call("1", "DELETE /storage/v1/b/team-data/o/a%2Fb", ""),
        call("2", "DELETE https://storage.googleapis.com/storage/v1/b/team-data/o/none", ""),
        call("3", "PATCH /storage/v1/b/team-data/o/c?fields=contentType", r#"{"contentType": "text/csv"}"#),
        call("4", "GET /storage/v1/b/team-data/o/c?alt=media", ""),
        call("5", "POST /batch/storage/v1", ""),
        "--=_b--".to_owned(),
    ].concat();
    let said = rig.ann("POST", "/batch/storage/v1", &[("content-type", "multipart/mixed; boundary=\"=_b\"")], body.as_bytes()).expect(200);
    let text = String::from_utf8(said.body).expect("a text");
    let statuses: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("HTTP/1.1 ")).map(|line| &line[..3]).collect();
    assert_eq!(statuses, ["204", "404", "200", "404", "404"], "{text}");
    assert!(text.contains("Content-ID: <response-3>") && text.contains(r#"{"contentType":"text/csv"}"#), "{text}");
    rig.get(&format!("{OBJECTS}/a%2Fb")).refused(404, "notFound");
    for bad in ["", "--=_b\r\n", "nothing"] {
        rig.ann("POST", "/batch", &[("content-type", "multipart/mixed; boundary=\"=_b\"")], bad.as_bytes()).refused(400, "invalid");
    }
}
