//! `caddis job show`.

use caddis_types::api::{JobView, Program};
use caddis_types::{Timestamp, bytes, duration};

use super::phase_word;
use crate::candidates;
use crate::commands::why::{cause_text, reasons};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::OutputArgs;
use crate::output::plural::{count, grouped};
use crate::output::table::{Table, pairs};
use crate::output::when::{at, span};
use crate::{clock, reference};

/// Show everything about a job.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The job; the newest by default.
    #[arg(value_name = "ID", value_parser = reference::word, add = candidates::jobs())]
    pub job: Option<String>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let server = context.server().await?;
    let job = reference::job(&server, args.job.as_deref()).await?;
    args.output.print(&job, |job| text(job, clock::now()))?;
    Ok(0)
}

/// A job for people.
pub fn text(job: &JobView, now: Timestamp) -> String {
    let program = match &job.program {
        Program::Script(path) => path.clone(),
        Program::Module(module) => format!("-m {module}"),
    };
    let command = std::iter::once(program).chain(job.args.iter().cloned()).collect::<Vec<_>>().join(" ");
    let tags: Vec<String> = job.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let mut rows = vec![
        ("id", job.id.to_string()),
        ("name", job.name.clone().unwrap_or_default()),
        ("state", phase_word(job.phase)),
        ("reasons", reasons(&job.reasons)),
        ("exit code", job.exit_code.map(|code| code.to_string()).unwrap_or_default()),
    ];
    rows.extend(job.cause.as_ref().map(|cause| ("cause", cause_text(cause))));
    rows.extend([
        ("program", command),
        ("folder", job.cwd.clone()),
        ("owner", job.owner.clone()),
        ("tags", tags.join(", ")),
        ("cluster", job.cluster.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("submitted", at(job.submitted_at, now)),
        ("stages", stages(job, now)),
        ("used", used(job)),
        ("limit", job.max_cost.map(|limit| format!("{limit} on Google Cloud")).unwrap_or_default()),
        ("notices", job.notices.join("\n")),
    ]);
    pairs(&rows) + &attempts(job, now)
}

fn stages(job: &JobView, now: Timestamp) -> String {
    let mut begun: Vec<(&String, Timestamp)> = job.stages.iter().map(|(name, at)| (name, *at)).collect();
    begun.sort_by_key(|(_, at)| *at);
    let over = |index: usize| begun.get(index + 1).map(|(_, at)| *at);
    let lines = begun.iter().enumerate().filter(|(_, (name, _))| *name != "ended");
    lines.map(|(index, (name, from))| format!("{name} {}", span(*from, over(index), now))).collect::<Vec<_>>().join(", ")
}

fn used(job: &JobView) -> String {
    let usage = &job.usage;
    if usage.workers_peak == 0 {
        return String::new();
    }
    let workers = count(usage.workers_peak.into(), "worker");
    let time = duration::display(std::time::Duration::from_secs_f64(usage.worker_seconds.max(0.0)));
    let tasks = usage.tasks_done.map(|tasks| format!(", {}", count(tasks, "task"))).unwrap_or_default();
    let memory = usage.peak_memory.map(|peak| format!(", {} at most in one worker", bytes::display(peak))).unwrap_or_default();
    format!("{workers} at most, {time} of workers{tasks}{memory}\n{} on Google Cloud", usage.would_have_cost)
}

fn attempts(job: &JobView, now: Timestamp) -> String {
    if job.attempts.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&[">ATTEMPT", "CLUSTER", "STARTED", ">TOOK", ">EXIT", "CAUSE"]);
    for attempt in &job.attempts {
        table.row([
            grouped(attempt.number.into()),
            attempt.cluster.to_string(),
            attempt.started_at.map(|started| started.to_string()).unwrap_or_default(),
            attempt.started_at.map(|started| span(started, attempt.ended_at, now)).unwrap_or_default(),
            attempt.exit_code.map(|code| code.to_string()).unwrap_or_default(),
            attempt.cause.as_ref().map(|cause| cause.sentence.clone()).unwrap_or_default(),
        ]);
    }
    format!("\n{}", table.render(""))
}
