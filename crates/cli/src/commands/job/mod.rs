//! `caddis job`: what was run, and what still runs.

mod cancel;
mod list;
mod logs;
mod retry;
mod show;
mod wait;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;

pub use list::table;
pub use show::text;

/// List, show, follow, cancel and repeat jobs.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List jobs, the newest first.
    List(list::Args),
    /// Show everything about a job.
    Show(show::Args),
    /// Print a job's output.
    Logs(logs::Args),
    /// Wait for a job's end, and exit with its code.
    Wait(wait::Args),
    /// End a job.
    Cancel(cancel::Args),
    /// Run an ended job again, as a new one.
    Retry(retry::Args),
}

impl Args {
    /// Whether the script's exit code is passed through.
    pub fn is_wait(&self) -> bool {
        matches!(self.verb, Verb::Wait(_))
    }

    /// Whether data is printed as JSON.
    pub fn wants_json(&self) -> bool {
        match &self.verb {
            Verb::List(args) => args.output.is_json(),
            Verb::Show(args) => args.output.is_json(),
            Verb::Logs(_) => false,
            Verb::Wait(args) => args.output.is_json(),
            Verb::Cancel(args) => args.output.is_json(),
            Verb::Retry(args) => args.output.is_json(),
        }
    }
}

/// Does what was asked.
pub async fn run(args: Args, context: &Context) -> Result<u8, Failure> {
    match args.verb {
        Verb::List(args) => list::run(&args, context).await,
        Verb::Show(args) => show::run(&args, context).await,
        Verb::Logs(args) => logs::run(&args, context).await,
        Verb::Wait(args) => wait::run(&args, context).await,
        Verb::Cancel(args) => cancel::run(&args, context).await,
        Verb::Retry(args) => retry::run(&args, context).await,
    }
}

/// The word of a phase, for tables.
pub(crate) fn phase_word(phase: impl serde::Serialize) -> String {
    serde_json::to_value(phase).ok().and_then(|value| value.as_str().map(str::to_lowercase)).unwrap_or_default()
}
