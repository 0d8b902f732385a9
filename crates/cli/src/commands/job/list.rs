//! `caddis job list`.

use caddis_types::Timestamp;
use caddis_types::api::JobView;

use super::phase_word;
use crate::clock;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::OutputArgs;
use crate::output::plural::grouped;
use crate::output::table::Table;
use crate::output::when::{ago, span};
use crate::progress::title;

/// List jobs, the newest first.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only those that have not ended.
    #[arg(long, short = 'a')]
    pub active: bool,
    /// At most so many; 0 means all.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: u32,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let server = context.server().await?;
    let jobs = server.call(async |client| client.jobs(args.active, args.limit).await).await?;
    args.output.print(&jobs, |jobs| table(jobs, clock::now()))?;
    Ok(0)
}

/// Jobs for people.
pub fn table(jobs: &[JobView], now: Timestamp) -> String {
    let mut table = Table::new(&["ID", "NAME", "STATE", "SUBMITTED", ">TOOK", ">EXIT", ">TASKS", ">COST (GCP)", "CAUSE"]);
    for job in jobs {
        table.row([
            job.id.to_string(),
            title(job),
            phase_word(job.phase),
            ago(job.submitted_at, now),
            span(job.submitted_at, job.stages.get("ended").copied(), now),
            job.exit_code.map(|code| code.to_string()).unwrap_or_default(),
            job.usage.tasks_done.map(grouped).unwrap_or_default(),
            job.usage.would_have_cost.to_string(),
            job.cause.as_ref().map(|cause| cause.code.to_string()).unwrap_or_default(),
        ]);
    }
    table.render("no jobs; `caddis run job.py` makes one")
}
