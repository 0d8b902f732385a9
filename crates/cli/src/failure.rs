//! A command that did not do what was asked, and the exit code that says so.

use std::fmt;

use serde::Serialize;

/// Exit codes of every command but `run` and `job wait`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It did not work.
    Failed,
    /// The command line, or a file that it names, is wrong.
    Usage,
    /// There is no such thing.
    NotFound,
    /// It does not go with what is there, or a limit stands against it.
    Conflict,
    /// Not now.
    Unavailable,
    /// It took too long.
    Timeout,
}

impl Exit {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::NotFound => 3,
            Exit::Conflict => 4,
            Exit::Unavailable => 5,
            Exit::Timeout => 6,
        }
    }
}

/// What `run` and `job wait` exit with when it is not the script that failed.
pub const CADDIS_FAILED: u8 = 125;

/// Why a command failed, for people and, with `-o json`, for machines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Which exit code.
    #[serde(skip)]
    pub exit: Exit,
    /// Stable, for machines.
    pub code: String,
    /// What is true.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Failure {
    /// A failure; a `hint:` line at the end of `text` becomes the hint.
    pub fn new(exit: Exit, code: &str, text: impl fmt::Display) -> Failure {
        let text = text.to_string();
        let (message, hint) = match text.split_once("\nhint: ") {
            Some((message, hint)) => (message.to_owned(), Some(hint.to_owned())),
            None => (text, None),
        };
        Failure { exit, code: code.to_owned(), message, hint }
    }

    /// The command line is wrong.
    pub fn usage(code: &str, text: impl fmt::Display) -> Failure {
        Failure::new(Exit::Usage, code, text)
    }

    /// The same, with what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }

    /// `error: ...` and `hint: ...`. What it names may be anything, and must not move a terminal's cursor.
    pub fn text(&self) -> String {
        let text = match &self.hint {
            Some(hint) => format!("error: {}\nhint: {hint}\n", self.message),
            None => format!("error: {}\n", self.message),
        };
        let shown = |c: char| if c.is_control() && c != '\n' { c.escape_default().to_string() } else { c.to_string() };
        text.chars().map(shown).collect()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_in_the_text_is_told_apart() {
        let failure = Failure::usage("bad", "`x` is wrong\nhint: write `y`");
        assert_eq!(failure.text(), "error: `x` is wrong\nhint: write `y`\n");
        assert_eq!(Failure::usage("bad", "`\x1b[2J`").text(), "error: `\\u{1b}[2J`\n");
        assert_eq!(serde_json::to_value(&failure).unwrap()["hint"], "write `y`");
    }
}
