//! `caddis env`: what it prints for each client, and that shells, python-dotenv and Docker read the same out of it.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use caddis_testkit::{World, interpreters, skip};
use common::CADDIS;
use insta::assert_snapshot;
use serde_json::Value;

const CLIENTS: [&str; 4] = ["airflow", "gcloud", "python", "terraform"];
/// As people name folders, to a shell's sorrow.
const ODD: &str = "it's \"my\" state";
/// The same without what a file for Docker cannot say.
const SPACED: &str = "it's my state";

/// What it prints in a state folder of its own below the world's.
fn said(world: &World, home: &Path, client: &str, more: &[&str]) -> String {
    let home = home.to_str().unwrap();
    world.run(&[&["--home", home, "env", client], more].concat()).expect(0).stdout()
}

fn settings(world: &World, home: &Path, client: &str) -> Value {
    serde_json::from_str(&said(world, home, client, &["--json"])).expect("JSON")
}

fn home(world: &World, name: &str) -> PathBuf {
    world.home().join(name)
}

/// The text without what is different in every folder: its path, the ports, and the words that nobody may know.
fn steady(world: &World, text: &str) -> String {
    let mut text = text.to_owned();
    for (file, name) in [("token", "TOKEN"), ("storage-secret", "SECRET")] {
        let word = std::fs::read_to_string(world.home().join("google").join(file)).expect(file);
        text = text.replace(word.trim(), name);
    }
    text = text.replace(world.home().to_str().unwrap(), "HOME");
    let python = settings(world, world.home(), "python");
    let gcloud = settings(world, world.home(), "gcloud");
    for (url, name) in [(&python["grpc_proxy"], "PROXY_PORT"), (&gcloud["CLOUDSDK_API_ENDPOINT_OVERRIDES_DATAPROC"], "API_PORT")] {
        let port = url.as_str().unwrap().trim_end_matches('/').rsplit(':').next().unwrap();
        text = text.replace(port, name);
    }
    text
}

#[test]
fn what_is_printed() {
    let world = World::bare(CADDIS);
    for client in CLIENTS {
        for (form, more) in [("shell", &[][..]), ("json", &["--json"]), ("dotenv", &["--dotenv"])] {
            let text = steady(&world, &said(&world, world.home(), client, more));
            assert_snapshot!(format!("{client}_{form}"), text);
        }
        // As every other command has it.
        let both = ["--json", "-ojson"].map(|form| said(&world, world.home(), client, &[form]));
        assert_eq!(both[0], both[1]);
    }
    let chosen = said(&world, world.home(), "terraform", &["--project", "mine", "--region", "europe-west4"]);
    assert_snapshot!("terraform_chosen", steady(&world, &chosen));
}

/// Prints its environment as JSON.
const TELL: &str = "import json, os; print(json.dumps(dict(os.environ)))";

#[test]
fn shells_read_what_was_meant() {
    let world = World::bare(CADDIS);
    let home = home(&world, ODD);
    let (_, python) = interpreters().into_iter().next().expect("a Python");
    for shell in ["bash", "dash"] {
        if Command::new(shell).args(["-c", ":"]).output().is_err() {
            skip(shell, "it is not installed");
            continue;
        }
        for client in CLIENTS {
            let line = format!("set -eu; eval \"$(\"$CADDIS\" --home \"$STATE\" env {client})\"; exec \"$PYTHON\" -c '{TELL}'");
            let mut command = Command::new(shell);
            command.args(["-c", &line]).env("CADDIS", CADDIS).env("STATE", &home).env("PYTHON", &python);
            let output = command.current_dir(world.work()).stdin(Stdio::null()).output().expect("start a shell");
            assert!(output.status.success(), "{shell}, {client}: {}", String::from_utf8_lossy(&output.stderr));
            let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
            same(&settings(&world, &home, client), &found, &format!("{shell}, {client}"));
        }
    }
}

/// Every setting is found with its value.
#[track_caller]
fn same(meant: &Value, found: &Value, reader: &str) {
    let meant = meant.as_object().expect("settings");
    assert!(meant.len() > 4, "{meant:?}");
    for (name, value) in meant {
        assert_eq!(&found[name], value, "{name} as {reader} reads it");
    }
}

/// What python-dotenv reads, in an environment of its own.
const READ: &str = "\
# /// script
# dependencies = [\"python-dotenv==1.2.4\"]
# ///
import json, sys
import dotenv
print(json.dumps({path: dotenv.dotenv_values(path) for path in sys.argv[1:]}))
";

#[test]
fn python_dotenv_reads_what_was_meant() {
    let world = World::building(CADDIS);
    let script = world.file("read.py", READ).display().to_string();
    let homes = [ODD, SPACED, "a # comment", "of $HOME\\n`x`"].map(|name| home(&world, name));
    let mut files = Vec::new();
    for (number, home) in homes.iter().enumerate() {
        for client in CLIENTS {
            let text = said(&world, home, client, &["--dotenv"]);
            files.push((world.file(&format!("{client}-{number}.env"), &text).display().to_string(), home, client));
        }
    }
    let mut arguments = vec!["run", "--quiet", "--workers", "1", &script];
    arguments.extend(files.iter().map(|(path, ..)| path.as_str()));
    let read = world.run(&arguments).expect(0).json();
    for (path, home, client) in &files {
        let meant = settings(&world, home, client);
        same(&meant, &read[path], path);
        assert_eq!(read[path].as_object().map(serde_json::Map::len), meant.as_object().map(serde_json::Map::len), "{path}");
    }
}

/// A Docker daemon that knows nothing but what it was asked to make: prints the environment of the container.
const DAEMON: &str = r#"
import json, subprocess, sys, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
asked = []
class Daemon(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def do_HEAD(self): self.say({})
    def do_GET(self): self.say({"ApiVersion": "1.44", "Version": "1"})
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "/containers/create" in self.path:
            asked.append(json.loads(body)["Env"])
        self.say({"Id": "x", "Warnings": []}, 201)
    def say(self, value, code=200):
        text = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Api-Version", "1.44")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)
daemon = HTTPServer(("127.0.0.1", 0), Daemon)
threading.Thread(target=daemon.serve_forever, daemon=True).start()
subprocess.run(["docker", "-H", f"tcp://127.0.0.1:{daemon.server_port}", "create", "--pull", "never", "--env-file", sys.argv[1], "image"],
               check=True, stdout=subprocess.DEVNULL)
print(json.dumps(dict(pair.split("=", 1) for pair in asked[0])))
"#;

#[test]
fn docker_reads_what_was_meant() {
    let world = World::bare(CADDIS);
    let home = home(&world, SPACED);
    if Command::new("docker").arg("--version").output().is_err() {
        return skip("docker", "it is not installed");
    }
    let (_, python) = interpreters().into_iter().next().expect("a Python");
    for client in CLIENTS {
        let file = world.file(&format!("{client}.env"), &said(&world, &home, client, &["--dotenv"]));
        let mut command = Command::new(&python);
        command.args(["-c", DAEMON]).arg(file).env("HOME", world.work()).stdin(Stdio::null());
        let output = command.output().expect("start Python");
        assert!(output.status.success(), "{client}: {}", String::from_utf8_lossy(&output.stderr));
        same(&settings(&world, &home, client), &serde_json::from_slice(&output.stdout).expect("JSON"), &format!("docker, {client}"));
    }
}
