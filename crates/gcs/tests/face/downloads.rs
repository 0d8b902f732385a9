//! Reading objects.

use serde_json::json;

use crate::rig::Rig;

#[test]
fn metadata_is_as_googles() {
    let rig = Rig::new();
    let made = rig.put("folder/näme", b"123456789");
    let path = "/storage/v1/b/team-data/o/folder%2Fn%C3%A4me";
    assert_eq!(rig.get(path).expect(200).json(), made);
    let wanted = json!({"kind": "storage#object", "name": "folder/näme", "bucket": "team-data", "size": "9", "contentType": "text/plain",
        "metageneration": "1", "md5Hash": "JfnnlDI7RTiF9RgfG2JNCw==", "crc32c": "4waSgw==", "storageClass": "STANDARD"});
    for (name, value) in wanted.as_object().expect("an object") {
        assert_eq!(&made[name], value, "{name}");
    }
    let generation = made["generation"].as_str().expect("a generation");
    assert_eq!(made["id"], format!("team-data/folder/näme/{generation}"));
    assert!(made["timeCreated"].as_str().expect("a time").ends_with('Z') && made["timeCreated"].as_str().map(str::len) == Some(24), "{made}");
    let link = made["mediaLink"].as_str().and_then(|link| link.strip_prefix("https://localhost:443")).expect("a link");
    assert_eq!(rig.get(link).expect(200).body, b"123456789");
    assert_eq!(rig.get(&format!("{path}?fields=size,name")).json(), json!({"size": "9", "name": "folder/näme"}));
    rig.get(&format!("{path}?fields=((")).refused(400, "invalidParameter");
    rig.get("/storage/v1/b/team-data/o/none").refused(404, "notFound");
    rig.get("/storage/v1/b/none/o/none").refused(404, "notFound");
    rig.get(&format!("{path}?generation=1")).refused(404, "notFound");
    rig.get(&format!("{path}?generation=x")).refused(400, "invalidParameter");
}

#[test]
fn ranges_and_their_headers() {
    let rig = Rig::new();
    let made = rig.put("a", b"0123456789");
    let path = "/download/storage/v1/b/team-data/o/a?alt=media";
    let all = rig.get(path).expect(200);
    assert_eq!((all.header("content-length"), all.header("content-type"), all.header("accept-ranges")), ("10", "text/plain", "bytes"));
    assert_eq!(all.header("x-goog-generation"), made["generation"].as_str().expect("a generation"));
    assert_eq!(all.header("x-goog-hash"), format!("crc32c={},md5={}", made["crc32c"].as_str().unwrap(), made["md5Hash"].as_str().unwrap()));
    for (range, bytes, said) in [("bytes=2-4", &b"234"[..], "bytes 2-4/10"), ("bytes=7-", b"789", "bytes 7-9/10"), ("bytes=-2", b"89", "bytes 8-9/10")] {
        let part = rig.ann("GET", path, &[("range", range)], b"").expect(206);
        assert_eq!((part.body.as_slice(), part.header("content-range")), (bytes, said));
    }
    let beyond = rig.ann("GET", path, &[("range", "bytes=10-")], b"");
    assert_eq!(beyond.header("content-range"), "bytes */10");
    beyond.refused(416, "requestedRangeNotSatisfiable");
    rig.put("empty", b"");
    assert_eq!(rig.get("/storage/v1/b/team-data/o/empty?alt=media").expect(200).header("content-length"), "0");
    let etag = made["etag"].as_str().expect("an etag");
    assert_eq!(rig.ann("GET", path, &[("if-none-match", etag)], b"").status, 304);
    rig.ann("GET", path, &[("if-match", "\"other\"")], b"").refused(412, "conditionNotMet");
}

#[test]
fn more_than_a_block_comes_whole_and_what_owners_say_breaks_no_header() {
    let rig = Rig::new();
    let large: Vec<u8> = (0..1_000_003_u32).map(|number| (number % 251) as u8).collect();
    rig.put("large", &large);
    assert_eq!(rig.get("/storage/v1/b/team-data/o/large?alt=media").expect(200).body, large);
    let part = rig.ann("GET", "/storage/v1/b/team-data/o/large?alt=media", &[("range", "bytes=262143-600000")], b"").expect(206);
    assert_eq!(part.body, large[262_143..=600_000]);
    let strange = r#"{"contentType": "text/plain\r\nset-cookie: a=b", "cacheControl": "ä\u0000", "metadata": {"a\r\nb": "c\nd", "": "x"}}"#;
    rig.ann("PATCH", "/storage/v1/b/team-data/o/large", &[], strange.as_bytes()).expect(200);
    let said = rig.get("/storage/v1/b/team-data/o/large?alt=media").expect(200);
    assert!(!said.headers.contains_key("set-cookie"));
}
