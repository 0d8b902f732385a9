//! What the process table had, looked at all the time: the word of somebody who keeps no books.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use caddis_testkit::{World, processes_naming};

/// Between two looks. Each reads the environment of every process.
const PAUSE: Duration = Duration::from_millis(15);

/// A look that never rests.
pub struct Watch {
    over: Arc<AtomicBool>,
    looks: JoinHandle<BTreeMap<String, Sighting>>,
}

/// One member of a cluster, as long as one process was seen under its key.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// `<cluster>/<member>`.
    pub key: String,
    pid: i32,
    /// How old it was when it was seen first, by the kernel's word.
    age: Duration,
    /// It had stood by, for anybody, before it got its key.
    stood_by: bool,
    first: Instant,
    last: Instant,
}

impl Sighting {
    /// How long it was there at least.
    pub fn lived(&self) -> Duration {
        self.last - self.first
    }

    /// How long it was there, from the start that the kernel noted to the last sight of it; of one that had stood by,
    /// from the first sight of its key.
    pub fn whole(&self) -> Duration {
        if self.stood_by { self.lived() } else { self.age + self.lived() }
    }
}

impl Watch {
    /// By how much the keeper's word for a start may be later than the first sight of the process: its record has to
    /// come to the disk in between.
    pub const SLACK: Duration = Duration::from_secs(1);

    /// Begins to look at everything of a world.
    pub fn begin(world: &World) -> Watch {
        let home = world.home().display().to_string();
        let over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&over);
        let looks = std::thread::spawn(move || {
            let (mut seen, mut unnamed) = (BTreeMap::new(), BTreeSet::new());
            while !ends.load(Ordering::Relaxed) {
                look(&home, &mut seen, &mut unnamed);
                std::thread::park_timeout(PAUSE);
            }
            seen
        });
        Watch { over, looks }
    }

    /// What was seen.
    pub fn end(self) -> Vec<Sighting> {
        self.over.store(true, Ordering::Relaxed);
        self.looks.join().expect("the looks end").into_values().collect()
    }
}

/// A child has no key yet for a moment after it was forked; one that is older stands by.
const CHILD: Duration = Duration::from_millis(150);

/// One look; `unnamed` are those that had no key at the last.
fn look(home: &str, seen: &mut BTreeMap<String, Sighting>, unnamed: &mut BTreeSet<i32>) {
    // Before the look, so that what is seen in it lived then, or was born later.
    let now = Instant::now();
    let mut without = BTreeSet::new();
    for process in processes_naming(home) {
        let (pid, age) = (process.pid, age(process.pid));
        let Some(key) = process.member else {
            without.insert(pid);
            continue;
        };
        let stood_by = unnamed.contains(&pid) && age > CHILD;
        let fresh = Sighting { key: key.clone(), pid, age, stood_by, first: Instant::now(), last: now };
        let one = seen.entry(key).or_insert_with(|| fresh.clone());
        // A child of its own has the same mark; what was started anew under the key begins anew.
        if one.pid == process.pid {
            one.last = one.last.max(now).max(one.first);
        } else if one.last < now {
            *one = Sighting { last: fresh.first, ..fresh };
        }
    }
    *unnamed = without;
}

/// How long ago a process was started; the kernel notes that in hundredths of a second.
fn age(pid: i32) -> Duration {
    let read = |path: String| std::fs::read_to_string(path).ok();
    let start = read(format!("/proc/{pid}/stat")).and_then(|stat| {
        let fields = stat.rsplit_once(") ")?.1.split(' ').nth(19)?.parse::<f64>();
        fields.ok().map(|ticks| ticks / 100.0)
    });
    let uptime = read("/proc/uptime".to_owned()).and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    let age = start.zip(uptime).map_or(0.0, |(start, uptime)| uptime - start);
    Duration::from_secs_f64(age.max(0.0))
}
