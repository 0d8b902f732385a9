//! `caddis price`: the price list, and whether one of your own can be used. Needs no server.

mod check;
mod list;

#[cfg(test)]
pub(super) use list::{listed, text};

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;

/// Show the price list, or check one of your own.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show what machines cost, and where the figures are from.
    List(list::Args),
    /// Check a price list: that it can be used, and how old it is.
    Check(check::Args),
}

impl Args {
    /// Whether data is printed as JSON.
    pub fn wants_json(&self) -> bool {
        match &self.verb {
            Verb::List(args) => args.output.is_json(),
            Verb::Check(args) => args.output.is_json(),
        }
    }
}

/// Does what was asked.
pub fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    match &args.verb {
        Verb::List(args) => list::run(args, context),
        Verb::Check(args) => check::run(args, context),
    }
}
