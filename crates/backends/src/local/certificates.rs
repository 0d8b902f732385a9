//! One certificate authority a cluster: whoever holds a certificate of it is in the cluster, nobody else is.
//!
//! Dask does not check host names, so the authority is the only identity (P-256; made in a millisecond). Its key is
//! never written: no further certificate can be made for a cluster.

use std::io;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use thiserror::Error;

use super::private;

/// Certificates that could not be made or written.
#[derive(Debug, Error)]
pub(super) enum CertificateError {
    /// The making.
    #[error("the cluster's certificates could not be made: {0}")]
    Make(#[from] rcgen::Error),
    /// The writing.
    #[error("the cluster's certificates could not be written to `{}`: {source}", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl From<CertificateError> for io::Error {
    /// What kind of error it is says whether the disk is full.
    fn from(error: CertificateError) -> io::Error {
        match &error {
            CertificateError::Make(_) => io::Error::other(error),
            CertificateError::Write { source, .. } => io::Error::new(source.kind(), error),
        }
    }
}

/// Paths of one cluster's certificates.
#[derive(Clone, Debug)]
pub(super) struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    /// Those in this folder.
    pub(super) fn at(folder: PathBuf) -> Certificates {
        Certificates { folder }
    }

    /// The authority's certificate.
    pub(super) fn ca(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// A role's certificate: `scheduler`, `worker` or `client`.
    pub(super) fn cert(&self, role: &str) -> PathBuf {
        self.folder.join(format!("{role}.pem"))
    }

    /// A role's key.
    pub(super) fn key(&self, role: &str) -> PathBuf {
        self.folder.join(format!("{role}.key"))
    }

    /// As a member's role carries them.
    pub(super) fn json(&self, role: &str) -> serde_json::Value {
        serde_json::json!({"ca": self.ca(), "cert": self.cert(role), "key": self.key(role)})
    }

    /// Makes them, unless they are there.
    pub(super) fn make(&self, cluster: &str) -> Result<(), CertificateError> {
        if self.ca().exists() {
            return Ok(());
        }
        let write = |path: &Path, text: &str| {
            private::write_file(path, text.as_bytes())
                .map_err(|source| CertificateError::Write { path: path.to_owned(), source })
        };
        private::make_folder(&self.folder)
            .map_err(|source| CertificateError::Write { path: self.folder.clone(), source })?;
        let issuer = CertifiedIssuer::self_signed(authority(cluster)?, KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?)?;
        for role in ["scheduler", "worker", "client"] {
            let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
            let certificate = leaf(cluster, role)?.signed_by(&key, &issuer)?;
            write(&self.key(role), &key.serialize_pem())?;
            write(&self.cert(role), &certificate.pem())?;
        }
        // The authority's certificate last: where it is, the set is whole.
        write(&self.ca(), &issuer.pem())
    }
}

fn authority(cluster: &str) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, format!("Caddis cluster {cluster}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

/// Each may serve and connect: Dask's workers do both, and roles are not enforced by it anyway.
fn leaf(cluster: &str, role: &str) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, format!("{role} of {cluster}"));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    Ok(params)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn they_are_private_and_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let certificates = Certificates::at(folder.path().join("tls"));
        certificates.make("cl_x").unwrap();
        let key = std::fs::read(certificates.key("worker")).unwrap();
        certificates.make("cl_x").unwrap();
        assert_eq!(std::fs::read(certificates.key("worker")).unwrap(), key);
        let mode = std::fs::metadata(certificates.key("client")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
