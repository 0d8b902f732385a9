//! `caddis simulate`: work replayed through policies. Needs a server only for the recording of a job or a cluster.

mod args;
mod compare;
mod policy;
mod recording;
mod replay;
mod source;

pub use args::Args;

use crate::context::Context;
use crate::failure::Failure;
use crate::output;

/// Does what was asked.
pub async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    match (args.generate, &args.trace) {
        (Some(class), _) => {
            output::stdout(source::generated(class, args).to_text().as_bytes())?;
            Ok(0)
        }
        (None, Some(named)) => {
            let work = source::named(named, args, context).await?;
            replay::run(&work, args, &context.config.autoscale)
        }
        (None, None) => compare::run(args),
    }
}
