//! Checks that can be made before a job is taken: what was named is there, is a file, can be read, is Python.
//!
//! The server makes them when a job is submitted, whoever submits it. The command line makes the same ones before it
//! starts a server for nothing.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use caddis_engine::ports::BackendError;
use caddis_types::api::Program;

use crate::plain;

/// A larger file is data, not a script.
const SCRIPT_MAX: u64 = 16 << 20;
/// How much of a script is looked at.
const HEAD: u64 = 8192;

/// The script's path, after all checks; nothing for a module.
pub(super) fn check(program: &Program, cwd: &str) -> Result<Option<PathBuf>, BackendError> {
    folder(Path::new(cwd))?;
    match program {
        Program::Script(path) => script(Path::new(path)).map(|()| Some(PathBuf::from(path))),
        Program::Module(name) => module(name).map(|()| None),
    }
}

/// The folder that a job is to run in.
///
/// # Errors
/// `no_folder`.
pub fn folder(path: &Path) -> Result<(), BackendError> {
    let (shown, hint) = (path.display(), "name another with `--cwd`");
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(error("no_folder", format!("the working folder `{shown}` is not a folder"), hint)),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
            Err(error("no_folder", format!("the working folder `{shown}` is not there"), hint))
        }
        Err(cause) => {
            Err(error("no_folder", format!("the working folder `{shown}` cannot be used: {}", plain(&cause)), hint))
        }
    }
}

/// The file that a job is to run.
///
/// # Errors
/// `is_a_folder`, `not_a_file`, `no_script`, `unreadable`, `not_python`.
pub fn script(path: &Path) -> Result<(), BackendError> {
    let shown = path.display();
    let found = match fs::metadata(path) {
        Err(cause) => return Err(unreadable(path, &cause)),
        Ok(found) => found,
    };
    if found.is_dir() {
        let hint = "name the file to run; a package runs with `-m PACKAGE`";
        return Err(error("is_a_folder", format!("`{shown}` is a folder, not a script"), hint));
    }
    // Opening a pipe waits for its other end, and a device never ends.
    if !found.is_file() {
        return Err(error("not_a_file", format!("`{shown}` is not a regular file"), "write the script to a file"));
    }
    if found.len() > SCRIPT_MAX {
        return Err(not_python(path, &format!("it has more than {} MiB", SCRIPT_MAX >> 20), "name a `.py` file"));
    }
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    read.map_err(|cause| unreadable(path, &cause))?;
    is_python(path, &head)
}

fn error(code: &str, message: String, hint: &str) -> BackendError {
    BackendError { code: code.to_owned(), message, hint: Some(hint.to_owned()) }
}

fn unreadable(path: &Path, cause: &io::Error) -> BackendError {
    let shown = path.display();
    match cause.kind() {
        io::ErrorKind::NotFound => {
            let hint = "check the path; it starts at the current folder";
            error("no_script", format!("there is no script `{shown}`"), hint)
        }
        io::ErrorKind::PermissionDenied => {
            let hint = "check its permissions, and those of its folders";
            error("unreadable", format!("the script `{shown}` cannot be read by this user"), hint)
        }
        _ => error("unreadable", format!("the script `{shown}` cannot be read: {}", plain(cause)), "check the path"),
    }
}

fn not_python(path: &Path, what: &str, hint: &str) -> BackendError {
    error("not_python", format!("`{}` is not a Python script: {what}", path.display()), hint)
}

/// Programs, archives and notebooks are refused; whether the text is valid Python, only Python can say.
fn is_python(path: &Path, head: &[u8]) -> Result<(), BackendError> {
    if head.starts_with(b"\x7fELF") {
        return Err(not_python(path, "it is a binary program", "name a `.py` file"));
    }
    if head.contains(&0) {
        return Err(not_python(path, "it holds zero bytes, as a binary file does", "name a `.py` file"));
    }
    if path.extension().is_some_and(|extension| extension == "ipynb") {
        let hint = "`jupyter nbconvert --to script` makes a script of it";
        return Err(not_python(path, "it is a notebook", hint));
    }
    let first = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let first = String::from_utf8_lossy(first);
    if first.starts_with("#!") && !first.contains("python") && !first.contains("uv run") {
        return Err(not_python(path, &format!("its first line is `{}`", first.trim()), "name a `.py` file"));
    }
    Ok(())
}

/// The module that a job is to run as `python -m` would; whether it is there, only Python can say.
///
/// # Errors
/// `bad_module`.
pub fn module(name: &str) -> Result<(), BackendError> {
    let good = !name.is_empty()
        && name.split('.').all(|part| {
            part.starts_with(|c: char| c.is_alphabetic() || c == '_') && part.chars().all(|c| c.is_alphanumeric() || c == '_')
        });
    if good {
        Ok(())
    } else {
        Err(error("bad_module", format!("`{name}` cannot be the name of a module"), "write it as `package.module`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(path: &Path) -> String {
        check(&Program::Script(path.display().to_string()), "/").unwrap_err().code
    }

    #[test]
    fn each_wrong_script_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, content).unwrap();
            path
        };
        assert_eq!(code(folder.path()), "is_a_folder");
        assert_eq!(code(&folder.path().join("absent.py")), "no_script");
        assert_eq!(code(Path::new("/dev/zero")), "not_a_file");
        assert_eq!(code(&file("a.out", b"\x7fELF\x02")), "not_python");
        assert_eq!(code(&file("data.py", b"a\0b")), "not_python");
        assert_eq!(code(&file("x.ipynb", b"{}")), "not_python");
        assert_eq!(code(&file("run.sh", b"#!/bin/sh\necho")), "not_python");
        let good = file("job.py", b"print(1)\n");
        assert_eq!(code(&good.join("inside.py")), "unreadable");
        assert!(check(&Program::Script(good.display().to_string()), "/").is_ok());
        assert_eq!(check(&Program::Module("../x".into()), "/").unwrap_err().code, "bad_module");
        assert!(check(&Program::Module("pkg.mod".into()), "/").is_ok());
    }

    #[test]
    fn a_wrong_folder_is_told_from_an_absent_one() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let said = |cwd: &Path| folder(cwd).unwrap_err().message;
        assert!(said(Path::new("/nowhere")).ends_with("is not there"));
        assert!(said(file.path()).ends_with("is not a folder"));
        assert!(folder(Path::new("/")).is_ok());
    }
}
