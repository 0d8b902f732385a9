//! What a user's script does, told to the world by its arguments.

use caddis_core::record::JobRecord;
use caddis_core::world::Exit;
use caddis_types::api::JobWish;

/// A script's behaviour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// How long it runs, milliseconds; nothing means for ever.
    pub runs_ms: Option<u64>,
    /// Its exit code.
    pub code: i32,
    /// So many attempts fail with that code before one ends with 0.
    pub bad_attempts: u32,
    /// It ends by this signal instead.
    pub signal: Option<i32>,
    /// It catches INT and TERM and ends with 0.
    pub tidy: bool,
}

impl Script {
    /// As arguments of a job.
    pub fn args(&self) -> Vec<String> {
        let optional = |n: Option<u64>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
        vec![
            optional(self.runs_ms),
            self.code.to_string(),
            self.bad_attempts.to_string(),
            optional(self.signal.map(|n| n as u64)),
            self.tidy.to_string(),
        ]
    }

    fn parse(args: &[String]) -> Option<Script> {
        Some(Script {
            runs_ms: args.first()?.parse().ok(),
            code: args.get(1)?.parse().ok()?,
            bad_attempts: args.get(2)?.parse().ok()?,
            signal: args.get(3)?.parse().ok(),
            tidy: args.get(4)?.parse().ok()?,
        })
    }

    /// The script of a job; one without arguments succeeds at once.
    pub fn of(job: &JobRecord) -> Script {
        Script::parse(&job.args).unwrap_or(Script {
            runs_ms: Some(10),
            code: 0,
            bad_attempts: 0,
            signal: None,
            tidy: false,
        })
    }

    /// Whether a wish may run for ever by its own will.
    pub fn endless(wish: &JobWish) -> bool {
        wish.args.first().is_some_and(|arg| arg == "-")
    }

    /// How an attempt ends when it is left alone.
    pub fn exit(&self, attempt: u32) -> Exit {
        match self.signal {
            _ if self.bad_attempts > 0 && attempt > self.bad_attempts => Exit::Code(0),
            Some(signal) => Exit::Signal(signal),
            None => Exit::Code(self.code),
        }
    }
}
