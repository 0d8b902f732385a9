//! `DiagnoseCluster`: what is known of a cluster as one archive, for whoever looks for what went wrong.
//!
//! The archive is gathered and written before the operation is answered: there is no moment at which a crash could leave
//! an operation that never ends. What always holds: nothing of the cluster's run folder is in it, where its keys are, nor
//! any environment variable; values whose names say that they are secret are left out.

mod archive;
mod bucket;
mod gather;
mod redact;

use std::path::{Path, PathBuf};

use caddis_googleapis::dataproc::{DiagnoseClusterRequest, DiagnoseClusterResults};
use caddis_googleapis::longrunning::Operation;
use prost::Message;

use super::find;
use crate::documents::{About, ClusterWork, Encoded};
use crate::face::Dataproc;
use crate::operations::{self, Fresh};
use crate::place::Place;
use crate::wire::{Asked, Code, Status};

/// As Google names it.
const FILE: &str = "diagnostic.tar.gz";
/// Archives of one cluster that are kept, the newest.
const KEPT: usize = 10;

pub(super) async fn diagnose(face: &Dataproc, asked: Asked<DiagnoseClusterRequest>) -> Result<Operation, Status> {
    let request = &asked.message;
    let place = Place::new(&request.project_id, &request.region)?;
    let jobs = check(request, &place)?;
    let to = bucket::wished(face, &asked.caller, &request.tarball_gcs_dir)?;
    let fresh = Fresh::new(face, &place, "DiagnoseCluster", "")?;
    let living = find::living(face, &place, &request.cluster_name).await?;
    let at = face.now();
    let files = gather::files(face, &asked.caller, &place, &living, &jobs).await?;
    let document = &living.document.body;
    let folder = face.diagnoses.join(&document.uuid);
    let name = format!("{:020}-{}", at.0, fresh.key.rsplit('/').next().unwrap_or_default());
    let objects = face.objects.clone();
    let written = tokio::task::spawn_blocking(move || {
        let archive = archive::pack(&files, at).map_err(|error| unwritten(&error))?;
        match to {
            Some(to) => bucket::put(&objects, &to, &name, &archive, at),
            None => keep(&folder, &name, &archive).map(|path| format!("file://{}", path.display())).map_err(|error| unwritten(&error)),
        }
    });
    let output_uri = written.await.map_err(|error| unwritten(&error))??;
    let results = DiagnoseClusterResults { output_uri };
    let about = About::Cluster {
        what: ClusterWork::Diagnose,
        name: request.cluster_name.clone(),
        uuid: document.uuid.clone(),
        cluster: document.cluster.clone(),
        asked: Encoded(results.encode_to_vec().into()),
    };
    let write = fresh.write(&asked.caller, about, at, living.cluster.labels.clone(), Vec::new());
    face.engine.write_documents(vec![write]).await?;
    operations::get_by_key(face, &fresh.key).await
}

fn unwritten(error: &dyn std::fmt::Display) -> Status {
    Status::new(Code::Internal, format!("the archive cannot be written: {error}"))
}

/// The ids of the jobs that are meant; none means all.
fn check(request: &DiagnoseClusterRequest, place: &Place) -> Result<Vec<String>, Status> {
    if !request.yarn_application_ids.is_empty() {
        return Err(Status::field("yarn_application_ids", "there is no YARN here: name `jobs`"));
    }
    let one = |(index, name): (usize, &String)| match Place::parse(&format!("jobs[{index}]"), name)? {
        (of, "jobs", id) if of == *place => Ok(id.to_owned()),
        _ => Err(Status::field(&format!("jobs[{index}]"), format!("`{name}` is no job of `{}`", place.name()))),
    };
    request.jobs.iter().enumerate().map(one).collect()
}

/// Writes an archive, its owner's alone, and removes those that are too many. Blocks.
fn keep(folder: &Path, name: &str, archive: &[u8]) -> std::io::Result<PathBuf> {
    use std::fs::{DirBuilder, OpenOptions};
    use std::io::Write;
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    let own = folder.join(name);
    DirBuilder::new().recursive(true).mode(0o700).create(&own)?;
    let path = own.join(FILE);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    file.write_all(archive)?;
    file.sync_all()?;
    // Names begin with the time: the oldest come first.
    let mut all: Vec<_> = std::fs::read_dir(folder)?.flatten().map(|entry| entry.path()).collect();
    all.sort();
    for old in &all[..all.len().saturating_sub(KEPT)] {
        std::fs::remove_dir_all(old)?;
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_archives_are_kept_and_are_their_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> =
            (0..KEPT + 2).map(|n| keep(&folder.path().join("uuid"), &format!("{n:020}-x"), b"a").unwrap()).collect();
        let there: Vec<bool> = paths.iter().map(|path| path.exists()).collect();
        assert_eq!(there.iter().filter(|there| **there).count(), KEPT);
        assert_eq!(there[..2], [false, false]);
        assert_eq!(paths[5].metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn jobs_are_named_in_full_and_of_the_same_place() {
        let place = Place::new("p", "us-east1").unwrap();
        let asked = |name: &str| check(&DiagnoseClusterRequest { jobs: vec![name.to_owned()], ..Default::default() }, &place);
        assert_eq!(asked("projects/p/regions/us-east1/jobs/j"), Ok(vec!["j".to_owned()]));
        for bad in ["j", "projects/p/regions/us-west1/jobs/j", "projects/p/regions/us-east1/clusters/j"] {
            assert!(asked(bad).unwrap_err().message.contains("jobs[0]"), "{bad}");
        }
    }
}
