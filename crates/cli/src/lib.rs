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
pub mod candidates;
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
pub mod umask;
pub mod variables;
pub mod version;
pub mod waiting;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};

use crate::args::{Cli, Command};
use crate::failure::{CADDIS_FAILED, Failure};

/// The whole program.
pub fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    if commands::completion::answer(&arguments) {
        return ExitCode::SUCCESS;
    }
    let parsed = command().try_get_matches_from(&arguments).and_then(|matches| Cli::from_arg_matches(&matches));
    match parsed {
        Ok(cli) => commands::dispatch(cli).into(),
        Err(error) => {
            if error.kind() == ErrorKind::MissingSubcommand {
                // An option that a variable sets hides from clap that nothing was typed.
                output::say(&nearest::help(&arguments));
                return ExitCode::from(2);
            }
            let error = nearest::suggest(error, &command(), &arguments);
            let error = nearest::typed(error, &command(), &arguments);
            // The reader of a help text that went away is no failure.
            let _ = error.print();
            if !error.use_stderr() {
                return ExitCode::SUCCESS;
            }
            let line = Line::of(&arguments);
            if line.json {
                let _ = output::json(&serde_json::json!({ "error": wrong(&error) }));
            }
            ExitCode::from(if line.passes_a_code_through() { CADDIS_FAILED } else { 2 })
        }
    }
}

/// What is wrong with a command line, for machines.
fn wrong(error: &clap::Error) -> Failure {
    let text = error.render().to_string();
    let mut parts = text.split("\n\n");
    let said = parts.next().unwrap_or_default();
    let failure = Failure::usage("usage", said.strip_prefix("error: ").unwrap_or(said).trim_end());
    match parts.find_map(|part| part.trim_start().strip_prefix("tip: ")) {
        Some(tip) => failure.hint(tip.trim_end()),
        None => failure,
    }
}

/// The command line, with the version that names what the binary brings along.
pub fn command() -> clap::Command {
    Cli::command().version(version::VERSION).long_version(version::long())
}

/// What is seen of a command line that was not understood.
#[derive(Debug, Default)]
struct Line {
    verbs: Vec<String>,
    json: bool,
}

impl Line {
    fn of(arguments: &[OsString]) -> Line {
        let mut line = Line::default();
        let mut words = arguments.iter().skip(1).map(|word| word.to_string_lossy().into_owned());
        while let Some(word) = words.next() {
            match word.as_str() {
                "--home" => drop(words.next()),
                "-o" | "--output" => line.json |= words.next().is_some_and(|form| form == "json"),
                "-ojson" | "-o=json" | "--output=json" => line.json = true,
                // What follows is the script's.
                script if script == "--" || script.ends_with(".py") => break,
                option if option.starts_with('-') => {}
                _ => line.verbs.push(word),
            }
        }
        line
    }

    /// As [`passes_a_code_through`].
    fn passes_a_code_through(&self) -> bool {
        let mut verbs = self.verbs.iter().map(String::as_str);
        matches!((verbs.next(), verbs.next()), (Some("run"), _) | (Some("job"), Some("wait")))
    }
}

/// Whether what is not the script's own fault is exited with as 125.
fn passes_a_code_through(command: &Command) -> bool {
    match command {
        Command::Run(_) => true,
        Command::Job(job) => job.is_wait(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_code_it_would_have_been() {
        let line = |line: &str| Line::of(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        let passes = |text: &str| line(text).passes_a_code_through();
        assert!(passes("caddis run --wrong"));
        assert!(passes("caddis --home /x run --wrong"));
        assert!(passes("caddis job wait --wrong"));
        assert!(!passes("caddis job list run --wrong"));
        assert!(!passes("caddis --home run"));
        assert!(line("caddis job list --wrong -o json").json);
        assert!(!line("caddis run --wrong job.py -o json").json, "that is the script's");
    }

    #[test]
    fn a_wrong_line_for_machines() {
        let said = |line: &str| {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let error = command().try_get_matches_from(&words).unwrap_err();
            wrong(&nearest::suggest(error, &command(), &words))
        };
        let failure = said("caddis run --wrokers 2 job.py");
        assert!(failure.message.contains("--wrokers") && !failure.message.contains('\n'), "{failure:?}");
        assert!(failure.hint.unwrap().contains("--workers"));
        let failure = said("caddis run --timeout soon job.py");
        assert!(failure.message.contains("`soon`") && failure.hint.unwrap().contains("30m"));
    }
}
