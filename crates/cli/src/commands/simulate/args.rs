//! What can be asked of `caddis simulate`.

use std::ops::Range;
use std::path::PathBuf;

use caddis_replay::generate::Class;
use caddis_types::shape::WorkerRange;
use clap::{ArgGroup, ValueHint};

use crate::commands::shape::span;
use crate::output::OutputArgs;

/// Replay work through an autoscaling policy: how long it takes, what it costs, how many workers there are.
#[derive(Debug, clap::Args)]
#[command(
    group = ArgGroup::new("what").required(true).args(["trace", "generate", "compare"]),
    after_help = "A trace is a file (docs/AUTOSCALING.md describes it), or a job or cluster whose decisions were recorded. \
                  The script of a job that was given no name means the newest of its jobs. Of a job that ran on a \
                  shared cluster the whole cluster is replayed.\n\n\
                  With --trace the policy begins with `[autoscale]` of caddis.toml, and a worker's price is that of its `[prices]`, \
                  or of the recording. --compare goes by what is built in, so that it is the same on every machine.\n\n\
                  Examples:\n  \
                  caddis simulate --trace etl --policy mine.toml --against adaptive --picture etl.svg\n  \
                  caddis simulate --generate bursty --seed 7 > bursty.jsonl\n  \
                  caddis simulate --trace bursty.jsonl --workers 2..50\n  \
                  caddis simulate --compare"
)]
pub struct Args {
    /// Replay this file, or what this job or cluster did.
    #[arg(long, value_name = "JOB|FILE", value_hint = ValueHint::FilePath)]
    pub trace: Option<String>,
    /// Print a trace of a kind of work: bursty, long-tailed, shuffle, memory-heavy, diurnal or month.
    #[arg(long, value_name = "CLASS")]
    pub generate: Option<Class>,
    /// Compare the policies on all kinds of work, and print the table.
    #[arg(long)]
    pub compare: bool,
    /// The policy, a TOML file with the figures that differ from those of `[autoscale]` in caddis.toml; with --compare,
    /// from the built-in ones.
    #[arg(long, value_name = "FILE", conflicts_with = "generate", value_hint = ValueHint::FilePath)]
    pub policy: Option<PathBuf>,
    /// Beside it: adaptive, dataproc, fixed:N, built-in, or another policy file; several, separated by commas.
    #[arg(long, value_name = "POLICY", value_delimiter = ',', requires = "trace", conflicts_with_all = ["generate", "compare"])]
    pub against: Vec<String>,
    /// Take the work as new: nobody knows from an earlier run how long its tasks take.
    #[arg(long, requires = "trace", conflicts_with_all = ["generate", "compare"])]
    pub first_run: bool,
    /// Fewest and most workers [default: 2..10, or the widest range of the recorded cluster].
    #[arg(long, short = 'w', value_name = "RANGE", conflicts_with = "compare")]
    pub workers: Option<WorkerRange>,
    /// Threads of each worker [default: 3, or those of the recording].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub threads: Option<u32>,
    /// How long a worker takes to start [default: 90s, or what the recording says].
    #[arg(long, value_name = "DURATION", value_parser = span, allow_hyphen_values = true, conflicts_with = "generate")]
    pub start: Option<u64>,
    /// Which trace of its kind is generated.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "generate", conflicts_with_all = ["trace", "compare"])]
    pub seed: u64,
    /// Which traces are compared: `A..B`, without B.
    #[arg(long, value_name = "RANGE", value_parser = seeds, default_value = "100..110", requires = "compare",
          conflicts_with_all = ["trace", "generate"])]
    pub seeds: Range<u64>,
    /// Only this kind of work; several, separated by commas.
    #[arg(long, value_name = "CLASS", value_delimiter = ',', requires = "compare", conflicts_with_all = ["trace", "generate"])]
    pub classes: Vec<Class>,
    /// Most workers of each comparison, separated by commas.
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1,10,100,1000,10000", requires = "compare",
          conflicts_with_all = ["trace", "generate"], value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub sizes: Vec<u32>,
    /// Draw the workers over time into this file, as SVG.
    #[arg(long, value_name = "FILE", requires = "trace", conflicts_with_all = ["generate", "compare"], value_hint = ValueHint::FilePath)]
    pub picture: Option<PathBuf>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

impl Args {
    /// Whether data is printed as JSON.
    pub fn wants_json(&self) -> bool {
        self.output.is_json()
    }
}

/// `100..110`.
fn seeds(text: &str) -> Result<Range<u64>, String> {
    let wrong = || format!("`{text}` is not a range of seeds\nhint: write for example `100..110`, which are ten");
    let (from, to) = text.split_once("..").ok_or_else(wrong)?;
    let (from, to): (u64, u64) = (from.parse().map_err(|_| wrong())?, to.parse().map_err(|_| wrong())?);
    if from < to && to - from <= 10_000 { Ok(from..to) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::args::Cli;

    #[test]
    fn what_is_not_used_is_refused_and_named() {
        for words in [
            ["--generate", "bursty", "--picture", "x.svg"],
            ["--generate", "bursty", "--against", "adaptive"],
            ["--generate", "bursty", "--policy", "p.toml"],
            ["--generate", "bursty", "--start", "9s"],
            ["--generate", "bursty", "--seeds", "1..3"],
            ["--trace", "x", "--seeds", "1..3"],
            ["--trace", "x", "--seed", "1"],
            ["--trace", "x", "--sizes", "1"],
            ["--trace", "x", "--classes", "month"],
        ] {
            let error = Cli::try_parse_from(["caddis", "simulate"].iter().chain(&words)).unwrap_err().to_string();
            assert!(error.contains("cannot be used with") && words.iter().step_by(2).all(|word| error.contains(word)), "{error}");
        }
        for words in [["--picture", "x.svg"], ["--against", "adaptive"], ["--seed", "3"], ["--workers", "3"]] {
            let error = Cli::try_parse_from(["caddis", "simulate", "--compare"].iter().chain(&words)).unwrap_err().to_string();
            assert!(error.contains("--compare") && error.contains(words[0]), "{error}");
        }
        let error = Cli::try_parse_from(["caddis", "simulate", "--trace", "x", "--start", "-5s"]).unwrap_err().to_string();
        assert!(error.contains("--start") && error.contains("0 or more"), "{error}");
    }

    #[test]
    fn one_thing_at_a_time() {
        let wrong = |words: &[&str]| {
            let words = ["caddis", "simulate"].iter().chain(words);
            Cli::try_parse_from(words).unwrap_err().to_string()
        };
        assert!(wrong(&[]).contains("--trace"));
        assert!(wrong(&["--compare", "--trace", "x"]).contains("cannot be used with"));
        assert!(wrong(&["--generate", "brusty"]).contains("bursty"));
        assert!(wrong(&["--compare", "--seeds", "9..3"]).contains("range of seeds"));
        assert!(wrong(&["--trace", "x", "--workers", "9..3"]).contains("the minimum is above the maximum"));
    }
}
