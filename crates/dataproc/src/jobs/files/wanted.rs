//! What files a job asks for, checked before any of them is touched: every field that is wrong is named at once.

use std::collections::BTreeMap;

use caddis_googleapis::dataproc::PySparkJob;

use super::archive::Kind;
use super::uri::Uri;
use crate::wire::Status;

/// A file, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Who asked for it.
    pub(super) field: String,
    pub(super) uri: Uri,
    pub(super) role: Role,
}

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The script.
    Main,
    /// A module.
    Module,
    /// Modules, packed as a zip (or an egg, which is one).
    Modules,
    /// A file in the working folder.
    File,
    /// A folder in the working folder.
    Archive(Kind),
}

/// All of them, the script first.
pub(super) fn wanted(job: &PySparkJob) -> Result<Vec<Wanted>, Status> {
    let mut all = All::default();
    all.take("main_python_file_uri", &job.main_python_file_uri, main);
    for (index, uri) in job.python_file_uris.iter().enumerate() {
        all.take(&format!("python_file_uris[{index}]"), uri, module);
    }
    for (index, uri) in job.file_uris.iter().enumerate() {
        all.take(&format!("file_uris[{index}]"), uri, |_| Ok(Role::File));
    }
    for (index, uri) in job.archive_uris.iter().enumerate() {
        all.take(&format!("archive_uris[{index}]"), uri, archive);
    }
    if let Some(jar) = job.jar_file_uris.first() {
        let what = format!("`{jar}`: there is no JVM here; a PySpark job is a Python script on Dask");
        all.wrong.push((format!("{JOB}.jar_file_uris"), what));
    }
    all.names();
    if all.wrong.is_empty() { Ok(all.found) } else { Err(Status::fields(all.wrong)) }
}

const JOB: &str = "job.pyspark_job";

#[derive(Default)]
struct All {
    found: Vec<Wanted>,
    wrong: Vec<(String, String)>,
}

impl All {
    fn take(&mut self, field: &str, text: &str, role: impl Fn(&Uri) -> Result<Role, String>) {
        let field = format!("{JOB}.{field}");
        match Uri::parse(text).and_then(|uri| role(&uri).map(|role| (uri, role))) {
            Ok((uri, role)) => self.found.push(Wanted { field, uri, role }),
            Err(what) => self.wrong.push((field, what)),
        }
    }

    /// Two files of one name in the working folder: one of them would be lost without a word.
    fn names(&mut self) {
        let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
        for wanted in self.found.iter().filter(|wanted| matches!(wanted.role, Role::File | Role::Archive(_))) {
            if let Some(first) = taken.insert(&wanted.uri.name, &wanted.field) {
                let what = format!("`{}` is what `{first}` is called already; write `#name` behind one of them", wanted.uri.name);
                self.wrong.push((wanted.field.clone(), what));
            }
        }
    }
}

fn main(uri: &Uri) -> Result<Role, String> {
    let name = uri.file();
    match (name.ends_with(".py"), uri.renamed) {
        (true, false) => Ok(Role::Main),
        (false, _) => Err(format!("`{name}` does not end in `.py`")),
        (true, true) => Err("a script has the name of its file; leave out what follows `#`".to_owned()),
    }
}

fn module(uri: &Uri) -> Result<Role, String> {
    let name = uri.file().to_ascii_lowercase();
    match name.rsplit('.').next() {
        _ if uri.renamed => Err("modules have the names of their files; leave out what follows `#`".to_owned()),
        Some("py") => Ok(Role::Module),
        Some("zip" | "egg") => Ok(Role::Modules),
        _ => Err(format!("`{}` is neither a `.py` nor a `.zip` nor an `.egg`", uri.file())),
    }
}

fn archive(uri: &Uri) -> Result<Role, String> {
    let kind = Kind::of(uri.file());
    kind.map(Role::Archive).ok_or_else(|| format!("`{}` is neither .tar, .tar.gz, .tgz, .zip nor .jar", uri.file()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_file_is_named_at_once() {
        let job = PySparkJob {
            main_python_file_uri: "gs://b/main.jar".into(),
            python_file_uris: vec!["/a/b.txt".into(), "/a/b.py#c.py".into()],
            file_uris: vec!["/a/x".into(), "/b/x".into()],
            archive_uris: vec!["/a/b.rar".into(), "/a/b.zip#x".into()],
            jar_file_uris: vec!["gs://b/x.jar".into()],
            ..PySparkJob::default()
        };
        let message = wanted(&job).unwrap_err().message;
        for field in [
            "main_python_file_uri", "python_file_uris[0]", "python_file_uris[1]", "file_uris[1]", "archive_uris[0]",
            "archive_uris[1]", "jar_file_uris",
        ] {
            assert!(message.contains(&format!("{JOB}.{field}:")), "{field} is not in {message}");
        }
    }

    #[test]
    fn what_files_are_for() {
        let job = PySparkJob {
            main_python_file_uri: "/a/main.py".into(),
            python_file_uris: vec!["/a/m.py".into(), "/a/m.zip".into(), "gs://b/m.egg".into()],
            file_uris: vec!["/a/x.zip".into()],
            archive_uris: vec!["/a/x.tar.gz#env".into(), "/a/y.jar".into()],
            ..PySparkJob::default()
        };
        let roles: Vec<Role> = wanted(&job).unwrap().into_iter().map(|wanted| wanted.role).collect();
        let archives = [Role::Archive(Kind::TarGz), Role::Archive(Kind::Zip)];
        assert_eq!(roles[..5], [Role::Main, Role::Module, Role::Modules, Role::Modules, Role::File]);
        assert_eq!(roles[5..], archives);
    }
}
