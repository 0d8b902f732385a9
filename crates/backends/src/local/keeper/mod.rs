//! The keeper: the small program that outlives the server and holds what runs.
//!
//! One thread, one `poll` loop, no runtime: it has to be small (a few megabytes for as long as anything lives), and
//! easy to be sure of. It starts members through fork servers or as fresh interpreters, reaps them, watches their
//! memory, their output and their leases, ends them with all that they left behind, and keeps a record of each on
//! disk. `docs/KEEPER.md` is the contract.
//!
//! Deliberately absent: any decision. It does not restart a worker, does not know what a cluster wants, and reads no
//! configuration. What always holds:
//! - a member runs only after its record, with its pid, is on disk;
//! - a key is started at most once, for ever;
//! - a process is signalled only through a pidfd whose start time was compared;
//! - killed at any instruction, it leaves what runs running and the next keeper takes it over.
//!
//! The folder: `wire` (shapes), `client` and `detach` (the server's side), `home`, `journal`, `connection` (files and
//! sockets), `process`, `proc`, `sys`, `tag` (processes), `fork_server`, `fork_servers`, `spawn`, `stdio`, `trouble` (starting),
//! `watch`, `outputs`, `ladder`, `lease`, `oom`, `groups`, `sweep` (rules of one member or
//! cluster), `unflushed` (what the disk has yet to hold), `thrift` (its own size), and the state machine itself: `keeper` (what is
//! held), `turn` (the loop), `requests`, `launching`, `status`, `ending`, `stopping`,
//! `grouping`, `rounds`, `adopt`.

mod adopt;
pub mod client;
pub(in crate::local) mod clock;
mod connection;
mod detach;
mod ending;
mod fork_server;
mod fork_servers;
mod grouping;
mod groups;
mod home;
mod journal;
#[expect(
    clippy::module_inception,
    reason = "the room is named after the program, this file after its state"
)]
mod keeper;
mod ladder;
mod lease;
mod launching;
mod member;
mod oom;
mod outputs;
mod proc;
mod process;
mod requests;
mod rounds;
mod spawn;
mod status;
mod stdio;
mod stopping;
mod sweep;
mod sys;
mod tag;
mod thrift;
mod trouble;
mod turn;
mod unflushed;
mod watch;
pub mod wire;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use detach::{SpawnError, spawn_detached};

/// What can be set from outside.
#[derive(Debug, Clone)]
pub struct KeeperOptions {
    /// It ends itself when nothing has lived and nobody was connected for so long.
    pub idle_end: Duration,
    /// A fork server that does not answer a request for so long is replaced. Imports of its own may delay an answer
    /// by seconds on a slow disk.
    pub fork_max: Duration,
    /// How much longer than a lease lasts the scheduler has for closing by itself, before its cluster is ended.
    pub lease_slack: Duration,
    /// Where it kills itself, in tests of what the next keeper makes of it.
    #[cfg(debug_assertions)]
    pub crash_at: Option<String>,
}

impl Default for KeeperOptions {
    fn default() -> Self {
        Self {
            idle_end: Duration::from_secs(60),
            fork_max: Duration::from_secs(60),
            lease_slack: Duration::from_secs(60),
            #[cfg(debug_assertions)]
            crash_at: None,
        }
    }
}

/// Why a keeper cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum KeeperError {
    /// The state folder cannot be used.
    #[error("the state folder `{}` cannot be used: {source}", path.display())]
    Home {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others could look into the state folder.
    #[error(
        "the state folder `{}` must belong to this user alone, but has mode {mode:o} and owner {uid}\n\
         hint: `chmod 700` it, or name another one in `CADDIS_HOME`", path.display()
    )]
    NotPrivate {
        /// The folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// Its owner.
        uid: u32,
    },
    /// Another keeper holds this state folder.
    #[error("another keeper holds `{}`", .0.display())]
    Taken(PathBuf),
    /// The system refused something without which nothing works.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
}

/// How memory limits are held: what the keeper of this state folder says, or, where none runs, what one would do.
pub async fn limits(home: &Path) -> wire::LimitsView {
    if let Ok((client, _events)) = client::KeeperClient::connect(home).await
        && let Ok(stats) = client.stats().await
    {
        return stats.limits;
    }
    // Not the name that a keeper which starts just now would take.
    let tried = groups::Groups::open(&home.join("tried"));
    if let Ok(groups) = &tried {
        groups.close();
    }
    groups::view(&tried)
}

/// Holds the members of one state folder until nothing is left to hold. Takes over the whole process: its signals,
/// its children, its standard error.
///
/// # Errors
/// When it cannot begin: the folder is not private, another keeper is there, or the system refuses a socket.
pub fn run(home: &Path, options: KeeperOptions) -> Result<(), KeeperError> {
    let mut keeper = keeper::Keeper::open(home, options)?;
    keeper.adopt_all();
    keeper.turn_until_done()
}

/// Says something in `keeper.log`, where that can be written: on a full disk it holds what runs all the same.
fn say(text: &str) {
    use std::io::Write;
    drop(writeln!(io::stderr(), "{} {text}", clock::wall()));
}
