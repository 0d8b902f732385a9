//! The folder that a job runs in, with its files, as Dataproc's driver would find them.
//!
//! `main_python_file_uri` runs where it lies, so that modules beside it import; `python_file_uris` go onto the module
//! path, `file_uris` into the working folder. Deliberately absent until the object store is served: `gs://`.

use std::path::{Path, PathBuf};

use caddis_googleapis::dataproc::PySparkJob;
use caddis_types::api::Program;

use crate::wire::{Code, Status};

/// What our domain calls need to run it.
pub(super) struct Ready {
    pub(super) program: Program,
    pub(super) cwd: PathBuf,
    /// For `PYTHONPATH`.
    pub(super) module_path: Vec<String>,
}

/// Makes the folder and fills it. Blocks.
pub(super) fn prepare(job: &PySparkJob, folder: &Path) -> Result<Ready, Status> {
    let main = local("job.pyspark_job.main_python_file_uri", &job.main_python_file_uri)?;
    if !job.main_python_file_uri.ends_with(".py") {
        let what = format!("`{}` does not end in `.py`", job.main_python_file_uri);
        return Err(Status::field("job.pyspark_job.main_python_file_uri", what));
    }
    if !job.jar_file_uris.is_empty() {
        return Err(Status::field("job.pyspark_job.jar_file_uris", "there is no JVM here: a job runs Python on Dask"));
    }
    if !job.archive_uris.is_empty() {
        return Err(Status::field("job.pyspark_job.archive_uris", "archives are not unpacked yet; name their files in `file_uris`"));
    }
    let failed = |doing: &str, error: std::io::Error| Status::new(Code::Internal, format!("{doing} `{}`: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(|error| failed("the job's folder cannot be made:", error))?;
    let mut module_path = Vec::new();
    for (index, uri) in job.python_file_uris.iter().enumerate() {
        let path = local(&format!("job.pyspark_job.python_file_uris[{index}]"), uri)?;
        // A module's folder, or an archive itself.
        let on_path = if uri.ends_with(".py") { path.parent().unwrap_or(Path::new("/")).to_owned() } else { path };
        module_path.push(on_path.display().to_string());
    }
    for (index, uri) in job.file_uris.iter().enumerate() {
        let field = format!("job.pyspark_job.file_uris[{index}]");
        let path = local(&field, uri)?;
        let name = path.file_name().ok_or_else(|| Status::field(&field, format!("`{uri}` names no file")))?;
        std::fs::copy(&path, folder.join(name)).map_err(|error| failed("a file cannot be copied into", error))?;
    }
    Ok(Ready { program: Program::Script(main.display().to_string()), cwd: folder.to_owned(), module_path })
}

/// The file that a URI names on this machine.
fn local(field: &str, uri: &str) -> Result<PathBuf, Status> {
    let path = match uri.split_once("://") {
        None if uri.is_empty() => return Err(Status::field(field, "must be specified")),
        None => uri,
        Some(("file", path)) => path,
        Some(("gs", _)) => {
            return Err(Status::new(Code::Unimplemented, format!("{field}: `{uri}`: the object store is not served yet; use `file://`")));
        }
        Some((scheme, _)) => return Err(Status::field(field, format!("`{scheme}://` is not served; use `gs://` or `file://`"))),
    };
    let path = PathBuf::from(path);
    if !path.is_absolute() {
        return Err(Status::field(field, format!("`{uri}` is not absolute")));
    }
    if !path.is_file() {
        return Err(Status::field(field, format!("there is no file `{}`", path.display())));
    }
    Ok(path)
}
