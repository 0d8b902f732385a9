//! `caddis job cancel`.

use caddis_types::api::JobView;

use crate::candidates;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::OutputArgs;
use crate::reference;

/// End jobs: the script is interrupted as by Ctrl-C, then told to end, then killed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The jobs; the newest by default.
    #[arg(value_name = "ID", value_parser = reference::word, add = candidates::active_jobs())]
    pub jobs: Vec<String>,
    /// Skip the polite part.
    #[arg(long)]
    pub hurry: bool,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let server = context.server().await?;
    let mut cancelled = Vec::new();
    let named: Vec<Option<&str>> = match args.jobs.is_empty() {
        true => vec![None],
        false => args.jobs.iter().map(|job| Some(job.as_str())).collect(),
    };
    for name in named {
        let job = reference::job(&server, name).await?;
        cancelled.push(server.call(async |client| client.cancel_job(job.id.as_str(), args.hurry).await).await?);
    }
    args.output.print(&cancelled, |jobs| jobs.iter().map(line).collect())?;
    Ok(0)
}

fn line(job: &JobView) -> String {
    match job.phase.is_final() {
        true => format!("{} has ended already: {}\n", job.id, super::phase_word(job.phase)),
        false => format!("{} is being ended\n", job.id),
    }
}
