//! Jobs that come over the Dataproc face: their files, their lives, and what they write.

mod common;

use std::io::Read;

use caddis_gcs::store::Draft;
use caddis_gcs::Store;
use caddis_testkit::{World, interpreters, wait_for};
use caddis_types::Timestamp;
use common::CADDIS;
use common::asking::Asking;
use common::google::{client, interpreter, rest_client, says};
use rustix::process::Signal;

const WENT_WELL: &str = "files\nspark\nretries\ncancelled\nfreed\nids\nlists\ngone with its cluster\npackages\n";

#[test]
fn jobs_over_grpc() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    says(client(&world, &python, "google_jobs.py", &["grpc"]), WENT_WELL);
    world.assert_nothing_left();
}

#[test]
fn jobs_over_rest() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    says(rest_client(&world, &python, "google_jobs.py"), WENT_WELL);
    world.assert_nothing_left();
}

/// The DAGs' jobs are objects on Composer: the same script, as the DAGs' helper submits it.
#[test]
fn a_job_of_the_dags_runs_from_the_object_store() {
    let world = World::building(CADDIS);
    let python = interpreter(&world);
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let mut command = client(&world, &python, "google_dags.py", &["grpc"]);
    command.env("JOBS", format!("{root}/jobs")).env("PYTHONPATH", format!("{root}/python/caddis/src"));
    says(command, "pi\n");
    world.assert_nothing_left();
}

/// The objects of a world without a server: one process at a time may use them.
fn objects(world: &World) -> Store {
    Store::open(&world.home().join("google/storage")).expect("the object store")
}

/// All bytes of a job's driver output, which must be closed by an empty object.
#[track_caller]
fn told(store: &Store, job: &serde_json::Value) -> Vec<u8> {
    let uri = job["driverOutputResourceUri"].as_str().unwrap().strip_prefix("gs://").unwrap();
    let (bucket, prefix) = uri.split_once('/').unwrap();
    let objects = store.list(bucket, prefix).unwrap();
    let mut bytes = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        assert_eq!(object.name, format!("{prefix}.{index:09}"));
        assert_eq!(object.size == 0, index + 1 == objects.len(), "only the last one is empty: {}", object.name);
        store.read(bucket, &object.name).unwrap().1.read_to_end(&mut bytes).unwrap();
    }
    bytes
}

/// Whether the series of a job is closed: nothing is kept of it any more.
fn wait_until_told(world: &World, job: &serde_json::Value) {
    let uri = job["driverOutputResourceUri"].as_str().unwrap().to_owned();
    let name = uri.rsplit('/').nth(1).unwrap().to_owned();
    wait_for(&format!("the output of {name}"), || {
        let database = world.home().join("state.db");
        let query = format!("SELECT count(*) FROM documents WHERE kind = 'dataproc.output' AND key LIKE '%/{name}/%'");
        let code = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])";
        let output = std::process::Command::new(&interpreters()[0].1).args(["-c", code]).arg(database).arg(query).output().ok()?;
        (output.stdout == b"0\n").then_some(())
    });
}

/// Writes numbered lines to both streams, for as long as it takes to kill a few servers.
const CHATTY: &str = "import os, sys, time\n\
    here = os.path.dirname(os.path.abspath(__file__))\n\
    for number in range(100_000):\n\
    \x20   print('out', number, 'x' * (number % 200), file=sys.stdout, flush=number % 7 == 0)\n\
    \x20   if number % 3 == 0: print('err', number, file=sys.stderr)\n\
    \x20   if number % 1000 == 0: time.sleep(0.05)\n";

#[test]
fn output_is_told_whole_and_once_though_servers_are_killed() {
    let world = World::building(CADDIS);
    let mut asking = Asking::new(&world);
    asking.cluster("out", "{}");
    let main = world.file("chatty.py", CHATTY);
    let job = asking.submit("out", "chatty", &format!("file://{}", main.display()));
    for round in 0..3 {
        let seen = || asking.ask("GET", "jobs/chatty", "")["status"]["state"] != "PENDING";
        wait_for("the job begins", || seen().then_some(()));
        wait_for("some output", || {
            let stdout = glob(&world, "stdout");
            (stdout > (round + 1) * 1_000_000 || asking.ask("GET", "jobs/chatty", "")["done"] == true).then_some(())
        });
        world.server().expect("a server").kill(Signal::KILL);
        asking = Asking::new(&world);
    }
    let over = asking.over("chatty");
    assert_eq!(over["status"]["state"], "DONE", "{over}");
    wait_until_told(&world, &job);
    asking.ask("DELETE", "clusters/out", "");
    world.assert_nothing_left();
    world.run(&["serve", "--stop"]).expect(0);
    let bytes = told(&objects(&world), &job);
    let text = String::from_utf8(bytes).expect("text");
    let lines = |stream: &str| text.lines().filter(|line| line.starts_with(stream)).map(str::to_owned).collect::<Vec<_>>();
    let out: Vec<String> = (0..100_000).map(|number| format!("out {number} {}", "x".repeat(number % 200))).collect();
    let err: Vec<String> = (0..100_000).step_by(3).map(|number| format!("err {number}")).collect();
    assert!(lines("out") == out, "{} of {} lines", lines("out").len(), out.len());
    assert!(lines("err") == err, "{} of {} lines", lines("err").len(), err.len());
}

/// How many bytes the world's only job wrote to this stream.
fn glob(world: &World, stream: &str) -> u64 {
    let jobs = std::fs::read_dir(world.home().join("jobs")).into_iter().flatten().flatten();
    jobs.filter_map(|job| std::fs::metadata(job.path().join("1").join(stream)).ok()).map(|found| found.len()).sum()
}

/// Sees the files and the archives that came with it, and has every worker see them: by their whole paths, since tasks run
/// elsewhere.
const MAIN: &str = "import os\nimport beside\nfrom dask.distributed import Client\n\
    names = ['points.csv', 'renamed.csv', 'env/bin/tool', 'plain.zip/bin/tool']\n\
    assert sorted(os.listdir()) == ['env', 'plain.zip', 'points.csv', 'renamed.csv'], os.listdir()\n\
    def read(folder): return [open(os.path.join(folder, name)).read() for name in names]\n\
    assert read('.') == ['1,2', '1,2', 'a tool', 'a tool'], read('.')\n\
    client = Client()\n\
    client.wait_for_workers(2)\n\
    told = client.run(read, os.getcwd())\n\
    assert len(told) == 2 and all(one == read('.') for one in told.values()), told\n\
    print('sum', client.submit(beside.add, 1, 2).result())\n";

/// The bytes of an archive with the file `bin/tool`, of Python's making.
fn archive(world: &World, format: &str) -> Vec<u8> {
    let file = world.file("packed/bin/tool", "a tool");
    let code = "import shutil, sys; print(shutil.make_archive(sys.argv[1], sys.argv[2], sys.argv[3]))";
    let (target, root) = (world.work().join("made"), file.ancestors().nth(2).unwrap());
    let mut command = std::process::Command::new(&interpreters()[0].1);
    let output = command.args(["-c", code]).arg(target).arg(format).arg(root).output().expect("start Python");
    std::fs::read(String::from_utf8_lossy(&output.stdout).trim()).expect("an archive")
}

#[test]
fn a_script_in_the_object_store_runs_with_its_files_and_archives() {
    let world = World::building(CADDIS);
    let owner = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
    {
        let store = {
            use std::os::unix::fs::DirBuilderExt;
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(world.home().join("google")).unwrap();
            objects(&world)
        };
        let now = Timestamp(1_800_000_000_000_000);
        store.ensure_bucket(&owner, "p", "scripts", now).expect("a bucket");
        let (tar, zip) = (archive(&world, "gztar"), archive(&world, "zip"));
        let all: [(&str, &[u8]); 5] = [
            ("a/main.py", MAIN.as_bytes()),
            ("b/beside.py", b"def add(a, b): return a + b\n"),
            ("c/points.csv", b"1,2"),
            ("c/env.tar.gz", &tar),
            ("c/plain.zip", &zip),
        ];
        for (name, bytes) in all {
            store.put_bytes("scripts", Draft::named(name), bytes, now).expect("an object");
        }
    }
    let asking = Asking::new(&world);
    asking.cluster("out", "{}");
    let job = serde_json::json!({"job": {"reference": {"jobId": "stored"}, "placement": {"clusterName": "out"}, "pysparkJob": {
        "mainPythonFileUri": "gs://scripts/a/main.py", "pythonFileUris": ["gs://scripts/b/beside.py"],
        "fileUris": ["gs://scripts/c/points.csv", "gs://scripts/c/points.csv#renamed.csv"],
        "archiveUris": ["gs://scripts/c/env.tar.gz#env", "gs://scripts/c/plain.zip"]}}});
    let job = asking.ask("POST", "jobs:submit", &job.to_string());
    let over = asking.over("stored");
    assert_eq!(over["status"]["state"], "DONE", "{over}");
    wait_until_told(&world, &job);
    asking.ask("DELETE", "clusters/out", "");
    world.assert_nothing_left();
    world.run(&["serve", "--stop"]).expect(0);
    assert_eq!(String::from_utf8_lossy(&told(&objects(&world), &job)), "sum 3\n");
}
