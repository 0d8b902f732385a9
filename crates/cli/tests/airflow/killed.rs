//! kill -9 of the server in every stage of a DAG's run.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;

use caddis_testkit::{wait_for, wait_within};

use crate::ground::{Ground, PATIENCE, patiently};

/// Room for one cluster at a time, so that a second one waits; and time to see one that is being ended.
const CONFIG: &str = "[pool]\nslots = 4\n[times]\norderly_close = \"8s\"\n";
/// What holds the room that the DAG's cluster waits for.
const BEFORE: &str = "before";

/// A job that says when it has begun, each time anew, ends when it is told to, and leaves a scheduler that hangs: the
/// deletion of its cluster takes as long as it may.
const SCRIPT: &str = "\
import os, pathlib, signal, time
from dask.distributed import Client
folder = pathlib.Path(__file__).parent
with Client() as client:
    scheduler = client.run_on_scheduler(os.getpid)
    with open(folder / 'begun', 'a') as begun:
        begun.write('once\\n')
    while not (folder / 'go').exists():
        time.sleep(0.02)
    assert client.submit(sum, [1, 2, 3]).result() == 6
os.kill(scheduler, signal.SIGSTOP)
";

/// How long the server is away.
#[derive(Clone, Copy)]
pub(crate) enum Outage {
    /// Until its clients were turned away twice.
    TurnedAway,
    /// Less than the time between two looks at the job.
    BetweenLooks,
}

/// What a DAG's run is led through.
pub(crate) struct Struck {
    pub(crate) ground: Ground,
    folder: PathBuf,
    outage: Outage,
}

impl Struck {
    pub(crate) fn new(line: &str, outage: Outage) -> Struck {
        let ground = Ground::configured(line, CONFIG);
        ground.world().run(&["cluster", "create", BEFORE, "--workers", "2", "--memory", "2GiB"]).expect(0);
        let folder = ground.world().file("jobs/pi.py", SCRIPT).parent().expect("a folder").to_owned();
        Struck { ground, folder, outage }
    }

    /// What leads the DAGs to the job, and how often triggers look.
    pub(crate) fn variables(&self) -> [(&'static str, String); 2] {
        let seconds = match self.outage {
            Outage::TurnedAway => 1,
            Outage::BetweenLooks => 10,
        };
        [("CADDIS_DAGS_JOBS", format!("file://{}", self.folder.display())), ("CADDIS_DAGS_POLLING_SECONDS", seconds.to_string())]
    }

    /// Strikes while the cluster is made, while the job runs, and while the cluster is deleted; `lives` fails when nobody
    /// runs the DAG any more.
    #[track_caller]
    pub(crate) fn strike(&mut self, mut lives: impl FnMut()) {
        self.reaches(&["ENVIRONMENT", "STARTING"], &mut lives);
        self.kill();
        self.ground.world().run(&["cluster", "stop", BEFORE]).expect(0);
        wait_within(PATIENCE, "the job's first words", || {
            lives();
            self.folder.join("begun").exists().then_some(())
        });
        if let Outage::BetweenLooks = self.outage {
            let before = self.looks();
            patiently("another look at the job", || (self.looks() > before).then_some(()));
        }
        self.kill();
        std::fs::write(self.folder.join("go"), "").expect("let the job end");
        self.reaches(&["STOPPING"], &mut lives);
        self.kill();
    }

    /// kill -9 of the server; then a new one on the same ports, as a supervisor starts it.
    #[track_caller]
    fn kill(&mut self) {
        let ports = self.ground.ports();
        self.ground.kill();
        if let Outage::TurnedAway = self.outage {
            turn_away(ports[1]);
        }
        self.ground.serve();
        assert_eq!(self.ground.ports(), ports, "clients find the new server where the old one was");
    }

    /// How often the trigger looked at the job.
    fn looks(&self) -> usize {
        let top = self.ground.work.dags().with_file_name("logs").join("dag_id=ephemeral_deferrable");
        let runs = std::fs::read_dir(top).into_iter().flatten().flatten();
        let logs = runs.flat_map(|run| std::fs::read_dir(run.path().join("task_id=process")).into_iter().flatten().flatten());
        let logs = logs.filter_map(|log| std::fs::read_to_string(log.path()).ok());
        logs.map(|log| log.matches("is in state").count()).sum()
    }

    /// Waits until the DAG's cluster is in one of these phases.
    #[track_caller]
    fn reaches(&self, phases: &[&str], lives: &mut impl FnMut()) {
        patiently(&format!("a cluster in {phases:?}"), || {
            lives();
            let clusters = self.clusters();
            clusters.iter().find(|cluster| phases.iter().any(|phase| cluster["phase"] == *phase)).map(|_| ())
        });
    }

    fn clusters(&self) -> Vec<serde_json::Value> {
        let all = self.ground.world().run(&["cluster", "list", "--all", "-o", "json"]).expect(0).json();
        let all = all.as_array().expect("clusters").iter();
        all.filter(|cluster| cluster["name"] != BEFORE).cloned().collect()
    }

    /// There was one cluster, on which the job ran once, and nothing is left.
    #[track_caller]
    pub(crate) fn check(&self) {
        let begun = std::fs::read_to_string(self.folder.join("begun")).expect("what the job says");
        assert_eq!(begun, "once\n", "one execution");
        let clusters = self.clusters();
        assert_eq!(clusters.len(), 1, "one cluster: {clusters:?}");
        self.ground.world().assert_nothing_left();
    }
}

/// Whoever comes finds nobody, twice.
fn turn_away(port: u16) {
    let door = wait_for("the port", || TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok());
    door.set_nonblocking(true).expect("a listener that is looked at");
    for _ in 0..2 {
        wait_within(PATIENCE, "a client to turn away", || door.accept().ok());
    }
}
