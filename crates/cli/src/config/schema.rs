//! The keys of `caddis.toml`. Every one is described in `docs/CONFIG.md`; a test compares the two.

use std::path::PathBuf;
use std::time::Duration;

use caddis_core::autoscale::Policy;
use caddis_core::prices::Tariff;
use caddis_core::profile::Pool;
use caddis_core::settings::Settings;
use caddis_types::bytes::GIB;
use caddis_types::shape::WorkerRange;
use serde::{Deserialize, Deserializer, de};

use super::values::{Money, Size, Span, written};

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Config {
    /// `[server]`.
    pub server: ServerConfig,
    /// `[storage]`.
    pub storage: StorageConfig,
    /// `[pool]`.
    pub pool: PoolConfig,
    /// `[defaults]`.
    pub defaults: Defaults,
    /// `[times]`.
    pub times: Times,
    /// `[autoscale]`.
    pub autoscale: Policy,
    /// `[dataproc]`.
    pub dataproc: DataprocConfig,
    /// `[prices]`.
    pub prices: PricesConfig,
    /// `[[fixed_costs]]`.
    pub fixed_costs: Vec<FixedCostConfig>,
}

/// How the server behaves.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct ServerConfig {
    /// A background server ends itself after nothing ran for so long; zero means never.
    pub idle_exit: Span,
    /// Ended jobs and clusters are forgotten with their logs after so long.
    pub retention: Span,
}

impl Default for ServerConfig {
    fn default() -> Self {
        let day = Duration::from_secs(86_400);
        ServerConfig { idle_exit: Span(Duration::from_secs(1800)), retention: Span(day * 30) }
    }
}

/// The object store for Google's clients.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct StorageConfig {
    /// Staging data is removed after nothing changed it for so long; zero means never.
    pub staging_retention: Span,
}

impl Default for StorageConfig {
    fn default() -> Self {
        StorageConfig { staging_retention: Span(Duration::from_secs(7 * 86_400)) }
    }
}

/// What Caddis may use of this machine. One of the two keys, or neither.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct PoolConfig {
    /// Memory for all workers together.
    pub memory: Option<Size>,
    /// The same in worker slots of 1 GiB.
    pub slots: Option<u32>,
}

impl PoolConfig {
    /// The pool of a machine with this memory and these processors.
    pub fn pool(&self, ram_bytes: u64, cpus: u32) -> Pool {
        let machine = Pool::of_machine(ram_bytes, cpus);
        match (self.memory, self.slots) {
            (Some(Size(memory_bytes)), _) => Pool { memory_bytes, ..machine },
            (None, Some(slots)) => Pool { memory_bytes: u64::from(slots) * GIB, ..machine },
            (None, None) => machine,
        }
    }
}

/// What `caddis run` and `caddis cluster create` take for options that are not given.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Defaults {
    /// `--profile`.
    pub profile: Option<String>,
    /// `--workers`.
    #[serde(deserialize_with = "range")]
    pub workers: Option<WorkerRange>,
    /// `--threads`.
    pub threads: Option<u32>,
    /// `--memory`.
    pub memory: Option<Size>,
    /// `--on-demand`.
    pub on_demand: Option<u32>,
    /// `--preemptible-share`.
    pub preemptible_share: Option<f64>,
    /// `--timeout`.
    pub timeout: Option<Span>,
    /// `--max-cost`.
    pub max_cost: Option<Money>,
    /// `--retries`.
    pub retries: Option<u32>,
    /// `--keep-on-failure`.
    pub keep_on_failure: Option<Span>,
    /// `--python`.
    pub python: Option<String>,
    /// `--dask`.
    pub dask: Option<String>,
}

fn range<'de, D: Deserializer<'de>>(from: D) -> Result<Option<WorkerRange>, D::Error> {
    written(from, "a number of workers, or a range such as `\"2..10\"`,")?.parse().map(Some).map_err(de::Error::custom)
}

/// The times that decisions go by; absent means the built-in one.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Times {
    /// How long a scheduler or a worker may take to its first word.
    pub member_start: Option<Span>,
    /// How long a scheduler may take to close its workers.
    pub orderly_close: Option<Span>,
    /// How long a worker that goes may take over running tasks.
    pub drain: Option<Span>,
    /// How long a script may take to end after its scheduler is gone.
    pub script_after_scheduler: Option<Span>,
}

impl Times {
    /// The settings with these in the place of the built-in ones.
    pub fn settings(&self) -> Settings {
        let built_in = Settings::default();
        let or = |set: Option<Span>, built_in| set.map_or(built_in, |span| span.0);
        Settings {
            member_start: or(self.member_start, built_in.member_start),
            orderly_close: or(self.orderly_close, built_in.orderly_close),
            drain: or(self.drain, built_in.drain),
            script_after_scheduler: or(self.script_after_scheduler, built_in.script_after_scheduler),
            ..built_in
        }
    }
}

/// Whose prices count.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct PricesConfig {
    /// A price list of one's own; a relative path begins at the state folder.
    pub file: Option<PathBuf>,
    /// The region.
    pub region: String,
    /// The machine type of clusters that name none.
    pub machine_type: String,
    /// The kind of a machine's boot disk.
    pub disk_type: String,
    /// Its size, GiB; 0 leaves disks out.
    pub disk_gib: u32,
}

impl Default for PricesConfig {
    fn default() -> Self {
        let usual = Tariff::default();
        PricesConfig {
            file: None,
            region: usual.region,
            machine_type: usual.machine,
            disk_type: usual.disk,
            disk_gib: usual.disk_gib,
        }
    }
}

/// What costs money whether or not anybody works.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct FixedCostConfig {
    /// What it is.
    pub name: String,
    /// Dollars a month.
    pub monthly: f64,
    /// From which day.
    pub from: Option<String>,
    /// Until which day.
    pub until: Option<String>,
}

/// What the Dataproc face does where Google leaves a choice.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct DataprocConfig {
    /// What becomes of a cluster's initialization actions.
    #[serde(deserialize_with = "init_actions")]
    pub init_actions: InitActions,
}

/// What becomes of initialization actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InitActions {
    /// They are kept and answered; each operation warns that they are not run.
    #[default]
    Record,
    /// They are run, as the server's user; as root never.
    Run,
}

fn init_actions<'de, D: Deserializer<'de>>(from: D) -> Result<InitActions, D::Error> {
    match String::deserialize(from)?.as_str() {
        "record" => Ok(InitActions::Record),
        "run" => Ok(InitActions::Run),
        other => {
            let text = format!("`{other}` is neither \"record\" nor \"run\"");
            Err(de::Error::custom(text))
        }
    }
}

/// Every key with its section, for the error that names the nearest.
pub(super) const KEYS: &[(&str, &[&str])] = &[
    ("server", &["idle_exit", "retention"]),
    ("storage", &["staging_retention"]),
    ("pool", &["memory", "slots"]),
    (
        "defaults",
        &[
            "profile", "workers", "threads", "memory", "on_demand", "preemptible_share", "timeout", "max_cost", "retries",
            "keep_on_failure", "python", "dask",
        ],
    ),
    ("dataproc", &["init_actions"]),
    ("prices", &["file", "region", "machine_type", "disk_type", "disk_gib"]),
    ("fixed_costs", &["name", "monthly", "from", "until"]),
    ("times", &["member_start", "orderly_close", "drain", "script_after_scheduler"]),
    ("autoscale", &Policy::FIELDS),
];
