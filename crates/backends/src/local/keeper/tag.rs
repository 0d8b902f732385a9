//! By what a process is known as belonging to a member, however it was forked.
//!
//! Two marks, each enough. The marker variable lies in the environment block and goes through `fork`, and through
//! `exec` unless somebody empties the environment. The tag goes through that too: it is the soft limit RLIMIT_RTTIME,
//! which is inherited by whatever is forked or executed, has no effect on any process but real-time ones (and there
//! only after 146,000 years), and is set from outside before the member may run. It is a hash of the key, so the next
//! keeper knows it again.

use std::fs;

use sha2::{Digest, Sha256};

use super::sys;
use super::wire::{MARKER, marker_key};

/// Every tag has this bit, and no limit that a person would set does.
const TAGGED: u64 = 1 << 62;
const PART: u64 = (1 << 31) - 1;
/// An environment larger than this is not read further: the marker lies at its beginning or is not ours.
const ENVIRON_MAX: u64 = 4 << 20;

/// To whom a process belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    /// By its limit.
    Tag(u64),
    /// By its environment: a key.
    Key(String),
}

impl Mark {
    /// Whether this is the mark of a member with that key, whose tag is given to spare the hashing.
    pub(super) fn is_member(&self, key: &str, tag: u64) -> bool {
        match self {
            Self::Tag(own) => *own == tag,
            Self::Key(own) => own == key,
        }
    }

    /// Whether this is the mark of a member of that cluster.
    pub(super) fn is_of_cluster(&self, cluster: &str, tag: u64) -> bool {
        match self {
            Self::Tag(own) => own & !PART == tag & !PART,
            Self::Key(key) => key.split('/').next() == Some(cluster),
        }
    }
}

/// The tag of a key: 31 bits for the cluster, 31 for the name.
pub(super) fn tag_of(key: &str) -> u64 {
    let (cluster, name) = key.split_once('/').unwrap_or((key, ""));
    TAGGED | (hash(cluster) << 31) | hash(name)
}

fn hash(text: &str) -> u64 {
    let digest = Sha256::digest(text);
    let number = digest
        .iter()
        .take(8)
        .fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
    number & PART
}

/// The mark of a process, if it has one.
pub(super) fn mark_of(pid: i32) -> Option<Mark> {
    match sys::rttime_of(pid) {
        Some(limit) if limit >> 62 == 1 => Some(Mark::Tag(limit)),
        _ => marker_of(pid).map(Mark::Key),
    }
}

/// The key in the environment that a process was started with.
fn marker_of(pid: i32) -> Option<String> {
    use std::io::Read;
    let mut environ = Vec::new();
    fs::File::open(format!("/proc/{pid}/environ"))
        .ok()?
        .take(ENVIRON_MAX)
        .read_to_end(&mut environ)
        .ok()?;
    let value = environ
        .split(|byte| *byte == 0)
        .find_map(|entry| entry.strip_prefix(MARKER.as_bytes())?.strip_prefix(b"="))?;
    marker_key(str::from_utf8(value).ok()?).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::keeper::wire::marker_value;

    #[test]
    fn a_tag_names_its_member_and_its_cluster_only() {
        let mark = Mark::Tag(tag_of("cl_a/worker-1.1"));
        let member = |key| mark.is_member(key, tag_of(key));
        let cluster = |name| mark.is_of_cluster(name, tag_of(name));
        assert!(member("cl_a/worker-1.1") && cluster("cl_a"));
        assert!(!member("cl_a/worker-1.2") && !cluster("cl_b"));
        assert!(tag_of("cl_a/worker-1.1") >> 62 == 1);
    }

    #[test]
    fn a_marker_names_its_member_and_a_placeholder_nobody() {
        let value = marker_value("cl_a/job.1");
        assert_eq!(value.len(), 120);
        assert_eq!(marker_key(&value), Some("cl_a/job.1"));
        assert_eq!(marker_key(&"x".repeat(120)), None);
        assert!(Mark::Key("cl_a/job.1".into()).is_of_cluster("cl_a", 0));
        assert!(!Mark::Key("cl_ab/job.1".into()).is_of_cluster("cl_a", 0));
    }
}
