//! A job that writes while it is told of, by servers that are killed at any instant.

use std::collections::BTreeMap;
use std::io;
use std::sync::Mutex;

use caddis_types::{ClusterId, JobId};
use caddis_types::api::Stream;
use proptest::prelude::*;

use super::*;
use crate::face::Piece;

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

/// What attempts wrote so far; reads give at most so many bytes at once.
#[derive(Default)]
struct Written {
    streams: Mutex<BTreeMap<(u32, bool), Vec<u8>>>,
    most: usize,
}

impl Written {
    fn add(&self, attempt: u32, stderr: bool, text: &[u8]) {
        self.streams.lock().unwrap().entry((attempt, stderr)).or_default().extend_from_slice(text);
    }
}

#[async_trait::async_trait]
impl Outputs for Written {
    async fn last_errors(&self, _: &JobId, _: usize) -> String {
        String::new()
    }

    async fn cluster_logs(&self, _: &ClusterId) -> Vec<(String, Vec<u8>)> {
        Vec::new()
    }

    async fn cluster_log(&self, _: &ClusterId, _: &str) -> Option<Vec<u8>> {
        None
    }

    async fn packages(&self, _: &ClusterId) -> Option<std::collections::BTreeSet<String>> {
        None
    }

    fn dashboard(&self, _: &ClusterId) -> Option<String> {
        None
    }

    fn read(&self, _: &JobId, attempt: u32, stream: Stream, offset: u64) -> io::Result<Option<Piece>> {
        let streams = self.streams.lock().unwrap();
        let all = streams.get(&(attempt, stream == Stream::Stderr)).map(Vec::as_slice).unwrap_or_default();
        let content: Vec<u8> = all[offset as usize..].iter().copied().take(self.most).collect();
        Ok((!content.is_empty()).then(|| Piece { offset: offset + content.len() as u64, content }))
    }
}

struct Ground {
    _folder: tempfile::TempDir,
    store: Store,
    output: OutputDocument,
}

fn ground() -> Ground {
    // The store flushes every object to its disk; where memory can be written to, the disk is spared.
    let memory = std::path::Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let store = Store::open(&folder.path().join("store")).unwrap();
    store.ensure_bucket("ann", "p", "staging", NOW).unwrap();
    let job = "job_01kavw9d7w8xk2mf".parse().unwrap();
    let output = OutputDocument { job, bucket: "staging".into(), prefix: "a/driveroutput".into() };
    Ground { _folder: folder, store, output }
}

impl Ground {
    /// Sizes of the objects, and all their bytes in order: what a client that reads the series sees.
    fn series(&self) -> (Vec<u64>, Vec<u8>) {
        let objects = self.store.list("staging", "a/").unwrap();
        let mut bytes = Vec::new();
        for (index, object) in objects.iter().enumerate() {
            assert_eq!(object.name, format!("a/driveroutput.{index:09}"), "no gap in the series");
            io::Read::read_to_end(&mut self.store.read("staging", &object.name).unwrap().1, &mut bytes).unwrap();
        }
        (objects.iter().map(|object| object.size).collect(), bytes)
    }

    fn tell(&self, written: &Written, attempts: &[bool], over: bool) -> Next {
        loop {
            let seen = Seen { attempts: attempts.to_vec(), over };
            let next = tell(written, &self.store, &self.output, &seen, NOW).unwrap();
            if next != Next::More {
                return next;
            }
        }
    }
}

/// What one reader that follows the series has seen: gcloud fails when an object shrinks, and reads each from where it was.
#[derive(Default)]
struct Follower(Vec<Vec<u8>>);

impl Follower {
    fn look(&mut self, ground: &Ground) {
        let objects = ground.store.list("staging", "a/").unwrap();
        let known = self.0.len();
        for (index, object) in objects.iter().enumerate() {
            let mut bytes = Vec::new();
            io::Read::read_to_end(&mut ground.store.read("staging", &object.name).unwrap().1, &mut bytes).unwrap();
            match self.0.get_mut(index) {
                None => self.0.push(bytes),
                Some(before) => {
                    assert!(bytes.starts_with(before), "what was read once stays as it was");
                    assert!(index + 1 == known || bytes == *before, "an object that has a next one is whole");
                    *before = bytes;
                }
            }
        }
    }
}

#[test]
fn a_job_is_told_while_it_runs_and_closed_when_it_is_over() {
    let ground = ground();
    let written = Written { most: 64 << 10, ..Written::default() };
    assert_eq!(ground.tell(&written, &[], false), Next::Later);
    written.add(1, false, b"hello\n");
    assert_eq!(ground.tell(&written, &[false], false), Next::Later);
    assert_eq!(ground.series(), (vec![6], b"hello\n".to_vec()));
    written.add(1, true, b"trouble\nhalf");
    written.add(1, false, b"more\n");
    ground.tell(&written, &[false], false);
    assert_eq!(ground.series().1, b"hello\nmore\ntrouble\n", "a line that is not finished is waited for");
    written.add(2, false, b"again\n");
    ground.tell(&written, &[true, true], false);
    assert_eq!(ground.tell(&written, &[true, true], true), Next::Closed);
    assert_eq!(ground.series(), (vec![29, 0], b"hello\nmore\ntrouble\nhalfagain\n".to_vec()));
    assert_eq!(ground.tell(&written, &[true, true], true), Next::Closed, "and nothing is added any more");
    assert_eq!(ground.series().0.len(), 2);
}

#[test]
fn a_job_that_wrote_nothing_or_is_forgotten_is_closed_at_once() {
    for (attempts, over) in [(vec![true], true), (vec![], true)] {
        let ground = ground();
        assert_eq!(ground.tell(&Written::default(), &attempts, over), Next::Closed);
        assert_eq!(ground.series().0, [0]);
    }
}

#[test]
fn much_output_is_many_objects_of_a_bounded_size() {
    let ground = ground();
    let written = Written { most: 64 << 10, ..Written::default() };
    let line = [b'x'; 99].iter().chain(b"\n").copied().collect::<Vec<u8>>();
    let all = line.repeat(30_000);
    written.add(1, false, &all);
    assert_eq!(ground.tell(&written, &[true], true), Next::Closed);
    let (sizes, bytes) = ground.series();
    assert!(bytes == all, "{} bytes of {}", bytes.len(), all.len());
    assert!(sizes.len() > 5 && sizes.iter().all(|size| *size < 512 << 10), "{sizes:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// Whatever is written in whatever order, and however often a server begins anew in between (each look is one).
    #[test]
    fn no_byte_is_lost_or_told_twice(
        steps in proptest::collection::vec((any::<bool>(), 0..4_usize, any::<bool>(), 0..20_usize), 1..20),
        most in 1..4000_usize,
    ) {
        let ground = ground();
        let written = Written { most, ..Written::default() };
        let (mut attempts, mut follower) = (vec![false], Follower::default());
        let (mut expected, mut ends) = (BTreeMap::<u8, usize>::new(), 0);
        for (stderr, what, newline, length) in steps {
            let number = attempts.len() as u32;
            let letter = if stderr { b'A' } else { b'a' } + number as u8;
            let mut text = vec![letter; length * length * 20];
            if newline {
                text.push(b'\n');
            }
            written.add(number, stderr, &text);
            *expected.entry(letter).or_default() += length * length * 20;
            ends += usize::from(newline);
            match what {
                0 => {
                    *attempts.last_mut().unwrap() = true;
                    attempts.push(false);
                }
                1 => {}
                _ => drop(ground.tell(&written, &attempts, false)),
            }
            follower.look(&ground);
        }
        *attempts.last_mut().unwrap() = true;
        prop_assert_eq!(ground.tell(&written, &attempts, true), Next::Closed);
        follower.look(&ground);
        let (sizes, bytes) = ground.series();
        prop_assert_eq!(sizes.last(), Some(&0));
        prop_assert!(sizes[..sizes.len() - 1].iter().all(|size| *size > 0), "only the end is empty");
        let mut told = BTreeMap::<u8, usize>::new();
        for byte in bytes.iter().filter(|byte| **byte != b'\n') {
            *told.entry(*byte).or_default() += 1;
        }
        expected.retain(|_, count| *count > 0);
        prop_assert_eq!(told, expected);
        prop_assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), ends);
        let attempt_of = |byte: &u8| byte.to_ascii_lowercase() - b'a';
        let order: Vec<u8> = bytes.iter().filter(|byte| **byte != b'\n').map(attempt_of).collect();
        prop_assert!(order.is_sorted(), "attempts follow each other");
    }
}
