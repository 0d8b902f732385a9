//! What the Dataproc face reads of jobs.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use async_trait::async_trait;
use caddis_backends::local::paths::Home;
use caddis_dataproc::{Outputs, Piece};
use caddis_engine::Engine;
use caddis_types::api::Stream;
use caddis_types::{ClusterId, JobId};

use crate::face::Face;
use crate::logs::reader::Reader;

/// The most of an output's end that is looked at for its last lines.
const END: u64 = 16 * 1024;
/// The most of a log's end, and of the ends of all logs of a cluster, in a diagnosis.
const LOG_END: u64 = 1 << 20;
const LOGS: u64 = 32 << 20;

/// The state folder's files.
pub(super) struct Files {
    home: Home,
    engine: Engine,
    face: Face,
    limit: u64,
}

impl Files {
    pub(super) fn new(face: &Face) -> Files {
        let assembly = &face.assembly;
        let (home, engine) = (assembly.home.clone(), assembly.engine.clone());
        Files { home, engine, face: face.clone(), limit: assembly.output_limit }
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
        let end = tokio::task::spawn_blocking(move || end_of(&path, END)).await;
        let end = end.map(|end| end.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
        let text = end.ok().and_then(Result::ok).unwrap_or_default();
        let all: Vec<&str> = text.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    async fn cluster_logs(&self, cluster: &ClusterId) -> Vec<(String, Vec<u8>)> {
        let folder = self.home.cluster_logs(cluster);
        tokio::task::spawn_blocking(move || logs(&folder)).await.unwrap_or_default()
    }

    async fn cluster_log(&self, cluster: &ClusterId, member: &str) -> Option<Vec<u8>> {
        let path = self.home.cluster_logs(cluster).join(format!("{member}.log"));
        tokio::task::spawn_blocking(move || end_of(&path, LOG_END)).await.ok()?.ok()
    }

    async fn packages(&self, cluster: &ClusterId) -> Option<BTreeSet<String>> {
        let chosen = self.home.cluster(cluster).join("environment.json");
        tokio::task::spawn_blocking(move || packages(&chosen)).await.ok()?
    }

    fn dashboard(&self, cluster: &ClusterId) -> Option<String> {
        self.face.base().map(|base| format!("{base}/clusters/{cluster}/status"))
    }

    fn read(&self, job: &JobId, attempt: u32, stream: Stream, offset: u64) -> std::io::Result<Option<Piece>> {
        let mut reader = Reader::new(self.home.attempt_log(job, attempt, stream), self.limit, offset);
        Ok(reader.read()?.map(|piece| Piece { offset: piece.offset, content: piece.content }))
    }
}

/// Names of the packages beside the interpreter that was chosen for a cluster, as PEP 503 normalizes them.
fn packages(chosen: &Path) -> Option<BTreeSet<String>> {
    let chosen: serde_json::Value = serde_json::from_slice(&std::fs::read(chosen).ok()?).ok()?;
    let library = Path::new(chosen["python"].as_str()?).parent()?.parent()?.join("lib");
    let versions = std::fs::read_dir(library).ok()?.flatten().map(|entry| entry.path().join("site-packages"));
    let entries = versions.filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
    let name = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        let (name, _) = name.strip_suffix(".dist-info")?.split_once('-')?;
        Some(name.replace(['_', '.'], "-").to_lowercase())
    };
    Some(entries.filter_map(name).collect())
}

fn end_of(path: &Path, most: u64) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The newest processes' logs go first, as long as there is room; answered by name.
fn logs(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?.strip_suffix(".log")?.to_owned();
            let facts = entry.metadata().ok().filter(|facts| facts.is_file())?;
            Some((facts.modified().ok(), name, entry.path()))
        })
        .collect();
    files.sort_by_key(|file| std::cmp::Reverse(file.0));
    let mut room = LOGS;
    let mut logs = Vec::new();
    for (_, name, path) in files {
        let end = end_of(&path, LOG_END.min(room)).unwrap_or_default();
        room = room.saturating_sub(end.len() as u64);
        logs.push((name, end));
    }
    logs.sort();
    logs
}
