//! `cargo xtask bench start`: how fast clusters start, jobs begin and workers are replaced, and what the idle server
//! and keeper use, against every way to get the same from Dask itself. What other benchmarks need as well, they take
//! from here.

mod aims;
mod args;
pub(super) mod caddis;
pub(super) mod clock;
mod cold;
pub(super) mod conditions;
mod contenders;
pub(super) mod driver;
pub(super) mod frame;
pub(super) mod ground;
pub(super) mod http;
mod idle;
mod keeper;
pub(super) mod machine;
mod many;
pub(super) mod numbers;
pub(super) mod processes;
mod report;
pub(super) mod results;
mod rounds;
mod run;
mod sections;
pub(super) mod shuffle;
pub(super) mod table;
mod warm_run;

pub(super) use args::Arguments;

use anyhow::Result;
use tokio::runtime::Builder;

/// Measures and writes down.
pub(super) fn run(arguments: Arguments) -> Result<()> {
    // Two threads: the client that measures latencies must not wait for the one that reads the process table.
    Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(run::run(&arguments))
}
