//! Control groups of the kernel, where this user may make some: a limit that holds between two looks, and for all that
//! a member starts.
//!
//! A group stands behind `watch`, which acts first: a member may have a tenth more than its limit here, since the kernel
//! also counts what it caches of files. Memory that a member shares with its fork server is counted there. Groups lie in
//! one folder a state folder, beside the keeper's own group; what a killed keeper left is removed by the next one of
//! whatever state folder, since its own may be there no more. Where none can be made nothing is missed but this.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Access, access};
use sha2::{Digest, Sha256};

use super::proc;
use super::wire::LimitsView;

/// What the names of state folders' folders are made of: this, and so many digits of a hash.
const PREFIX: &str = "caddis-";
const HASH: usize = 16;
/// From the kernel's decision to the end of a process: its memory has to be given back before. Whoever looks in between
/// must not forget what he saw.
const AFTERMATH: Duration = Duration::from_secs(1);

/// Which interface the kernel offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

impl Version {
    fn mount(self) -> &'static Path {
        Path::new(match self {
            Self::One => "/sys/fs/cgroup/memory",
            Self::Two => "/sys/fs/cgroup",
        })
    }
}

/// The folder of this state folder's groups.
#[derive(Debug)]
pub(super) struct Groups {
    folder: PathBuf,
    version: Version,
}

impl Groups {
    /// Makes the folder. The error says why there are no groups.
    pub(super) fn open(home: &Path) -> Result<Self, String> {
        let (version, parents) = parents()?;
        let mut why = String::new();
        for parent in parents {
            remove_leftovers(&parent);
            let folder = parent.join(name_of(home));
            match make(&folder, version) {
                Ok(()) => return Ok(Self { folder, version }),
                Err(error) => {
                    fs::remove_dir(&folder).ok();
                    why = format!("`{}` cannot have groups of ours: {error}", parent.display());
                }
            }
        }
        Err(why)
    }

    /// Where they are.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Puts a process into a group of its own with this limit.
    pub(super) fn hold(&self, key: &str, pid: i32, limit: u64) -> io::Result<Group> {
        let group = self.group(key);
        match group.hold(pid, limit) {
            // Another keeper that starts takes empty groups for leftovers.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make(&self.folder, self.version)?;
                group.hold(pid, limit)?;
            }
            held => held?,
        }
        Ok(group)
    }

    /// The group that an earlier keeper made. What the kernel ended in it before this is over.
    pub(super) fn find(&self, key: &str) -> Option<Group> {
        let mut group = self.group(key);
        group.overflows = group.counted();
        group.folder.is_dir().then_some(group)
    }

    /// All groups that are there.
    pub(super) fn all(&self) -> Vec<Group> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let folders = entries.map(|entry| entry.path()).filter(|path| path.is_dir());
        let group = |folder| Group {
            folder,
            version: self.version,
            overflows: 0,
            rose: None,
        };
        folders.map(group).collect()
    }

    /// Takes the folder away, when no group is left.
    pub(super) fn close(&self) {
        fs::remove_dir(&self.folder).ok();
    }

    fn group(&self, key: &str) -> Group {
        Group {
            folder: self.folder.join(key.replace('/', ":")),
            version: self.version,
            overflows: 0,
            rose: None,
        }
    }
}

/// How limits are held, as told to others.
pub(super) fn view(groups: &Result<Groups, String>) -> LimitsView {
    match groups {
        Ok(groups) => LimitsView { groups: Some(groups.folder.clone()), without: None },
        Err(why) => LimitsView { groups: None, without: Some(why.clone()) },
    }
}

/// One member's group.
#[derive(Debug)]
pub(super) struct Group {
    folder: PathBuf,
    version: Version,
    /// How often the kernel had ended something of it at the last look.
    overflows: u64,
    /// When that was seen to have risen last.
    rose: Option<Duration>,
}

impl Group {
    fn hold(&self, pid: i32, limit: u64) -> io::Result<()> {
        make_folder(&self.folder)?;
        let held = self.limit(limit).and_then(|()| self.put(pid));
        if held.is_err() {
            self.remove();
        }
        held
    }

    fn limit(&self, limit: u64) -> io::Result<()> {
        let most = (limit + limit / 10).to_string();
        match self.version {
            Version::One => self.write("memory.limit_in_bytes", &most),
            Version::Two => {
                self.write("memory.high", &limit.to_string())?;
                self.write("memory.max", &most)?;
                // A worker that lost a process of a task would wait for it for ever. Older kernels cannot.
                self.write("memory.oom.group", "1").or(Ok(()))
            }
        }
    }

    fn put(&self, pid: i32) -> io::Result<()> {
        self.write("cgroup.procs", &pid.to_string())
    }

    fn write(&self, name: &str, text: &str) -> io::Result<()> {
        fs::write(self.folder.join(name), text)
    }

    /// Whether the kernel has ended something of it for its limit just now.
    pub(super) fn overflowed(&mut self, now: Duration) -> bool {
        let count = self.counted();
        if std::mem::replace(&mut self.overflows, count) < count {
            self.rose = Some(now);
        }
        self.rose.is_some_and(|rose| now < rose + AFTERMATH)
    }

    /// How often the kernel has ended something of it.
    fn counted(&self) -> u64 {
        let name = match self.version {
            Version::One => "memory.oom_control",
            Version::Two => "memory.events",
        };
        let text = fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        let count = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
        count.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
    }

    /// Whether both are the same.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.folder == other.folder
    }

    /// The most that it had, where the kernel tells.
    pub(super) fn peak(&self) -> Option<u64> {
        let name = match self.version {
            Version::One => "memory.max_usage_in_bytes",
            Version::Two => "memory.peak",
        };
        fs::read_to_string(self.folder.join(name)).ok()?.trim().parse().ok()
    }

    /// Who is in it, by (pid, start time).
    pub(super) fn processes(&self) -> Vec<(i32, u64)> {
        let text = fs::read_to_string(self.folder.join("cgroup.procs")).unwrap_or_default();
        let pids = text.lines().filter_map(|line| line.parse().ok());
        pids.filter_map(|pid| Some((pid, proc::stat(pid)?.start_time))).collect()
    }

    /// Takes it away. Says whether it is gone; it is not while somebody is in it.
    pub(super) fn remove(&self) -> bool {
        match fs::remove_dir(&self.folder) {
            Err(error) => error.kind() == io::ErrorKind::NotFound,
            Ok(()) => true,
        }
    }
}

/// Names a state folder.
fn name_of(home: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let digest = format!("{:x}", Sha256::digest(home.as_os_str().as_bytes()));
    format!("{PREFIX}{}", digest.get(..HASH).unwrap_or_default())
}

/// Where groups could be made, the best place first.
fn parents() -> Result<(Version, Vec<PathBuf>), String> {
    let text = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    if Version::One.mount().join("memory.limit_in_bytes").exists() {
        let own = own_group(&text, Version::One);
        return Ok((Version::One, own.into_iter().chain([Version::One.mount().to_owned()]).collect()));
    }
    if !Version::Two.mount().join("cgroup.controllers").exists() {
        return Err("the kernel shows no groups that limit memory".into());
    }
    // A group with processes in it can have none with limits below it; the one above may, where both are ours.
    let own = own_group(&text, Version::Two).unwrap_or_else(|| Version::Two.mount().to_owned());
    let above = own.parent().filter(|above| above.starts_with(Version::Two.mount())).map(Path::to_owned);
    Ok((Version::Two, [own].into_iter().chain(above).collect()))
}

/// The group that this process is in, as far as it can be seen from here.
fn own_group(text: &str, version: Version) -> Option<PathBuf> {
    let path = text.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (number, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        let ours = match version {
            Version::One => controllers.split(',').any(|name| name == "memory"),
            Version::Two => number == "0",
        };
        ours.then_some(path)
    })?;
    let folder = version.mount().join(path.trim_start_matches('/'));
    (folder != version.mount() && folder.is_dir()).then_some(folder)
}

/// Removes what keepers left that were killed: empty groups, and the folders that are empty then.
fn remove_leftovers(parent: &Path) {
    let folders = |folder: &Path| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| path.is_dir())
    };
    let ours = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let hash = name.strip_prefix(PREFIX).unwrap_or_default();
        hash.len() == HASH && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    for folder in folders(parent).filter(ours) {
        // The kernel refuses those that somebody is in.
        folders(&folder).for_each(|group| drop(fs::remove_dir(group)));
        fs::remove_dir(folder).ok();
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn make(folder: &Path, version: Version) -> io::Result<()> {
    let parent = folder.parent().unwrap_or(Path::new("/"));
    make_folder(folder)?;
    if version == Version::One {
        return Ok(access(folder.join("cgroup.procs"), Access::WRITE_OK)?);
    }
    let offered = fs::read_to_string(folder.join("cgroup.controllers"))?;
    if !offered.split_whitespace().any(|name| name == "memory") {
        fs::write(parent.join("cgroup.subtree_control"), "+memory")?;
    }
    fs::write(folder.join("cgroup.subtree_control"), "+memory")?;
    // Moving a process asks for this of the group that is above both places.
    Ok(access(parent.join("cgroup.procs"), Access::WRITE_OK)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_group_is_found_in_either_version() {
        // A folder below the mount that is certainly there is needed for the path to count.
        let text = "9:name=systemd:/x\n4:cpu,memory:/no/such/group\n0::/no/such/group\n";
        assert_eq!(own_group(text, Version::One), None);
        assert_eq!(own_group(text, Version::Two), None);
        assert_eq!(own_group("4:memory:/\n0::/\n", Version::One), None);
        assert_eq!(own_group("", Version::Two), None);
    }

    #[test]
    fn each_state_folder_has_a_folder_of_its_own() {
        let (one, two) = (name_of(Path::new("/a")), name_of(Path::new("/b")));
        assert!(one.starts_with("caddis-") && one.len() == 23 && one != two);
    }
}
