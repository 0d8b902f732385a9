//! The dice: whether and how a call or a process goes wrong. Off after the storm.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::Options;

/// What happens to one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fate {
    /// It takes so many microseconds longer.
    pub slow: i64,
    /// The server dies before it.
    pub crash_before: bool,
    /// It fails before it did anything.
    pub error_before: bool,
    /// It did its work, and the answer is lost.
    pub error_after: bool,
    /// The server dies behind it.
    pub crash_after: bool,
}

/// One fault at one call, for the exhaustive sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Single {
    /// The server dies before the call.
    CrashBefore,
    /// The server dies behind the call.
    CrashAfter,
    /// The call fails and did nothing.
    ErrorBefore,
    /// The call did its work, its answer is lost.
    ErrorAfter,
}

impl Single {
    /// All kinds.
    pub const ALL: [Single; 4] = [Single::CrashBefore, Single::CrashAfter, Single::ErrorBefore, Single::ErrorAfter];

    /// Whether it can befall such a call: a read that failed behind its work is one that failed before it, and where
    /// nothing is answered no answer is lost.
    pub fn befalls(self, kind: Kind) -> bool {
        self != Single::ErrorAfter || !matches!(kind, Kind::Read | Kind::Word)
    }
}

/// What kind of call it is, since chances differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A read of the store.
    Read,
    /// A commit.
    Commit,
    /// Anything with an effect outside.
    Effect,
    /// A look at the outside.
    Look,
    /// A word to the outside that nothing answers.
    Word,
}

/// The dice of one run.
#[derive(Debug)]
pub struct Chaos {
    /// Everything random goes by this.
    pub rng: ChaCha8Rng,
    /// Whether anything may fail.
    pub on: bool,
    /// Calls so far.
    pub calls: u64,
    /// The one fault of a sweep, and at which call.
    pub single: Option<(u64, Single)>,
    /// Whether the one fault cannot befall the call that it is for.
    pub spared: bool,
    /// Whether a call heeded a fault.
    pub heeded: Arc<AtomicBool>,
    options: Options,
}

impl Chaos {
    /// Dice for these options.
    pub fn new(options: &Options, single: Option<(u64, Single)>) -> Chaos {
        let rng = ChaCha8Rng::seed_from_u64(options.seed ^ 0x5eed_cadd_15f1_e500);
        Chaos { rng, on: true, calls: 0, single, spared: false, heeded: Arc::default(), options: options.clone() }
    }

    /// Throws the dice: true with this chance, never after the storm.
    pub fn hit(&mut self, chance: f64) -> bool {
        let thrown: f64 = self.rng.random();
        self.on && thrown < chance
    }

    /// A number of microseconds up to so many milliseconds.
    pub fn span(&mut self, most_ms: u64) -> i64 {
        self.rng.random_range(0..=(most_ms as i64) * 1000)
    }

    /// What happens to the next call.
    pub fn fate(&mut self, kind: Kind) -> Fate {
        self.calls += 1;
        let calls = self.options.calls.clone();
        let (before, after) = match kind {
            Kind::Read => (calls.read, 0.0),
            Kind::Commit => (calls.commit_before, calls.commit_after),
            Kind::Effect => (calls.error_before, calls.error_after),
            Kind::Look | Kind::Word => (0.0, 0.0),
        };
        let mut fate = Fate {
            slow: if self.hit(calls.slow) { self.span(calls.slow_ms) } else { 0 },
            crash_before: self.hit(calls.crash_before),
            error_before: self.hit(before),
            error_after: self.hit(after),
            crash_after: self.hit(calls.crash_after),
        };
        if let Some((_, single)) = self.single.filter(|(at, _)| *at == self.calls) {
            self.spared = !single.befalls(kind);
            match single {
                Single::CrashBefore => fate.crash_before = true,
                Single::CrashAfter => fate.crash_after = true,
                Single::ErrorBefore => fate.error_before = true,
                Single::ErrorAfter => fate.error_after = !self.spared,
            }
        }
        fate
    }
}
