//! `caddis why`: the chain of reasons, or the cause of an end.

use caddis_types::api::WhyView;
use caddis_types::{Cause, Reason, Timestamp};
use serde::Serialize;

use crate::candidates;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::OutputArgs;
use crate::output::when::ago;
use crate::reference::Subject;
use crate::{clock, reference};

/// Say why a job or a cluster is as it is.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A job or a cluster; the newest job by default.
    #[arg(value_name = "ID", value_parser = reference::word, add = candidates::jobs_and_clusters())]
    pub subject: Option<String>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// What was asked about, with its reasons.
    #[serde(flatten)]
    pub why: WhyView,
    /// Why it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

/// Does what was asked.
pub async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let server = context.server().await?;
    let meant = match args.subject.as_deref() {
        Some(named) => reference::job_or_cluster(&server, named).await?,
        None => match reference::job(&server, None).await {
            Ok(job) => Subject::Job(Box::new(job)),
            Err(failure) => Subject::Cluster(Box::new(reference::cluster(&server, None).await.map_err(|_| failure)?)),
        },
    };
    let (subject, cause) = match meant {
        Subject::Job(job) => (job.id.to_string(), job.cause),
        Subject::Cluster(cluster) => (cluster.id.to_string(), cluster.cause),
    };
    let why = server.call(async |client| client.why(&subject).await).await?;
    args.output.print(&Explanation { why, cause }, |explanation| text(explanation, clock::now()))?;
    Ok(0)
}

/// The chain for people: the most direct reason first, each step further away.
pub fn text(explanation: &Explanation, now: Timestamp) -> String {
    let mut text = format!("{}\n", explanation.why.subject);
    for (depth, reason) in explanation.why.reasons.iter().enumerate() {
        let indent = "  ".repeat(depth + 1);
        let because = if depth == 0 { "" } else { "because " };
        text.push_str(&format!("{indent}{because}{} ({}, {})\n", reason.sentence, reason.code, ago(reason.since, now)));
        if let Some(next) = &reason.next {
            text.push_str(&format!("{indent}next: {next}\n"));
        }
    }
    if let Some(cause) = &explanation.cause {
        let lines: String = cause_text(cause).lines().map(|line| format!("    {line}\n")).collect();
        text.push_str(&format!("  cause:\n{lines}"));
    }
    text
}

/// Reasons, one a line.
pub(crate) fn reasons(reasons: &[Reason]) -> String {
    let line = |reason: &Reason| match &reason.next {
        Some(next) => format!("{}; {next} ({})", reason.sentence, reason.code),
        None => format!("{} ({})", reason.sentence, reason.code),
    };
    reasons.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A cause with its evidence and hint.
pub(crate) fn cause_text(cause: &Cause) -> String {
    let mut lines = vec![format!("{} ({})", cause.sentence, cause.code)];
    lines.extend(cause.evidence.iter().map(|fact| format!("{}: {}", fact.what, fact.found)));
    lines.extend(cause.hint.iter().map(|hint| format!("hint: {hint}")));
    lines.join("\n")
}
