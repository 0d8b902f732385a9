//! Where a file of a job is, and what it is called in the job's folder: `gs://bucket/object#name`, `file:///path#name`,
//! `/path`.
//!
//! As in Spark, what follows `#` is the name that the job finds it under.

use std::path::{Path, PathBuf};

/// A file that was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Uri {
    pub(super) at: At,
    /// A plain file name: no separator in it, neither `.` nor `..`.
    pub(super) name: String,
    /// Whether the name was asked for, rather than taken from the path.
    pub(super) renamed: bool,
}

/// Where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// On this machine; absolute.
    Local(PathBuf),
    /// In the object store.
    Object {
        /// The bucket.
        bucket: String,
        /// The object's whole name.
        object: String,
    },
}

impl Uri {
    /// Reads one.
    pub(super) fn parse(text: &str) -> Result<Uri, String> {
        if text.is_empty() {
            return Err("must be specified".to_owned());
        }
        if text.contains('\0') {
            return Err(format!("`{}` holds a zero byte", text.escape_debug()));
        }
        let (place, fragment) = text.split_once('#').map_or((text, None), |(place, name)| (place, Some(name)));
        let at = At::parse(text, place)?;
        let last = place.rsplit('/').next().unwrap_or_default();
        let name = fragment.unwrap_or(last);
        if !plain(name) {
            return Err(match fragment {
                Some(name) => format!("`{text}` asks for the name `{name}`, which is not the name of one file"),
                None => format!("`{text}` names a folder, not a file"),
            });
        }
        Ok(Uri { at, name: name.to_owned(), renamed: fragment.is_some() })
    }

    /// The last part of the path, whatever name was asked for.
    pub(super) fn file(&self) -> &str {
        match &self.at {
            At::Local(path) => path.file_name().and_then(|name| name.to_str()).unwrap_or_default(),
            At::Object { object, .. } => object.rsplit('/').next().unwrap_or_default(),
        }
    }
}

impl At {
    fn parse(text: &str, place: &str) -> Result<At, String> {
        let path = match place.split_once(':') {
            Some(("gs", rest)) => return object(text, rest),
            Some(("file", rest)) => rest.strip_prefix("//").unwrap_or(rest),
            Some((scheme, _)) if is_scheme(scheme) => {
                return Err(format!("`{text}`: `{scheme}:` is not served here; use `gs://` or `file://`"));
            }
            _ => place,
        };
        match Path::new(path).is_absolute() {
            true => Ok(At::Local(PathBuf::from(path))),
            false => Err(format!("`{text}` is not absolute: write `gs://bucket/object` or `file:///path`")),
        }
    }
}

fn object(text: &str, rest: &str) -> Result<At, String> {
    let parts = rest.strip_prefix("//").and_then(|rest| rest.split_once('/'));
    match parts {
        Some((bucket, object)) if !bucket.is_empty() && !object.is_empty() => {
            Ok(At::Object { bucket: bucket.to_owned(), object: object.to_owned() })
        }
        _ => Err(format!("`{text}` is not of the form gs://bucket/object")),
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// Whether this is the name of one file in a folder.
fn plain(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && name.len() <= 255 && !name.contains(['/', '\\'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_names() {
        let local = |path: &str| At::Local(path.into());
        let object = |bucket: &str, object: &str| At::Object { bucket: bucket.into(), object: object.into() };
        for (text, at, name) in [
            ("/a/b.py", local("/a/b.py"), "b.py"),
            ("file:///a/b.py", local("/a/b.py"), "b.py"),
            ("file:/a/b.tgz#env", local("/a/b.tgz"), "env"),
            ("gs://bucket/a/b.zip#deps", object("bucket", "a/b.zip"), "deps"),
            ("gs://bucket/b", object("bucket", "b"), "b"),
            ("/a/with:colon", local("/a/with:colon"), "with:colon"),
        ] {
            let uri = Uri::parse(text).unwrap();
            assert_eq!((uri.at, uri.name.as_str()), (at, name), "{text}");
        }
    }

    #[test]
    fn what_names_no_file_is_refused() {
        for bad in [
            "", "b.py", "a/b.py", "gs://bucket", "gs://bucket/", "gs:///b", "gs:/bucket/b", "/a/", "/", "/a/..", "/a#",
            "/a#..", "/a#x/y", "/a#../x", "gs://b/..", "hdfs:///a", "http://x/y", "s3://b/o", "file://", "file://a/b", "/a\0b",
        ] {
            assert!(Uri::parse(bad).is_err(), "{bad}");
        }
        assert!(Uri::parse("hdfs:///a/b").unwrap_err().contains("`hdfs:`"));
    }
}
