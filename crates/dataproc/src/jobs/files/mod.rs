//! The folder that a job runs in, with its files, as Dataproc's driver would find them.
//!
//! `work/` is the working folder: `file_uris`, and `archive_uris` unpacked, each under its own name or the one behind
//! `#`. `modules/` is what `python_file_uris` bring: single modules, and zips and eggs unpacked, so that the workers
//! import them as the script does. A script that lies on this machine runs where it lies, so that modules beside it
//! import; one that comes from the object store runs in `modules/`.
//!
//! What always holds: a job that is refused leaves no folder; nothing a job brings is written outside of its own.

mod archive;
mod tarball;
mod uri;
mod wanted;
mod zipped;

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use caddis_engine::calls::Caller;
use caddis_gcs::{Store, StoreError};
use caddis_googleapis::dataproc::PySparkJob;

use self::archive::{Budget, Refused};
use self::uri::{At, Uri};
use self::wanted::{Role, Wanted};
use super::spark;
use crate::wire::{Code, Status};

/// What our domain calls need to run it.
pub(super) struct Ready {
    pub(super) script: PathBuf,
    pub(super) cwd: PathBuf,
    /// The folder whose modules import in the script and on the workers, where that is not the script's own.
    pub(super) modules: Option<PathBuf>,
    folder: Folder,
}

impl Ready {
    /// The job was taken: its folder stays.
    pub(super) fn keep(mut self) {
        self.folder.kept = true;
    }
}

/// A folder that is removed unless it is kept.
struct Folder {
    path: PathBuf,
    kept: bool,
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.kept {
            remove(&self.path);
        }
    }
}

/// Removes a job's folder, which may be gone.
pub(crate) fn remove(folder: &Path) {
    if let Err(error) = fs::remove_dir_all(folder)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::info!(error = %error, "the folder of a job could not be removed: `{}`", folder.display());
    }
}

/// Makes the folder and fills it; what comes from the object store is its caller's own.
pub(super) async fn prepare(job: &PySparkJob, folder: PathBuf, store: &Store, caller: &Caller) -> Result<Ready, Status> {
    let wanted = wanted::wanted(job)?;
    let objects = Objects { store: store.clone(), owner: caller.owner.clone() };
    let laid = tokio::task::spawn_blocking(move || lay(&wanted, folder, &objects));
    laid.await.map_err(|_| Status::new(Code::Internal, "the job's folder could not be made"))?
}

/// Copies files, each with its field, into a folder that is made for them.
pub(crate) async fn fetch(
    files: Vec<(String, String, PathBuf)>,
    folder: PathBuf,
    store: &Store,
    caller: &Caller,
) -> Result<(), Status> {
    let wanted = |(field, uri, to): (String, String, PathBuf)| {
        let uri = Uri::parse(&uri).map_err(|what| Status::field(&field, what))?;
        Ok((Wanted { field, uri, role: Role::File }, to))
    };
    let (all, to): (Vec<_>, Vec<_>) = files.into_iter().map(wanted).collect::<Result<Vec<_>, Status>>()?.into_iter().unzip();
    let objects = Objects { store: store.clone(), owner: caller.owner.clone() };
    let copied = tokio::task::spawn_blocking(move || {
        check(&all, &objects)?;
        make_folder(&folder)?;
        all.iter().zip(to).try_for_each(|(wanted, to)| copy(wanted, &source(wanted, &objects, to.with_extension("part"))?, &to))
    });
    copied.await.map_err(|_| Status::new(Code::Internal, "files could not be copied"))?
}

fn make_folder(path: &Path) -> Result<(), Status> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| disk(path, &error))
}

/// All files at their places. Blocks.
fn lay(all: &[Wanted], folder: PathBuf, objects: &Objects) -> Result<Ready, Status> {
    check(all, objects)?;
    let folder = Folder { path: folder, kept: false };
    let (work, modules, incoming) = (folder.path.join("work"), folder.path.join("modules"), folder.path.join("incoming"));
    for path in [&work, &modules, &incoming] {
        make_folder(path)?;
    }
    let fetched = all.iter().enumerate().map(|(index, wanted)| source(wanted, objects, incoming.join(index.to_string())));
    let sources = fetched.collect::<Result<Vec<_>, _>>()?;
    let mut budget = Budget::default();
    for (wanted, source) in all.iter().zip(&sources) {
        place(wanted, source, &work, &modules, &mut budget)?;
    }
    let main = all.iter().zip(&sources).find(|(wanted, _)| wanted.role == Role::Main);
    let (main, source) = main.ok_or_else(|| Status::new(Code::Internal, "a job has a script"))?;
    let script = match main.uri.at {
        At::Local(_) => source.clone(),
        At::Object { .. } => modules.join(&main.uri.name),
    };
    spark::refuse(&main.field, &script)?;
    remove(&incoming);
    let apart = !script.starts_with(&modules) && all.iter().any(|wanted| matches!(wanted.role, Role::Module | Role::Modules));
    Ok(Ready { script, cwd: work, modules: apart.then_some(modules), folder })
}

/// Puts one file where it belongs.
fn place(wanted: &Wanted, source: &Path, work: &Path, modules: &Path, budget: &mut Budget) -> Result<(), Status> {
    let name = &wanted.uri.name;
    match (wanted.role, &wanted.uri.at) {
        (Role::Main, At::Local(_)) => Ok(()),
        (Role::Main, At::Object { .. }) => copy(wanted, source, &modules.join(name)),
        // Of two modules of one name the first that was named is meant, as on a module path.
        (Role::Module, _) if modules.join(name).exists() => Ok(()),
        (Role::Module, _) => copy(wanted, source, &modules.join(name)),
        (Role::Modules, _) => unpacked(wanted, archive::unpack_modules(source, modules, budget)),
        (Role::File, _) => copy(wanted, source, &work.join(name)),
        (Role::Archive(kind), _) => unpacked(wanted, archive::unpack(kind, source, &work.join(name), budget)),
    }
}

/// What was fetched is moved, what is the user's stays.
fn copy(wanted: &Wanted, source: &Path, to: &Path) -> Result<(), Status> {
    let copied = match wanted.uri.at {
        At::Local(_) => fs::copy(source, to).map(drop),
        At::Object { .. } => fs::rename(source, to),
    };
    copied.map_err(|error| {
        Status::new(Code::Internal, format!("{}: `{}` cannot be copied to the job's folder: {error}", wanted.field, source.display()))
    })
}

fn unpacked(wanted: &Wanted, result: Result<(), Refused>) -> Result<(), Status> {
    result.map_err(|refused| match refused {
        Refused::Archive(what) => Status::field(&wanted.field, format!("`{}` cannot be unpacked: {what}", wanted.uri.file())),
        Refused::Disk(error) => {
            let text = format!("{}: `{}` cannot be unpacked here: {error}", wanted.field, wanted.uri.file());
            Status::new(Code::Internal, text)
        }
    })
}

fn disk(path: &Path, error: &std::io::Error) -> Status {
    Status::new(Code::Internal, format!("the job's folder `{}` cannot be made: {error}", path.display()))
}

/// The object store, as far as the caller may read it.
struct Objects {
    store: Store,
    owner: String,
}

/// Whether every file is there: all that are not are named at once, before anything is copied.
fn check(all: &[Wanted], objects: &Objects) -> Result<(), Status> {
    let mut wrong = Vec::new();
    for wanted in all {
        let found = match &wanted.uri.at {
            At::Local(path) => local(path),
            At::Object { bucket, object } => objects.stat(bucket, object),
        };
        wrong.extend(found.err().map(|what| (wanted.field.clone(), what)));
    }
    if wrong.is_empty() { Ok(()) } else { Err(Status::fields(wrong)) }
}

/// Pipes and devices are no files: reading them may never end.
fn local(path: &Path) -> Result<(), String> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(()),
        Ok(_) => Err(format!("`{}` is not a regular file", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(format!("there is no file `{}`", path.display())),
        Err(error) => Err(format!("`{}` cannot be read: {error}", path.display())),
    }
}

impl Objects {
    /// Another owner's bucket is not there.
    fn stat(&self, bucket: &str, object: &str) -> Result<(), String> {
        let mine = self.store.bucket(bucket).is_ok_and(|found| found.owner == self.owner);
        match self.store.stat(bucket, object) {
            _ if !mine => Err(format!("there is no bucket `{bucket}`")),
            Ok(_) => Ok(()),
            Err(StoreError::NoObject { .. }) => Err(format!("there is no object `{object}` in the bucket `{bucket}`")),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// The file itself, on this machine; an object is copied to `to` first.
fn source(wanted: &Wanted, objects: &Objects, to: PathBuf) -> Result<PathBuf, Status> {
    match &wanted.uri.at {
        At::Local(path) => Ok(path.clone()),
        At::Object { bucket, object } => match objects.store.read_to(bucket, object, &to) {
            Ok(_) => Ok(to),
            Err(error) => {
                let text = format!("{}: `gs://{bucket}/{object}` cannot be copied to the job's folder: {error}", wanted.field);
                Err(Status::new(Code::Internal, text))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lay_out(at: &Path, job: &PySparkJob) -> Result<Ready, Status> {
        let objects = Objects { store: Store::open(&at.join("store")).unwrap(), owner: "ann".to_owned() };
        lay(&wanted::wanted(job)?, at.join("job"), &objects)
    }

    #[test]
    fn files_are_where_spark_would_put_them() {
        let at = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            fs::write(at.path().join(name), text).unwrap();
            format!("file://{}", at.path().join(name).display())
        };
        let job = PySparkJob {
            main_python_file_uri: file("main.py", "print(1)"),
            python_file_uris: vec![file("helper.py", "x = 1")],
            file_uris: vec![file("data.csv", "1"), format!("{}#other.csv", file("more.csv", "2"))],
            ..PySparkJob::default()
        };
        let ready = lay_out(at.path(), &job).unwrap();
        assert_eq!(ready.script, at.path().join("main.py"));
        assert_eq!(fs::read_to_string(ready.cwd.join("other.csv")).unwrap(), "2");
        assert!(ready.cwd.join("data.csv").is_file());
        assert!(ready.modules.as_ref().unwrap().join("helper.py").is_file());
        drop(ready);
        assert!(!at.path().join("job").exists(), "what is not kept is removed");
        lay_out(at.path(), &job).unwrap().keep();
        assert!(at.path().join("job/work/data.csv").exists());
    }

    #[test]
    fn a_script_from_the_store_runs_among_its_modules() {
        let at = tempfile::tempdir().unwrap();
        let store = Store::open(&at.path().join("store")).unwrap();
        let now = caddis_types::Timestamp(1);
        store.ensure_bucket("ann", "p", "mine", now).unwrap();
        store.ensure_bucket("bob", "p", "theirs", now).unwrap();
        for bucket in ["mine", "theirs"] {
            store.put_bytes(bucket, caddis_gcs::store::Draft::named("a/main.py"), b"print(1)", now).unwrap();
        }
        let job = |uri: &str| PySparkJob {
            main_python_file_uri: uri.to_owned(),
            python_file_uris: vec!["gs://mine/a/main.py".to_owned()],
            ..PySparkJob::default()
        };
        let ready = lay_out(at.path(), &job("gs://mine/a/main.py")).unwrap();
        assert_eq!((ready.script.clone(), ready.modules.clone()), (at.path().join("job/modules/main.py"), None));
        assert!(ready.script.is_file() && !at.path().join("job/incoming").exists());
        for (uri, what) in [
            ("gs://mine/b.py", "there is no object `b.py` in the bucket `mine`"),
            ("gs://none/b.py", "there is no bucket `none`"),
            ("gs://theirs/a/main.py", "there is no bucket `theirs`"),
        ] {
            let refused = lay_out(at.path(), &job(uri)).err().unwrap();
            assert!(refused.message.contains(what) && refused.message.contains("main_python_file_uri"), "{}", refused.message);
        }
    }

    #[test]
    fn what_is_no_file_is_named_with_its_field() {
        let at = tempfile::tempdir().unwrap();
        fs::write(at.path().join("main.py"), "").unwrap();
        fs::write(at.path().join("x.zip"), "no zip").unwrap();
        let job = |field: &str, uri: &str| {
            let mut job = PySparkJob {
                main_python_file_uri: format!("{}/main.py", at.path().display()),
                ..PySparkJob::default()
            };
            let uri = vec![uri.replace("AT", &at.path().display().to_string())];
            match field {
                "file_uris" => job.file_uris = uri,
                "archive_uris" => job.archive_uris = uri,
                _ => job.python_file_uris = uri,
            }
            let refused = lay_out(at.path(), &job).err().unwrap();
            assert!(refused.message.contains(&format!("job.pyspark_job.{field}[0]")), "{}", refused.message);
            assert!(!at.path().join("job").exists());
            refused.code
        };
        assert_eq!(job("file_uris", "/nowhere/x"), Code::InvalidArgument);
        assert_eq!(job("file_uris", "/dev/zero"), Code::InvalidArgument);
        assert_eq!(job("archive_uris", "AT/x.zip"), Code::InvalidArgument);
        assert_eq!(job("python_file_uris", "AT/x.zip"), Code::InvalidArgument);
    }
}
