//! What is to run, made absolute. The checks are the backend's own, made here first: a server that is started for a
//! wrong path would be started for nothing.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use caddis_backends::local::program as checks;
use caddis_engine::ports::BackendError;
use caddis_types::api::Program;

use super::encoding;
use crate::failure::{Exit, Failure};
use crate::home::plain;

/// The program and its arguments.
pub fn program(words: &[OsString], module: bool) -> Result<(Program, Vec<String>), Failure> {
    let mut texts = words.iter().map(|word| {
        let text = word.to_str().map(str::to_owned);
        text.ok_or_else(|| {
            let text = format!("`{}` is not valid UTF-8", word.to_string_lossy());
            Failure::usage("not_utf8", text).hint("rename it, or pass it in a file")
        })
    });
    let first = texts.next().unwrap_or_else(|| Err(Failure::usage("no_script", "no script was named")))?;
    let args = texts.collect::<Result<Vec<_>, _>>()?;
    let program = if module { named_module(first)? } else { Program::Script(script(&first)?.display().to_string()) };
    Ok((program, args))
}

/// The folder that the job runs in.
pub fn folder(named: Option<&Path>) -> Result<PathBuf, Failure> {
    let Some(path) = named else {
        return std::env::current_dir().map_err(|error| {
            let text = format!("the current folder cannot be used: {}", plain(&error));
            Failure::usage("no_folder", text).hint("go to another, or name one with `--cwd`")
        });
    };
    checks::folder(path)?;
    Ok(absolute(path))
}

fn named_module(name: String) -> Result<Program, Failure> {
    checks::module(&name)?;
    Ok(Program::Module(name))
}

fn script(text: &str) -> Result<PathBuf, Failure> {
    if text.is_empty() {
        return Err(Failure::usage("no_script", "the script's path is empty").hint("name a `.py` file"));
    }
    let path = Path::new(text);
    checks::script(path).map_err(|error| {
        let near = (error.code == "no_script").then(|| near(path)).flatten();
        let failure = Failure::from(error);
        match near {
            Some(near) => failure.hint(format!("did you mean `{}`?", near.display())),
            None => failure,
        }
    })?;
    encoding::check(path)?;
    Ok(absolute(path))
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// A script in the same folder with nearly this name is what was meant, more often than not.
fn near(path: &Path) -> Option<PathBuf> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let wanted = path.file_name()?.to_string_lossy().into_owned();
    let names = std::fs::read_dir(folder).ok()?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let scripts = names.filter(|name| name.ends_with(".py"));
    let best = scripts.map(|name| (strsim::jaro_winkler(&name, &wanted), name)).max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(like, _)| *like > 0.85).map(|(_, name)| path.with_file_name(name))
}

impl From<BackendError> for Failure {
    fn from(error: BackendError) -> Failure {
        Failure { exit: Exit::Usage, code: error.code, message: error.message, hint: error.hint }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_becomes_absolute_and_a_wrong_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let good = folder.path().join("flights.py");
        std::fs::write(&good, "print(1)\n").unwrap();
        assert_eq!(program(&[good.clone().into()], false).unwrap().0, Program::Script(good.display().to_string()));
        assert_eq!(program(&[folder.path().into()], false).unwrap_err().code, "is_a_folder");
        assert_eq!(program(&["".into()], false).unwrap_err().code, "no_script");
        assert_eq!(program(&["../x".into()], true).unwrap_err().code, "bad_module");
        let binary = folder.path().join("bin.py");
        std::fs::write(&binary, b"\xff\xfe\x9c").unwrap();
        let failure = program(&[binary.into()], false).unwrap_err();
        assert!(failure.code == "not_python" && failure.hint.unwrap().contains("coding: latin-1"), "{}", failure.message);
        assert_eq!(self::folder(Some(&good)).unwrap_err().code, "no_folder");
    }

    #[test]
    fn a_name_that_is_nearly_right_is_offered() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("flights.py"), "print(1)\n").unwrap();
        let failure = program(&[folder.path().join("flihgts.py").into()], false).unwrap_err();
        assert_eq!(failure.code, "no_script");
        assert!(failure.hint.unwrap().contains("flights.py"));
    }

    #[test]
    fn everything_after_the_module_is_its_own() {
        let words = ["pkg.mod", "--workers", "3"].map(OsString::from);
        let (program, args) = program(&words, true).unwrap();
        assert_eq!(program, Program::Module("pkg.mod".into()));
        assert_eq!(args, ["--workers", "3"]);
    }
}
