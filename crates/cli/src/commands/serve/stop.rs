//! `caddis serve --stop`.

use std::time::Duration;

use caddis_client::{Client, ClientError};
use tokio::runtime::Builder;
use tokio::task::LocalSet;
use tokio::time::{sleep, timeout};

use crate::commands::built;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::output::say;
use crate::server::Server;

const BOUND: Duration = Duration::from_secs(15);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Ends the server, and waits until it is gone.
pub(super) fn run(context: &Context) -> Result<u8, Failure> {
    let runtime = built(Builder::new_current_thread().enable_all().build())?;
    LocalSet::new().block_on(&runtime, stop(context))
}

async fn stop(context: &Context) -> Result<u8, Failure> {
    let Some(server) = Server::find(&context.home).await? else {
        say(&format!("no server runs for `{}`", context.home.path().display()));
        return Ok(0);
    };
    match server.client().await.shutdown(true).await {
        // A server that ends may cut the answer short.
        Ok(()) | Err(ClientError::Transport { .. } | ClientError::NotRunning { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let gone = async {
        while Client::connect(context.home.path()).await.is_ok() {
            sleep(LOOK_EVERY).await;
        }
    };
    timeout(BOUND, gone).await.map_err(|_| {
        let text = format!("the server has not ended within {} s", BOUND.as_secs());
        Failure::new(Exit::Timeout, "timeout", text).hint(format!("see `{}`", context.home.server_log().display()))
    })?;
    say("the server has ended; what runs goes on, and the next command starts a server that adopts it");
    Ok(0)
}
