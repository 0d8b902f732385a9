//! Unpacking what a job brings, without trusting it.
//!
//! What always holds: nothing is written outside of the folder; links, devices and whatever is neither a file nor a
//! folder are refused; a job's archives may hold so many bytes and so many entries together, counted while they are
//! unpacked, whatever they say of themselves.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};

use super::{tarball, zipped};

/// What an archive is, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Tar,
    TarGz,
    Zip,
}

impl Kind {
    /// By the end of the name.
    pub(super) fn of(name: &str) -> Option<Kind> {
        let name = name.to_ascii_lowercase();
        let ends = |end: &[&str]| end.iter().any(|end| name.ends_with(end));
        match () {
            () if ends(&[".tar.gz", ".tgz"]) => Some(Kind::TarGz),
            () if ends(&[".tar"]) => Some(Kind::Tar),
            () if ends(&[".zip", ".jar"]) => Some(Kind::Zip),
            () => None,
        }
    }
}

/// Why an archive was not unpacked.
#[derive(Debug)]
pub(super) enum Refused {
    /// It is not what it should be.
    Archive(String),
    /// The disk.
    Disk(io::Error),
}

/// What the archives of one job may still hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    pub(super) bytes: u64,
    pub(super) entries: u32,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { bytes: 4 << 30, entries: 100_000 }
    }
}

/// Unpacks an archive into a folder that is the job's own. Blocks.
pub(super) fn unpack(kind: Kind, archive: &Path, into: &Path, budget: &mut Budget) -> Result<(), Refused> {
    fs::create_dir_all(into).map_err(Refused::Disk)?;
    let file = File::open(archive).map_err(Refused::Disk)?;
    let target = &mut Target { into, budget, first_wins: false };
    match kind {
        Kind::Tar => tarball::unpack(io::BufReader::new(file), target),
        Kind::TarGz => tarball::unpack(flate2::read::MultiGzDecoder::new(io::BufReader::new(file)), target),
        Kind::Zip => zipped::unpack(file, target),
    }
}

/// Unpacks modules. What is there already stays: of two modules of one name the first that was named is meant.
pub(super) fn unpack_modules(archive: &Path, into: &Path, budget: &mut Budget) -> Result<(), Refused> {
    let file = File::open(archive).map_err(Refused::Disk)?;
    zipped::unpack(file, &mut Target { into, budget, first_wins: true })
}

/// Where an archive is unpacked.
pub(super) struct Target<'a> {
    into: &'a Path,
    budget: &'a mut Budget,
    first_wins: bool,
}

impl Target<'_> {
    /// A folder.
    pub(super) fn folder(&mut self, name: &str) -> Result<(), Refused> {
        self.count(name)?;
        let path = self.path(name)?;
        fs::create_dir_all(path).map_err(|error| wrong_place(name, error))
    }

    /// A file with this content. Of its mode only the right to be executed is taken.
    pub(super) fn file(&mut self, name: &str, mode: Option<u32>, content: &mut dyn Read) -> Result<(), Refused> {
        self.count(name)?;
        let path = self.path(name)?;
        if path == self.into {
            return Err(Refused::Archive(format!("an entry has no name: `{name}`")));
        }
        if self.first_wins && path.exists() {
            return Ok(());
        }
        let parent = path.parent().unwrap_or(self.into);
        fs::create_dir_all(parent).map_err(|error| wrong_place(name, error))?;
        let executable = mode.unwrap_or(0) & 0o111;
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o644 | executable).open(&path);
        self.copy(content, &mut file.map_err(|error| wrong_place(name, error))?)
    }

    /// The budget is what bounds it: what an archive says of its sizes is no promise.
    fn copy(&mut self, content: &mut dyn Read, file: &mut File) -> Result<(), Refused> {
        let mut piece = vec![0; 128 * 1024];
        loop {
            let read = content.read(&mut piece).map_err(|error| Refused::Archive(broken(&error)))?;
            if read == 0 {
                return Ok(());
            }
            let left = self.budget.bytes.checked_sub(read as u64);
            self.budget.bytes = left.ok_or_else(|| too_much("bytes"))?;
            file.write_all(&piece[..read]).map_err(Refused::Disk)?;
        }
    }

    fn count(&mut self, name: &str) -> Result<(), Refused> {
        self.budget.entries = self.budget.entries.checked_sub(1).ok_or_else(|| too_much("entries"))?;
        if name.len() > 1024 {
            return Err(Refused::Archive(format!("the name of an entry has {} bytes, more than 1024", name.len())));
        }
        Ok(())
    }

    /// A path below the folder, or a refusal: absolute paths and `..` are never meant well.
    fn path(&self, name: &str) -> Result<PathBuf, Refused> {
        let mut path = self.into.to_owned();
        for part in Path::new(name).components() {
            match part {
                Component::Normal(part) if !name.contains('\0') => path.push(part),
                Component::CurDir => {}
                _ => return Err(Refused::Archive(format!("the entry `{}` leads out of its folder", name.escape_debug()))),
            }
        }
        Ok(path)
    }
}

/// A link, a device and the like.
pub(super) fn neither(name: &str, what: &str) -> Refused {
    Refused::Archive(format!("the entry `{}` is {what}; only files and folders are unpacked", name.escape_debug()))
}

/// What a reader could not read.
pub(super) fn broken(error: &dyn std::fmt::Display) -> String {
    format!("it cannot be read: {error}")
}

fn too_much(what: &str) -> Refused {
    let most = Budget::default();
    let limit = format!("at most {} GiB and {} entries", most.bytes >> 30, most.entries);
    Refused::Archive(format!("the job's archives hold too many {what} ({limit} together)"))
}

/// Where a folder would have to be a file, or the other way round, the archive is at fault.
fn wrong_place(name: &str, error: io::Error) -> Refused {
    match error.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => {
            Refused::Archive(format!("the entry `{}` is a file and a folder at once", name.escape_debug()))
        }
        io::ErrorKind::InvalidFilename => Refused::Archive(format!("no file can be called `{}`", name.escape_debug())),
        _ => Refused::Disk(error),
    }
}

#[cfg(test)]
mod tests;
