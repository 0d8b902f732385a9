//! What ports, driver and checkers share: virtual time, the world, the dice, the trace.

use std::collections::{BTreeSet, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use caddis_engine::Queue;
use caddis_types::Timestamp;

use crate::chaos::{Chaos, Fate, Kind, Single};
use crate::check::Ledgerbook;
use crate::users::Users;
use crate::world::World;
use crate::{Mutant, Options};

/// One millisecond.
pub const MS: i64 = 1000;
/// One second.
pub const SECOND: i64 = 1_000_000;
/// Where virtual time begins: some day in 2026.
pub const EPOCH: i64 = 1_795_000_000 * SECOND;
/// How long any call takes at least.
const CALL: i64 = 40;
/// How many lines of the trace are kept for a failure.
const TRACE: usize = 40;

/// Everything, under one lock that is never held across a call.
#[derive(Debug)]
pub struct State {
    /// Microseconds since the run began; nobody can set them back.
    pub t: i64,
    /// By how much the clock on the wall differs.
    pub offset: i64,
    /// What really runs.
    pub world: World,
    /// The dice.
    pub chaos: Chaos,
    /// What this run is.
    pub options: Options,
    /// The planted bug.
    pub mutant: Option<Mutant>,
    /// The server died in the middle of a call.
    pub crashed: bool,
    /// The living server's queue, for wake-ups from outside.
    pub queue: Option<Queue>,
    /// Since when a server lives.
    pub up_since: Option<i64>,
    /// When sleeping calls go on.
    pub sleepers: BTreeSet<i64>,
    /// What must not be, and was.
    pub violations: Vec<String>,
    /// What users know.
    pub users: Users,
    /// What checkers remember of records.
    pub book: Ledgerbook,
    /// The last things that happened.
    pub trace: VecDeque<(i64, String)>,
    /// Prints the trace as it comes.
    pub loud: bool,
}

impl State {
    /// What the clock on the wall says.
    pub fn now(&self) -> Timestamp {
        Timestamp(EPOCH + self.t + self.offset)
    }

    /// Notes what happens.
    pub fn note(&mut self, line: impl FnOnce() -> String) {
        let line = line();
        if self.loud {
            println!("{:>9.3} {line}", self.t as f64 / 1e6);
        }
        self.trace.push_back((self.t, line));
        if self.trace.len() > TRACE {
            self.trace.pop_front();
        }
    }

    /// Notes what must not be.
    pub fn violate(&mut self, line: String) {
        self.note(|| format!("VIOLATION {line}"));
        self.violations.push(line);
    }

    /// Lets the world go on to this moment.
    pub fn advance(&mut self, t: i64) {
        self.t = self.t.max(t);
        crate::world::advance(self);
    }
}

/// The shared state.
#[derive(Debug)]
pub struct Hub {
    state: Mutex<State>,
}

/// A call that was let in.
#[derive(Debug, Default)]
pub struct Gate {
    fate: Fate,
    /// Told when the call heeds its fate.
    heeded: Arc<AtomicBool>,
}

impl Gate {
    /// Whether the call fails without having done anything.
    pub fn fails_before(&self) -> bool {
        self.heed(self.fate.error_before)
    }

    /// Whether its answer is lost.
    pub fn fails_after(&self) -> bool {
        self.heed(self.fate.error_after)
    }

    fn heed(&self, strikes: bool) -> bool {
        self.heeded.fetch_or(strikes, Ordering::Relaxed);
        strikes
    }
}

impl Hub {
    /// The state of a run that has not begun.
    pub fn new(options: &Options, mutant: Option<Mutant>, single: Option<(u64, Single)>, loud: bool) -> Arc<Hub> {
        let state = State {
            t: 0,
            offset: 0,
            world: World::default(),
            chaos: Chaos::new(options, single),
            options: options.clone(),
            mutant,
            crashed: false,
            queue: None,
            up_since: None,
            sleepers: BTreeSet::new(),
            violations: Vec::new(),
            users: Users::default(),
            book: Ledgerbook::default(),
            trace: VecDeque::new(),
            loud,
        };
        Arc::new(Hub { state: Mutex::new(state) })
    }

    /// The state. Never held across an await.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fault point before a call; never returns when the server dies here.
    pub async fn enter(&self, kind: Kind, what: impl Fn() -> String) -> Gate {
        let (fate, until, heeded) = {
            let mut state = self.lock();
            let t = state.t + CALL;
            state.advance(t);
            let fate = state.chaos.fate(kind);
            let until = state.t + fate.slow;
            if fate.slow > 0 {
                state.sleepers.insert(until);
            }
            let calls = state.chaos.calls;
            // Plain reads would push everything else out of the trace.
            if kind != Kind::Read || state.loud || fate != Fate::default() {
                state.note(|| format!("#{calls} {}{}", what(), told(&fate)));
            }
            (fate, until, Arc::clone(&state.chaos.heeded))
        };
        if fate.slow > 0 {
            Sleep { hub: self, until }.await;
        }
        if fate.crash_before {
            self.die().await;
        }
        Gate { fate, heeded }
    }

    /// The fault point behind a call.
    pub async fn leave(&self, gate: &Gate) {
        if gate.fate.crash_after {
            self.die().await;
        }
    }

    async fn die(&self) {
        {
            let mut state = self.lock();
            state.crashed = true;
            state.chaos.heeded.store(true, Ordering::Relaxed);
            state.note(|| "the server dies".into());
        }
        std::future::pending::<()>().await;
    }
}

fn told(fate: &Fate) -> String {
    let mut text = String::new();
    for (is, word) in [
        (fate.slow > 0, " slow"),
        (fate.crash_before, " CRASH-BEFORE"),
        (fate.error_before, " ERROR-BEFORE"),
        (fate.error_after, " ERROR-AFTER"),
        (fate.crash_after, " CRASH-AFTER"),
    ] {
        if is {
            text.push_str(word);
        }
    }
    text
}

struct Sleep<'a> {
    hub: &'a Hub,
    until: i64,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.hub.lock().t >= self.until { Poll::Ready(()) } else { Poll::Pending }
    }
}
