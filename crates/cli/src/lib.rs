//! The binary `caddis`: what is typed, what is printed, what is exited with.
//!
//! What this room is for: [`commands`] (one file per subcommand), [`args`] (the command line), [`progress`] and
//! [`output`] (what people see), [`follow`] (a job and its streams until the end), [`background`] (starting the
//! server), [`config`] (`caddis.toml`), and [`compose`], the only place that puts implementations together.
//! Deliberately absent: decisions, and any second way to do what the server does.
//!
//! What always holds: standard output is data, standard error is talk; `run` and `job wait` exit with the script's own
//! code, or with 125 when it was not the script that failed; every failure says what to do.

#![expect(unreachable_pub, reason = "a binary's rooms are its own; `pub` here says what a room offers to the others")]

pub mod args;
pub mod background;
pub mod clock;
pub mod commands;
pub mod compose;
pub mod config;
pub mod context;
pub mod failure;
pub mod follow;
pub mod home;
mod nearest;
pub mod output;
pub mod progress;
pub mod reference;
pub mod server;
pub mod signals;
#[cfg(test)]
mod testing;
pub mod variables;
pub mod version;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use crate::args::{Cli, Command};
use crate::failure::CADDIS_FAILED;

/// The whole program.
pub fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let parsed = command().try_get_matches_from(&arguments).and_then(|matches| Cli::from_arg_matches(&matches));
    match parsed {
        Ok(cli) => commands::dispatch(cli).into(),
        Err(error) => {
            let error = nearest::suggest(error, &command(), &arguments);
            let wrong = error.use_stderr();
            let runs = arguments.iter().skip(1).find(|word| !word.to_string_lossy().starts_with('-'));
            let is_run = runs.is_some_and(|word| word == "run");
            // The reader of a help text that went away is no failure.
            let _ = error.print();
            ExitCode::from(if !wrong { 0 } else if is_run { CADDIS_FAILED } else { 2 })
        }
    }
}

/// The command line, with the version that names what the binary brings along.
pub fn command() -> clap::Command {
    Cli::command().version(version::VERSION).long_version(version::long())
}

/// Whether what is not the script's own fault is exited with as 125.
fn passes_a_code_through(command: &Command) -> bool {
    match command {
        Command::Run(_) => true,
        Command::Job(job) => job.is_wait(),
        _ => false,
    }
}
