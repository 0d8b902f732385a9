//! Requests that are wrong in every way: never a failure of ours, never a panic, and no name becomes a path.

use std::fs;

use proptest::prelude::*;

use crate::rig::Rig;

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("team-data".to_owned()), Just("a".to_owned()), Just("..".to_owned()), Just(String::new()), Just("%2e%2e%2f".to_owned()),
        Just("%00".to_owned()), Just("%FF%FE".to_owned()), Just("b".to_owned()), Just("o".to_owned()), "[a-z%0-9.]{0,12}",
        "[a-z]{1,3}".prop_map(|text| text.repeat(700)),
    ]
}

fn path() -> impl Strategy<Value = String> {
    let verb = prop_oneof![
        Just(""), Just("/compose"), Just("/copyTo/b/team-data/o/x"), Just("/rewriteTo/b/team-data/o/x"), Just("/moveTo/o/x"), Just("/acl"),
    ];
    let objects = (word(), word(), verb).prop_map(|(bucket, name, verb)| format!("/storage/v1/b/{bucket}/o/{name}{verb}"));
    let uploads = word().prop_map(|bucket| format!("/upload/storage/v1/b/{bucket}/o"));
    let others = prop_oneof![
        Just("/storage/v1/b".to_owned()), Just("/batch".to_owned()), Just("/storage/v1/b/team-data/o".to_owned()),
        Just("/storage/v1/b/team-data".to_owned()), Just("/emulator/s3cret/team-data/a".to_owned()), Just("/storage/v1/".to_owned()),
    ];
    prop_oneof![objects, uploads, others]
}

fn query() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        Just("uploadType"), Just("name"), Just("alt"), Just("generation"), Just("ifGenerationMatch"), Just("maxResults"), Just("fields"),
        Just("pageToken"), Just("delimiter"), Just("prefix"), Just("matchGlob"), Just("upload_id"), Just("ifSourceGenerationMatch"),
    ];
    let value = prop_oneof![
        Just("media".to_owned()), Just("multipart".to_owned()), Just("resumable".to_owned()), Just("0".to_owned()), Just("-1".to_owned()),
        Just("9223372036854775808".to_owned()), Just("%FF".to_owned()), "[a-z*(){}/,\\[\\]%0-9]{0,20}",
    ];
    proptest::collection::vec((name, value).prop_map(|(name, value)| format!("{name}={value}")), 0..4).prop_map(|pairs| pairs.join("&"))
}

fn headers() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let header = prop_oneof![
        ("[a-z=,0-9 -]{0,20}").prop_map(|value| ("range", value)),
        prop_oneof![Just("bytes=0-18446744073709551615".to_owned()), Just("bytes=-1".to_owned()), Just("bytes=5-1".to_owned())].prop_map(|value| ("range", value)),
        prop_oneof![Just("bytes 0-3/2".to_owned()), Just("bytes */*".to_owned()), Just("bytes 0-18446744073709551614/18446744073709551615".to_owned())]
            .prop_map(|value| ("content-range", value)),
        prop_oneof![Just("multipart/related; boundary=x".to_owned()), Just("multipart/mixed; boundary=x".to_owned()), Just("multipart/; boundary=".to_owned())]
            .prop_map(|value| ("content-type", value)),
        Just(("x-upload-content-length", "18446744073709551616".to_owned())),
        Just(("x-goog-hash", "crc32c=,md5==,=".to_owned())),
        Just(("if-none-match", "*".to_owned())),
    ];
    proptest::collection::vec(header, 0..3)
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let json = prop_oneof![
        Just(r#"{"name": {"a": 1}}"#), Just(r#"{"name": null, "metadata": [1]}"#), Just(r#"{"sourceObjects": [null]}"#), Just("[[[[[["),
        Just(r#"{"lifecycle": {"rule": {"action": 1}}}"#), Just(r#"{"labels": [], "versioning": 3}"#), Just(r#"{"name": "x", "customTime": {}}"#),
    ].prop_map(|text| text.as_bytes().to_vec());
    let parts = Just(b"--x\r\nContent-Type: application/json\r\n\r\n{\"name\": 1}\r\n--x\r\n\r\nabc\r\n--x--".to_vec());
    let batch = Just(b"--x\r\n\r\nGET /storage/v1/b/%FF/o/../x HTTP/9\r\n\r\n--x\r\n\r\n\xff\xfe\r\n--x--".to_vec());
    let deep = Just([b"{\"a\":".repeat(5000), b"1".to_vec()].concat());
    let cut = (prop_oneof![parts.clone().boxed(), batch.clone().boxed()], any::<prop::sample::Index>())
        .prop_map(|(body, at)| body[..at.index(body.len())].to_vec());
    prop_oneof![json, parts, batch, deep, cut, proptest::collection::vec(any::<u8>(), 0..200)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn nothing_wrong_is_our_fault(
        requests in proptest::collection::vec((prop_oneof![Just("GET"), Just("POST"), Just("PUT"), Just("PATCH"), Just("DELETE"), Just("HEAD"), Just("BREW")],
            path(), query(), headers(), body()), 20)
    ) {
        let rig = Rig::new();
        rig.put("a", b"0123456789");
        for (method, path, query, headers, body) in &requests {
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let address = format!("{path}?{query}");
            if address.parse::<http::Uri>().is_err() {
                continue;
            }
            let said = rig.ann(method, &address, &headers, body);
            prop_assert!(said.status < 500, "{} {}: {:?}", method, address, said);
        }
        let outside = fs::read_dir(rig.folder.path()).expect("a folder").count();
        prop_assert_eq!(outside, 1);
    }
}
