//! `caddis environment`: the Python environments that Caddis keeps, shared by the jobs that ask for the same.

mod list;
mod remove;
mod show;

#[cfg(test)]
pub(super) use list::table;
#[cfg(test)]
pub(super) use show::text;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;

/// List, show and remove the Python environments that Caddis keeps.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List environments.
    List(list::Args),
    /// Show an environment.
    Show(show::Args),
    /// Remove environments that nothing uses.
    Remove(remove::Args),
}

impl Args {
    /// Whether data is printed as JSON.
    pub fn wants_json(&self) -> bool {
        match &self.verb {
            Verb::List(args) => args.output.is_json(),
            Verb::Show(args) => args.output.is_json(),
            Verb::Remove(args) => args.output.is_json(),
        }
    }
}

/// Does what was asked.
pub async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    match &args.verb {
        Verb::List(args) => list::run(args, context).await,
        Verb::Show(args) => show::run(args, context).await,
        Verb::Remove(args) => remove::run(args, context).await,
    }
}
