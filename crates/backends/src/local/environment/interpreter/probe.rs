//! Asking an interpreter what it is, by running it.

use std::{path::{Path, PathBuf}, time::Duration};

use super::{super::{process::{self, Program}, version::PythonVersion}, Interpreter};

/// Longer than any healthy start, even from a cold network disk.
const LIMIT: Duration = Duration::from_secs(20);

/// Isolated from the user's variables and site, so that the answer is the interpreter's own.
const QUESTION: &str = "\
import os, site, sys
print('caddis', sys.implementation.name, *sys.version_info)
try: libc = os.confstr('CS_GNU_LIBC_VERSION') or ''
except (ValueError, OSError): libc = ''
print(sys.implementation.cache_tag, (getattr(sys, 'abiflags', '') or '-'), os.uname().machine, 'glibc' if libc else 'musl')
print(os.path.realpath(sys.executable) if sys.prefix == sys.base_prefix else sys.executable)
print(sys.prefix)
print(os.path.realpath(getattr(sys, '_base_executable', None) or sys.executable))
for folder in site.getsitepackages(): print(folder)
";

/// Runs the interpreter at a path; the error says in words why it cannot be used.
pub(super) async fn probe(path: &Path) -> Result<Interpreter, String> {
    let program = Program {
        program: path.to_path_buf(),
        arguments: ["-I", "-B", "-c", QUESTION].map(Into::into).into(),
        variables: vec![("PATH".into(), "/usr/bin:/bin".into()), ("LC_ALL".into(), "C.UTF-8".into())],
        ..Program::default()
    };
    let finished = process::run_within(program, LIMIT).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::PermissionDenied => "it is not executable".to_owned(),
        std::io::ErrorKind::NotFound => "it does not exist".to_owned(),
        _ => crate::plain(&error),
    })?;
    if !finished.status.success() {
        let last = finished.stderr.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no message");
        return Err(format!("it ended with {}: {}", finished.status, last.trim()));
    }
    answer(&finished.stdout).unwrap_or_else(|| Err("it does not answer as Python does".into()))
}

fn answer(text: &str) -> Option<Result<Interpreter, String>> {
    let mut lines = text.lines();
    let words: Vec<&str> = lines.next()?.split(' ').collect();
    let ["caddis", implementation, major, minor, patch, level, _] = words[..] else { return None };
    if implementation != "cpython" {
        return Some(Err(format!("it is {implementation}; Dask is run on CPython only")));
    }
    let version = PythonVersion {
        major: major.parse().ok()?,
        minor: minor.parse().ok()?,
        patch: patch.parse().ok()?,
        released: level == "final",
    };
    let abi = lines.next()?.to_owned();
    let mut path = || lines.next().map(PathBuf::from);
    let (executable, prefix, base) = (path()?, path()?, path()?);
    let base = if executable.starts_with(&prefix) && prefix.join("pyvenv.cfg").is_file() { base } else { executable.clone() };
    Some(Ok(Interpreter { path: executable, version, abi, prefix, base, site_packages: lines.map(PathBuf::from).collect() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_an_answer_and_refuses_others() {
        let text = "caddis cpython 3 14 0 candidate 1\ncpython-314 t x86_64 glibc\n/opt/bin/python3.14\n/opt\n/opt/bin/python3.14\n/opt/lib/site-packages\n";
        let read = answer(text).unwrap().unwrap();
        assert!(!read.version.released && read.is_free_threaded());
        assert_eq!(read.site_packages, [PathBuf::from("/opt/lib/site-packages")]);
        assert!(answer("caddis pypy 3 10 1 final 0\n").unwrap().unwrap_err().contains("pypy"));
        assert!(answer("pyenv: python3.10: command not found\n").is_none());
    }

    #[tokio::test]
    async fn says_why_one_does_not_answer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("python3");
        assert_eq!(probe(&path).await.unwrap_err(), "it does not exist");
        std::fs::write(&path, "x").unwrap();
        assert_eq!(probe(&path).await.unwrap_err(), "it is not executable");
        assert_eq!(probe(Path::new("/bin/echo")).await.unwrap_err(), "it does not answer as Python does");
        assert!(probe(Path::new("/bin/false")).await.unwrap_err().contains("exit status: 1"));
    }
}
