//! `caddis cluster list`.

use caddis_types::Timestamp;
use caddis_types::api::ClusterView;

use crate::clock;
use crate::commands::job::phase_word;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::OutputArgs;
use crate::output::plural::range;
use crate::output::table::Table;
use crate::output::when::{ago, span};

/// List clusters, the newest first.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Also those that have ended.
    #[arg(long, short = 'a')]
    pub all: bool,
    /// At most so many; 0 means all.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: u32,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let server = context.server().await?;
    let clusters = server.call(async |client| client.clusters(!args.all, args.limit).await).await?;
    args.output.print(&clusters, |clusters| table(clusters, clock::now()))?;
    Ok(0)
}

pub(in crate::commands) fn table(clusters: &[ClusterView], now: Timestamp) -> String {
    let mut table = Table::new(&["ID", "NAME", "STATE", ">WORKERS", "RANGE", "CREATED", ">UP", ">COST (GCP)", "JOB"]);
    for cluster in clusters {
        let running = cluster.slots.iter().filter(|slot| slot.phase == "running").count();
        table.row([
            cluster.id.to_string(),
            cluster.name.clone().unwrap_or_default(),
            phase_word(cluster.phase),
            running.to_string(),
            range(cluster.shape.workers_min, cluster.shape.workers_max),
            ago(cluster.created_at, now),
            cluster.ready_at.map(|ready| span(ready, cluster.ended_at, now)).unwrap_or_default(),
            cluster.usage.would_have_cost.to_string(),
            cluster.job.as_ref().map(ToString::to_string).unwrap_or_default(),
        ]);
    }
    table.render("no clusters; `caddis cluster create` makes one, `caddis cluster list --all` shows ended ones")
}
