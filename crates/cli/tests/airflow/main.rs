//! The DAGs of this repository, under real Airflow, against the real server: `cargo xtask test --tier airflow` makes what
//! they need and runs them where there is no network but loopback.

mod dagrun;
mod ground;
mod live;

use std::path::{Path, PathBuf};

use caddis_testkit::wait_within;
use ground::{Ground, PATIENCE, Work};
use live::Live;

const DAY: &str = "2026-01-05";
/// Pipelines whose operators are deferrable where Airflow's settings say so, in the order in which they need each other.
const ORDERS: [&str; 3] = ["orders_etl", "orders_analytics", "returns_training"];
const DEFERRABLE: (&str, &str) = ("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "true");

/// The same tests for each line of Airflow.
macro_rules! lines {
    ($($name:ident),+ $(,)?) => {
        mod airflow_2 { $(#[test] #[ignore = "needs Airflow"] fn $name() { super::$name("2.7.3") })+ }
        mod airflow_3 { $(#[test] #[ignore = "needs Airflow"] fn $name() { super::$name("3") })+ }
    };
}

lines!(parsed, sync, deferrable, killed, killed_deferrable, live);

/// Not with 2.7.3: its `airflow dags test` gives each try of a task the number of the first, so that a retry submits the
/// same job again, and it never ends with a task that fails.
mod airflow_3_alone {
    #[test]
    #[ignore = "needs Airflow"]
    fn failed() {
        super::failed("3");
    }
}

/// Whether `airflow dags test` runs triggers itself. Before 2.8 it wants a triggerer, and shuts that out of SQLite with a
/// transaction of its own: there a scheduler has to run what is deferrable.
fn runs_triggers(line: &str) -> bool {
    line != "2.7.3"
}

/// Without `cargo xtask`'s environments nothing here can run; it makes this one first, where there still is a network.
#[test]
#[ignore = "needs Airflow"]
fn prepare() {
    let _ = ground::shared();
}

/// No import errors, and what must hold for every DAG; the helper's figures are what Google's library takes.
fn parsed(line: &str) {
    let work = Work::new(line);
    for deferrable in ["false", "true"] {
        let mut command = work.program("python", &["-B", "-W", "ignore", "-m", "unittest", "test_dags", "test_cluster_config"]);
        command.current_dir(ground::repository().join("dags/tests")).env(DEFERRABLE.0, deferrable);
        command.env("GOOGLE_CLOUD_PROJECT", "p").env("DAGS", work.dags()).env("PYTHONPATH", work.dags());
        work.succeed("unittest", command);
    }
}

/// Every DAG, as a person tries it.
fn sync(line: &str) {
    let ground = Ground::new(line);
    ground.dag_succeeds("ephemeral", &[]);
    orders(&ground, &[]);
}

/// The same, deferrable.
fn deferrable(line: &str) {
    let ground = Ground::new(line);
    if runs_triggers(line) {
        ground.dag_succeeds("ephemeral_deferrable", &[]);
        return orders(&ground, &[DEFERRABLE]);
    }
    let mut live = Live::start(&ground, &[DEFERRABLE]);
    for dag in ORDERS {
        // Its schedule makes a run at once.
        live.unpause(&ground, dag);
        live.succeeds(&ground, dag);
    }
    check_orders(&ground);
}

fn orders(ground: &Ground, variables: &[(&str, &str)]) {
    for dag in ORDERS {
        ground.dag_succeeds(dag, variables);
    }
    check_orders(ground);
}

/// What the pipelines left, for the one day that they were about.
fn check_orders(ground: &Ground) {
    let data = ground.work.user().join("caddis-data");
    let days = names(&data.join("orders/raw"));
    assert_eq!(days.len(), 1, "{days:?}");
    assert_eq!(names(&data.join("orders/raw").join(&days[0])).len(), 24, "a file for each hour");
    assert!(names(&data.join(format!("orders/parquet/day={}", days[0]))).len() >= 4);
    let [report] = &names(&data.join("orders/reports"))[..] else { panic!("one report") };
    for table in ["revenue", "best_customers"] {
        assert!(data.join(format!("orders/reports/{report}/{table}.parquet")).is_file(), "{table}");
    }
    let [model] = &names(&data.join("models/returns"))[..] else { panic!("one model") };
    let model = std::fs::read_to_string(data.join("models/returns").join(model)).expect("a model");
    let model: serde_json::Value = serde_json::from_str(&model).expect("JSON");
    assert_eq!(model["orders"], 48_000);
    assert!(model["weights"][1].as_f64().unwrap() > 0.5, "what is dear comes back: {model}");
    ground.world().assert_nothing_left();
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn killed(line: &str) {
    let mut ground = Ground::new(line);
    let job = Held::new(&ground);
    let mut run = ground.dag("ephemeral", &[("CADDIS_DAGS_JOBS", &job.jobs())]);
    job.begun(|| run.lives());
    kill(&mut ground);
    job.go();
    run.succeed();
    ground.succeeded("ephemeral");
    ground.world().assert_nothing_left();
}

fn killed_deferrable(line: &str) {
    const DAG: &str = "ephemeral_deferrable";
    let mut ground = Ground::new(line);
    let job = Held::new(&ground);
    let jobs = [("CADDIS_DAGS_JOBS", job.jobs())];
    let jobs = [(jobs[0].0, jobs[0].1.as_str())];
    if runs_triggers(line) {
        let mut run = ground.dag(DAG, &jobs);
        job.begun(|| run.lives());
        kill(&mut ground);
        job.go();
        run.succeed();
        ground.succeeded(DAG);
    } else {
        let mut live = Live::start(&ground, &jobs);
        live.unpause(&ground, DAG);
        live.trigger(&ground, DAG);
        job.begun(|| live.lives());
        kill(&mut ground);
        job.go();
        live.succeeds(&ground, DAG);
    }
    ground.world().assert_nothing_left();
}

/// A job that says when it has begun, and ends when it is told to.
struct Held(PathBuf);

impl Held {
    fn new(ground: &Ground) -> Held {
        Held(ground.world().file("jobs/pi.py", HELD).parent().expect("a folder").to_owned())
    }

    fn jobs(&self) -> String {
        format!("file://{}", self.0.display())
    }

    #[track_caller]
    fn begun(&self, mut meanwhile: impl FnMut()) {
        wait_within(PATIENCE, "the job's first words", || {
            meanwhile();
            self.0.join("begun").exists().then_some(())
        });
    }

    fn go(&self) {
        std::fs::write(self.0.join("go"), "").expect("let the job end");
    }
}

const HELD: &str = "\
import pathlib, time
from dask.distributed import Client
folder = pathlib.Path(__file__).parent
client = Client()
(folder / 'begun').touch()
while not (folder / 'go').exists():
    time.sleep(0.02)
assert client.submit(sum, [1, 2, 3]).result() == 6
";

/// kill -9 of the server, and a new one on the same ports, as a supervisor starts it.
fn kill(ground: &mut Ground) {
    let ports = ground.ports();
    ground.kill();
    ground.serve();
    assert_eq!(ground.ports(), ports, "clients find the new server where the old one was");
}

/// A job that fails fails the run and says why in Airflow's log, and the cluster is gone all the same.
fn failed(line: &str) {
    let ground = Ground::new(line);
    let script = ground.world().file("jobs/pi.py", "raise KeyError('what the job missed')\n");
    let jobs = format!("file://{}", script.parent().expect("a folder").display());
    let mut run = ground.dag("ephemeral", &[("CADDIS_DAGS_JOBS", &jobs)]);
    run.end();
    assert!(run.said().contains("what the job missed"), "{}", run.said());
    assert_eq!(ground.state("ephemeral"), "failed");
    ground.world().assert_nothing_left();
}

/// Under a scheduler, which hands tasks to workers, and a triggerer.
fn live(line: &str) {
    const DAG: &str = "ephemeral_deferrable";
    let ground = Ground::new(line);
    let mut live = Live::start(&ground, &[]);
    live.unpause(&ground, DAG);
    live.trigger(&ground, DAG);
    live.succeeds(&ground, DAG);
    ground.world().assert_nothing_left();
}
