//! `caddis environment show`.

use caddis_types::api::EnvironmentView;
use caddis_types::{Timestamp, bytes};

use crate::candidates;
use crate::clock;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::output::OutputArgs;
use crate::output::table::pairs;
use crate::output::when::at;
use crate::reference;
use crate::server::Server;

/// Show an environment.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Its ID, or the beginning of it; the last used one by default.
    #[arg(value_name = "ID", value_parser = reference::word, add = candidates::environments())]
    pub environment: Option<String>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let server = context.server().await?;
    let environment = match &args.environment {
        Some(id) => server.call(async |client| client.environment(id).await).await?,
        None => last_used(&server).await?,
    };
    args.output.print(&environment, |environment| text(environment, clock::now()))?;
    Ok(0)
}

async fn last_used(server: &Server) -> Result<EnvironmentView, Failure> {
    let all = server.call(async |client| client.environments().await).await?;
    all.into_iter().max_by_key(|environment| environment.used_at).ok_or_else(|| {
        Failure::new(Exit::NotFound, "not_found", "there is no environment yet").hint("`caddis run` makes one when it needs it")
    })
}

pub(in crate::commands) fn text(environment: &EnvironmentView, now: Timestamp) -> String {
    pairs(&[
        ("id", environment.id.clone()),
        ("state", environment.state.clone()),
        ("source", environment.source.clone()),
        ("python", environment.python.clone().unwrap_or_default()),
        ("distributed", environment.distributed.clone().unwrap_or_default()),
        ("size", environment.bytes.map(bytes::display).unwrap_or_default()),
        ("used", environment.used_at.map(|used| at(used, now)).unwrap_or_default()),
        ("in use", if environment.in_use { "yes" } else { "no" }.to_owned()),
        ("folder", environment.path.clone()),
    ])
}
