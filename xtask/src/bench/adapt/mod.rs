//! `cargo xtask bench adapt`: the same programs on clusters that scale from no worker to ten and back, by Caddis and by
//! Dask's own Adaptive: are the results the same, how long does it take, what is paid, what is lost or done again.

mod args;
mod report;
mod run;

pub(super) use args::Arguments;

use anyhow::Result;
use tokio::runtime::Builder;

/// Measures and writes down.
pub(super) fn run(arguments: Arguments) -> Result<()> {
    Builder::new_current_thread().enable_all().build()?.block_on(run::run(&arguments))
}
