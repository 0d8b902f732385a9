//! Who asks: the bearer token of the state folder, or a token that the service account's key signed; of the object store
//! also the secret in a path, since Google's library sends no token to what it is told is an emulator.

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use caddis_dataproc::Credentials;
use caddis_engine::ports::Clock;
use ring::digest::{SHA256, digest};
use rsa::rand_core::{OsRng, RngCore};

use super::account::Account;
use super::claims::Claims;
use super::{GoogleError, files};
use crate::auth::name_of;

/// The token and the secret of the state folder.
pub(super) struct Tokens {
    digest: Vec<u8>,
    secret: String,
}

impl Tokens {
    /// Those in the folder, or new ones.
    pub(super) fn open(folder: &Path) -> Result<Tokens, GoogleError> {
        let token = kept(&folder.join(files::TOKEN), "caddis.")?;
        let secret = kept(&folder.join(files::STORAGE_SECRET), "")?;
        Ok(Tokens { digest: hash(&token), secret })
    }

    /// The secret in paths of the object store.
    pub(super) fn secret(&self) -> &str {
        &self.secret
    }
}

/// The unguessable word of a file, or a new one.
fn kept(path: &Path, prefix: &str) -> Result<String, GoogleError> {
    match files::read(path)? {
        Some(word) if word.trim().len() >= 32 => Ok(word.trim().to_owned()),
        _ => {
            let mut bytes = [0; 32];
            OsRng.fill_bytes(&mut bytes);
            let word = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes));
            files::write(path, &word)?;
            Ok(word)
        }
    }
}

/// Digests are compared, so that the time it takes says nothing of the token.
fn hash(token: &str) -> Vec<u8> {
    digest(&SHA256, token.as_bytes()).as_ref().to_vec()
}

/// Both kinds of proof.
pub(super) struct Proofs {
    tokens: Tokens,
    account: Account,
    clock: Arc<dyn Clock>,
}

impl Proofs {
    pub(super) fn new(tokens: Tokens, account: Account, clock: Arc<dyn Clock>) -> Proofs {
        Proofs { tokens, account, clock }
    }

    /// What a token says that the service account signed and that is good now: RFC 7519 with RS256, which is what Google's
    /// clients make of a key.
    fn signed(&self, token: &str) -> Option<Claims> {
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let part = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
        let header: serde_json::Value = serde_json::from_slice(&part(header)?).ok()?;
        if header["alg"] != "RS256" || !self.account.signed(message.as_bytes(), &part(signature)?) {
            return None;
        }
        let claims: Claims = serde_json::from_slice(&part(claims)?).ok()?;
        claims.good(&self.account.email, self.now()).then_some(claims)
    }

    /// For how many more seconds a token is good that the service account signed.
    pub(super) fn good_for(&self, token: &str) -> Option<i64> {
        Some(self.signed(token)?.seconds_left(self.now()))
    }

    /// The time in seconds, as tokens have it.
    fn now(&self) -> i64 {
        self.clock.now().0.div_euclid(1_000_000)
    }
}

impl caddis_gcs::Credentials for Proofs {
    fn owner(&self, token: &str) -> Option<String> {
        Credentials::owner(self, token)
    }

    fn owner_of_secret(&self, secret: &str) -> Option<String> {
        (hash(secret) == hash(&self.tokens.secret)).then(|| name_of(rustix::process::geteuid().as_raw()))
    }
}

impl Credentials for Proofs {
    fn owner(&self, token: &str) -> Option<String> {
        let good = hash(token) == self.tokens.digest || self.signed(token).is_some();
        good.then(|| name_of(rustix::process::geteuid().as_raw()))
    }
}
