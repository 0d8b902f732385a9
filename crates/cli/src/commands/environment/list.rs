//! `caddis environment list`.

use caddis_types::api::EnvironmentView;
use caddis_types::{Timestamp, bytes};

use crate::clock;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::OutputArgs;
use crate::output::table::Table;
use crate::output::when::ago;

/// List the Python environments that Caddis keeps.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let server = context.server().await?;
    let environments = server.call(async |client| client.environments().await).await?;
    args.output.print(&environments, |all| table(all, clock::now()))?;
    Ok(0)
}

pub(in crate::commands) fn table(all: &[EnvironmentView], now: Timestamp) -> String {
    let mut table = Table::new(&["ID", "STATE", "PYTHON", "DASK", ">SIZE", "USED", "SOURCE"]);
    for one in all {
        let used = one.used_at.map(|used| ago(used, now)).unwrap_or_default();
        table.row([
            one.id.clone(),
            one.state.clone(),
            one.python.clone().unwrap_or_default(),
            one.distributed.clone().unwrap_or_default(),
            one.bytes.map(bytes::display).unwrap_or_default(),
            if one.in_use { "now".to_owned() } else { used },
            one.source.clone(),
        ]);
    }
    table.render("no environments; `caddis run` makes one when it needs it")
}
