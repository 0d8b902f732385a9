//! Google's own clients: where they come from, and how they are led here.

use std::process::{Command, Stdio};

use caddis_testkit::World;
use serde_json::Value;

/// Google's library in an environment of its own; says where its interpreter is.
const LIBRARY: &str = "\
# /// script
# dependencies = [\"google-cloud-dataproc==5.32.0\", \"requests\"]
# ///
import sys
print(sys.executable)
";

/// The interpreter of an environment with Google's library.
pub fn interpreter(world: &World) -> String {
    let script = world.file("library.py", LIBRARY);
    let run = world.run(&["run", "--quiet", "--workers", "1", script.to_str().unwrap()]).expect(0);
    run.stdout().trim().to_owned()
}

/// What `caddis env` says for this client.
pub fn settings(world: &World, client: &str) -> Value {
    world.run(&["env", client, "--json"]).expect(0).json()
}

/// The ports of the API and of the proxy, and the file with the authorities.
pub fn ways_in(world: &World) -> (String, String, String) {
    let (gcloud, grpc) = (settings(world, "gcloud"), settings(world, "python"));
    let last = |text: &Value| text.as_str().unwrap().trim_end_matches('/').rsplit(':').next().unwrap().to_owned();
    let roots = grpc["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"].as_str().unwrap().to_owned();
    (last(&gcloud["CLOUDSDK_API_ENDPOINT_OVERRIDES_DATAPROC"]), last(&grpc["grpc_proxy"]), roots)
}

/// A program of `tests/programs` in an environment that holds nothing but what it is led by.
pub fn client(world: &World, python: &str, program: &str, arguments: &[&str]) -> Command {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs");
    for name in ["google_steps.py", program] {
        world.file(name, &std::fs::read_to_string(format!("{folder}/{name}")).unwrap());
    }
    let mut command = Command::new(python);
    command.arg(world.work().join(program)).args(arguments);
    command.env_clear().env("PATH", std::env::var("PATH").unwrap()).env("HOME", world.work());
    for (name, value) in settings(world, "python").as_object().unwrap() {
        command.env(name, value.as_str().unwrap());
    }
    command.current_dir(world.work()).stdin(Stdio::null());
    command
}

/// The same over REST: such programs are told the port.
pub fn rest_client(world: &World, python: &str, program: &str) -> Command {
    let endpoint = settings(world, "gcloud")["CLOUDSDK_API_ENDPOINT_OVERRIDES_DATAPROC"].as_str().unwrap().to_owned();
    let port = endpoint.trim_end_matches('/').rsplit(':').next().unwrap().to_owned();
    let mut command = client(world, python, program, &["rest", &port]);
    let roots = settings(world, "python")["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"].as_str().unwrap().to_owned();
    command.env("REQUESTS_CA_BUNDLE", roots);
    command
}

/// Runs a program that must end well; it says exactly this.
#[track_caller]
pub fn says(mut command: Command, expected: &str) {
    let output = command.output().expect("start the client");
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{errors}");
    assert_eq!(said, expected, "{errors}");
}
