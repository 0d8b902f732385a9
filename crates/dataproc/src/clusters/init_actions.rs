//! Initialization actions, where `dataproc.init_actions` says that they are run: once, on the master, when the cluster's
//! own processes are ready, as the server's user.
//!
//! On Google every node runs them; here all nodes are this machine. What always holds: each runs a copy that was made when
//! the cluster was asked for; what is refused leaves no copy; none runs as root.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use caddis_engine::calls::Caller;
use caddis_googleapis::dataproc::{Cluster, ClusterConfig, NodeInitializationAction};
use caddis_types::api::SetupWish;
use caddis_types::{Cause, CauseCode};
use prost::Message;

use crate::face::{Dataproc, InitActions};
use crate::jobs;
use crate::wire::{Code, Status};

/// How long one may run that names no time.
const TIMEOUT_MS: u64 = 10 * 60 * 1000;
/// As Google calls the files on a node.
const FILE: &str = "dataproc-initialization-script";

/// What is to be run, with the folder that holds it, which is removed unless it is kept.
#[derive(Default)]
pub(super) struct Ready {
    pub(super) setup: Vec<SetupWish>,
    /// Which actions these are.
    pub(super) indices: Vec<u32>,
    folder: Option<PathBuf>,
}

impl Ready {
    /// The cluster was made: its files stay.
    pub(super) fn keep(mut self) {
        self.folder = None;
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            jobs::remove_folder(folder);
        }
    }
}

/// Copies what the cluster of this uuid is to run; nothing where they are only recorded.
pub(super) async fn prepare(face: &Dataproc, caller: &Caller, uuid: &str, config: &ClusterConfig) -> Result<Ready, Status> {
    let actions = &config.initialization_actions;
    match face.init_actions {
        _ if actions.is_empty() => return Ok(Ready::default()),
        InitActions::Record => return Ok(Ready::default()),
        InitActions::Refuse(why) => return Err(Status::new(Code::FailedPrecondition, why)),
        InitActions::Run => {}
    }
    let actions: Vec<_> = (0..).zip(actions).filter(|(_, action)| !is_ours(action)).collect();
    if actions.is_empty() {
        return Ok(Ready::default());
    }
    let folder = face.init_folder(uuid);
    let setup = actions.iter().map(|(index, action)| wish(&folder, *index, action)).collect::<Result<_, _>>()?;
    let indices = actions.iter().map(|(index, _)| *index as u32).collect();
    let ready = Ready { setup, indices, folder: Some(folder.clone()) };
    let files = actions.iter().map(|(index, action)| (field(*index), action.executable_file.clone(), script(&folder, *index)));
    jobs::fetch(files.collect(), folder, &face.objects, caller).await?;
    for wish in &ready.setup {
        let opened = std::fs::set_permissions(&wish.command, std::fs::Permissions::from_mode(0o700));
        opened.map_err(|error| Status::new(Code::Internal, format!("`{}` cannot be made executable: {error}", wish.name)))?;
    }
    Ok(ready)
}

/// Google's own action for Dask, which is here already.
pub(super) fn is_ours(action: &NodeInitializationAction) -> bool {
    let uri = action.executable_file.as_str();
    uri.starts_with("gs://goog-dataproc-initialization-actions-") && uri.ends_with("/dask/dask.sh")
}

fn field(index: usize) -> String {
    format!("cluster.config.initialization_actions[{index}].executable_file")
}

fn script(folder: &Path, index: usize) -> PathBuf {
    folder.join(format!("{FILE}-{index}"))
}

fn wish(folder: &Path, index: usize, action: &NodeInitializationAction) -> Result<SetupWish, Status> {
    let deadline_ms = match &action.execution_timeout {
        None => TIMEOUT_MS,
        Some(span) => u64::try_from(span.seconds.saturating_mul(1000) + i64::from(span.nanos / 1_000_000)).unwrap_or(0),
    };
    if deadline_ms == 0 {
        let field = format!("cluster.config.initialization_actions[{index}].execution_timeout");
        return Err(Status::field(&field, "is not a time in which anything can run"));
    }
    let command = script(folder, index).display().to_string();
    Ok(SetupWish { name: action.executable_file.clone(), command, deadline_ms })
}

/// The object that holds what an action of a cluster writes, below its bucket.
pub(crate) fn output(uuid: &str, cluster_name: &str, index: usize) -> String {
    format!("google-cloud-dataproc-metainfo/{uuid}/{cluster_name}-m/{FILE}-{index}_output")
}

/// What is said of a cluster's end: of an action that failed as Google says it, and how it ended, and its last lines.
pub(crate) fn said(cause: &Cause, asked: &Bytes, uuid: &str) -> String {
    if cause.code != CauseCode::SetupFailed {
        return cause.sentence.clone();
    }
    let cluster = Cluster::decode(asked.clone()).unwrap_or_default();
    let config = cluster.config.unwrap_or_default();
    let found = |what: &str| cause.evidence.iter().find(|evidence| evidence.what == what).map(|evidence| evidence.found.as_str());
    let uri = found("setup").unwrap_or_default();
    let index = config.initialization_actions.iter().position(|action| action.executable_file == uri).unwrap_or(0);
    let object = output(uuid, &cluster.cluster_name, index);
    let how = if cause.sentence.contains("ran longer") { "timed out" } else { "failed" };
    let lines = found("end of its log").map_or(String::new(), |lines| format!("; its last lines:\n{lines}"));
    format!(
        "Initialization action {how}. Failed action '{uri}', see output in: gs://{}/{object}\n{}{lines}",
        config.config_bucket, cause.sentence
    )
}
