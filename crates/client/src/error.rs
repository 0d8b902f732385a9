//! What can go wrong between asking and being answered.

use std::error::Error;
use std::path::PathBuf;

use caddis_types::api::Problem;
use thiserror::Error;

/// Why there is no answer, or not the one that was hoped for.
#[derive(Debug, Error)]
pub enum ClientError {
    /// No server listens in this state folder: nothing was asked.
    #[error("no server runs for `{}`\nhint: `caddis serve` starts one; `caddis run` does so by itself", home.display())]
    NotRunning {
        /// The state folder.
        home: PathBuf,
    },
    /// The state folder is somebody else's: nothing was asked.
    #[error("`{}` belongs to another user\nhint: set `CADDIS_HOME` to a folder of your own", home.display())]
    Forbidden {
        /// The state folder.
        home: PathBuf,
    },
    /// The server refused; nothing was changed.
    #[error("{}{}", problem.message, hint(problem))]
    Problem {
        /// The HTTP status: 400 the wish is wrong, 404 no such thing, 409 conflict, 503 not now, 403 not allowed.
        status: u16,
        /// In the server's words.
        problem: Problem,
    },
    /// The connection was cut; it is not known whether the call was made.
    #[error("the connection was lost while {doing}: {source}\nhint: the server may have ended; repeat the command")]
    Transport {
        /// What was being done.
        doing: String,
        /// What was seen.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server answered in a way that this client does not understand.
    #[error(
        "the answer to `{call}` was not understood: {why}\nhint: server and client may differ; compare `caddis --version` with `caddis doctor`"
    )]
    NotUnderstood {
        /// The method and path.
        call: String,
        /// What was wrong with it.
        why: String,
    },
    /// What was to be sent could not be read.
    #[error("standard input could not be read: {0}")]
    Input(std::io::Error),
}

impl ClientError {
    /// The server's refusal, when that is what it is.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            ClientError::Problem { problem, .. } => Some(problem),
            _ => None,
        }
    }

    /// Whether the server is gone, or was never there: starting one and asking again may help.
    pub fn is_gone(&self) -> bool {
        matches!(self, ClientError::NotRunning { .. } | ClientError::Transport { .. })
    }
}

fn hint(problem: &Problem) -> String {
    problem.hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default()
}
