//! `caddis cluster stop`.

use std::time::Duration;

use caddis_types::api::{ClusterPhase, ClusterView};

use crate::candidates;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::OutputArgs;
use crate::reference;
use crate::server::Server;

const LOOK_EVERY: Duration = Duration::from_secs(5);

/// End clusters, and wait until nothing of them is left. A job that runs on one ends with it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The clusters; the newest by default.
    #[arg(value_name = "ID", value_parser = reference::word, add = candidates::active_clusters())]
    pub clusters: Vec<String>,
    /// Leave as soon as the end is asked for.
    #[arg(long)]
    pub no_wait: bool,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let server = context.server().await?;
    let named: Vec<Option<&str>> = match args.clusters.is_empty() {
        true => vec![None],
        false => args.clusters.iter().map(|cluster| Some(cluster.as_str())).collect(),
    };
    let mut stopped = Vec::new();
    for name in named {
        let cluster = reference::cluster(&server, name).await?;
        stopped.push(server.call(async |client| client.stop_cluster(cluster.id.as_str()).await).await?);
    }
    if !args.no_wait {
        for cluster in &mut stopped {
            *cluster = ended(&server, cluster.clone()).await?;
        }
    }
    args.output.print(&stopped, |clusters| clusters.iter().map(line).collect())?;
    Ok(0)
}

fn is_over(cluster: &ClusterView) -> bool {
    matches!(cluster.phase, ClusterPhase::Stopped | ClusterPhase::Failed)
}

async fn ended(server: &Server, mut cluster: ClusterView) -> Result<ClusterView, Failure> {
    while !is_over(&cluster) {
        let (id, after) = (cluster.id.clone(), cluster.generation);
        cluster = server.call(async |client| client.watch_cluster(id.as_str(), after, LOOK_EVERY).await).await?;
    }
    Ok(cluster)
}

fn line(cluster: &ClusterView) -> String {
    match is_over(cluster) {
        true => format!("{} has ended; nothing of it is left\n", cluster.id),
        false => format!("{} is being ended\n", cluster.id),
    }
}
