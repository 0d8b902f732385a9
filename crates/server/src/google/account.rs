//! A throw-away service account: its key is a file as Google issues them, so that every client of Google's finds
//! credentials where it looks for them. What it signs is good here and nowhere else.

use std::path::Path;

use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use rsa::pkcs1::EncodeRsaPublicKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use rsa::rand_core::{OsRng, RngCore};
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde::{Deserialize, Serialize};

use super::{GoogleError, PROJECT, files};

const BITS: usize = 2048;

/// The file's content, as `google.oauth2.service_account` reads it.
#[derive(Debug, Serialize, Deserialize)]
struct KeyFile {
    #[serde(rename = "type")]
    kind: String,
    project_id: String,
    private_key_id: String,
    private_key: String,
    client_email: String,
    client_id: String,
    auth_uri: String,
    token_uri: String,
    universe_domain: String,
}

/// What is needed to know its signatures.
pub(super) struct Account {
    pub(super) email: String,
    public: UnparsedPublicKey<Vec<u8>>,
}

impl Account {
    /// The one in the folder, or a new one. Takes a second when it is new.
    pub(super) fn open(folder: &Path, api_port: u16) -> Result<Account, GoogleError> {
        let path = folder.join(files::ACCOUNT);
        let token_uri = format!("https://localhost:{api_port}/token");
        let file = match files::read(&path)? {
            Some(text) => serde_json::from_str(&text).map_err(|error| wrong(&error))?,
            None => new(&token_uri)?,
        };
        let private = RsaPrivateKey::from_pkcs8_pem(&file.private_key).map_err(|error| wrong(&error))?;
        let public = RsaPublicKey::from(&private).to_pkcs1_der().map_err(|error| wrong(&error))?;
        let file = KeyFile { token_uri, ..file };
        files::write(&path, &serde_json::to_string_pretty(&file).map_err(|error| wrong(&error))?)?;
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public.as_bytes().to_vec());
        Ok(Account { email: file.client_email, public })
    }

    /// Whether it signed this.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        self.public.verify(message, signature).is_ok()
    }
}

fn new(token_uri: &str) -> Result<KeyFile, GoogleError> {
    let key = RsaPrivateKey::new(&mut OsRng, BITS).map_err(|error| wrong(&error))?;
    let private_key = key.to_pkcs8_pem(LineEnding::LF).map_err(|error| wrong(&error))?.to_string();
    let mut id = [0; 20];
    OsRng.fill_bytes(&mut id);
    Ok(KeyFile {
        kind: "service_account".to_owned(),
        project_id: PROJECT.to_owned(),
        private_key_id: id.iter().map(|byte| format!("{byte:02x}")).collect(),
        private_key,
        client_email: format!("caddis@{PROJECT}.iam.gserviceaccount.com"),
        client_id: "100000000000000000000".to_owned(),
        auth_uri: token_uri.to_owned(),
        token_uri: token_uri.to_owned(),
        universe_domain: "googleapis.com".to_owned(),
    })
}

fn wrong(error: &dyn std::fmt::Display) -> GoogleError {
    GoogleError::Key("the service account's key", error.to_string())
}
