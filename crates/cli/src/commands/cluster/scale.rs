//! `caddis cluster scale`.

use crate::candidates;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::OutputArgs;
use crate::reference;

/// Want a fixed number of workers: `caddis cluster scale NAME 4`, or `caddis cluster scale 4` for the newest.
///
/// The load does not move the number again until `caddis cluster adapt`.
#[derive(Debug, clap::Args)]
#[command(override_usage = "caddis cluster scale [OPTIONS] [ID] WORKERS")]
pub struct Args {
    /// The cluster, the newest by default, and the number of workers.
    #[arg(value_name = "ID WORKERS", num_args = 1..=2, required = true, value_parser = reference::word, add = candidates::active_clusters())]
    pub words: Vec<String>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let (named, number) = match args.words.as_slice() {
        [named, number] => (Some(named.as_str()), number),
        [number] => (None, number),
        _ => return Err(Failure::usage("workers", "a cluster and a number of workers are wanted, nothing more")),
    };
    let workers: u32 = number.parse().map_err(|_| {
        let text = format!("`{number}` is not a number of workers");
        Failure::usage("workers", text).hint("write for example `caddis cluster scale NAME 4`")
    })?;
    let server = context.server().await?;
    let cluster = reference::cluster(&server, named).await?;
    let cluster = server.call(async |client| client.scale_cluster(cluster.id.as_str(), workers).await).await?;
    args.output.print(&cluster, |cluster| {
        let number = crate::output::plural::count(workers.into(), "worker");
        format!("{} wants {number}\n", cluster.id)
    })?;
    Ok(0)
}
