//! Uploads of all kinds.

use serde_json::json;

use crate::rig::Rig;

const UPLOAD: &str = "/upload/storage/v1/b/team-data/o";

fn content(rig: &Rig, name: &str) -> Vec<u8> {
    rig.get(&format!("/storage/v1/b/team-data/o/{name}?alt=media")).expect(200).body
}

#[test]
fn a_multipart_upload_has_metadata_and_bytes() {
    let rig = Rig::new();
    let body = "--x\r\nContent-Type: application/json\r\n\r\n{\"name\": \"a\", \"metadata\": {\"k\": \"v\"}, \"md5Hash\": \"JfnnlDI7RTiF9RgfG2JNCw==\"}\r\n--x\r\n\
                Content-Type: text/csv\r\n\r\n123456789\r\n--x--\r\n";
    let kind = [("content-type", "multipart/related; boundary=x")];
    let made = rig.ann("POST", &format!("{UPLOAD}?uploadType=multipart"), &kind, body.as_bytes()).expect(200).json();
    assert_eq!((&made["contentType"], &made["metadata"], &made["size"]), (&json!("text/csv"), &json!({"k": "v"}), &json!("9")));
    let wrong = body.replace("123456789", "12345678X");
    let refused = rig.ann("POST", &format!("{UPLOAD}?uploadType=multipart&name=b"), &kind, wrong.as_bytes()).refused(400, "invalid");
    assert!(refused["error"]["message"].as_str().unwrap().contains("doesn't match calculated MD5"), "{refused}");
    for cut in [body.len() - 9, body.len() - 15, 60, 10, 0] {
        rig.ann("POST", &format!("{UPLOAD}?uploadType=multipart&name=b"), &kind, &body.as_bytes()[..cut]).refused(400, "invalid");
    }
    rig.ann("POST", &format!("{UPLOAD}?uploadType=multipart&name=b"), &[], body.as_bytes()).refused(400, "invalid");
    rig.get("/storage/v1/b/team-data/o/b").refused(404, "notFound");
}

#[test]
fn a_resumable_upload_goes_on_where_it_was() {
    let rig = Rig::new();
    let headers = [("x-upload-content-type", "text/csv"), ("x-upload-content-length", "10")];
    let begun = rig.ann("POST", &format!("{UPLOAD}?uploadType=resumable"), &headers, br#"{"name": "r"}"#).expect(200);
    let place = begun.header("location").strip_prefix("https://localhost:443").expect("a place").to_owned();
    let put = |range: &str, bytes: &[u8]| rig.ann("PUT", &place, &[("content-range", range)], bytes);
    assert!(!put("bytes */10", b"").expect(308).headers.contains_key("range"));
    assert_eq!(put("bytes 0-3/10", b"0123").expect(308).header("range"), "bytes=0-3");
    assert_eq!(put("bytes */*", b"").expect(308).header("range"), "bytes=0-3");
    put("bytes 6-7/10", b"67").refused(400, "invalid");
    put("bytes 4-5/10", b"456").refused(400, "invalid");
    put("bytes 4-5/11", b"45").refused(400, "invalid");
    put("bytes x-5/11", b"45").refused(400, "invalid");
    let received = put("bytes */10", b"").expect(308).header("range").to_owned();
    assert_eq!(received, "bytes=0-3", "what was refused was not taken");
    let made = put("bytes 2-9/10", b"23456789").expect(200).json();
    assert_eq!((&made["size"], &made["contentType"]), (&json!("10"), &json!("text/csv")));
    assert_eq!(content(&rig, "r"), b"0123456789");
    assert_eq!(put("bytes */10", b"").expect(200).json(), made, "asked again");
    assert_eq!(put("bytes 2-9/10", b"23456789").expect(200).json(), made, "sent again");
}

#[test]
fn an_upload_of_unknown_length_ends_with_its_last_chunk() {
    let rig = Rig::new();
    let begin = |name: &str| {
        let begun = rig.post(&format!("{UPLOAD}?uploadType=resumable&name={name}"), "").expect(200);
        begun.header("location").strip_prefix("https://localhost:443").expect("a place").to_owned()
    };
    let place = begin("u");
    assert_eq!(rig.ann("PUT", &place, &[("content-range", "bytes 0-3/*")], b"0123").expect(308).header("range"), "bytes=0-3");
    let crc = [("content-range", "bytes 4-8/9"), ("x-goog-hash", "crc32c=AAAAAA==")];
    rig.ann("PUT", &place, &crc, b"45678").refused(400, "invalid");
    let sum = [("content-range", "bytes */9"), ("x-goog-hash", "crc32c=yFbu0g==")];
    rig.ann("PUT", &place, &sum, b"").expect(200);
    assert_eq!(content(&rig, "u"), b"012345678");
    let empty = begin("empty");
    rig.ann("PUT", &empty, &[("content-range", "bytes */0")], b"").expect(200);
    assert_eq!(content(&rig, "empty"), b"");
    let one = begin("one");
    rig.ann("PUT", &one, &[], b"all at once").expect(200);
    assert_eq!(content(&rig, "one"), b"all at once");
    let cancelled = begin("cancelled");
    rig.ann("DELETE", &cancelled, &[], b"").expect(499);
    rig.ann("PUT", &cancelled, &[], b"x").refused(404, "notFound");
    rig.ann("PUT", &begin("c").replace("upload_id=", "upload_id=..%2F"), &[], b"x").refused(404, "notFound");
    let hidden = rig.ann("PUT", &begin("h"), &[("content-range", "bytes 0-0/*"), ("x-guploader-no-308", "yes")], b"x").expect(200);
    assert_eq!(hidden.header("x-http-status-code-override"), "308");
}

#[test]
fn what_an_upload_needs_is_asked_for() {
    let rig = Rig::new();
    rig.post(UPLOAD, "").refused(400, "required");
    rig.post(&format!("{UPLOAD}?uploadType=media"), "").refused(400, "required");
    rig.post(&format!("{UPLOAD}?uploadType=smoke&name=a"), "").refused(400, "invalidParameter");
    rig.post(&format!("{UPLOAD}?uploadType=resumable&name=a"), "[").refused(400, "parseError");
    rig.post(&format!("{UPLOAD}?uploadType=resumable"), r#"{"name": 3}"#).refused(400, "invalid");
    rig.post(&format!("{UPLOAD}?uploadType=media&name=%0A"), "").refused(400, "invalid");
    rig.post(&format!("{UPLOAD}?uploadType=media&name=%FF"), "").refused(400, "invalid");
    rig.post("/upload/storage/v1/b/none/o?uploadType=media&name=a", "").refused(404, "notFound");
}
