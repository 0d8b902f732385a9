//! What the Dataproc face reads of jobs, and what their processes get as environment.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use async_trait::async_trait;
use caddis_backends::local::paths::Home;
use caddis_dataproc::Outputs;
use caddis_engine::Engine;
use caddis_types::JobId;
use caddis_types::api::Stream;

use crate::face::Face;

/// The most of an output's end that is looked at for its last lines.
const END: u64 = 16 * 1024;

/// The state folder's files.
pub(super) struct Files {
    home: Home,
    engine: Engine,
}

impl Files {
    pub(super) fn new(face: &Face) -> Files {
        Files { home: face.assembly.home.clone(), engine: face.assembly.engine.clone() }
    }

    async fn attempt(&self, job: &JobId) -> Option<u32> {
        let record = self.engine.ports.store.job(job).await.ok()??;
        record.attempt().map(|attempt| attempt.number)
    }
}

#[async_trait]
impl Outputs for Files {
    async fn last_errors(&self, job: &JobId, lines: usize) -> String {
        let Some(attempt) = self.attempt(job).await else { return String::new() };
        let path = self.home.attempt_log(job, attempt, Stream::Stderr);
        let end = tokio::task::spawn_blocking(move || end_of(&path)).await;
        let text = end.ok().and_then(Result::ok).unwrap_or_default();
        let all: Vec<&str> = text.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }
}

fn end_of(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(END)))?;
    let mut bytes = Vec::new();
    file.take(END).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The environment of clusters and jobs that come over the wire: what a program needs to run at all, from the
/// server's own, and nothing that its starter happened to have.
pub(super) fn variables() -> Vec<(String, String)> {
    ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR"]
        .iter()
        .filter_map(|name| std::env::var(name).ok().map(|value| ((*name).to_owned(), value)))
        .collect()
}
