//! `cargo xtask bench start`: how fast clusters start, jobs begin and workers are replaced, and what the idle server
//! and keeper use, against every way to get the same from Dask itself.

mod aims;
mod args;
mod caddis;
mod clock;
mod cold;
mod contenders;
mod driver;
mod ground;
mod http;
mod idle;
mod keeper;
mod machine;
mod many;
mod numbers;
mod processes;
mod report;
mod rounds;
mod run;
mod sections;
mod shuffle;
mod table;
mod warm_run;

pub(super) use args::Arguments;

use anyhow::Result;
use tokio::runtime::Builder;

/// Measures and writes down.
pub(super) fn run(arguments: Arguments) -> Result<()> {
    // Two threads: the client that measures latencies must not wait for the one that reads the process table.
    Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(run::run(&arguments))
}
