//! A way to the server that survives its death: a call that may be repeated is repeated at the next server.

use std::sync::Arc;
use std::time::Duration;

use caddis_backends::local::paths::Home;
use caddis_client::{Client, ClientError};
use tokio::sync::Mutex;

use crate::background;
use crate::failure::{Exit, Failure};
use crate::output::say;
use crate::version::VERSION;

/// After so many cut connections in a row it is not chance any more.
const TRIES: u32 = 6;
const PAUSE: Duration = Duration::from_millis(100);

/// The server of one state folder. Clones share the connection.
#[derive(Clone)]
pub struct Server {
    home: Home,
    client: Arc<Mutex<Client>>,
}

impl Server {
    /// Finds the server, or starts it.
    pub async fn reach(home: &Home) -> Result<Server, Failure> {
        let client = background::connect_or_start(home).await?;
        Ok(Server { home: home.clone(), client: Arc::new(Mutex::new(client)) })
    }

    /// Finds the server; answers nothing when none runs.
    pub async fn find(home: &Home) -> Result<Option<Server>, Failure> {
        match Client::connect(home.path()).await {
            Ok(client) => Ok(Some(Server { home: home.clone(), client: Arc::new(Mutex::new(client)) })),
            Err(ClientError::NotRunning { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a call that may be made twice; when the server dies over it, starts another and asks that one.
    pub async fn call<T>(&self, call: impl AsyncFn(&Client) -> Result<T, ClientError>) -> Result<T, Failure> {
        let mut tries = 0;
        loop {
            let client = self.client.lock().await.clone();
            match call(&client).await {
                Err(error) if lost(&error) && tries < TRIES => {
                    tries += 1;
                    tokio::time::sleep(PAUSE * (tries - 1)).await;
                    self.again().await?;
                }
                other => return other.map_err(Failure::from),
            }
        }
    }

    /// The connection of this moment, for calls that are not simply repeated.
    pub async fn client(&self) -> Client {
        self.client.lock().await.clone()
    }

    /// Makes sure that a server runs, after one was lost.
    pub async fn again(&self) -> Result<(), Failure> {
        let mut held = self.client.lock().await;
        *held = background::connect_or_start(&self.home).await?;
        Ok(())
    }

    /// Says so when the server is another build than this command.
    pub async fn warn_of_skew(&self) -> Result<(), Failure> {
        let server = self.call(async |client| client.server().await).await?;
        if server.version != VERSION {
            say(&format!(
                "notice: the running server is caddis {}, this command is {VERSION}\nhint: `caddis serve --stop` ends \
                 it, the next command starts the new one; running jobs go on meanwhile",
                server.version
            ));
        }
        Ok(())
    }
}

/// Whether the server was lost over a call, or is about to end: another one can be asked.
pub fn lost(error: &ClientError) -> bool {
    error.is_gone() || error.problem().is_some_and(|problem| problem.code == "ending")
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Failure {
        match error {
            ClientError::Problem { status, problem } => {
                let exit = match status {
                    400 | 422 => Exit::Usage,
                    404 => Exit::NotFound,
                    403 | 409 | 429 => Exit::Conflict,
                    503 => Exit::Unavailable,
                    408 | 504 => Exit::Timeout,
                    _ => Exit::Failed,
                };
                Failure { exit, code: problem.code, message: problem.message, hint: problem.hint }
            }
            ClientError::NotRunning { .. } => Failure::new(Exit::Unavailable, "not_running", error),
            ClientError::Forbidden { .. } => Failure::new(Exit::Failed, "home_not_yours", error),
            ClientError::Transport { .. } => Failure::new(Exit::Unavailable, "connection_lost", error),
            ClientError::NotUnderstood { .. } => Failure::new(Exit::Failed, "not_understood", error),
            ClientError::Input(_) => Failure::new(Exit::Failed, "stdin", error),
        }
    }
}
