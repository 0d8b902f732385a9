//! Links that log a browser in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `POST /v1/login-links`; only on the Unix socket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginLinkWish {
    /// The path to show after the login, such as `/clusters/cl_…/status`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A link that logs a browser in, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoginLinkView {
    /// To open in a browser on this machine.
    pub url: String,
    /// For how long, milliseconds.
    pub valid_ms: u64,
}
