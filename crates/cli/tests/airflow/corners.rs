//! What DAGs meet beside the plain way, seen from both sides: in Airflow's states and logs, and at Caddis.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::ground::{Ground, patiently};
use crate::live::Live;

const DAG: &str = "corners";
const BUCKET: &str = "composer";
/// From a task's SIGTERM to the end of its job: INT alone ends such a script.
const CANCELLED_WITHIN: Duration = Duration::from_secs(20);

/// A job that never ends.
const FOREVER: &str = "import time\nwhile True:\n    time.sleep(0.1)\n";
/// A job whose script and every worker read what it brought: a module, files, and a file of an archive.
const READS: &str = "\
import os
import beside
from dask.distributed import Client
paths = [os.path.abspath(name) for name in ('data.csv', 'renamed.csv', 'pack/inside.txt')]
with Client() as client:
    seen = client.run(beside.read, paths)
assert len(seen) == 2 and list(seen.values()) == 2 * [beside.read(paths)] == 2 * [['1,2', '1,2', 'deep']], seen
";
const BESIDE: &str = "def read(paths):\n    return [open(path).read() for path in paths]\n";

/// The DAG; its jobs are objects of a bucket, as on Composer.
pub(crate) struct Corners<'g> {
    ground: &'g Ground,
}

impl<'g> Corners<'g> {
    /// Puts the DAG among the others, before Airflow looks for them, and the jobs of all where they are looked for.
    pub(crate) fn new(ground: &'g Ground) -> Corners<'g> {
        let dag = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/airflow_corners.py");
        fs::copy(dag, ground.work.dags().join("corners.py")).expect("copy the DAG");
        let world = ground.world();
        let texts = [("forever.py", FOREVER), ("reads.py", READS), ("beside.py", BESIDE), ("data.csv", "1,2"), ("inside.txt", "deep")];
        let mut files: Vec<PathBuf> = texts.iter().map(|(name, text)| world.file(&format!("corners/{name}"), text)).collect();
        let (inside, pack) = (files.pop().expect("a file"), world.work().join("corners/pack.zip"));
        ground.work.succeed("zip", {
            let mut command = ground.work.program("python", &["-m", "zipfile", "-c"]);
            command.arg(&pack).arg(inside);
            command
        });
        files.extend([pack, crate::ground::repository().join("jobs/pi.py")]);
        let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        let words: Vec<&str> = ["make", BUCKET].into_iter().chain(files.iter().map(String::as_str)).collect();
        ground.bucket(&words);
        Corners { ground }
    }

    /// What leads the DAGs to the jobs.
    pub(crate) fn jobs(&self) -> String {
        format!("gs://{BUCKET}")
    }

    /// Waits for the end of its newest run, through all that happens in it.
    #[track_caller]
    pub(crate) fn check(&self, live: &mut Live) {
        let late = self.until(live, "the end of the job for which nobody waits any more", || self.ended("late"));
        assert_eq!(late["cause"]["code"], "timeout", "{late}");
        self.until(live, "a task that waits", || self.log("killed", 1).contains("Waiting for job").then_some(()));
        self.until(live, "its job", || self.job("killed").filter(|job| job["phase"] == "RUNNING"));
        let pid = self.ground.ask(&format!("select pid from task_instance where dag_id = '{DAG}' and task_id = 'killed'"));
        let pid = pid.parse().ok().and_then(Pid::from_raw).expect("the task's process");
        let asked = Instant::now();
        kill_process(pid, Signal::TERM).expect("end the task");
        let killed = self.until(live, "the end of its job", || self.ended("killed"));
        assert!(asked.elapsed() < CANCELLED_WITHIN, "{:?}", asked.elapsed());
        assert_eq!(killed["phase"], "CANCELLED", "{killed}");
        self.until(live, "the end of the run", || {
            matches!(self.ground.state(DAG).as_str(), "success" | "failed").then_some(())
        });
        self.states();
        self.logs();
    }

    /// What Airflow made of it.
    #[track_caller]
    fn states(&self) {
        let query = format!("select group_concat(task_id || ' ' || state, ', ') from (select * from task_instance where dag_id = '{DAG}' order by task_id)");
        let expected = "again success, broken failed, deferred failed, delete success, delete_deferred success, \
                        files success, killed failed, late failed";
        let states = self.ground.ask(&query);
        assert_eq!(states, expected, "{}", states.split(", ").map(|task| self.end_of_logs(task)).collect::<String>());
    }

    /// What whoever looks into Airflow's logs finds there.
    #[track_caller]
    fn logs(&self) {
        for (task, attempt, words) in [
            ("broken", 1, "the package index was not reached"),
            ("again", 1, "Cluster was created in an ERROR state then deleted"),
        ] {
            let log = self.log(task, attempt);
            assert!(log.contains(words), "{task}, try {attempt}: no `{words}` in\n{log}");
        }
    }

    /// For whoever has to find out: of a task and its state, what its tries said at last.
    fn end_of_logs(&self, task: &str) -> String {
        let name = task.split(' ').next().unwrap_or_default();
        let tries = (1..=4).map(|attempt| self.log(name, attempt));
        tries.filter(|log| !log.is_empty()).map(|log| format!("\n--- {task}\n{}", &log[log.floor_char_boundary(log.len().saturating_sub(2000))..])).collect()
    }

    fn log(&self, task: &str, attempt: u32) -> String {
        let top = self.ground.work.dags().with_file_name("logs").join(format!("dag_id={DAG}"));
        let runs = fs::read_dir(top).into_iter().flatten().flatten();
        let logs = runs.map(|run| run.path().join(format!("task_id={task}/attempt={attempt}.log")));
        logs.filter_map(|log| fs::read_to_string(log).ok()).collect()
    }

    /// The job of this task.
    fn job(&self, task: &str) -> Option<Value> {
        let jobs = self.ground.world().run(&["job", "list", "-o", "json"]).expect(0).json();
        let mut jobs = jobs.as_array().expect("jobs").iter();
        jobs.find(|job| job["tags"]["task"] == task).cloned()
    }

    /// The same, once it is over.
    fn ended(&self, task: &str) -> Option<Value> {
        self.job(task).filter(|job| matches!(job["phase"].as_str(), Some("SUCCEEDED" | "FAILED" | "CANCELLED")))
    }

    #[track_caller]
    fn until<T>(&self, live: &mut Live, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        patiently(what, || {
            live.lives();
            look()
        })
    }
}
