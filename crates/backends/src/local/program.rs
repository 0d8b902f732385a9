//! Checks that can be made before a job is taken: what was named is there, is a file, can be read, is Python.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use caddis_engine::ports::BackendError;
use caddis_types::api::Program;

/// A larger file is data, not a script.
const SCRIPT_MAX: u64 = 16 << 20;
/// How much of a script is looked at.
const HEAD: usize = 8192;

/// The script's path, after all checks; nothing for a module.
pub(super) fn check(program: &Program, cwd: &str) -> Result<Option<PathBuf>, BackendError> {
    if !Path::new(cwd).is_dir() {
        return Err(error("no_folder", format!("the working folder `{cwd}` is not there"), "name another with `--cwd`"));
    }
    match program {
        Program::Script(path) => script(Path::new(path)).map(Some),
        Program::Module(name) => module(name).map(|()| None),
    }
}

fn error(code: &str, message: String, hint: &str) -> BackendError {
    BackendError { code: code.to_owned(), message, hint: Some(hint.to_owned()) }
}

fn script(path: &Path) -> Result<PathBuf, BackendError> {
    let shown = path.display();
    if path.is_dir() {
        let hint = "name the file to run; for a package use `-m`";
        return Err(error("is_a_folder", format!("`{shown}` is a folder, not a script"), hint));
    }
    // Opening a pipe waits for its other end, and a device never ends.
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        return Err(error("not_a_file", format!("`{shown}` is not a regular file"), "write the script to a file"));
    }
    if path.metadata().is_ok_and(|found| found.len() > SCRIPT_MAX) {
        let message = format!("`{shown}` is not a Python script: it has more than {} MiB", SCRIPT_MAX >> 20);
        return Err(error("not_python", message, "name a `.py` file"));
    }
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(HEAD as u64).read_to_end(&mut head));
    match read {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
            Err(error("no_script", format!("there is no script `{shown}`"), "check the path; it starts at the current folder"))
        }
        Err(cause) if cause.kind() == io::ErrorKind::PermissionDenied => {
            Err(error("unreadable", format!("the script `{shown}` cannot be read by this user"), "check its permissions"))
        }
        Err(cause) => Err(error("unreadable", format!("the script `{shown}` cannot be read: {cause}"), "check the path")),
        Ok(_) => is_python(path, &head).map(|()| path.to_owned()),
    }
}

/// Programs, archives and notebooks are refused; whether the text is valid Python, only Python can say.
fn is_python(path: &Path, head: &[u8]) -> Result<(), BackendError> {
    let shown = path.display();
    let refuse = |what: &str, hint: &str| Err(error("not_python", format!("`{shown}` is not a Python script: {what}"), hint));
    if head.starts_with(b"\x7fELF") {
        return refuse("it is a binary program", "name a `.py` file");
    }
    if head.contains(&0) {
        return refuse("it holds zero bytes", "name a `.py` file");
    }
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if extension == "ipynb" {
        return refuse("it is a notebook", "`jupyter nbconvert --to script` makes a script of it");
    }
    let first = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let first = String::from_utf8_lossy(first);
    if first.starts_with("#!") && !first.contains("python") && !first.contains("uv run") {
        return refuse(&format!("its first line is `{}`", first.trim()), "name a `.py` file");
    }
    Ok(())
}

fn module(name: &str) -> Result<(), BackendError> {
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
            std::fs::write(&path, content).unwrap();
            path
        };
        assert_eq!(code(folder.path()), "is_a_folder");
        assert_eq!(code(&folder.path().join("absent.py")), "no_script");
        assert_eq!(code(Path::new("/dev/zero")), "not_a_file");
        assert_eq!(code(&file("a.out", b"\x7fELF\x02")), "not_python");
        assert_eq!(code(&file("x.ipynb", b"{}")), "not_python");
        assert_eq!(code(&file("run.sh", b"#!/bin/sh\necho")), "not_python");
        let good = file("job.py", b"print(1)\n");
        assert!(check(&Program::Script(good.display().to_string()), "/").is_ok());
        assert_eq!(check(&Program::Script(good.display().to_string()), "/nowhere").unwrap_err().code, "no_folder");
        assert_eq!(check(&Program::Module("../x".into()), "/").unwrap_err().code, "bad_module");
        assert!(check(&Program::Module("pkg.mod".into()), "/").is_ok());
    }
}
