//! The Dataproc face over REST, asked with nothing but Python's standard library.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use caddis_testkit::{World, interpreters, wait_for, wait_within};
use serde_json::{Value, json};

use super::google::settings;

/// Prints the status and the answer.
const ASK: &str = "import json, ssl, sys, urllib.error, urllib.request as u\n\
    base, roots, token, verb, path, body = sys.argv[1:]\n\
    request = u.Request(base + path, body.encode() or None, {'Authorization': 'Bearer ' + open(token).read().strip()}, method=verb)\n\
    try: answer = u.urlopen(request, context=ssl.create_default_context(cafile=roots))\n\
    except urllib.error.HTTPError as error: answer = error\n\
    print(json.dumps([answer.status, json.load(answer)]))\n";

/// How long a cluster may take where much else runs.
const PATIENCE: Duration = Duration::from_secs(240);

/// Who asks, with the credentials of a world.
pub struct Asking<'w> {
    world: &'w World,
    python: PathBuf,
    arguments: [String; 3],
}

impl Asking<'_> {
    /// Starts a server where there is none.
    pub fn new(world: &World) -> Asking<'_> {
        let gcloud = settings(world, "gcloud");
        let names = ["API_ENDPOINT_OVERRIDES_DATAPROC", "CORE_CUSTOM_CA_CERTS_FILE", "AUTH_ACCESS_TOKEN_FILE"];
        let arguments = names.map(|name| gcloud[&format!("CLOUDSDK_{name}")].as_str().unwrap().to_owned());
        Asking { world, python: interpreters().remove(0).1, arguments }
    }

    /// The status and the answer, whatever they are.
    #[track_caller]
    pub fn answer(&self, verb: &str, path: &str, body: &str) -> (u64, Value) {
        let path = format!("v1/projects/p/regions/us-central1/{path}");
        let mut command = Command::new(&self.python);
        command.args(["-c", ASK]).args(&self.arguments).args([verb, &path, body]);
        let output = command.output().expect("start Python");
        assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stderr), self.world.server_log());
        let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (answer[0].as_u64().expect("a status"), answer[1].clone())
    }

    /// What is answered to a request that is taken.
    #[track_caller]
    pub fn ask(&self, verb: &str, path: &str, body: &str) -> Value {
        let (status, answer) = self.answer(verb, path, body);
        assert_eq!(status, 200, "{verb} {path}: {answer}");
        answer
    }

    /// Makes a cluster of two workers that serves; `lifecycle` is JSON.
    #[track_caller]
    pub fn cluster(&self, name: &str, lifecycle: &str) {
        let lifecycle: Value = serde_json::from_str(lifecycle).expect("JSON");
        let config = json!({"workerConfig": {"numInstances": 2}, "lifecycleConfig": lifecycle});
        self.ask("POST", "clusters", &json!({"projectId": "p", "clusterName": name, "config": config}).to_string());
        let path = format!("clusters/{name}");
        // The first one of a world builds its environment.
        wait_within(PATIENCE, "a running cluster", || (self.ask("GET", &path, "")["status"]["state"] == "RUNNING").then_some(()));
    }

    /// Submits a script to a cluster, under an id.
    #[track_caller]
    pub fn submit(&self, cluster: &str, id: &str, main: &str) -> Value {
        let job = json!({"job": {"reference": {"jobId": id}, "placement": {"clusterName": cluster},
                                 "pysparkJob": {"mainPythonFileUri": main}}});
        self.ask("POST", "jobs:submit", &job.to_string())
    }

    /// The job once it is over.
    #[track_caller]
    pub fn over(&self, id: &str) -> Value {
        let path = format!("jobs/{id}");
        wait_for(&format!("the end of {id}"), || Some(self.ask("GET", &path, "")).filter(|job| job["done"] == true))
    }
}
