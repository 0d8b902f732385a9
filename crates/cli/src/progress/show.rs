//! Which kind of progress is shown, and the size of the terminal it is shown on.

use std::io::IsTerminal;

use crate::output::style::Style;

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Frames at the foot of the terminal.
    Live,
    /// Lines, when something changed.
    Plain,
    /// Nothing but failures.
    Quiet,
}

/// How and how large.
#[derive(Clone, Copy, Debug)]
pub struct Show {
    /// How.
    pub mode: Mode,
    /// Colours and characters.
    pub style: Style,
}

impl Show {
    /// What standard error allows: a terminal that cannot move its cursor gets lines.
    pub fn new(quiet: bool) -> Show {
        let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        let mode = match std::io::stderr().is_terminal() {
            _ if quiet => Mode::Quiet,
            true if !dumb => Mode::Live,
            _ => Mode::Plain,
        };
        Show { mode, style: Style::of_stderr() }
    }
}

/// Columns and rows of the terminal behind standard error.
pub fn terminal_size() -> (usize, usize) {
    match rustix::termios::tcgetwinsize(std::io::stderr()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col.into(), size.ws_row.into()),
        _ => (80, 24),
    }
}
