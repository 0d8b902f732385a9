//! What every command knows: the state folder and the config in it.

use std::path::PathBuf;

use caddis_backends::local::paths::Home;

use crate::config::{self, Config};
use crate::failure::Failure;
use crate::home;
use crate::server::Server;

/// The ground a command stands on.
#[derive(Clone, Debug)]
pub struct Context {
    /// The state folder; perhaps not made yet.
    pub home: Home,
    /// What `caddis.toml` says.
    pub config: Config,
}

impl Context {
    /// Finds the state folder and reads its config.
    pub fn new(named: Option<PathBuf>) -> Result<Context, Failure> {
        let home = Context::folder(named)?;
        home::check(&home)?;
        let config = config::load(&home.config())?;
        Ok(Context { home, config })
    }

    /// Finds the state folder, for what its config has no say in.
    pub fn folder(named: Option<PathBuf>) -> Result<Home, Failure> {
        home::find(named.as_deref(), |name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// The same where a config that cannot be read is something to tell, and not the end: every default in its place.
    pub fn lenient(named: Option<PathBuf>) -> Result<(Context, Option<Failure>), Failure> {
        let home = Context::folder(named)?;
        let (config, wrong) = match config::load(&home.config()) {
            Ok(config) => (config, None),
            Err(failure) => (Config::default(), Some(failure)),
        };
        Ok((Context { home, config }, wrong))
    }

    /// The server, started if it does not run; one of another build is told of.
    pub async fn server(&self) -> Result<Server, Failure> {
        let server = self.server_unmentioned().await?;
        server.warn_of_skew().await?;
        Ok(server)
    }

    /// The server, started if it does not run, whatever its build.
    pub async fn server_unmentioned(&self) -> Result<Server, Failure> {
        home::prepare(&self.home)?;
        Server::reach(&self.home).await
    }
}
