//! What a member is started with: its files, its environment, and its role (docs/KEEPER.md, "Roles").

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use caddis_core::record::{ClusterRecord, JobRecord};
use caddis_core::world::Member;
use caddis_types::api::{Program, Stream};
use caddis_types::shape::ClusterShape;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::{Value, json};

use super::certificates::Certificates;
use super::keeper::wire::{Interpreter, Kind, Launch, Stdin};
use super::paths::Home;
use super::private;

/// Everything that members of one cluster have in common.
pub(super) struct Ground<'a> {
    pub(super) home: &'a Home,
    pub(super) cluster: &'a ClusterRecord,
    pub(super) variables: &'a BTreeMap<String, String>,
    pub(super) python: &'a Path,
    pub(super) fingerprint: &'a str,
    pub(super) runtime: &'a Path,
    pub(super) output_limit: u64,
    pub(super) lease_seconds: u64,
    pub(super) dashboard_base: Option<&'a str>,
}

impl Ground<'_> {
    /// The run folder's files that members need: certificates, the secret, the lease.
    pub(super) fn prepare(&self) -> io::Result<()> {
        let folder = self.home.cluster(&self.cluster.id);
        private::make_folder(&folder)?;
        private::make_folder(&self.home.cluster_logs(&self.cluster.id))?;
        self.certificates().make(self.cluster.id.as_str())?;
        if !self.secret().exists() {
            let secret = std::fs::File::open("/dev/urandom").and_then(|mut file| {
                let mut bytes = [0u8; 32];
                io::Read::read_exact(&mut file, &mut bytes)?;
                Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
            })?;
            private::write_file(&self.secret(), secret.as_bytes())?;
        }
        if !self.lease().exists() {
            private::write_file(&self.lease(), b"")?;
        }
        Ok(())
    }

    /// One member's launch. Its folder is made here, and the pipe for its standard input.
    pub(super) fn launch(&self, member: &Member, job: Option<&JobRecord>) -> io::Result<Launch> {
        let folder = self.home.member(&self.cluster.id, &member.to_string());
        private::make_folder(&folder)?;
        let (kind, role, memory_limit) = match (member, job) {
            (Member::Scheduler, _) => (Kind::Scheduler, self.scheduler(), None),
            (Member::Worker { .. }, _) => (Kind::Worker, self.worker(member), Some(self.cluster.shape.memory_bytes)),
            (Member::Setup { step }, _) => (Kind::Setup, self.setup(*step)?, None),
            (Member::Job { .. }, Some(job)) => (Kind::Job, self.job(job), None),
            (Member::Job { .. }, None) => return Err(io::Error::other("a script needs its job")),
        };
        let (stdout, stderr) = self.outputs(member)?;
        let stdin = self.stdin(&folder, job)?;
        Ok(Launch {
            key: format!("{}/{member}", self.cluster.id),
            cluster: self.cluster.id.to_string(),
            kind,
            folder,
            interpreter: self.interpreter(),
            runtime: self.runtime.to_owned(),
            env: self.environment(member),
            cwd: self.cwd(member, job)?,
            umask: job.map_or(self.cluster.umask, |job| job.umask).bits(),
            stdin,
            stdout,
            stderr,
            memory_limit: memory_limit.filter(|_| !self.cluster.shape.nanny),
            terminate: self.cluster.shape.thresholds.terminate,
            output_limit: Some(self.output_limit),
            lease: Some(self.lease()),
            lease_seconds: Some(self.lease_seconds),
            role,
        })
    }

    /// What sets the cluster up works in a folder that goes with it.
    fn cwd(&self, member: &Member, job: Option<&JobRecord>) -> io::Result<PathBuf> {
        let folder = match (member, job) {
            (Member::Setup { .. }, _) => self.home.cluster(&self.cluster.id).join("setup"),
            (_, Some(job)) => return Ok(PathBuf::from(&job.cwd)),
            _ => return Ok(PathBuf::from(&self.cluster.cwd)),
        };
        private::make_folder(&folder)?;
        Ok(folder)
    }

    /// The key of the fork server.
    pub(super) fn interpreter(&self) -> Interpreter {
        let mut env: BTreeMap<String, String> =
            FORK_SAFE.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let users = self.variables.iter().filter(|(name, _)| read_at_import(name));
        env.extend(users.map(|(name, value)| (name.clone(), value.clone())));
        Interpreter {
            python: self.python.to_owned(),
            fork: true,
            env,
            preload: Vec::new(),
            fingerprint: self.fingerprint.to_owned(),
        }
    }

    pub(super) fn certificates(&self) -> Certificates {
        Certificates::at(self.home.cluster(&self.cluster.id).join("tls"))
    }

    fn secret(&self) -> PathBuf {
        self.home.http_secret(&self.cluster.id)
    }

    fn lease(&self) -> PathBuf {
        self.home.cluster(&self.cluster.id).join("lease")
    }

    fn outputs(&self, member: &Member) -> io::Result<(PathBuf, PathBuf)> {
        if let Member::Job { job, attempt } = member {
            private::make_folder(&self.home.attempt(job, *attempt))?;
            let log = |stream| self.home.attempt_log(job, *attempt, stream);
            return Ok((log(Stream::Stdout), log(Stream::Stderr)));
        }
        let log = self.home.cluster_logs(&self.cluster.id).join(format!("{member}.log"));
        Ok((log.clone(), log))
    }

    fn stdin(&self, folder: &Path, job: Option<&JobRecord>) -> io::Result<Stdin> {
        if !job.is_some_and(caddis_core::job::gets_input) {
            return Ok(Stdin::Null);
        }
        match mknodat(CWD, folder.join("stdin"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => Ok(Stdin::Fifo),
            Err(error) => Err(error.into()),
        }
    }

    /// The user's variables; for scripts also what makes `Client()` find the cluster, and for what sets it up its Python.
    fn environment(&self, member: &Member) -> BTreeMap<String, String> {
        let mut env = self.variables.clone();
        if matches!(member, Member::Job { .. } | Member::Setup { .. }) {
            if let Some(address) = self.cluster.scheduler.as_ref().and_then(|scheduler| scheduler.address.as_ref()) {
                env.extend(reach(address, &self.certificates()));
            }
            env.insert("CADDIS_CLUSTER".into(), self.cluster.id.to_string());
        }
        if let (Member::Setup { .. }, Some(programs)) = (member, self.python.parent()) {
            let path = env.get("PATH").map_or(String::new(), |path| format!(":{path}"));
            env.insert("PATH".into(), format!("{}{path}", programs.display()));
        }
        env
    }

    fn scheduler(&self) -> Value {
        let mut role = json!({
            "host": "127.0.0.1",
            "port": 0,
            "dashboard": self.cluster.shape.dashboard,
            "prefix": format!("/clusters/{}", self.cluster.id),
            "tls": self.certificates().json("scheduler"),
            "config": self.config(),
            "http_secret_file": self.secret(),
            "link": self.home.cluster(&self.cluster.id).join("link.sock"),
            "lease": self.lease(),
            "lease_seconds": self.lease_seconds,
            "sys_path": self.sys_path(),
            "cluster": self.cluster.id.as_str(),
        });
        if self.is_shared() {
            role["claims"] = self.claims().display().to_string().into();
        }
        role
    }

    /// Whether jobs run on it that it was not made for, whose folders it does not know when it starts.
    fn is_shared(&self) -> bool {
        self.cluster.job.is_none()
    }

    /// Where the scheduler hears of the folders of such jobs.
    fn claims(&self) -> PathBuf {
        self.home.cluster(&self.cluster.id).join("claims.sock")
    }

    fn worker(&self, member: &Member) -> Value {
        json!({
            "scheduler_ready": self.home.member(&self.cluster.id, "scheduler.1").join("ready.json"),
            "name": member.to_string(),
            "nthreads": self.cluster.shape.threads,
            "memory_limit": self.cluster.shape.memory_bytes,
            "local_directory": self.home.cluster(&self.cluster.id).join("scratch").join(member.to_string()),
            "tls": self.certificates().json("worker"),
            "config": self.config(),
            "http_secret_file": self.secret(),
            "sys_path": self.sys_path(),
            "nanny": self.cluster.shape.nanny,
        })
    }

    fn setup(&self, step: u32) -> io::Result<Value> {
        let step = self.cluster.setup.get(step as usize).ok_or_else(|| io::Error::other("no such setup"))?;
        Ok(json!({ "command": step.command }))
    }

    fn job(&self, job: &JobRecord) -> Value {
        let mut role = json!({
            "args": job.args,
            "scheduler": self.cluster.scheduler.as_ref().and_then(|scheduler| scheduler.address.clone()),
            "tls": self.certificates().json("client"),
            "config": self.dashboard_link(),
            "sys_path": self.python_path(),
        });
        match &job.program {
            Program::Script(path) => role["script"] = path.clone().into(),
            Program::Module(name) => role["module"] = name.clone().into(),
        }
        if self.is_shared() {
            role["beside"] = self.claims().display().to_string().into();
        }
        role
    }

    /// Dask's settings on scheduler and workers.
    fn config(&self) -> Value {
        let mut config = dask_config(&self.cluster.shape);
        if let (Value::Object(config), Value::Object(link)) = (&mut config, self.dashboard_link()) {
            config.extend(link);
        }
        config
    }

    fn dashboard_link(&self) -> Value {
        match self.dashboard_base {
            Some(base) => json!({"distributed.dashboard.link": format!("{base}/clusters/{}/status", self.cluster.id)}),
            None => json!({}),
        }
    }

    /// The script's folder, so that modules beside it import on scheduler and workers, then the user's `PYTHONPATH`.
    fn sys_path(&self) -> Vec<String> {
        let beside = match &self.cluster.program {
            Some(Program::Script(path)) => Path::new(path).parent().map(|folder| folder.display().to_string()),
            _ => Some(self.cluster.cwd.clone()),
        };
        let mut all: Vec<String> = beside.filter(|folder| !folder.is_empty()).into_iter().collect();
        all.extend(self.python_path());
        all
    }

    fn python_path(&self) -> Vec<String> {
        let path = self.variables.get("PYTHONPATH").map(String::as_str).unwrap_or_default();
        path.split(':').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }
}

/// The variables that make `Client()` without arguments reach a cluster.
pub(super) fn reach(address: &str, certificates: &Certificates) -> BTreeMap<String, String> {
    let tls = "DASK_DISTRIBUTED__COMM__TLS";
    BTreeMap::from([
        ("DASK_SCHEDULER_ADDRESS".to_owned(), address.to_owned()),
        (format!("{tls}__CA_FILE"), certificates.ca().display().to_string()),
        (format!("{tls}__CLIENT__CERT"), certificates.cert("client").display().to_string()),
        (format!("{tls}__CLIENT__KEY"), certificates.key("client").display().to_string()),
    ])
}

/// What a process that will be forked must be started with, unless the user says otherwise: libraries that start no
/// threads of their own while they are imported, and what Dask's Nanny gives its workers (one thread a library, memory
/// given back, and one hash seed for all processes of a cluster, wherever they were started).
const FORK_SAFE: &[(&str, &str)] = &[
    ("OMP_NUM_THREADS", "1"),
    ("OPENBLAS_NUM_THREADS", "1"),
    ("MKL_NUM_THREADS", "1"),
    ("MALLOC_TRIM_THRESHOLD_", "65536"),
    ("JE_ARROW_MALLOC_CONF", "background_thread:false"),
    ("PYTHONHASHSEED", "6640"),
];

/// Variables that libraries read while they are imported, which a fork comes too late for.
fn read_at_import(name: &str) -> bool {
    const PREFIXES: [&str; 9] =
        ["OMP_", "OPENBLAS_", "MKL_", "NUMEXPR_", "ARROW_", "MALLOC_", "JE_", "NUMBA_", "KMP_"];
    const NAMES: [&str; 6] =
        ["PYTHONHASHSEED", "PYTHONOPTIMIZE", "PYTHONUTF8", "PYTHONWARNINGS", "PYTHONDEVMODE", "LD_LIBRARY_PATH"];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || NAMES.contains(&name)
}

fn dask_config(shape: &ClusterShape) -> Value {
    let mut config = json!({
        "distributed.worker.memory.target": shape.thresholds.target,
        "distributed.worker.memory.spill": shape.thresholds.spill,
        "distributed.worker.memory.pause": shape.thresholds.pause,
        "distributed.worker.memory.terminate": shape.thresholds.terminate,
        "distributed.scheduler.work-stealing": shape.work_stealing,
    });
    if let Some(saturation) = shape.worker_saturation {
        config["distributed.scheduler.worker-saturation"] = saturation.into();
    }
    config
}

#[cfg(test)]
mod tests {
    use caddis_core::prices::Tariff;
    use caddis_core::profile::{Pool, fit};
    use caddis_types::Timestamp;
    use caddis_types::shape::ShapeWish;

    use super::*;

    fn config(profile: &str, memory_bytes: u64) -> Value {
        let wish = ShapeWish { profile: Some(profile.into()), memory_bytes: Some(memory_bytes), ..ShapeWish::default() };
        let pool = Pool { memory_bytes: 200 << 30, cpus: 8 };
        dask_config(&fit(&wish, pool, &Tariff::default(), Timestamp(0)).unwrap().0)
    }

    fn expected(thresholds: [f64; 4], saturation: Option<f64>) -> Value {
        let mut all = json!({"distributed.scheduler.work-stealing": true});
        for (name, value) in ["target", "spill", "pause", "terminate"].into_iter().zip(thresholds) {
            all[format!("distributed.worker.memory.{name}")] = value.into();
        }
        if let Some(saturation) = saturation {
            all["distributed.scheduler.worker-saturation"] = saturation.into();
        }
        all
    }

    #[test]
    fn dask_is_told_what_the_shape_says() {
        let (mission, dask) = ([0.85, 0.9, 0.95, 0.98], [0.6, 0.7, 0.8, 0.98]);
        assert_eq!(config("standard", 14_000_000_000), expected(mission, None));
        assert_eq!(config("throughput", 14_000_000_000), expected(mission, Some(10.0)));
        assert_eq!(config("standard", 1 << 30), expected(dask, None));
        assert_eq!(config("small", 2_000_000_000), expected(dask, None));
    }
}
