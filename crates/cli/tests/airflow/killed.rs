//! kill -9 of the server in every stage of a DAG's run, each time until its clients have been turned away more than once.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;

use caddis_testkit::{wait_for, wait_within};

use crate::ground::{Ground, PATIENCE};

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

/// What a DAG's run is led through.
pub(crate) struct Struck {
    pub(crate) ground: Ground,
    folder: PathBuf,
}

impl Struck {
    pub(crate) fn new(line: &str) -> Struck {
        let ground = Ground::configured(line, CONFIG);
        ground.world().run(&["cluster", "create", BEFORE, "--workers", "2", "--memory", "2GiB"]).expect(0);
        let folder = ground.world().file("jobs/pi.py", SCRIPT).parent().expect("a folder").to_owned();
        Struck { ground, folder }
    }

    /// What leads the DAGs to the job.
    pub(crate) fn jobs(&self) -> String {
        format!("file://{}", self.folder.display())
    }

    /// Strikes while the cluster is made, while the job runs, and while the cluster is deleted; `lives` fails when nobody
    /// runs the DAG any more.
    #[track_caller]
    pub(crate) fn strike(&mut self, mut lives: impl FnMut()) {
        self.reaches(&["ENVIRONMENT", "STARTING"], &mut lives);
        strike(&mut self.ground);
        self.ground.world().run(&["cluster", "stop", BEFORE]).expect(0);
        wait_within(PATIENCE, "the job's first words", || {
            lives();
            self.folder.join("begun").exists().then_some(())
        });
        strike(&mut self.ground);
        std::fs::write(self.folder.join("go"), "").expect("let the job end");
        self.reaches(&["STOPPING"], &mut lives);
        strike(&mut self.ground);
    }

    /// Waits until the DAG's cluster is in one of these phases.
    #[track_caller]
    fn reaches(&self, phases: &[&str], lives: &mut impl FnMut()) {
        wait_within(PATIENCE, &format!("a cluster in {phases:?}"), || {
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

/// kill -9 of the server; a new one on the same ports, as a supervisor starts it, when clients were turned away twice.
fn strike(ground: &mut Ground) {
    let ports = ground.ports();
    ground.kill();
    let door = wait_for("the port", || TcpListener::bind((Ipv4Addr::LOCALHOST, ports[1])).ok());
    door.set_nonblocking(true).expect("a listener that is looked at");
    for _ in 0..2 {
        wait_within(PATIENCE, "a client to turn away", || door.accept().ok());
    }
    drop(door);
    ground.serve();
    assert_eq!(ground.ports(), ports, "clients find the new server where the old one was");
}
