//! `caddis environment remove`.

use crate::candidates;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::OutputArgs;
use crate::reference;

/// Remove environments that nothing uses. A job that needs one makes it again.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Their IDs, or the beginnings of them.
    #[arg(value_name = "ID", required = true, value_parser = reference::word, add = candidates::environments())]
    pub environments: Vec<String>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let server = context.server().await?;
    let mut removed = Vec::new();
    for id in &args.environments {
        // The whole id first: repeating the removal by the beginning of an id could reach another one.
        let environment = server.call(async |client| client.environment(id).await).await?;
        server.client().await.remove_environment(&environment.id).await?;
        removed.push(environment);
    }
    args.output.print(&removed, |all| all.iter().map(|one| format!("removed {}\n", one.id)).collect())?;
    Ok(0)
}
