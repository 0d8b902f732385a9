//! `cargo xtask bench dataproc`: how fast Google's clients get a cluster, a job and an answer from the Dataproc face,
//! alone, thirty at once, and with a long history in the store.

mod aims;
mod args;
mod history;
mod place;
mod report;
mod run;
mod sections;

pub(super) use args::Arguments;

use anyhow::Result;
use tokio::runtime::Builder;

/// Measures and writes down.
pub(super) fn run(arguments: Arguments) -> Result<()> {
    Builder::new_current_thread().enable_all().build()?.block_on(run::run(&arguments))
}
