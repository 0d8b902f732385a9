//! The authority that Google's clients are told to trust, and the certificate of our port.
//!
//! Its certificate is constrained to Google's Dataproc hosts and `localhost`: who trusts it trusts it for nothing else, no
//! address of any machine included. The port's own certificate is made anew with every server and its key is never written.

use std::path::Path;
use std::sync::Arc;

use caddis_types::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints, PKCS_ECDSA_P256_SHA256,
};
use time::OffsetDateTime;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::{GoogleError, files, regions};

const DAY: i64 = 24 * 60 * 60;
/// How long the authority is good for.
const AUTHORITY_DAYS: i64 = 3650;
/// How long the port's certificate is good for: longer than a server runs without being started anew.
const PORT_DAYS: i64 = 365;

/// Where the machine keeps the authorities that it trusts itself.
const SYSTEM_ROOTS: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"];

/// An authority that can sign.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// The one in the folder, or a new one.
    pub(super) fn open(folder: &Path, now: Timestamp) -> Result<Authority, GoogleError> {
        let (certificate, key) = (folder.join(files::CA), folder.join(files::CA_KEY));
        let made = match (files::read(&certificate)?, files::read(&key)?) {
            (Some(certificate), Some(key)) => (certificate, key),
            _ => {
                let made = make(now).map_err(wrong)?;
                files::write(&key, &made.1)?;
                files::write(&certificate, &made.0)?;
                made
            }
        };
        files::write(&folder.join(files::ROOTS), &format!("{}{}", made.0, system_roots()))?;
        let key = KeyPair::from_pem(&made.1).map_err(wrong)?;
        // The issuer's name and key are all that a signature needs; they are always these.
        Ok(Authority { issuer: Issuer::new(params(now), key) })
    }

    /// What the port serves TLS with: HTTP/2 and HTTP/1.1.
    pub(super) fn server(&self, now: Timestamp) -> Result<Arc<ServerConfig>, GoogleError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(wrong)?;
        let mut params = CertificateParams::new(regions::hosts().chain(["localhost".to_owned()]).collect::<Vec<_>>()).map_err(wrong)?;
        params.distinguished_name.push(DnType::CommonName, "Caddis");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        // Python 3.13 asks for it.
        params.use_authority_key_identifier_extension = true;
        lasts(&mut params, now, PORT_DAYS);
        let certificate = params.signed_by(&key, &self.issuer).map_err(wrong)?;
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| GoogleError::Key("TLS", error.to_string()))?
            .with_no_client_auth()
            .with_single_cert(chain, key);
        let mut config = config.map_err(|error| GoogleError::Key("TLS", error.to_string()))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn make(now: Timestamp) -> Result<(String, String), rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let certificate = params(now).self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

fn params(now: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Caddis, for this machine's Dataproc clients");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let names = regions::hosts().chain(["localhost".to_owned()]).map(GeneralSubtree::DnsName);
    // A kind of name that no constraint speaks of is free, so that addresses are excluded, all of them. Loopback as well:
    // gRPC's TLS library refuses a certificate for an address as soon as there is a constraint on addresses.
    let addresses = [CidrSubnet::V4([0; 4], [0; 4]), CidrSubnet::V6([0; 16], [0; 16])].map(GeneralSubtree::IpAddress);
    params.name_constraints = Some(NameConstraints { permitted_subtrees: names.collect(), excluded_subtrees: addresses.into() });
    lasts(&mut params, now, AUTHORITY_DAYS);
    params
}

fn lasts(params: &mut CertificateParams, now: Timestamp, days: i64) {
    let seconds = now.0.div_euclid(1_000_000);
    // A day back: clocks of the clients may be behind.
    params.not_before = date(seconds - DAY);
    params.not_after = date(seconds + days * DAY);
}

fn date(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn system_roots() -> String {
    SYSTEM_ROOTS.iter().find_map(|path| std::fs::read_to_string(path).ok()).unwrap_or_default()
}

fn wrong(error: rcgen::Error) -> GoogleError {
    GoogleError::Key("the certificates", error.to_string())
}
