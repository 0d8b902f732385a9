//! A live Airflow on SQLite, with the executor that each line allows on it.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;

use crate::dagrun::Run;
use crate::ground::{Ground, patiently};

/// Its processes.
pub(crate) struct Live {
    settings: Vec<(&'static str, String)>,
    running: Vec<Run>,
}

impl Live {
    /// Starts all of them; they find the DAGs meanwhile.
    pub(crate) fn start(ground: &Ground, variables: &[(&str, impl AsRef<OsStr>)]) -> Live {
        let services: &[&[&str]] = match ground.work.line() {
            "2.7.3" => &[&["scheduler", "--skip-serve-logs"], &["triggerer", "--skip-serve-logs"]],
            _ => &[&["api-server"], &["dag-processor"], &["scheduler", "--skip-serve-logs"], &["triggerer", "--skip-serve-logs"]],
        };
        let (port, settings) = settings();
        let mut live = Live { settings, running: Vec::new() };
        for arguments in services {
            if arguments[0] == "scheduler" && ground.work.line() != "2.7.3" {
                // A task that is started before the server answers fails at once.
                patiently("Airflow's server", || {
                    live.lives();
                    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()
                });
            }
            let mut command = live.command(ground, arguments);
            command.envs(variables.iter().map(|(name, value)| (name, value)));
            live.running.push(ground.work.start(arguments[0], command));
        }
        live
    }

    fn command(&self, ground: &Ground, arguments: &[&str]) -> Command {
        let mut command = ground.airflow(arguments);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Fails unless every process runs.
    #[track_caller]
    pub(crate) fn lives(&mut self) {
        self.running.iter_mut().for_each(Run::lives);
    }

    /// Lets a DAG run, once it is known.
    #[track_caller]
    pub(crate) fn unpause(&mut self, ground: &Ground, dag: &str) {
        patiently("the DAG in Airflow's database", || {
            self.lives();
            (ground.ask(&format!("select count(*) from serialized_dag where dag_id = '{dag}'")) != "0").then_some(())
        });
        ground.work.succeed("unpause", self.command(ground, &["dags", "unpause", dag]));
    }

    /// Asks for a run.
    #[track_caller]
    pub(crate) fn trigger(&self, ground: &Ground, dag: &str) {
        ground.work.succeed("trigger", self.command(ground, &["dags", "trigger", dag]));
    }

    /// Waits for the end of the newest run, which is a good one.
    #[track_caller]
    pub(crate) fn succeeds(&mut self, ground: &Ground, dag: &str) {
        patiently("the end of the run", || {
            self.lives();
            matches!(ground.state(dag).as_str(), "success" | "failed").then_some(())
        });
        ground.succeeded(dag);
    }
}

/// What the processes of one Airflow have to agree on, and the port of its server.
fn settings() -> (u16, Vec<(&'static str, String)>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("find a port");
    let port = listener.local_addr().expect("an address").port();
    let settings = vec![
        ("AIRFLOW__API__HOST", "127.0.0.1".to_owned()),
        ("AIRFLOW__API__PORT", port.to_string()),
        ("AIRFLOW__API__WORKERS", "1".to_owned()),
        ("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", format!("http://127.0.0.1:{port}/execution/")),
        ("AIRFLOW__API_AUTH__JWT_SECRET", "what the processes of one test share, and nobody else has".to_owned()),
        ("AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC", "1".to_owned()),
        ("AIRFLOW__SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL", "1".to_owned()),
    ];
    (port, settings)
}
