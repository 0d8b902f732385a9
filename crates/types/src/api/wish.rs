//! What every wish may hold: a program, an environment, retries.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a job runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Program {
    /// A file, by its absolute path.
    Script(String),
    /// `python -m MODULE`.
    Module(String),
}

/// Which Python environment is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentWish {
    /// A requirements file, absolute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirements: Option<String>,
    /// An interpreter: a path, or a version such as `3.12`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python: Option<String>,
    /// A line of Dask, such as `2026.3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dask: Option<String>,
}

/// When a failed attempt is followed by another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryWish {
    /// How many more attempts at most.
    pub max: u32,
    /// Only after these exit codes; empty means any failure.
    #[serde(default)]
    pub on_exit: Vec<i32>,
    /// The pause before the first retry, milliseconds; it doubles each time.
    #[serde(default = "default_delay_ms")]
    pub delay_ms: u64,
    /// Not more than so many failures within an hour; absent means no such limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_hour: Option<u32>,
}

fn default_delay_ms() -> u64 {
    1000
}

impl Default for RetryWish {
    fn default() -> Self {
        RetryWish { max: 0, on_exit: Vec::new(), delay_ms: default_delay_ms(), per_hour: None }
    }
}
