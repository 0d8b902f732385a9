//! What is to run, made absolute, with the checks that need no server. The server makes them again.

use std::ffi::OsString;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use caddis_types::api::Program;

use crate::failure::Failure;
use crate::home::plain;

/// The program and its arguments.
pub fn program(words: &[OsString], module: bool) -> Result<(Program, Vec<String>), Failure> {
    let mut texts = words.iter().map(|word| {
        let text = word.to_str().map(str::to_owned);
        text.ok_or_else(|| Failure::usage("not_utf8", format!("`{}` is not valid UTF-8", word.to_string_lossy())))
    });
    let first = texts.next().unwrap_or_else(|| Err(Failure::usage("no_script", "no script was named")))?;
    let args = texts.collect::<Result<Vec<_>, _>>()?;
    let program = if module { Program::Module(first) } else { Program::Script(script(&first)?.display().to_string()) };
    Ok((program, args))
}

/// The folder that the job runs in.
pub fn folder(named: Option<&Path>) -> Result<PathBuf, Failure> {
    let Some(path) = named else {
        return std::env::current_dir().map_err(|error| {
            let text = format!("the current folder cannot be used: {}", plain(&error));
            Failure::usage("no_folder", text).hint("name one with `--cwd`")
        });
    };
    let shown = path.display();
    match std::fs::metadata(path) {
        Err(error) => {
            let text = format!("the working folder `{shown}` cannot be used: {}", plain(&error));
            Err(Failure::usage("no_folder", text).hint("check `--cwd`"))
        }
        Ok(found) if !found.is_dir() => {
            Err(Failure::usage("no_folder", format!("`{shown}` is not a folder")).hint("check `--cwd`"))
        }
        Ok(_) => Ok(std::path::absolute(path).unwrap_or_else(|_| path.to_owned())),
    }
}

fn script(text: &str) -> Result<PathBuf, Failure> {
    let path = Path::new(text);
    let error = |code: &str, text: String, hint: &str| Err(Failure::usage(code, text).hint(hint));
    if path.is_dir() {
        let hint = "name the file to run; a package runs with `-m PACKAGE`";
        return error("is_a_folder", format!("`{text}` is a folder, not a script"), hint);
    }
    // Opening a pipe waits for its other end, and a device never ends.
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        return error("not_a_file", format!("`{text}` is not a regular file"), "write the script to a file");
    }
    let mut head = Vec::new();
    match File::open(path).and_then(|file| file.take(4096).read_to_end(&mut head)) {
        Err(why) if why.kind() == ErrorKind::NotFound => {
            let hint = missing_hint(path);
            Err(Failure::usage("no_script", format!("there is no script `{text}`")).hint(hint))
        }
        Err(why) if why.kind() == ErrorKind::PermissionDenied => {
            error("unreadable", format!("the script `{text}` cannot be read by this user"), "check its permissions")
        }
        Err(why) => error("unreadable", format!("the script `{text}` cannot be read: {}", plain(&why)), "check the path"),
        Ok(_) if path.extension().is_some_and(|extension| extension == "ipynb") => {
            let hint = "`jupyter nbconvert --to script` makes a script of it";
            error("not_python", format!("`{text}` is not a Python script: it is a notebook"), hint)
        }
        Ok(_) if head.contains(&0) => {
            error("not_python", format!("`{text}` is not a Python script: it is a binary file"), "name a `.py` file")
        }
        Ok(_) => Ok(std::path::absolute(path).unwrap_or_else(|_| path.to_owned())),
    }
}

/// A file in the same folder with nearly this name is what was meant, more often than not.
fn missing_hint(path: &Path) -> String {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let wanted = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let scripts = names.filter(|name| name.ends_with(".py"));
    let best = scripts.map(|name| (strsim::jaro_winkler(&name, &wanted), name)).max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((like, name)) if like > 0.85 => format!("did you mean `{}`?", path.with_file_name(name).display()),
        _ => "check the path; it starts at the current folder".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(path: &Path) -> String {
        program(&[path.as_os_str().to_owned()], false).unwrap_err().code
    }

    #[test]
    fn each_wrong_script_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &[u8]| {
            std::fs::write(folder.path().join(name), content).unwrap();
            folder.path().join(name)
        };
        assert_eq!(code(folder.path()), "is_a_folder");
        assert_eq!(code(&file("a.out", b"\x7fELF\0\0")), "not_python");
        assert_eq!(code(&file("x.ipynb", b"{}")), "not_python");
        let good = file("flights.py", b"print(1)\n");
        assert_eq!(program(&[good.clone().into()], false).unwrap().0, Program::Script(good.display().to_string()));
        let failure = program(&[folder.path().join("flihgts.py").into()], false).unwrap_err();
        assert_eq!(failure.code, "no_script");
        assert!(failure.hint.unwrap().contains("flights.py"));
        assert_eq!(self::folder(Some(&good)).unwrap_err().code, "no_folder");
    }

    #[test]
    fn everything_after_the_module_is_its_own() {
        let words = ["pkg.mod", "--workers", "3"].map(OsString::from);
        let (program, args) = program(&words, true).unwrap();
        assert_eq!(program, Program::Module("pkg.mod".into()));
        assert_eq!(args, ["--workers", "3"]);
    }
}
