//! The state folder: which one, and that nobody else can look into it.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use caddis_backends::local::paths::Home;
pub use caddis_backends::plain;

use crate::failure::{Exit, Failure};

/// Which state folder: `--home` or `CADDIS_HOME` (clap reads both), else the XDG data folder.
pub fn find(named: Option<&Path>, variable: impl Fn(&str) -> Option<String>) -> Result<Home, Failure> {
    let absolute = |text: String| Some(PathBuf::from(text)).filter(|path| path.is_absolute());
    let found = match named {
        Some(path) => std::path::absolute(path).ok(),
        None => variable("XDG_DATA_HOME")
            .and_then(absolute)
            .or_else(|| variable("HOME").and_then(absolute).map(|home| home.join(".local/share")))
            .map(|data| data.join("caddis")),
    };
    found.map(Home::new).ok_or_else(|| {
        let text = "there is no place for the state folder: neither `HOME` nor `XDG_DATA_HOME` is set\nhint: name one \
                    with `--home FOLDER` or `CADDIS_HOME`";
        Failure::new(Exit::Failed, "no_home", text)
    })
}

/// Refuses a path that can be no folder, before anything in it is blamed for that.
pub fn check(home: &Home) -> Result<(), Failure> {
    let path = home.path();
    match fs::metadata(path) {
        Ok(found) if !found.is_dir() => Err(unusable(path, &io::ErrorKind::NotADirectory.into())),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Err(unusable(path, &error)),
        _ => Ok(()),
    }
}

/// Makes the state folder, readable by this user alone; refuses one that belongs to somebody else or that others can
/// look into and that cannot be closed.
pub fn prepare(home: &Home) -> Result<(), Failure> {
    let path = home.path();
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    let found = made.and_then(|()| fs::metadata(path)).map_err(|error| unusable(path, &error))?;
    if found.uid() != rustix::process::geteuid().as_raw() {
        let text = format!(
            "the state folder `{}` belongs to another user (uid {})\nhint: name one of your own with `--home` or \
             `CADDIS_HOME`",
            path.display(),
            found.uid()
        );
        return Err(Failure::new(Exit::Failed, "home_not_yours", text));
    }
    if found.mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(|error| unusable(path, &error))?;
    }
    Ok(())
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull => "make room on its disk, or name another folder with `--home` or `CADDIS_HOME`",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "something that is no folder is in the way; name another with `--home` or `CADDIS_HOME`"
        }
        _ => "name a folder that you may write to with `--home` or `CADDIS_HOME`",
    };
    let text = format!("the state folder `{}` cannot be used: {}", path.display(), plain(error));
    Failure::new(Exit::Failed, "home_unusable", text).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_places() {
        let set = |name: &str| match name {
            "HOME" => Some("/home/ada".to_owned()),
            "XDG_DATA_HOME" => Some("relative".to_owned()),
            _ => None,
        };
        assert_eq!(find(None, set).unwrap().path(), Path::new("/home/ada/.local/share/caddis"));
        let xdg = |name: &str| (name == "XDG_DATA_HOME").then(|| "/data".to_owned());
        assert_eq!(find(None, xdg).unwrap().path(), Path::new("/data/caddis"));
        assert_eq!(find(Some(Path::new("/x")), set).unwrap().path(), Path::new("/x"));
        assert_eq!(find(None, |_| None).unwrap_err().code, "no_home");
    }

    #[test]
    fn it_is_made_private_and_an_open_one_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        prepare(&Home::new(&path)).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        prepare(&Home::new(&path)).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let failure = prepare(&Home::new(file.path())).unwrap_err();
        assert_eq!(failure.code, "home_unusable");
        for path in [file.path().to_owned(), file.path().join("inside")] {
            let failure = check(&Home::new(&path)).unwrap_err();
            assert!(failure.message.contains(&format!("the state folder `{}`", path.display())), "{failure:?}");
            assert!(failure.message.ends_with("not a directory") && failure.hint.is_some(), "{failure:?}");
        }
        assert_eq!(check(&Home::new("/nowhere")), Ok(()), "it is made when it is needed");
        let failure = prepare(&Home::new("/proc/caddis")).unwrap_err();
        assert_eq!(failure.code, "home_unusable");
    }
}
