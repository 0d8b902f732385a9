//! Outputs of scripts and processes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which of a job's streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// The header that names the attempt whose log is answered.
pub const ATTEMPT_HEADER: &str = "caddis-attempt";

/// The media type of a log in frames (`?frames=true`): each is the offset in the file after it (8 bytes, big-endian),
/// the length of its content (4 bytes, big-endian), and the content. A cut connection can be resumed without losing or
/// doubling a byte, though notices that are not in the file stand between the file's bytes.
pub const FRAMES_TYPE: &str = "application/vnd.caddis.frames";
