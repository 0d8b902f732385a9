//! `caddis serve --stop`.

use std::os::fd::OwnedFd;
use std::time::Duration;

use caddis_backends::local::paths::Home;
use caddis_client::{Client, ClientError};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::runtime::Builder;
use tokio::task::LocalSet;
use tokio::time::{sleep, timeout};

use crate::commands::built;
use crate::failure::{Exit, Failure};
use crate::output::say;
use crate::server::Server;

const BOUND: Duration = Duration::from_secs(15);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Ends the server, and waits until it is gone.
pub(super) fn run(home: &Home) -> Result<u8, Failure> {
    let runtime = built(Builder::new_current_thread().enable_all().build())?;
    LocalSet::new().block_on(&runtime, stop(home))
}

/// A process, so that its number cannot become another's.
fn open(pid: u32) -> Option<OwnedFd> {
    let pid = Pid::from_raw(pid.cast_signed())?;
    pidfd_open(pid, PidfdFlags::empty()).ok()
}

/// Whether it has not ended; whoever is to take note of its end may not have done so yet.
fn lives(process: &OwnedFd) -> bool {
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&now)) == Ok(0)
}

async fn stop(home: &Home) -> Result<u8, Failure> {
    let Some(server) = Server::find(home).await? else {
        say(&format!("no server runs for `{}`", home.path().display()));
        return Ok(0);
    };
    let client = server.client().await;
    // An answer without a living process of that number means that it is gone already.
    let process = client.server().await.ok().and_then(|view| open(view.pid));
    match client.shutdown(true).await {
        // A server that ends may cut the answer short.
        Ok(()) | Err(ClientError::Transport { .. } | ClientError::NotRunning { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let gone = async {
        // Nobody answers a while before it is gone: it still ends what it had begun, and holds on to its keeper.
        while Client::connect(home.path()).await.is_ok() || process.as_ref().is_some_and(lives) {
            sleep(LOOK_EVERY).await;
        }
    };
    timeout(BOUND, gone).await.map_err(|_| {
        let text = format!("the server has not ended within {} s", BOUND.as_secs());
        Failure::new(Exit::Timeout, "timeout", text).hint(format!("see `{}`", home.server_log().display()))
    })?;
    say("the server has ended; what runs goes on, and the next command starts a server that adopts it");
    Ok(0)
}
