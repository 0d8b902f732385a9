//! A trace that cannot be meant.

use thiserror::Error;

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum TraceError {
    /// The first line does not say what it is.
    #[error(
        "line 1 is not the head of a trace: {0}\nhint: it looks like {{\"caddis_trace\":1,\"name\":\"etl\",\"class\":\"bursty\",\"groups\":12}}"
    )]
    Head(String),
    /// Another version.
    #[error("line 1: `caddis_trace` is {0}, and only version {version} is known", version = super::VERSION)]
    Version(u32),
    /// A line that cannot be read as a group.
    #[error("line {line}: {why}")]
    Line {
        /// Which.
        line: usize,
        /// What is wrong; names the field, where the line is JSON at all.
        why: String,
    },
    /// A field that cannot be meant.
    #[error("line {line}, group `{group}`: `{field}` is {value}: {why}")]
    Field {
        /// Which line.
        line: usize,
        /// Which group.
        group: String,
        /// Which field.
        field: &'static str,
        /// What it is.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Groups are missing or too many.
    #[error("`groups`: the head says {said} and there are {found}: the trace has a hole, or was cut off")]
    Hole {
        /// By the head.
        said: usize,
        /// By the lines.
        found: usize,
    },
    /// A recording that has a hole.
    #[error("row {row}: `at`: nothing was recorded for {seconds:.0} s before it: the recording has a hole")]
    Gap {
        /// Which row, counted from 1.
        row: usize,
        /// How long.
        seconds: f64,
    },
    /// A recorded row that cannot be meant.
    #[error("row {row}: `{field}` is {value}: {why}")]
    Row {
        /// Which row, counted from 1.
        row: usize,
        /// Which field.
        field: &'static str,
        /// What it is.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Nothing to do.
    #[error("the trace has no work in it")]
    Empty,
}
