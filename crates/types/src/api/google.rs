//! Where Google's clients find the server.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `POST /v1/google`: where Google's clients find this server, and what proves who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GoogleView {
    /// The port that speaks as Google's Dataproc does, with TLS: gRPC and REST.
    pub api_port: u16,
    /// The port of the CONNECT proxy that leads Google's Dataproc hosts there.
    pub proxy_port: u16,
    /// Certificates to trust: our authority's, and behind it those that this machine trusts.
    pub roots_file: String,
    /// The key of a throw-away service account.
    pub key_file: String,
    /// A file that holds a bearer token.
    pub token_file: String,
    /// A file that holds the secret in the address of the object store.
    pub storage_secret_file: String,
    /// The project that the service account belongs to.
    pub project: String,
}
