//! The DAGs of this repository, under real Airflow, against the real server: `cargo xtask test --tier airflow` makes what
//! they need and runs them where there is no network but loopback.

mod corners;
mod dagrun;
mod ground;
mod killed;
mod live;
mod orders;
mod work;

use corners::Corners;
use ground::Ground;
use killed::{Outage, Struck};
use live::Live;
use orders::Data;
use work::Work;

const DAY: &str = "2026-01-05";
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

/// Without `cargo xtask`'s environments nothing here can run; it makes those of Dask first, where there still is a network.
#[test]
#[ignore = "needs Airflow"]
fn prepare() {
    ground::prepare(orders::GCSFS);
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

/// Every DAG, as a person tries it; data is in files of this machine.
fn sync(line: &str) {
    let ground = Ground::new(line);
    ground.dag_succeeds("ephemeral", &[]);
    orders::run(&ground, &Data::Home, &[]);
}

/// The same, deferrable; data is in a bucket, which the jobs' scripts and their tasks read and write by `gs://` paths.
fn deferrable(line: &str) {
    let ground = Ground::new(line);
    if runs_triggers(line) {
        ground.dag_succeeds("ephemeral_deferrable", &[]);
        return orders::run(&ground, &Data::Bucket, &[DEFERRABLE]);
    }
    Data::Bucket.make(&ground);
    let variables: Vec<_> = Data::Bucket.variables().into_iter().chain([DEFERRABLE]).collect();
    let mut live = Live::start(&ground, &variables);
    for dag in orders::DAGS {
        // Its schedule makes a run at once.
        live.unpause(&ground, dag);
        live.succeeds(&ground, dag);
    }
    Data::Bucket.check(&ground);
}

fn killed(line: &str) {
    const DAG: &str = "ephemeral";
    let mut struck = Struck::new(line, Outage::TurnedAway);
    let mut run = struck.ground.dag(DAG, &struck.variables());
    struck.strike(|| run.lives());
    run.succeed();
    struck.ground.succeeded(DAG);
    struck.check();
}

/// Google's library that came with 2.7.3 does not try an asynchronous call again, whatever it says: a trigger that finds
/// nobody fails its task. So it may not look while the server is away.
fn killed_deferrable(line: &str) {
    const DAG: &str = "ephemeral_deferrable";
    let tries_again = line != "2.7.3";
    let mut struck = Struck::new(line, if tries_again { Outage::TurnedAway } else { Outage::BetweenLooks });
    if runs_triggers(line) {
        let mut run = struck.ground.dag(DAG, &struck.variables());
        struck.strike(|| run.lives());
        run.succeed();
        struck.ground.succeeded(DAG);
    } else {
        let mut live = Live::start(&struck.ground, &struck.variables());
        live.unpause(&struck.ground, DAG);
        live.trigger(&struck.ground, DAG);
        struck.strike(|| live.lives());
        live.succeeds(&struck.ground, DAG);
    }
    struck.check();
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

/// Under a scheduler, which hands tasks to workers, and a triggerer. With Airflow 3 beside a DAG that meets all else: on
/// SQLite the scheduler of 2.7.3 runs one task at a time, itself, and sees nothing else meanwhile.
fn live(line: &str) {
    const DAG: &str = "ephemeral_deferrable";
    let ground = Ground::new(line);
    let corners = (line != "2.7.3").then(|| Corners::new(&ground));
    let jobs = corners.iter().map(|corners| ("CADDIS_DAGS_JOBS", corners.jobs()));
    let mut live = Live::start(&ground, &jobs.collect::<Vec<_>>());
    live.unpause(&ground, DAG);
    live.trigger(&ground, DAG);
    if let Some(corners) = corners {
        corners.check(&mut live);
    }
    live.succeeds(&ground, DAG);
    ground.world().assert_nothing_left();
}
