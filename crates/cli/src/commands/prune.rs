//! `caddis prune`.

use caddis_types::api::{PruneView, PruneWish};

use crate::commands::shape::span;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::OutputArgs;
use crate::output::plural::count;

/// Remove ended jobs with their logs, ended clusters, unused Python environments, and what no living cluster owns.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Say what would go, and remove nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Only what ended, or was last used, longer ago than this [default: the retention of the config].
    #[arg(long, value_name = "DURATION", value_parser = span)]
    pub older_than: Option<u64>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// Does what was asked.
pub async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let server = context.server().await?;
    let wish = PruneWish { dry_run: args.dry_run, older_than_ms: args.older_than };
    let pruned = server.call(async |client| client.prune(&wish).await).await?;
    args.output.print(&pruned, text)?;
    Ok(0)
}

/// What went, for people.
pub fn text(pruned: &PruneView) -> String {
    let verb = if pruned.dry_run { "would remove" } else { "removed" };
    let parts = [
        (pruned.jobs.len(), "job"),
        (pruned.clusters.len(), "cluster"),
        (pruned.environments.len(), "environment"),
        (pruned.leftovers as usize, "leftover"),
    ];
    let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, noun)| count(*n as u64, noun)).collect();
    if parts.is_empty() {
        return "nothing to remove\n".to_owned();
    }
    let ids = pruned.jobs.iter().map(ToString::to_string).chain(pruned.clusters.iter().map(ToString::to_string));
    let ids: String = ids.chain(pruned.environments.iter().cloned()).map(|id| format!("  {id}\n")).collect();
    format!("{verb} {}\n{ids}", parts.join(", "))
}
