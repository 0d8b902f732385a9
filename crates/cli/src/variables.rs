//! The environment variables of a job: ours, then those of files, then those of `-e`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::home::plain;

/// `KEY=VALUE`.
pub fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if is_name(key) => Ok((key.to_owned(), value.to_owned())),
        _ => {
            let key = if is_name(text) && !text.contains('=') { text } else { "KEY" };
            Err(format!(
                "`{text}` is not of the form KEY=VALUE\nhint: write `-e {key}=value`; variables that are set here are passed \
                 on without `-e`"
            ))
        }
    }
}

/// All of them, and the names of those that cannot be passed on because they are not UTF-8.
pub fn gather(
    own: impl Iterator<Item = (OsString, OsString)>,
    files: &[PathBuf],
    pairs: &[(String, String)],
) -> Result<(BTreeMap<String, String>, Vec<String>), Failure> {
    let mut variables = BTreeMap::new();
    let mut lost = Vec::new();
    for (name, value) in own {
        match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => drop(variables.insert(name, value)),
            (Ok(name) , Err(_)) => lost.push(name),
            (Err(name), _) => lost.push(name.to_string_lossy().into_owned()),
        }
    }
    for file in files {
        variables.extend(read(file)?);
    }
    variables.extend(pairs.iter().cloned());
    Ok((variables, lost))
}

fn read(file: &Path) -> Result<Vec<(String, String)>, Failure> {
    let text = fs::read_to_string(file).map_err(|error| {
        let text = format!("the file of variables `{}` cannot be read: {}", file.display(), plain(&error));
        Failure::usage("env_file", text).hint("check `--env-file`")
    })?;
    let mut variables = Vec::new();
    for (number, line) in text.lines().enumerate() {
        match parse_line(line) {
            Ok(None) => {}
            Ok(Some(pair)) => variables.push(pair),
            Err(why) => {
                let text = format!("`{}` is wrong at line {}: {why}", file.display(), number + 1);
                return Err(Failure::usage("env_file", text).hint("a line is `KEY=VALUE`, empty, or begins with `#`"));
            }
        }
    }
    Ok(variables)
}

/// A comment or an empty line is nothing; `export` before and quotes around the value are taken away.
fn parse_line(line: &str) -> Result<Option<(String, String)>, String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (key, value) = parse_pair(line.strip_prefix("export ").unwrap_or(line).trim_start())?;
    let inner = ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
    Ok(Some((key, inner.unwrap_or(&value).to_owned())))
}

fn is_name(key: &str) -> bool {
    !key.is_empty() && !key.contains('\0') && !key.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[test]
    fn the_later_goes_before_the_earlier() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"# comment\n\nexport A=file\nB='quoted # value'\nC=\"x\nD=\n").unwrap();
        let own = [("A", "own"), ("B", "own"), ("E", "own")].map(|(k, v)| (k.into(), v.into()));
        let pairs = [("D".to_owned(), "pair=x".to_owned())];
        let (all, lost) = gather(own.into_iter(), &[file.path().to_owned()], &pairs).unwrap();
        let expected = [("A", "file"), ("B", "quoted # value"), ("C", "\"x"), ("D", "pair=x"), ("E", "own")];
        assert_eq!(all, expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
        assert!(lost.is_empty());
    }

    #[test]
    fn a_wrong_line_is_named() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"A=1\nnonsense\n").unwrap();
        let failure = gather(std::iter::empty(), &[file.path().to_owned()], &[]).unwrap_err();
        assert!(failure.message.contains("at line 2") && !failure.message.contains("hint"), "{}", failure.message);
        assert_eq!(failure.hint.unwrap(), "a line is `KEY=VALUE`, empty, or begins with `#`");
        assert!(gather(std::iter::empty(), &["/nowhere/x".into()], &[]).is_err());
        assert!(parse_pair("A B=1").unwrap_err().contains("hint: write `-e KEY=value`"));
        assert!(parse_pair("=x").unwrap_err().contains("hint: write `-e KEY=value`"));
        assert!(parse_pair("FOO").unwrap_err().contains("hint: write `-e FOO=value`"));
    }

    #[test]
    fn what_is_not_utf8_is_told() {
        let own = [("A".into(), OsString::from_vec(vec![0xff]))];
        assert_eq!(gather(own.into_iter(), &[], &[]).unwrap().1, ["A"]);
    }
}
