//! Work of known kinds, made from a seed: the same seed gives the same trace. One file a kind. The sizes grow with the
//! largest number of workers that the trace is for, so that there is something to do for all of them.

mod bursty;
mod dice;
mod diurnal;
mod long_tailed;
mod memory_heavy;
mod month;
mod shuffle;

use std::fmt;
use std::str::FromStr;

use crate::trace::Trace;

/// A kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// One program: computations of seconds to minutes, with pauses of seconds to minutes.
    Bursty,
    /// One program: tasks whose durations differ by orders of magnitude.
    LongTailed,
    /// One program: reads, shuffles, aggregates, again and again.
    Shuffle,
    /// One program: results that fill most of the memory.
    MemoryHeavy,
    /// A dozen people on one cluster for two days, by day more than by night.
    Diurnal,
    /// Thirty people on one cluster for a month.
    Month,
}

impl Class {
    /// All of them.
    pub const ALL: [Class; 6] =
        [Class::Bursty, Class::LongTailed, Class::Shuffle, Class::MemoryHeavy, Class::Diurnal, Class::Month];

    /// Its name on the command line and in traces.
    pub fn name(self) -> &'static str {
        match self {
            Class::Bursty => "bursty",
            Class::LongTailed => "long-tailed",
            Class::Shuffle => "shuffle",
            Class::MemoryHeavy => "memory-heavy",
            Class::Diurnal => "diurnal",
            Class::Month => "month",
        }
    }

    /// Whether several people share the cluster: then what they waited says more than when the last of them was done.
    pub fn is_shared(self) -> bool {
        matches!(self, Class::Diurnal | Class::Month)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no class has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no class of work named `{0}`\nhint: there are bursty, long-tailed, shuffle, memory-heavy, diurnal and month"
)]
pub struct NoClass(pub String);

impl FromStr for Class {
    type Err = NoClass;
    fn from_str(text: &str) -> Result<Class, NoClass> {
        Class::ALL.into_iter().find(|class| class.name() == text).ok_or_else(|| NoClass(text.to_owned()))
    }
}

/// Work of a class for a cluster of up to `workers` workers of `threads` threads.
pub fn generate(class: Class, seed: u64, workers: u32, threads: u32) -> Trace {
    let slots = u64::from(workers.max(1)) * u64::from(threads.max(1));
    let mut dice = dice::Dice::new(seed, class.name());
    let groups = match class {
        Class::Bursty => bursty::groups(&mut dice, slots),
        Class::LongTailed => long_tailed::groups(&mut dice, slots),
        Class::Shuffle => shuffle::groups(&mut dice, slots),
        Class::MemoryHeavy => memory_heavy::groups(&mut dice, slots, u64::from(workers.max(1))),
        Class::Diurnal => diurnal::groups(&mut dice, slots),
        Class::Month => month::groups(&mut dice, slots),
    };
    Trace { name: format!("{class}-{seed}"), class: class.name().to_owned(), groups }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_trace_and_every_trace_can_be_read_back() {
        for class in Class::ALL {
            let trace = generate(class, 7, 3, 3);
            assert_eq!(trace, generate(class, 7, 3, 3));
            assert_ne!(trace, generate(class, 8, 3, 3));
            assert_eq!(Trace::from_text(&trace.to_text()).as_ref(), Ok(&trace), "{class}");
            assert_eq!(trace.is_chain(), !class.is_shared(), "{class}");
            assert_eq!(class.name().parse(), Ok(class));
        }
        assert!("brusty".parse::<Class>().unwrap_err().to_string().contains("bursty"));
    }
}
