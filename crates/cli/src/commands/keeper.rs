//! `caddis keeper`: the process that holds what runs. Started by the server, never by people.

use std::path::PathBuf;

use caddis_backends::local::keeper::{self, KeeperOptions};

use crate::failure::{Exit, Failure};
use crate::home;

/// Hold the processes of a state folder; started by the server.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Holds them until there are none.
pub fn run(_: &Args, named: Option<PathBuf>) -> Result<u8, Failure> {
    let home = home::find(named.as_deref(), |name| std::env::var(name).ok())?;
    keeper::run(home.path(), KeeperOptions::default()).map_err(|error| Failure::new(Exit::Failed, "keeper", error))?;
    Ok(0)
}
