//! `caddis cluster adapt`.

use caddis_types::api::AdaptWish;
use caddis_types::shape::WorkerRange;

use crate::candidates;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::OutputArgs;
use crate::reference;

/// Let the load decide how many workers there are, as it does of itself in a cluster made with a range.
///
/// `caddis why ID` says how it decides, and why.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The cluster; the newest by default.
    #[arg(value_name = "ID", value_parser = reference::word, add = candidates::active_clusters())]
    pub cluster: Option<String>,
    /// The range, such as `0..10`; the cluster's own by default.
    #[arg(long, short = 'w', value_name = "MIN..MAX")]
    pub workers: Option<WorkerRange>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let server = context.server().await?;
    let cluster = reference::cluster(&server, args.cluster.as_deref()).await?;
    let wish = AdaptWish { workers: args.workers };
    let cluster = server.call(async |client| client.adapt_cluster(cluster.id.as_str(), &wish).await).await?;
    args.output.print(&cluster, |cluster| {
        let (min, max) = (cluster.shape.workers_min, cluster.shape.workers_max);
        format!("{} has {min} to {max} workers, as the load wants\n", cluster.id)
    })?;
    Ok(0)
}
