//! `caddis job retry`.

use crate::candidates;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{OutputArgs, say};
use crate::reference;

/// Run an ended job again, as a new one with the same arguments, environment and cluster wish.
///
/// Its standard input is empty. The new job's ID is printed, and it goes on by itself.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The job; the newest by default.
    #[arg(value_name = "ID", value_parser = reference::word, add = candidates::ended_jobs())]
    pub job: Option<String>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let server = context.server().await?;
    let old = reference::job(&server, args.job.as_deref()).await?;
    // Not repeated when the answer is lost: the job would run twice.
    let client = server.client().await;
    let job = client.retry_job(old.id.as_str()).await?;
    args.output.print(&job, |job| format!("{}\n", job.id))?;
    say(&format!("follow it with `caddis job logs -f {0}`, wait for it with `caddis job wait {0}`", job.id));
    Ok(0)
}
