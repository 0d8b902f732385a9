//! `caddis cluster show`.

use caddis_types::api::ClusterView;
use caddis_types::dask::{DaskSnapshot, WorkerView};
use caddis_types::{Timestamp, bytes};

use crate::candidates;
use crate::commands::job::phase_word;
use crate::commands::why::{cause_text, reasons};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::OutputArgs;
use crate::output::plural::{count, grouped, workers};
use crate::output::table::{Table, pairs};
use crate::output::when::{at, span};
use crate::{clock, reference};

/// Show everything about a cluster.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The cluster; the newest by default.
    #[arg(value_name = "ID", value_parser = reference::word, add = candidates::clusters())]
    pub cluster: Option<String>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let server = context.server().await?;
    let cluster = reference::cluster(&server, args.cluster.as_deref()).await?;
    args.output.print(&cluster, |cluster| text(cluster, clock::now()))?;
    Ok(0)
}

pub(in crate::commands) fn text(cluster: &ClusterView, now: Timestamp) -> String {
    let tags: Vec<String> = cluster.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let mut rows = vec![
        ("id", cluster.id.to_string()),
        ("name", cluster.name.clone().unwrap_or_default()),
        ("state", phase_word(cluster.phase)),
        ("reasons", reasons(&cluster.reasons)),
    ];
    rows.extend(cluster.cause.as_ref().map(|cause| ("cause", cause_text(cause))));
    rows.extend([
        ("owner", cluster.owner.clone()),
        ("tags", tags.join(", ")),
        ("job", cluster.job.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("shape", shape(cluster)),
        ("size", size(cluster)),
        ("address", cluster.address.clone().unwrap_or_default()),
        ("created", at(cluster.created_at, now)),
        ("served", cluster.ready_at.map(|ready| span(ready, cluster.ended_at, now)).unwrap_or_default()),
        ("tasks", cluster.dask.as_ref().map(tasks).unwrap_or_default()),
        ("cost", format!("{} on Google Cloud", cluster.usage.would_have_cost)),
        ("notices", cluster.notices.join("\n")),
    ]);
    pairs(&rows) + &slots(cluster, now)
}

fn shape(cluster: &ClusterView) -> String {
    let shape = &cluster.shape;
    format!(
        "{}, {} and {} of memory each (profile `{}`)",
        workers(shape.workers_min, shape.workers_max),
        count(shape.threads.into(), "thread"),
        bytes::display(shape.memory_bytes),
        shape.profile
    )
}

/// How many workers there are to be, and who decides that.
fn size(cluster: &ClusterView) -> String {
    let wanted = match cluster.workers_desired {
        desired if desired > cluster.workers_wanted => format!("{} wanted, {} granted", desired, cluster.workers_wanted),
        desired => format!("{desired} wanted"),
    };
    match (cluster.ended_at, cluster.adapts) {
        (Some(_), _) => String::new(),
        (None, true) => format!("{wanted}, as the load decides"),
        (None, false) => format!("{wanted}, whatever the load"),
    }
}

fn tasks(dask: &DaskSnapshot) -> String {
    let counts = dask.tasks;
    let words = [
        (counts.processing, "processing"),
        (counts.queued, "queued"),
        (counts.waiting, "waiting"),
        (counts.no_worker, "without a worker"),
        (counts.memory, "in memory"),
        (counts.erred, "failed"),
    ];
    let parts = words.iter().filter(|(number, _)| *number > 0).map(|(number, word)| format!("{} {word}", grouped(*number)));
    let parts = parts.collect::<Vec<_>>().join(", ");
    let done = format!("{} of {} done", grouped(dask.done), grouped(dask.total));
    if parts.is_empty() { done } else { format!("{done}: {parts}") }
}

fn slots(cluster: &ClusterView, now: Timestamp) -> String {
    if cluster.slots.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&[">SLOT", ">ATTEMPT", "STATE", ">PID", ">UP", ">CPU", ">MEMORY", ">TASKS", "LAST DEATH"]);
    for slot in &cluster.slots {
        let name = format!("worker-{:04}.{}", slot.slot, slot.attempt);
        let worker = cluster.dask.as_ref().and_then(|dask| dask.workers.iter().find(|worker| worker.name == name));
        let seen = |text: fn(&WorkerView) -> String| worker.map(text).unwrap_or_default();
        table.row([
            slot.slot.to_string(),
            slot.attempt.to_string(),
            if slot.preemptible { format!("{}, preemptible", slot.phase) } else { slot.phase.clone() },
            slot.pid.map(|pid| pid.to_string()).unwrap_or_default(),
            slot.started_at.map(|started| span(started, None, now)).unwrap_or_default(),
            seen(|worker| format!("{:.0} %", worker.cpu)),
            seen(|worker| bytes::display(worker.rss)),
            seen(|worker| grouped(worker.processing)),
            slot.last_death.as_ref().map(|cause| cause.sentence.clone()).unwrap_or_default(),
        ]);
    }
    format!("\n{}", table.render(""))
}
