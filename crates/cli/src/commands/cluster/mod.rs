//! `caddis cluster`: clusters that outlive their jobs, and those of jobs.

mod adapt;
mod connect;
mod create;
mod list;
mod logs;
mod scale;
mod show;
mod stop;

#[cfg(test)]
pub(super) use connect::{exports, text as connection_text};
#[cfg(test)]
pub(super) use list::table;
#[cfg(test)]
pub(super) use show::text;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;

/// Make, show, scale and stop clusters.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List clusters, the newest first.
    List(list::Args),
    /// Show everything about a cluster.
    Show(show::Args),
    /// Make a cluster that outlives its jobs.
    Create(Box<create::Args>),
    /// Print how a notebook or a script connects to a cluster.
    Connect(connect::Args),
    /// Want a fixed number of workers.
    Scale(scale::Args),
    /// Let the load decide how many workers there are.
    Adapt(adapt::Args),
    /// End clusters.
    Stop(stop::Args),
    /// Print what a cluster's scheduler and workers wrote.
    Logs(logs::Args),
}

impl Args {
    /// Whether data is printed as JSON.
    pub fn wants_json(&self) -> bool {
        match &self.verb {
            Verb::List(args) => args.output.is_json(),
            Verb::Show(args) => args.output.is_json(),
            Verb::Create(args) => args.output.is_json(),
            Verb::Connect(args) => args.output.is_json(),
            Verb::Scale(args) => args.output.is_json(),
            Verb::Adapt(args) => args.output.is_json(),
            Verb::Stop(args) => args.output.is_json(),
            Verb::Logs(_) => false,
        }
    }
}

/// Does what was asked.
pub async fn run(args: Args, context: &Context) -> Result<u8, Failure> {
    match args.verb {
        Verb::List(args) => list::run(&args, context).await,
        Verb::Show(args) => show::run(&args, context).await,
        Verb::Create(args) => create::run(&args, context).await,
        Verb::Connect(args) => connect::run(&args, context).await,
        Verb::Scale(args) => scale::run(&args, context).await,
        Verb::Adapt(args) => adapt::run(&args, context).await,
        Verb::Stop(args) => stop::run(&args, context).await,
        Verb::Logs(args) => logs::run(&args, context).await,
    }
}
