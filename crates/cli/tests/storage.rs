//! The small Google Cloud Storage, driven by Google's own library, gcsfs and pandas, in clients and in jobs.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use caddis_testkit::{World, wait_for};
use common::CADDIS;
use common::space::Space;
use rustix::process::Signal;
use serde_json::Value;

/// The clients in an environment of their own; says where its interpreter is.
const CLIENTS: &str = "\
# /// script
# dependencies = [\"google-cloud-storage==3.17.1\", \"google-resumable-media==2.11.0\", \"gcsfs==2026.10.1\", \"pandas==3.1.1\", \"pyarrow\", \"requests\"]
# ///
import sys
print(sys.executable)
";

/// A job whose script and workers read and write `gs://` paths.
const JOB: &str = "\
# /// script
# dependencies = [\"gcsfs==2026.10.1\", \"pandas==3.1.1\", \"pyarrow\", \"dask[dataframe]\"]
# ///
import dask.dataframe as dd
import gcsfs
import pandas as pd
from dask.distributed import Client

client = Client()
gcsfs.GCSFileSystem().mkdir('team-job')
frame = pd.DataFrame({'k': ['a', 'b', 'a', 'c'], 'v': [1, 2, 3, 4]})
frame.to_csv('gs://team-job/in.csv', index=False)
read = lambda: len(pd.read_csv('gs://team-job/in.csv'))
print('a worker read', client.submit(read).result(), 'rows, the scheduler', client.run_on_scheduler(read))
dd.read_csv('gs://team-job/in.csv').repartition(npartitions=2).to_parquet('gs://team-job/out')
print('dask read', int(dd.read_parquet('gs://team-job/out').v.sum().compute()))
";

/// A job on Dataproc's face: with the standard library alone, its script and a worker reach the store.
const BARE_JOB: &str = "\
import json, os, ssl, urllib.request
from dask.distributed import Client

def buckets():
    with urllib.request.urlopen(os.environ['STORAGE_EMULATOR_HOST'] + '/storage/v1/b') as said:
        return [bucket['name'] for bucket in json.load(said).get('items', [])]

# Beside the two that a cluster's making makes.
assert buckets() == Client().submit(buckets).result(), buckets()
assert sorted(name.split('-us-')[0] for name in buckets()) == ['dataproc-staging', 'dataproc-temp', 'team-jobs'], buckets()
";

fn interpreter(world: &World) -> String {
    let script = world.file("clients.py", CLIENTS);
    let run = world.run(&["run", "--quiet", "--workers", "1", script.to_str().unwrap()]).expect(0);
    run.stdout().trim().to_owned()
}

fn settings(world: &World) -> Vec<(String, String)> {
    let said: Value = world.run(&["env", "python", "--json"]).expect(0).json();
    let said = said.as_object().unwrap();
    said.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}

/// A client in an environment that holds nothing but what it is led by.
fn client(world: &World, python: &str, program: &str, arguments: &[&str]) -> Command {
    let path = format!("{}/tests/programs/{program}", env!("CARGO_MANIFEST_DIR"));
    let copy = world.file(program, &std::fs::read_to_string(path).unwrap());
    let mut command = Command::new(python);
    command.arg(copy).args(arguments).env_clear().env("PATH", std::env::var("PATH").unwrap()).env("HOME", world.work());
    command.envs(settings(world)).current_dir(world.work()).stdin(Stdio::null());
    command
}

#[track_caller]
fn says(mut command: Command, words: &[&str]) {
    let output = command.output().expect("start the client");
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{errors}");
    assert_eq!(said.lines().collect::<Vec<_>>(), words, "{errors}");
}

fn setting(world: &World, wanted: &str) -> String {
    settings(world).into_iter().find(|(name, _)| name == wanted).expect(wanted).1
}

#[test]
fn googles_python_library() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    let words = ["buckets", "uploads", "ranges", "lists", "preconditions", "copies", "names", "batches", "tokens", "gone"];
    says(client(&world, &python, "storage_library.py", &[]), &words);
    assert!(!world.server_log().contains(&setting(&world, "STORAGE_EMULATOR_HOST")), "the secret is in no log");
    assert!(!world.server_log().contains(" ERROR "), "{}", world.server_log());
    world.assert_nothing_left();
}

#[test]
fn gcsfs_and_pandas() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    says(client(&world, &python, "storage_files.py", &[]), &["pipes", "files", "names", "frames", "gone"]);
    world.assert_nothing_left();
}

#[test]
fn an_upload_outlives_cut_connections_and_a_killed_server() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    let uploads = world.home().join("google/storage/uploads").display().to_string();
    let mut command = client(&world, &python, "storage_resume.py", &[&uploads]);
    let mut client = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("start the client");
    let mut said = BufReader::new(client.stdout.take().unwrap()).lines();
    assert_eq!(said.next().expect("a word").expect("a word"), "paused");
    world.server().expect("a server").kill(Signal::KILL);
    wait_for("the end of the server", || world.server().is_none().then_some(()));
    settings(&world);
    client.stdin.take().unwrap().write_all(b"go on\n").expect("told to go on");
    assert_eq!(said.next().expect("a word").expect("a word"), "finished");
    assert!(client.wait().expect("its end").success());
    world.assert_nothing_left();
}

#[test]
fn strangers_get_nothing_and_nothing_breaks() {
    let world = World::building(CADDIS);
    let endpoint = setting(&world, "STORAGE_EMULATOR_HOST");
    let port = endpoint.split('/').nth(2).and_then(|host| host.rsplit(':').next()).unwrap().to_owned();
    let command = client(&world, "python3", "storage_stranger.py", &[&port, &endpoint]);
    says(command, &["strangers get nothing", "nothing breaks"]);
    let log = world.server_log();
    assert!(!log.contains("panicked") && !log.contains(" ERROR "), "{log}");
}

#[test]
fn a_full_disk_refuses_and_keeps_nothing_half_written() {
    let world = World::bare(CADDIS);
    let storage = world.home().join("google/storage").display().to_string();
    let google = world.home().join("google").display().to_string();
    let mounts = format!("mkdir -m 700 {google} {storage}\nmount -t tmpfs -o size=2m,mode=700 tmpfs {storage}");
    let Some(space) = Space::new(&mounts) else { return };
    space.run(&world, &["env", "python"]).expect(0);
    let arguments = ["STORAGE_EMULATOR_HOST", "REQUESTS_CA_BUNDLE"].map(|name| setting(&world, name));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    says(client(&world, "python3", "storage_full.py", &arguments), &["uploads", "kept", "room again"]);
    let left = space.shell(&format!("find {storage} -type f -size +0 ! -name '*.json'")).expect(0).stdout();
    assert_eq!(left, "", "nothing half-written is left");
    assert!(!world.server_log().contains("panicked"), "{}", world.server_log());
}

#[test]
fn jobs_read_and_write_gs_paths() {
    let world = World::building(CADDIS);
    let script = world.file("job.py", JOB).display().to_string();
    let variables: Vec<String> = settings(&world).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut arguments = vec!["run", "--quiet", "--workers", "2", "--memory", "800MiB"];
    arguments.extend(variables.iter().flat_map(|variable| ["-e", variable.as_str()]));
    arguments.push(&script);
    let run = world.run(&arguments).expect(0);
    assert_eq!(run.stdout(), "a worker read 4 rows, the scheduler 4\ndask read 10\n", "{}", run.stderr());
    world.assert_nothing_left();
}

#[test]
fn jobs_of_the_dataproc_face_reach_the_store() {
    let world = World::building(CADDIS);
    let script = world.file("bare.py", BARE_JOB).display().to_string();
    let gcloud = world.run(&["env", "gcloud", "--json"]).expect(0).json();
    let (api, token) = (&gcloud["CLOUDSDK_API_ENDPOINT_OVERRIDES_DATAPROC"], &gcloud["CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"]);
    let arguments = [api.as_str().unwrap(), token.as_str().unwrap(), &script];
    says(client(&world, "python3", "storage_dataproc.py", &arguments), &["the job saw the store"]);
    world.assert_nothing_left();
}
