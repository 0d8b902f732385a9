//! Clusters of the Dataproc face that end by themselves: they are gone as after DeleteCluster, their jobs stay.

mod common;

use std::process::Command;

use caddis_testkit::{World, interpreters, wait_for};
use common::CADDIS;
use common::asking::Asking;
use rustix::process::Signal;
use serde_json::{Value, json};

/// Has the time come that a cluster was to live or to idle: Google's shortest are minutes, so that what is kept of the
/// cluster is moved into the past while no server runs. Says how many rows there were.
const MOVE: &str = "import json, sqlite3, sys\n\
    database, name = sys.argv[1:]\n\
    connection, moved = sqlite3.connect(database), 0\n\
    for table, key, which, what in [('clusters', 'id', 'active = 1 and name = ?', name),\n\
    \x20                               ('documents', 'number', 'kind = \\'dataproc.cluster\\' and key = ?', f'p/us-central1/{name}')]:\n\
    \x20   for row, body in connection.execute(f'select {key}, body from {table} where {which}', [what]).fetchall():\n\
    \x20       body = json.loads(body)\n\
    \x20       if body.get('ends_at'): body['ends_at'] = body['created_at'] + 1\n\
    \x20       if body.get('idle_timeout_ms'): body['idle_timeout_ms'] = 1\n\
    \x20       connection.execute(f'update {table} set body = ? where {key} = ?', [json.dumps(body), row])\n\
    \x20       moved += 1\n\
    connection.commit()\n\
    print(moved)\n";

/// A time so many minutes from now, as JSON has it.
fn in_minutes(minutes: u32) -> String {
    let code = "import datetime, sys\nnow = datetime.datetime.now(datetime.timezone.utc)\n\
                print((now + datetime.timedelta(minutes=int(sys.argv[1]))).strftime('%Y-%m-%dT%H:%M:%SZ'))\n";
    let output = Command::new(&interpreters()[0].1).args(["-c", code, &minutes.to_string()]).output().expect("start Python");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

/// Names of the clusters that a list shows.
fn listed(asking: &Asking<'_>, filter: &str) -> Vec<String> {
    let list = asking.ask("GET", &format!("clusters{filter}"), "");
    let clusters = list["clusters"].as_array().cloned().unwrap_or_default();
    clusters.iter().map(|cluster| cluster["clusterName"].as_str().expect("a name").to_owned()).collect()
}

/// A cluster with this wish ends by itself when its time has come, and what is left of it is what Google leaves.
fn ends(world: &World, name: &str, lifecycle: &Value) {
    let mut asking = Asking::new(world);
    asking.cluster(name, &lifecycle.to_string());
    let script = format!("file://{}", world.file("sum.py", "from dask.distributed import Client\nprint(Client().submit(sum, [1, 2]).result())\n").display());
    let job = format!("of-{name}");
    asking.submit(name, &job, &script);
    assert_eq!(asking.over(&job)["status"]["state"], "DONE");
    assert_eq!(listed(&asking, ""), [name]);

    world.server().expect("a server").kill(Signal::KILL);
    wait_for("the end of the server", || world.server().is_none().then_some(()));
    let database = world.home().join("state.db");
    let moved = Command::new(&interpreters()[0].1).args(["-c", MOVE]).arg(database).arg(name).output().expect("start Python");
    assert_eq!(String::from_utf8_lossy(&moved.stdout), "2\n", "{}", String::from_utf8_lossy(&moved.stderr));
    asking = Asking::new(world);

    let path = format!("clusters/{name}");
    let gone = wait_for("the end of the cluster", || {
        let (status, answer) = asking.answer("GET", &path, "");
        (status != 200).then_some((status, answer))
    });
    assert_eq!((gone.0, &gone.1["error"]["status"]), (404, &"NOT_FOUND".into()), "{}", gone.1);
    for filter in ["", "?filter=status.state%20%3D%20ACTIVE", "?filter=status.state%20%3D%20INACTIVE"] {
        assert_eq!(listed(&asking, filter), [""; 0], "{filter}");
    }
    for (verb, path, body) in [("DELETE", path.clone(), ""), ("POST", format!("{path}:stop"), "{}"), ("POST", format!("{path}:start"), "{}")] {
        assert_eq!(asking.answer(verb, &path, body).0, 404, "{verb} {path}");
    }
    // Its job stays, and is found by the cluster's name.
    let kept = asking.ask("GET", &format!("jobs/{job}"), "");
    assert_eq!((&kept["status"]["state"], &kept["placement"]["clusterName"]), (&"DONE".into(), &name.into()), "{kept}");
    let jobs = asking.ask("GET", &format!("jobs?clusterName={name}"), "");
    assert_eq!(jobs["jobs"].as_array().map(Vec::len), Some(1), "{jobs}");
    world.assert_nothing_left();
    // The name is free.
    asking.cluster(name, "{}");
    assert_ne!(asking.ask("GET", &path, "")["clusterUuid"], kept["placement"]["clusterUuid"]);
    asking.ask("DELETE", &path, "");
    wait_for("its deletion", || (asking.answer("GET", &path, "").0 == 404).then_some(()));
    world.assert_nothing_left();
}

#[test]
fn a_cluster_whose_time_is_over_is_gone_and_its_jobs_stay() {
    let world = World::building(CADDIS);
    ends(&world, "lived", &json!({"autoDeleteTtl": "600s"}));
    ends(&world, "timed", &json!({"autoDeleteTime": in_minutes(12)}));
    ends(&world, "idled", &json!({"idleDeleteTtl": "300s"}));
}
