//! The keeper alone, without the rest of `caddis`: `keeper-alone keeper --home FOLDER`, as `spawn_detached` calls it.
//! For the tests of this crate, which also set where it crashes and when it ends.

use std::path::PathBuf;
use std::time::Duration;

use caddis_backends::local::keeper::{KeeperOptions, run};

fn main() {
    let home = PathBuf::from(std::env::args().nth(3).expect("`keeper --home FOLDER`"));
    let mut options = KeeperOptions::default();
    let milliseconds = |name| {
        let text = std::env::var(name).ok()?;
        Some(Duration::from_millis(text.parse().expect("milliseconds")))
    };
    options.idle_end = milliseconds("KEEPER_IDLE_MS").unwrap_or(options.idle_end);
    options.fork_max = milliseconds("KEEPER_FORK_MS").unwrap_or(options.fork_max);
    options.lease_slack = milliseconds("KEEPER_LEASE_MS").unwrap_or(options.lease_slack);
    #[cfg(debug_assertions)]
    {
        options.crash_at = std::env::var("KEEPER_CRASH_AT").ok();
    }
    if let Err(error) = run(&home, options) {
        eprintln!("{error}");
        std::process::exit(1);
    }
}
