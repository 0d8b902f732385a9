//! What `caddis --version` says: this build, and what it brings along.

use caddis_backends::local::environment;

/// `0.1.0 (a1b2c3d4e5f6)`: what a running server tells of itself too, so that the two can be compared.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("CADDIS_COMMIT"), ")");

/// The version, the embedded Dask lock and the newest state file that this binary writes.
pub fn long() -> &'static str {
    let lines: Vec<&str> = environment::lines().iter().map(|line| line.version).collect();
    let text = format!(
        "{VERSION}\nDask lock      {} (also {})\nstate version  {}",
        lines[0],
        lines[1..].join(", "),
        caddis_store::sqlite::SCHEMA_VERSION
    );
    // Made once a process, for clap, which wants a text that lives as long as the program.
    Box::leak(text.into_boxed_str())
}
