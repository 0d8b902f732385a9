//! The engine's port to this machine.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_trait::async_trait;
use caddis_core::plan::Rung;
use caddis_core::profile::Pool;
use caddis_core::record::{Bundle, ClusterRecord, JobRecord};
use caddis_core::world::{EnvironmentStatus, Member, Members, Observed};
use caddis_engine::Queue;
use caddis_engine::ports::{Backend, BackendError, MemberStart, StartError, Stopped};
use caddis_types::api::{ConnectionView, Program};
use caddis_types::{Cause, CauseCode, ClusterId, JobId, Timestamp};
use futures_util::future::join_all;

use super::bundle;
use super::certificates::Certificates;
use super::environments::Environments;
use super::keeper::client::{CallError, KeeperClient};
use super::keeper::wire::{self, Kind, Launch};
use super::launch::{Ground, reach};
use super::members::Mirror;
use super::paths::Home;
use super::{program, runtime};
use crate::dask::Links;
use crate::{blocking, plain};

/// How often a process is asked for whose fork server went away meanwhile.
const FORK_SERVER_TRIES: u32 = 3;

/// What can be set.
#[derive(Clone, Debug)]
pub struct LocalOptions {
    /// The binary that can be a keeper: this one.
    pub exe: PathBuf,
    /// The capacity Caddis may use.
    pub pool: Pool,
    /// Bytes kept of each output of a job.
    pub output_limit: u64,
    /// A cluster that nobody wants ends itself after so many seconds.
    pub lease_seconds: u64,
}

/// This machine. Clones share everything.
#[derive(Clone)]
pub struct LocalBackend {
    home: Home,
    options: Arc<LocalOptions>,
    mirror: Mirror,
    environments: Environments,
    links: Links,
    dashboard_base: Arc<OnceLock<String>>,
    /// Clusters that were, or are being, purged: nothing of them is started any more. A start that was on its way in
    /// this server ends with it, so this need not be on disk.
    purged: Arc<Mutex<HashSet<ClusterId>>>,
}

impl LocalBackend {
    /// Begins to be connected to the keeper of `home`, starting one where there is none.
    pub fn start(home: Home, options: LocalOptions, queue: Queue) -> LocalBackend {
        LocalBackend {
            mirror: Mirror::start(home.clone(), options.exe.clone(), queue.clone()),
            environments: Environments::new(home.clone(), queue.clone()),
            links: Links::new(queue),
            home,
            options: Arc::new(options),
            dashboard_base: Arc::default(),
            purged: Arc::default(),
        }
    }

    /// The schedulers of this backend's clusters.
    pub fn links(&self) -> Links {
        self.links.clone()
    }

    /// Where dashboards are reached, once that is known: `http://127.0.0.1:port`.
    pub fn set_dashboard_base(&self, base: String) {
        // The first word holds: a server has one address for all its life.
        let _ = self.dashboard_base.set(base);
    }

    /// Ids of the environments that living clusters use.
    pub fn environments_in_use(&self) -> Vec<String> {
        self.environments.used()
    }

    /// The end of a script's standard input.
    pub async fn close_stdin(&self, cluster: &ClusterId, member: &str) -> Result<(), BackendError> {
        let keeper = self.keeper().await?;
        keeper.close_stdin(&format!("{cluster}/{member}")).await.map_err(call_error)
    }

    /// Ends the idle fork servers of an environment that is about to be removed: they hold memory for nobody, and one
    /// that still imports writes into the folder. One that stays does no other harm, so nothing is reported.
    pub async fn cool_environment(&self, id: &str) {
        let folder = self.home.path().join("environments").join(id);
        let cooled = match self.mirror.client().await {
            Some(keeper) => keeper.cool(&folder).await,
            None => return,
        };
        if let Err(error) = cooled {
            tracing::debug!(%id, %error, "the fork servers of an environment stayed");
        }
    }

    /// The keeper's own use of memory and processor, and its fork servers.
    pub async fn keeper_stats(&self) -> Result<wire::Stats, BackendError> {
        self.keeper().await?.stats().await.map_err(call_error)
    }

    async fn keeper(&self) -> Result<KeeperClient, BackendError> {
        let missing = || BackendError::new("no_keeper", "the keeper does not answer");
        self.mirror.client().await.ok_or_else(missing)
    }

    /// What the keeper is to start, with the files it needs. It waits for the disk.
    fn launches(
        &self,
        cluster: &ClusterRecord,
        starts: &[(Member, Option<JobRecord>)],
        variables: &BTreeMap<String, String>,
    ) -> Result<Vec<Launch>, StartError> {
        let Some(chosen) = self.environments.chosen(&cluster.id) else {
            return Err(StartError::Unknown("its environment is not ready".into()));
        };
        let runtime = runtime::unpack(&self.home).map_err(|error| refused(&error))?;
        let ground = Ground {
            home: &self.home,
            cluster,
            variables,
            python: &chosen.python,
            fingerprint: &chosen.fingerprint,
            runtime: &runtime,
            output_limit: self.options.output_limit,
            lease_seconds: self.options.lease_seconds,
            dashboard_base: self.dashboard_base.get().map(String::as_str),
        };
        let made = ground.prepare().and_then(|()| {
            let socket = self.home.cluster(&cluster.id).join("link.sock");
            self.links.listen(&cluster.id, &socket)?;
            starts.iter().map(|(member, job)| ground.launch(member, job.as_ref())).collect::<io::Result<Vec<_>>>()
        });
        made.map_err(|error| refused(&error))
    }

    fn is_purged(&self, cluster: &ClusterId) -> bool {
        self.purged.lock().unwrap_or_else(PoisonError::into_inner).contains(cluster)
    }

    async fn start_one(&self, keeper: &KeeperClient, mut launch: Launch) -> Result<(), StartError> {
        let mut answer = keeper.start(launch.clone()).await;
        if matches!(&answer, Err(CallError::Refused(error)) if error.code == "threads") {
            // An import leaves threads behind, so nothing can be forked from it: each member is its own interpreter.
            launch.interpreter.fork = false;
            answer = keeper.start(launch.clone()).await;
        }
        for _ in 1..FORK_SERVER_TRIES {
            // Somebody ended the fork server before it served; the keeper starts another.
            match &answer {
                Err(CallError::Refused(error)) if error.code == "fork_server" => {
                    answer = keeper.start(launch.clone()).await;
                }
                _ => break,
            }
        }
        match answer {
            Ok(record) => {
                self.mirror.take(keeper, &record).await;
                Ok(())
            }
            // What is left of an earlier process under this key, or of the cluster, has not ended yet.
            Err(CallError::Refused(error)) if error.code == "purging" => Err(StartError::Unknown(error.message)),
            Err(CallError::Refused(error)) => {
                if launch.kind == Kind::Worker {
                    // Nobody asks for it again, and the keeper knows nothing of it that could be forgotten later.
                    if let Err(error) = absent_is_fine(tokio::fs::remove_dir_all(&launch.folder).await) {
                        tracing::warn!(key = launch.key, %error, "the folder of a worker that was not started is left");
                    }
                }
                Err(StartError::Refused(refusal(&error)))
            }
            Err(error) => Err(StartError::Unknown(error.to_string())),
        }
    }
}

fn call_error(error: CallError) -> BackendError {
    match error {
        CallError::Refused(error) => BackendError::new(error.code, error.message),
        other => BackendError::new("keeper", other.to_string()),
    }
}

fn refusal(error: &wire::WireError) -> Cause {
    let code = match error.code.as_str() {
        "no_distributed" | "too_old" | "import" => CauseCode::EnvironmentBuild,
        "disk_full" => CauseCode::DiskFull,
        _ => CauseCode::ClusterStart,
    };
    let (sentence, hint) = error.message.split_once("\nhint: ").unwrap_or((&error.message, ""));
    let cause = Cause::new(code, sentence).with("code", error.code.clone());
    if hint.is_empty() { cause } else { cause.hint(hint) }
}

fn refused(error: &io::Error) -> StartError {
    let code = match error.kind() {
        io::ErrorKind::StorageFull => CauseCode::DiskFull,
        _ => CauseCode::ClusterStart,
    };
    StartError::Refused(Cause::new(code, format!("its files could not be written: {}", plain(error))))
}

fn file_error(what: &str, error: &io::Error) -> BackendError {
    match error.kind() {
        io::ErrorKind::StorageFull => BackendError {
            code: "disk_full".into(),
            message: format!("{what}: there is no space left"),
            hint: Some("free space, or remove old jobs with `caddis prune`".into()),
        },
        _ => BackendError::new("io", format!("{what}: {}", plain(error))),
    }
}

/// Sets a file's times to now, by the kernel's clock.
fn touch(file: &File) {
    let now = rustix::fs::Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW };
    let times = rustix::fs::Timestamps { last_access: now, last_modification: now };
    if let Err(error) = rustix::fs::futimens(file, &times) {
        tracing::warn!(error = %error, "a lease could not be renewed");
    }
}

/// The clusters that have a run folder.
fn folders(of_clusters: &Path) -> Vec<ClusterId> {
    let entries = std::fs::read_dir(of_clusters).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[async_trait]
impl Backend for LocalBackend {
    fn pool(&self) -> Pool {
        self.options.pool
    }

    async fn take_program(&self, program: &Program, cwd: &str) -> Result<Bundle, BackendError> {
        let (home, program, cwd) = (self.home.clone(), program.clone(), cwd.to_owned());
        blocking(move || {
            let script = program::check(&program, &cwd)?;
            bundle::keep(&home, script.as_deref(), Path::new(&cwd))
                .map_err(|error| file_error("the job's files could not be kept", &error))
        })
        .await
    }

    async fn members(&self, cluster: &ClusterId) -> Observed<Members> {
        // A new server listens again for the schedulers that an older one started; nobody does for what is cleared away.
        let folder = self.home.cluster(cluster);
        if !self.is_purged(cluster)
            && folder.join("lease").exists()
            && let Err(error) = self.links.listen(cluster, &folder.join("link.sock"))
        {
            tracing::warn!(cluster.id = %cluster, error = %error, "its link cannot be listened to");
        }
        self.mirror.members(cluster)
    }

    async fn environment(&self, cluster: &ClusterRecord) -> EnvironmentStatus {
        self.environments.status(&cluster.id)
    }

    async fn prepare_environment(
        &self,
        cluster: &ClusterRecord,
        variables: &BTreeMap<String, String>,
    ) -> Result<(), BackendError> {
        self.environments.prepare(cluster, variables);
        Ok(())
    }

    async fn start_members(
        &self,
        cluster: &ClusterRecord,
        starts: &[MemberStart<'_>],
        variables: &BTreeMap<String, String>,
    ) -> Vec<Result<(), StartError>> {
        let all = |error: StartError| starts.iter().map(|_| Err(error.clone())).collect();
        let (this, own_cluster, own_variables) = (self.clone(), cluster.clone(), variables.clone());
        let own_starts: Vec<_> = starts.iter().map(|start| (start.member.clone(), start.job.cloned())).collect();
        let launches = match blocking(move || this.launches(&own_cluster, &own_starts, &own_variables)).await {
            Ok(launches) => launches,
            Err(error) => return all(error),
        };
        match self.mirror.client().await {
            Some(_) if self.is_purged(&cluster.id) => {
                all(StartError::Refused(Cause::new(CauseCode::ClusterStopped, "its cluster was ended")))
            }
            Some(keeper) => join_all(launches.into_iter().map(|launch| self.start_one(&keeper, launch))).await,
            None => all(StartError::Unknown("the keeper does not answer".into())),
        }
    }

    async fn stop_member(
        &self,
        cluster: &ClusterId,
        member: &Member,
        reason: &str,
        ladder: &[Rung],
    ) -> Result<Stopped, BackendError> {
        let ladder: Vec<wire::Rung> = ladder
            .iter()
            .map(|rung| wire::Rung {
                signal: if rung.signal == "INT" { wire::SignalName::Int } else { wire::SignalName::Term },
                wait_ms: rung.wait_ms,
            })
            .collect();
        let keeper = self.keeper().await?;
        match keeper.stop(&format!("{cluster}/{member}"), reason, &ladder).await {
            Err(CallError::Refused(error)) if error.code == "not_found" => Ok(Stopped::Nothing),
            result => result.map(|()| Stopped::Found).map_err(call_error),
        }
    }

    async fn purge(&self, cluster: &ClusterId, reason: &str) -> Result<(), BackendError> {
        self.purged.lock().unwrap_or_else(PoisonError::into_inner).insert(cluster.clone());
        let keeper = self.keeper().await?;
        keeper.purge(cluster.as_str(), reason).await.map_err(call_error)?;
        self.mirror.all_told(cluster).await;
        Ok(())
    }

    async fn clean(&self, cluster: &ClusterId) -> Result<(), BackendError> {
        let keeper = self.keeper().await?;
        self.links.forget(cluster);
        self.environments.forget(cluster);
        let keys = self.mirror.forget(cluster);
        if !keys.is_empty() {
            keeper.forget(&keys).await.map_err(call_error)?;
        }
        let removed = tokio::fs::remove_dir_all(self.home.cluster(cluster)).await;
        absent_is_fine(removed).map_err(|error| file_error("the run folder could not be removed", &error))
    }

    async fn forget_members(&self, cluster: &ClusterId, members: &[Member]) -> Result<(), BackendError> {
        let keys: Vec<String> = members.iter().map(|member| format!("{cluster}/{member}")).collect();
        self.keeper().await?.forget(&keys).await.map_err(call_error)?;
        self.mirror.forget_members(cluster, members);
        let run_folder = self.home.cluster(cluster);
        let names = members.iter().map(Member::to_string);
        let folders: Vec<_> =
            names.flat_map(|name| ["members", "scratch"].map(|folder| run_folder.join(folder).join(&name))).collect();
        let removed = blocking(move || folders.iter().try_for_each(|folder| absent_is_fine(std::fs::remove_dir_all(folder))));
        removed.await.map_err(|error| file_error("the folder of an ended process could not be removed", &error))
    }

    async fn traces(&self) -> Result<Vec<ClusterId>, BackendError> {
        let missing = || BackendError::new("no_keeper", "the keeper does not answer");
        let mut all = self.mirror.clusters().ok_or_else(missing)?;
        let folder = self.home.clusters();
        all.extend(blocking(move || folders(&folder)).await);
        Ok(all.into_iter().collect())
    }

    async fn renew_leases(&self, clusters: &[ClusterId]) {
        let leases: Vec<_> = clusters.iter().map(|cluster| self.home.cluster(cluster).join("lease")).collect();
        blocking(move || {
            for path in leases {
                // A cluster that has no folder yet has no lease either.
                if let Ok(lease) = File::options().write(true).open(path) {
                    touch(&lease);
                }
            }
        })
        .await;
    }

    async fn connection(&self, cluster: &ClusterRecord) -> Result<ConnectionView, BackendError> {
        let address = cluster.scheduler.as_ref().and_then(|scheduler| scheduler.address.clone());
        let address = address.ok_or_else(|| BackendError::new("not_serving", "its scheduler has no address yet"))?;
        let certificates = Certificates::at(self.home.cluster(&cluster.id).join("tls"));
        Ok(ConnectionView {
            variables: reach(&address, &certificates),
            ca_file: certificates.ca().display().to_string(),
            cert_file: certificates.cert("client").display().to_string(),
            key_file: certificates.key("client").display().to_string(),
            address,
        })
    }

    async fn remove_programs(&self, kept: &BTreeSet<String>, since: Timestamp) -> Result<(), BackendError> {
        let (home, kept) = (self.home.clone(), kept.clone());
        let removed = blocking(move || bundle::remove_all_but(&home, &kept, since)).await;
        removed.map(drop).map_err(|error| file_error("programs that no job has any more could not be removed", &error))
    }

    async fn forget_job(&self, job: &JobId) -> Result<(), BackendError> {
        let removed = tokio::fs::remove_dir_all(self.home.job(job)).await;
        absent_is_fine(removed).map_err(|error| file_error("the job's logs could not be removed", &error))
    }
}

