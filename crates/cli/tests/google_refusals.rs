//! What the Dataproc face refuses over REST: with Google's words, and the field that they are about.

mod common;

use caddis_testkit::World;
use common::CADDIS;
use common::asking::Asking;
use serde_json::{Value, json};

/// The code's word, the message, and the first field that is named; the message is that of the field, in whole or in part.
#[track_caller]
fn refused(asking: &Asking<'_>, verb: &str, path: &str, body: &str) -> (String, String) {
    let (status, answer) = asking.answer(verb, path, body);
    let error = &answer["error"];
    assert_eq!((status, &error["code"], &error["status"]), (400, &json!(400), &json!("INVALID_ARGUMENT")), "{path} {body}: {answer}");
    let detail = &error["details"][0];
    assert_eq!(detail["@type"], "type.googleapis.com/google.rpc.BadRequest", "{answer}");
    let wrong = &detail["fieldViolations"][0];
    let (message, what) = (error["message"].as_str().unwrap(), wrong["description"].as_str().unwrap());
    assert!(message.contains(what), "{answer}");
    (wrong["field"].as_str().unwrap_or_default().to_owned(), message.to_owned())
}

/// A request for a cluster of this configuration.
fn cluster(config: Value) -> String {
    json!({ "projectId": "p", "clusterName": "c", "config": config }).to_string()
}

#[test]
fn what_cannot_be_read_is_named_in_the_words_of_googles_transcoder() {
    let world = World::building(CADDIS);
    let asking = Asking::new(&world);
    let begin = "Invalid JSON payload received. Unknown name";
    let nope = json!({ "projectId": "p", "clusterName": "c", "nope": 1 }).to_string();
    let ttl = cluster(json!({ "lifecycleConfig": { "idleDeleteTtl": "abc" } }));
    let kind = "type.googleapis.com/google.cloud.dataproc.v1.ListJobsRequest.JobStateMatcher";
    let at = "cluster.config.lifecycle_config.idle_delete_ttl";
    for (verb, path, body, field, message) in [
        ("POST", "clusters", nope.as_str(), "cluster", format!("{begin} \"nope\" at 'cluster': Cannot find field.")),
        (
            "POST",
            "clusters",
            ttl.as_str(),
            at,
            format!(
                "Invalid value at '{at}' (type.googleapis.com/google.protobuf.Duration), Field 'idleDeleteTtl', \
                 Illegal duration format; duration must end with 's'"
            ),
        ),
        ("GET", "jobs?jobStateMatcher=BOGUS", "", "job_state_matcher", format!("Invalid value at 'job_state_matcher' ({kind}), \"BOGUS\"")),
        ("GET", "clusters?pageSize=many", "", "page_size", "Invalid value at 'page_size' (TYPE_INT32), \"many\"".to_owned()),
        (
            "GET",
            "clusters?nope=1",
            "",
            "",
            format!("{begin} \"nope\": Cannot bind query parameter. Field 'nope' could not be found in request message."),
        ),
    ] {
        assert_eq!(refused(&asking, verb, path, body), (field.to_owned(), message), "{path}");
    }
    let (field, message) = refused(&asking, "POST", "clusters", "{");
    assert!(field.is_empty() && message.starts_with("Invalid JSON payload received. "), "{field} {message}");
}

#[test]
fn what_google_does_not_have_is_named_with_its_field() {
    let world = World::building(CADDIS);
    let asking = Asking::new(&world);
    let quota = "Multiple validation errors:\n - Insufficient 'CPUS' quota. Requested 80000.0, available ";
    for (config, field, words) in [
        (json!({ "workerConfig": { "numInstances": 20000 } }), "worker_config.num_instances", quota),
        (json!({ "secondaryWorkerConfig": { "numInstances": 20000 } }), "secondary_worker_config.num_instances", "Insufficient 'CPUS' quota."),
        // More than any arithmetic of workers should have to bear.
        (
            json!({ "workerConfig": { "numInstances": i32::MAX }, "secondaryWorkerConfig": { "numInstances": i32::MAX } }),
            "worker_config.num_instances",
            "Insufficient 'CPUS' quota.",
        ),
        (json!({ "softwareConfig": { "imageVersion": "latest" } }), "software_config.image_version", "`latest` is not an image version"),
        (json!({ "gceClusterConfig": { "zoneUri": "us-central1-zz" } }), "gce_cluster_config.zone_uri", "`us-central1-zz` is not a zone"),
    ] {
        let (named, message) = refused(&asking, "POST", "clusters", &cluster(config));
        assert_eq!(named, format!("cluster.config.{field}"), "{message}");
        assert!(message.contains(words), "{message}");
    }
    // A mistyped filter must not look like a list without anything in it.
    for list in ["clusters", "operations", "jobs"] {
        let (field, message) = refused(&asking, "GET", &format!("{list}?filter=bogus%3D1"), "");
        assert!(field == "filter" && message.contains("`bogus`") && message.contains("labels.KEY"), "{list}: {field} {message}");
    }
    let filter = "status.state%3DACTIVE%20AND%20clusterName%3Dc%20AND%20labels.env%3Dprod";
    assert_eq!(asking.ask("GET", &format!("clusters?filter={filter}"), ""), json!({}));
    // What Google may have next year is taken, with a warning.
    let created = asking.ask("POST", "clusters", &cluster(json!({ "softwareConfig": { "imageVersion": "9.9" } })));
    let warning = created["metadata"]["warnings"][0].as_str().unwrap();
    assert!(warning.starts_with("Image version `9.9` is none that Google had"), "{warning}");
    asking.ask("DELETE", "clusters/c", "");
    world.assert_nothing_left();
}
