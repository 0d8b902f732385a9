//! What a command prints: data on standard output, talk on standard error.
//!
//! What always holds: with `-o json` standard output carries JSON and nothing else; a reader that went away (`| head`)
//! ends the program as SIGPIPE would, silently; there are no colours where nobody looks.

pub mod plural;
pub mod style;
pub mod table;
pub mod when;

use std::io::{self, ErrorKind, Write};

use clap::ValueEnum;
use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::home::plain;

/// 128 + SIGPIPE.
pub const BROKEN_PIPE: u8 = 141;

/// For whom data is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables and sentences.
    #[default]
    #[value(alias = "table")]
    Human,
    /// JSON, in the shapes of the API.
    Json,
}

/// `-o`, for every command that prints data.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct OutputArgs {
    /// Print data for people (`human`) or as JSON (`json`).
    #[arg(
        short = 'o', long = "output", value_name = "FORMAT", default_value = "human", hide_default_value = true,
        hide_possible_values = true, help_heading = "Output"
    )]
    pub output: Format,
}

impl OutputArgs {
    /// Prints `data` as JSON, or what `human` makes of it.
    pub fn print<T: Serialize>(self, data: &T, human: impl FnOnce(&T) -> String) -> Result<(), Failure> {
        match self.output {
            Format::Human => stdout(human(data).as_bytes()),
            Format::Json => json(data),
        }
    }

    /// Whether data is printed as JSON.
    pub fn is_json(self) -> bool {
        self.output == Format::Json
    }
}

/// Prints data as JSON.
pub fn json<T: Serialize + ?Sized>(data: &T) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(data).map_err(|error| Failure::new(Exit::Failed, "json", error))?;
    stdout(format!("{text}\n").as_bytes())
}

/// Writes to standard output. A reader that went away ends the program.
pub fn stdout(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(BROKEN_PIPE.into()),
        Err(error) => Err(output_failed(&error)),
    }
}

/// Standard output cannot be written to, as when it goes to a file on a full disk.
pub fn output_failed(error: &io::Error) -> Failure {
    Failure::new(Exit::Failed, "output", format!("the output cannot be written: {}", plain(error)))
}

/// Says something on standard error. Nobody listening is no reason to stop.
pub fn say(text: &str) {
    let mut err = io::stderr().lock();
    let _ = err.write_all(text.as_bytes());
    if !text.ends_with('\n') {
        let _ = err.write_all(b"\n");
    }
}
