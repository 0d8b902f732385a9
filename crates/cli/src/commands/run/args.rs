//! The options of `caddis run`.

use std::ffi::OsString;
use std::path::PathBuf;

use caddis_types::NanoDollars;
use clap::{ArgAction, ValueHint};

use crate::candidates;
use crate::commands::shape::{EnvironmentArgs, ShapeArgs, name, span, tag, whole};
use crate::output::OutputArgs;
use crate::reference;
use crate::variables::parse_pair;

/// Run a Python job on a Dask cluster of its own.
///
/// A cluster appears for the job, grows and shrinks with it, and is gone after it. In the script, `Client()` without an
/// argument connects to it. Options before the script are Caddis's; everything after it is the script's.
///
/// The script's output passes through unchanged, and so do standard input (unless it is closed by `--detach`) and the
/// exit code. Progress, and a summary at the end, go to standard error.
///
/// With `-o json` standard output carries nothing but the job, as one object at the end, and the script's own standard
/// output goes to standard error.
///
/// Ctrl-C cancels the job, a second one hurries, a third leaves at once. A lost terminal cancels the job too: `--detach`
/// is for leaving.
#[derive(Clone, Debug, clap::Args)]
#[command(
    override_usage = "caddis run [OPTIONS] SCRIPT [ARGS]...\n       caddis run [OPTIONS] -m MODULE [ARGS]...",
    after_help = "Examples:\n  caddis run job.py\n  caddis run --workers 2..10 --memory 4GiB etl.py --date 2026-11-01\n  \
                  caddis run --detach --name nightly -m reports.nightly"
)]
pub struct Args {
    /// The script and its arguments.
    #[arg(
        value_name = "SCRIPT", required = true, trailing_var_arg = true, num_args = 1..,
        value_hint = ValueHint::FilePath, help = "The script, then its own arguments"
    )]
    pub program: Vec<OsString>,
    /// The first word is a module, run as `python -m` would.
    #[arg(short = 'm', long = "module")]
    pub module: bool,

    /// A name for people, that works wherever an ID does.
    #[arg(long, short = 'n', value_parser = name)]
    pub name: Option<String>,
    /// A tag for reports; may be repeated.
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag)]
    pub tags: Vec<(String, String)>,
    /// An environment variable of the job, on top of those here; may be repeated.
    #[arg(short = 'e', long = "env", value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub variables: Vec<(String, String)>,
    /// A file of such variables, a KEY=VALUE each line; may be repeated.
    #[arg(long = "env-file", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub env_files: Vec<PathBuf>,
    /// The folder the job runs in; this one by default.
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub cwd: Option<PathBuf>,
    /// The longest the script may run in each attempt, such as `30m`; what comes before its start does not count.
    #[arg(long, value_name = "DURATION", value_parser = span, allow_hyphen_values = true)]
    pub timeout: Option<u64>,
    /// The most it may cost on Google Cloud, in dollars such as `1.50`: it is ended politely before it costs more. Here,
    /// where it costs nothing, the same prices count.
    #[arg(long, value_name = "DOLLARS", value_parser = dollars, allow_negative_numbers = true)]
    pub max_cost: Option<NanoDollars>,

    /// How many more attempts after a failure; they find standard input empty.
    #[arg(
        long, value_name = "N", value_parser = |text: &str| whole(text, 0, 100), allow_negative_numbers = true,
        help_heading = "Retries"
    )]
    pub retries: Option<u32>,
    /// Retry only after these exit codes, separated by commas.
    #[arg(
        long, value_name = "CODES", value_delimiter = ',', value_parser = exit_code, requires = "retries",
        help_heading = "Retries"
    )]
    pub retry_on_exit: Vec<i32>,
    /// The pause before the first retry; it doubles each time [default: 1s].
    #[arg(long, value_name = "DURATION", value_parser = span, requires = "retries", help_heading = "Retries")]
    pub retry_delay: Option<u64>,

    /// The new cluster's shape.
    #[command(flatten)]
    pub shape: ShapeArgs,
    /// Run on this existing cluster, which outlives the job.
    #[arg(long, value_name = "NAME", value_parser = reference::word, add = candidates::lasting_clusters(), help_heading = "Cluster")]
    pub cluster: Option<String>,
    /// Keep the cluster so long after a failure, to look at it.
    #[arg(long, value_name = "DURATION", value_parser = span, help_heading = "Cluster")]
    pub keep_on_failure: Option<u64>,

    /// The Python environment.
    #[command(flatten)]
    pub environment: EnvironmentArgs,

    /// Print the job's ID and leave; the job goes on.
    #[arg(long, short = 'd', help_heading = "Output")]
    pub detach: bool,
    /// Open the dashboard in a browser when the cluster is there.
    #[arg(long, conflicts_with = "no_dashboard", help_heading = "Output")]
    pub open: bool,
    /// Say what would happen, and do nothing.
    #[arg(long, conflicts_with_all = ["detach", "open"], help_heading = "Output")]
    pub dry_run: bool,
    /// No progress and no summary; only failures are told.
    #[arg(long, short = 'q', action = ArgAction::SetTrue, help_heading = "Output")]
    pub quiet: bool,
    /// Print the job at the end as JSON.
    #[command(flatten)]
    pub output: OutputArgs,
}

fn dollars(text: &str) -> Result<NanoDollars, String> {
    match text.starts_with('-') {
        true => Err("a limit is above 0 dollars\nhint: write dollars such as `1.50`".to_owned()),
        false => NanoDollars::parse(text).map_err(|error| error.to_string()),
    }
}

/// A code that a failed script can have.
fn exit_code(text: &str) -> Result<i32, String> {
    let code = text.parse::<u8>().ok().filter(|code| *code > 0);
    code.map(i32::from).ok_or_else(|| {
        format!("`{text}` is not the exit code of a failure\nhint: write numbers from 1 to 255, such as `1,75`; 128 + n is the end by signal n")
    })
}
