//! What waits for the pool says so over the Dataproc face, in the words of `caddis why`.

mod common;

use caddis_testkit::{World, wait_for};
use common::CADDIS;
use common::asking::Asking;
use serde_json::{Value, json};

const TWO: &str = r#"{"projectId": "p", "clusterName": "two", "config": {"workerConfig": {"numInstances": 2}}}"#;
/// A detail of a status, or of an operation's.
const DETAILS: [&str; 2] = ["detail", "details"];

/// The sentence of the first reason.
fn why(world: &World, subject: &str) -> String {
    let why = world.run(&["why", subject, "-o", "json"]).expect(0).json();
    why["reasons"][0]["sentence"].as_str().expect("a sentence").to_owned()
}

/// No state that is over has anything to say.
#[track_caller]
fn says_nothing_of_before(history: &Value, states: &[&str]) {
    let history = history.as_array().expect("a history");
    assert_eq!(history.iter().map(|one| one["state"].as_str().unwrap()).collect::<Vec<_>>(), states);
    for one in history {
        assert!(DETAILS.iter().all(|name| one.get(name).is_none()), "{one}");
    }
}

#[test]
fn a_cluster_its_operation_and_its_jobs_say_that_they_wait_for_the_pool() {
    let world = World::building(CADDIS);
    std::fs::write(world.home().join("caddis.toml"), "[pool]\nmemory = \"3GiB\"\n").unwrap();
    let asking = Asking::new(&world);
    asking.cluster("one", "{}");
    let created = asking.ask("POST", "clusters", TWO);
    let operation = created["name"].as_str().unwrap().rsplit_once("/operations/").unwrap().1;
    let operation = format!("operations/{operation}");
    asking.submit("two", "waits", &format!("file://{}", world.file("ends.py", "").display()));

    let sentence = wait_for("the reason of the cluster", || {
        let two = asking.ask("GET", "clusters/two", "");
        assert_eq!(two["status"]["state"], "CREATING", "{two}");
        assert!(two.get("statusHistory").is_none(), "{two}");
        two["status"]["detail"].as_str().filter(|detail| detail.contains("of the pool's 3 GiB are free")).map(str::to_owned)
    });
    assert!(sentence.starts_with("its first workers need 2 GiB"), "{sentence}");
    assert_eq!(sentence, why(&world, "two"));
    let goes_on = asking.ask("GET", &operation, "");
    assert_eq!(goes_on["metadata"]["status"]["state"], "RUNNING", "{goes_on}");
    assert_eq!(goes_on["metadata"]["status"]["details"], json!(sentence), "{goes_on}");
    says_nothing_of_before(&goes_on["metadata"]["statusHistory"], &["PENDING"]);
    let job = wait_for("the reason of the job", || {
        let job = asking.ask("GET", "jobs/waits", "");
        assert_eq!(job["status"]["state"], "PENDING", "{job}");
        job["status"]["details"].as_str().filter(|details| details.ends_with(&sentence)).map(str::to_owned)
    });
    assert!(job.starts_with("its cluster `cl_"), "{job}");
    // Of many at once nobody is told: a list must not ask the pool for each.
    let listed = asking.ask("GET", "clusters", "");
    assert!(listed["clusters"].as_array().unwrap().iter().all(|one| one["status"].get("detail").is_none()), "{listed}");

    asking.ask("DELETE", "clusters/one", "");
    let two = wait_for("the second cluster", || {
        Some(asking.ask("GET", "clusters/two", "")).filter(|two| two["status"]["state"] == "RUNNING")
    });
    assert!(two["status"].get("detail").is_none(), "{two}");
    says_nothing_of_before(&two["statusHistory"], &["CREATING"]);
    let done = asking.ask("GET", &operation, "");
    assert!(done["metadata"]["status"].get("details").is_none(), "{done}");
    says_nothing_of_before(&done["metadata"]["statusHistory"], &["PENDING", "RUNNING"]);
    let over = asking.over("waits");
    assert_eq!((&over["status"]["state"], over["status"].get("details")), (&json!("DONE"), None), "{over}");
    asking.ask("DELETE", "clusters/two", "");
    world.assert_nothing_left();
}
