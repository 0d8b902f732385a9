//! `caddis job wait`.

use std::time::Duration;

use caddis_types::api::{JobPhase, JobView};

use crate::candidates;
use crate::context::Context;
use crate::commands::shape::span;
use crate::failure::{Exit, Failure};
use crate::follow::{self, Watch};
use crate::output::OutputArgs;
use crate::output::style::Style;
use crate::progress::{self, Mode};
use crate::{output, reference};

/// Wait for a job's end, and exit with its code.
///
/// Exits with the script's own code, 128 + n after signal n, 125 when Caddis itself failed or the time is over. Ctrl-C
/// leaves, and the job goes on.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The job; the newest by default.
    #[arg(value_name = "ID", value_parser = reference::word, add = candidates::jobs())]
    pub job: Option<String>,
    /// The longest to wait, such as `30m`.
    #[arg(long, value_name = "DURATION", value_parser = span)]
    pub timeout: Option<u64>,
    /// No summary; only a failure is told.
    #[arg(long, short = 'q')]
    pub quiet: bool,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let server = context.server().await?;
    let job = reference::job(&server, args.job.as_deref()).await?;
    let id = job.id.clone();
    let ended = ended(Watch::start(server, job, Mode::Quiet));
    let job = match args.timeout.map(Duration::from_millis) {
        None => ended.await?,
        Some(most) => tokio::time::timeout(most, ended).await.map_err(|_| {
            let text = format!("job `{id}` has not ended within {}", caddis_types::duration::display(most));
            Failure::new(Exit::Timeout, "timeout", text).hint(format!("it goes on; `caddis why {id}` says what it does"))
        })??,
    };
    match (args.quiet, job.phase) {
        (true, JobPhase::Succeeded) => {}
        (true, _) => output::say(&progress::failure(&job, Style::of_stderr())),
        (false, _) => output::say(&progress::summary(&job, &[], Style::of_stderr())),
    }
    if args.output.is_json() {
        output::json(&job)?;
    }
    Ok(follow::exit_code(&job))
}

async fn ended(mut watch: Watch) -> Result<JobView, Failure> {
    while !watch.known().job.phase.is_final() {
        watch.changed().await?;
    }
    let job = watch.known().job.clone();
    Ok(job)
}
