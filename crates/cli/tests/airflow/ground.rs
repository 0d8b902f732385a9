//! What a test stands on: a world of Caddis with its server in the foreground, and Airflow led to it.

use std::ffi::OsStr;
use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use caddis_testkit::{World, wait_for, wait_within};
use serde_json::Value;

use crate::dagrun::Run;
use crate::work::Work;

/// The binary under test.
pub(crate) const CADDIS: &str = env!("CARGO_BIN_EXE_caddis");
/// For what Airflow does: its start alone takes ten seconds where nothing else runs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);
/// Between two looks that start a process each, which takes from Airflow what it needs to get on.
const BETWEEN: Duration = Duration::from_millis(250);

/// Waits until `look` answers something, and does not look all the time.
#[track_caller]
pub(crate) fn patiently<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let mut next = Instant::now();
    wait_within(PATIENCE, what, || {
        if Instant::now() < next {
            return None;
        }
        let found = look();
        next = Instant::now() + BETWEEN;
        found
    })
}

/// The top folder of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}

/// The state folder that has Dask's environment; made where it is not there yet, which needs a network.
pub(crate) fn shared() -> PathBuf {
    let environment = caddis_testkit::environment(Path::new(CADDIS));
    environment.ancestors().nth(3).expect("a state folder above the environments").to_owned()
}

/// Builds the environment with these packages into that state folder, the way that clusters of the face ask for it.
pub(crate) fn prepare(packages: &str) {
    let world = World::building(CADDIS);
    symlink(shared().join("environments"), world.home().join("environments")).expect("share the environments");
    let gcloud = world.run(&["env", "gcloud", "--json"]).expect(0).json();
    let names = ["API_ENDPOINT_OVERRIDES_DATAPROC", "AUTH_ACCESS_TOKEN_FILE", "CORE_CUSTOM_CA_CERTS_FILE"];
    let [api, token, roots] = names.map(|name| gcloud[&format!("CLOUDSDK_{name}")].as_str().expect("a setting"));
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/google_packages.py");
    let output = Command::new("python3").args([program, api, token, packages]).env("SSL_CERT_FILE", roots).output();
    let output = output.expect("start Python");
    assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stderr), world.server_log());
}

/// A world with a server, and Airflow led to it.
pub(crate) struct Ground {
    world: World,
    pub(crate) work: Work,
    server: Option<Child>,
}

impl Ground {
    pub(crate) fn new(line: &str) -> Ground {
        Ground::configured(line, "")
    }

    /// With this `caddis.toml`.
    pub(crate) fn configured(line: &str, config: &str) -> Ground {
        let world = World::building(CADDIS);
        fs::write(world.home().join("caddis.toml"), config).expect("write the config");
        // Nothing can be built where there is no network.
        symlink(shared().join("environments"), world.home().join("environments")).expect("share the environments");
        let work = Work::below(line, world.work());
        let mut ground = Ground { world, work, server: None };
        ground.serve();
        // What a person types once; it opens the ports that every later server binds again.
        ground.world.run(&["env", "airflow"]).expect(0);
        ground
    }

    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// Starts the server, as a supervisor does, and waits until it answers.
    pub(crate) fn serve(&mut self) {
        let mut command = self.world.command(&["serve"]);
        let log = fs::OpenOptions::new().create(true).append(true).open(self.world.work().join("serve.log")).expect("a log");
        command.stdout(Stdio::null()).stderr(log);
        self.server = Some(command.spawn().expect("start the server"));
        let socket = self.world.home().join("server.sock");
        wait_for("the server", || UnixStream::connect(&socket).ok());
    }

    /// kill -9.
    pub(crate) fn kill(&mut self) {
        let mut server = self.server.take().expect("a server");
        server.kill().and_then(|()| server.wait()).expect("kill the server");
    }

    /// The ports of the API and of the proxy, each of which answers.
    #[track_caller]
    pub(crate) fn ports(&self) -> [u16; 2] {
        let port = |client: &str, variable: &str| -> u16 {
            let settings = self.world.run(&["env", client, "--json"]).expect(0).json();
            let text = settings[variable].as_str().expect("a setting").trim_end_matches('/').to_owned();
            text.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
        };
        let ports = [port("gcloud", "CLOUDSDK_API_ENDPOINT_OVERRIDES_DATAPROC"), port("airflow", "grpc_proxy")];
        for port in ports {
            wait_for("the port", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok());
        }
        ports
    }

    /// Airflow as a person starts it.
    pub(crate) fn airflow(&self, arguments: &[&str]) -> Command {
        self.led("airflow", arguments)
    }

    /// A program of Airflow's environment: nothing leads it here but `eval "$(caddis env airflow)"`.
    pub(crate) fn led(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = self.work.program(program, &[]);
        let program = command.get_program().to_owned();
        let mut shell = Command::new("sh");
        shell.args(["-c", "eval \"$(caddis env airflow)\" && exec \"$0\" \"$@\""]).arg(program).args(arguments);
        shell.env_clear().current_dir(self.work.user()).stdin(Stdio::null());
        shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.env("CADDIS_HOME", self.world.home());
        shell.env("CADDIS_DAGS_POLLING_SECONDS", "1");
        shell.env("CADDIS_DAGS_JOBS", format!("file://{}", repository().join("jobs").display()));
        command.env_clear();
        shell
    }

    /// What the hook of Airflow's provider for Google says of a bucket.
    #[track_caller]
    pub(crate) fn bucket(&self, arguments: &[&str]) -> Value {
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/airflow_bucket.py");
        let output = self.led("python", &[&["-W", "ignore", program], arguments].concat()).output().expect("start Python");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_str(said.lines().last().unwrap_or_default()).expect("an answer")
    }

    /// Starts `airflow dags test` of a DAG.
    pub(crate) fn dag(&self, dag: &str, variables: &[(&str, impl AsRef<OsStr>)]) -> Run {
        let mut command = self.airflow(&["dags", "test", dag, crate::DAY]);
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        self.work.start(dag, command)
    }

    /// Runs it, and it succeeds.
    #[track_caller]
    pub(crate) fn dag_succeeds(&self, dag: &str, variables: &[(&str, &str)]) {
        self.dag(dag, variables).succeed();
        self.succeeded(dag);
    }

    /// The newest run of this DAG, and every task of it, succeeded.
    #[track_caller]
    pub(crate) fn succeeded(&self, dag: &str) {
        assert_eq!(self.state(dag), "success", "{dag}");
        let tasks = self.ask(&format!("select group_concat(distinct state) from task_instance where dag_id = '{dag}'"));
        assert_eq!(tasks, "success", "{dag}");
    }

    /// The state of the newest run of this DAG.
    pub(crate) fn state(&self, dag: &str) -> String {
        self.ask(&format!("select state from dag_run where dag_id = '{dag}' order by id desc limit 1"))
    }

    /// One value of Airflow's database; nothing while there is none.
    pub(crate) fn ask(&self, query: &str) -> String {
        let program = "import sqlite3, sys\n\
            base = sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True, timeout=30)\n\
            row = base.execute(sys.argv[2]).fetchone()\n\
            print(row[0] if row and row[0] is not None else '')";
        let base = self.work.folder.join("airflow/airflow.db");
        let mut command = self.work.program("python", &["-I", "-c", program]);
        let output = command.arg(base).arg(query).output().expect("ask the database");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}
