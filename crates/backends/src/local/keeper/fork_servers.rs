//! The fork servers that run, by what they were started for.
//!
//! At most three idle ones are kept (a Dask interpreter holds 100 to 200 MB); the one that was used longest ago goes
//! first. One that dies while it served is started again, but not over and over.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::fork_server::{ForkServer, Packet};
use super::trouble;
use super::wire::{ForkServerView, Interpreter, Launch, WireError};

const IDLE_KEPT: usize = 3;
const RESTARTS: usize = 3;
const RESTARTS_WITHIN: Duration = Duration::from_secs(60);

/// What is to be started again.
#[derive(Clone)]
struct Recipe {
    interpreter: Interpreter,
    runtime: PathBuf,
    deaths: Vec<Duration>,
}

/// The fork servers.
#[derive(Default)]
pub(super) struct ForkServers {
    running: BTreeMap<String, ForkServer>,
    recipes: BTreeMap<String, Recipe>,
}

/// A fork server that is gone.
pub(super) struct Fallen {
    pub(super) view: ForkServerView,
    /// Whom it was asked for without an answer.
    pub(super) unanswered: Vec<String>,
    pub(super) cause: WireError,
    /// It had served, so another one may do better.
    pub(super) served: bool,
}

/// Names a fork server: everything that its children inherit.
pub(super) fn key_of(interpreter: &Interpreter, runtime: &Path) -> String {
    serde_json::json!([interpreter, runtime]).to_string()
}

impl ForkServers {
    /// One that runs.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut ForkServer> {
        self.running.get_mut(key)
    }

    /// All that run, by key.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &ForkServer)> {
        self.running.iter()
    }

    /// What is told of them.
    pub(super) fn views(&self) -> Vec<ForkServerView> {
        self.running
            .values()
            .map(|server| server.view.clone())
            .collect()
    }

    /// Their processes.
    pub(super) fn pids(&self) -> impl Iterator<Item = i32> {
        self.running.values().map(|server| server.view.pid)
    }

    /// Starts the one for this interpreter, if it does not run. Says whether it did so.
    pub(super) fn warm(
        &mut self,
        interpreter: &Interpreter,
        runtime: &Path,
        home: &Path,
        now: Duration,
    ) -> Result<Option<ForkServerView>, WireError> {
        let key = key_of(interpreter, runtime);
        if let Some(server) = self.running.get_mut(&key) {
            server.used = now;
            return Ok(None);
        }
        let server = ForkServer::start(interpreter, runtime, home).map_err(|error| {
            let message = format!(
                "`{}` cannot be started: {error}",
                interpreter.python.display()
            );
            trouble::of_files("fork_server", message, &error)
        })?;
        let view = server.view.clone();
        self.running.insert(key.clone(), server);
        let recipe = Recipe {
            interpreter: interpreter.clone(),
            runtime: runtime.to_owned(),
            deaths: Vec::new(),
        };
        self.recipes.entry(key).or_insert(recipe);
        Ok(Some(view))
    }

    /// Asks the one for this launch, which must run.
    pub(super) fn ask(&mut self, launch: &Launch, packet: Packet, now: Duration) {
        if let Some(server) = self
            .running
            .get_mut(&key_of(&launch.interpreter, &launch.runtime))
        {
            server.ask(packet, now);
        }
    }

    /// Takes out one that has ended or hangs, and ends it for certain.
    pub(super) fn fell(&mut self, key: &str) -> Option<Fallen> {
        let mut server = self.running.remove(key)?;
        server.kill();
        let (cause, served, unanswered) = (server.cause(), server.serves(), server.unanswered());
        server.view.state = if served { "ended" } else { "failed" }.into();
        server.view.error = Some(cause.clone());
        server.discard_log();
        Some(Fallen {
            view: server.view,
            unanswered,
            cause,
            served,
        })
    }

    /// Starts one again that died while it served, unless it does so too often.
    pub(super) fn revive(
        &mut self,
        key: &str,
        home: &Path,
        now: Duration,
    ) -> Option<ForkServerView> {
        let recipe = self.recipes.get_mut(key)?;
        recipe.deaths.retain(|at| *at + RESTARTS_WITHIN > now);
        if recipe.deaths.len() >= RESTARTS {
            return None;
        }
        recipe.deaths.push(now);
        let recipe = recipe.clone();
        self.warm(&recipe.interpreter, &recipe.runtime, home, now)
            .ok()
            .flatten()
    }

    /// Ends the idle ones that are too many: `busy` holds the keys of those that living members came from.
    pub(super) fn trim(&mut self, busy: &BTreeSet<&String>) -> Vec<ForkServerView> {
        let idle = self.idle(busy);
        let mut idle: Vec<(Duration, String)> = idle
            .map(|(key, server)| (server.used, key.clone()))
            .collect();
        idle.sort();
        let many = idle.len().saturating_sub(IDLE_KEPT);
        idle.into_iter()
            .take(many)
            .filter_map(|(_, key)| self.end(&key))
            .collect()
    }

    /// Ends the idle ones whose interpreter lies in this folder. Nothing is left of such a one that could write there.
    pub(super) fn cool(&mut self, folder: &Path, busy: &BTreeSet<&String>) -> Vec<ForkServerView> {
        let idle = self.idle(busy);
        let inside = idle.filter(|(_, server)| server.view.python.starts_with(folder));
        let inside: Vec<String> = inside.map(|(key, _)| key.clone()).collect();
        inside.iter().filter_map(|key| self.end(key)).collect()
    }

    fn idle(&self, busy: &BTreeSet<&String>) -> impl Iterator<Item = (&String, &ForkServer)> {
        let running = self.running.iter();
        running.filter(|(key, server)| !busy.contains(key) && server.is_idle())
    }

    fn end(&mut self, key: &str) -> Option<ForkServerView> {
        self.recipes.remove(key);
        let mut fallen = self.fell(key)?;
        fallen.view.state = "ended".into();
        fallen.view.error = None;
        Some(fallen.view)
    }

    /// Those that hang.
    pub(super) fn hung(&self, now: Duration, fork_max: Duration) -> Vec<String> {
        let hung = self
            .running
            .iter()
            .filter(|(_, server)| server.deadline(fork_max).is_some_and(|at| at <= now));
        hung.map(|(key, _)| key.clone()).collect()
    }

    /// When the next one counts as hung.
    pub(super) fn due(&self, fork_max: Duration) -> Option<Duration> {
        let deadlines = self.running.values();
        deadlines
            .filter_map(|server| server.deadline(fork_max))
            .min()
    }
}
