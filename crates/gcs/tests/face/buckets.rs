//! Buckets.

use serde_json::json;

use crate::rig::Rig;

#[test]
fn a_bucket_is_made_found_changed_and_removed() {
    let rig = Rig::new();
    let made = rig.post("/storage/v1/b?project=p", r#"{"name": "one-more", "location": "us-central1", "labels": {"a": "1"}, "storageClass": "NEARLINE"}"#);
    let made = made.expect(200).json();
    assert_eq!((&made["kind"], &made["location"], &made["locationType"]), (&json!("storage#bucket"), &json!("US-CENTRAL1"), &json!("region")));
    assert_eq!((&made["metageneration"], &made["labels"]["a"], &made["storageClass"]), (&json!("1"), &json!("1"), &json!("NEARLINE")));
    rig.post("/storage/v1/b", r#"{"name": "one-more"}"#).refused(409, "conflict");
    let path = "/storage/v1/b/one-more";
    let patched = rig.ann("PATCH", path, &[], br#"{"labels": {"a": null, "b": "2"}, "name": "other"}"#).expect(200).json();
    assert_eq!((&patched["labels"], &patched["metageneration"], &patched["name"]), (&json!({"b": "2"}), &json!("2"), &json!("one-more")));
    rig.ann("PATCH", &format!("{path}?ifMetagenerationMatch=1"), &[], b"{}").refused(412, "conditionNotMet");
    rig.ann("PATCH", path, &[], br#"{"location": "EU"}"#).refused(400, "invalid");
    assert_eq!(rig.get(&format!("{path}?ifMetagenerationNotMatch=2")).status, 304);
    let layout = rig.get(&format!("{path}/storageLayout")).expect(200).json();
    assert_eq!(layout["hierarchicalNamespace"]["enabled"], false);
    rig.ann("DELETE", path, &[], b"").expect(204);
    rig.get(path).refused(404, "notFound");
    rig.put("a", b"");
    rig.ann("DELETE", "/storage/v1/b/team-data", &[], b"").refused(409, "conflict");
}

#[test]
fn lists_come_in_pages() {
    let rig = Rig::new();
    for name in ["aaa", "bbb", "ccc"] {
        rig.post("/storage/v1/b?project=q", &format!(r#"{{"name": "{name}"}}"#)).expect(200);
    }
    let first = rig.get("/storage/v1/b?project=q&maxResults=2").expect(200).json();
    assert_eq!(first["items"].as_array().map(Vec::len), Some(2));
    let token = first["nextPageToken"].as_str().expect("another page");
    let second = rig.get(&format!("/storage/v1/b?project=q&maxResults=2&pageToken={token}")).expect(200).json();
    assert_eq!((second["items"].as_array().map(Vec::len), &second["items"][0]["name"], second.get("nextPageToken")), (Some(1), &json!("ccc"), None));
    assert_eq!(rig.get("/storage/v1/b?project=p").json()["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(rig.get("/storage/v1/b").json()["items"].as_array().map(Vec::len), Some(4));
    assert_eq!(rig.get("/storage/v1/b?prefix=b&fields=items/name").json(), json!({"items": [{"name": "bbb"}]}));
}

#[test]
fn what_is_not_served_is_refused() {
    let rig = Rig::new();
    for body in [
        r#"{"name": "abc", "versioning": {"enabled": true}}"#,
        r#"{"name": "abc", "hierarchicalNamespace": {"enabled": true}}"#,
        r#"{"name": "abc", "retentionPolicy": {"retentionPeriod": "3"}}"#,
        r#"{"name": "abc", "lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"aeg": 3}}]}}"#,
        r#"{"name": "abc", "labels": {"a": 3}}"#,
        r#"{"name": "abc", "location": 3}"#,
        r#"{"name": "Abc"}"#,
        r#"{"name": 3}"#,
    ] {
        rig.post("/storage/v1/b", body).refused(400, "invalid");
    }
    rig.post("/storage/v1/b", "{}").refused(400, "required");
    rig.post("/storage/v1/b", "[1]").refused(400, "parseError");
    for path in ["/storage/v1/b/team-data/acl", "/storage/v1/b/team-data/notificationConfigs", "/storage/v2/b", "/storage/v1/"] {
        rig.get(path).refused(404, "notFound");
    }
}

#[test]
fn lifecycle_rules_are_kept_and_honoured() {
    let rig = Rig::new();
    let rules = r#"{"lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 3, "matchesPrefix": ["tmp/"]}}]}}"#;
    let patched = rig.ann("PATCH", "/storage/v1/b/team-data", &[], rules.as_bytes()).expect(200).json();
    assert_eq!(patched["lifecycle"]["rule"][0]["condition"]["age"], 3);
    rig.put("tmp/a", b"");
    rig.put("kept/a", b"");
    let day = std::time::Duration::from_secs(86_400);
    assert_eq!(rig.store.expire(None, crate::rig::NOW + day * 2).expect("looked at"), 0);
    assert_eq!(rig.store.expire(None, crate::rig::NOW + day * 4).expect("looked at"), 1);
    rig.get("/storage/v1/b/team-data/o/kept%2Fa").expect(200);
    rig.get("/storage/v1/b/team-data/o/tmp%2Fa").refused(404, "notFound");
}
