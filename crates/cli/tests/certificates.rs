//! Each cluster has a certificate authority of its own: who has a certificate of one is a stranger to the other.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use caddis_testkit::{World, interpreters, skip};
use common::world;
use serde_json::Value;

/// What a scheduler tells somebody with this authority's word, certificate and key (or `-`).
const CONNECT: &str = r#"
import socket, ssl, sys
address, ca, cert, key = sys.argv[1:]
host, port = address.removeprefix("tls://").rsplit(":", 1)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
if ca == "-":
    context.verify_mode = ssl.CERT_NONE
else:
    context.load_verify_locations(ca)
if cert != "-":
    context.load_cert_chain(cert, key)
try:
    with context.wrap_socket(socket.create_connection((host, int(port)), timeout=20)) as s:
        print("served" if s.recv(1) else "refused")
except OSError as error:
    print("refused" if isinstance(error, (ssl.SSLError, ConnectionError)) else repr(error))
"#;

#[test]
fn each_cluster_has_an_authority_of_its_own() {
    let world = world();
    let connections = ["a", "b"].map(|name| {
        world.run(&["cluster", "create", name, "--workers", "1", "--memory", "500MiB"]).expect(0);
        world.run(&["cluster", "connect", name, "-o", "json"]).expect(0).json()
    });
    let [a, b] = &connections;
    let of = |connection: &Value, what: &str| connection[what].as_str().unwrap_or_else(|| panic!("{connection:#}")).to_owned();
    let (_, python) = interpreters().into_iter().next().expect("a Python");
    let told = |to: &Value, ca: &str, cert: &str, key: &str| {
        let output = Command::new(&python).args(["-c", CONNECT, &of(to, "address"), ca, cert, key]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let own = [of(a, "ca_file"), of(a, "cert_file"), of(a, "key_file")];
    assert_eq!(told(a, &own[0], &own[1], &own[2]), "served", "its own");
    assert_eq!(told(b, &own[0], &own[1], &own[2]), "refused", "a's client does not take b for a");
    assert_eq!(told(b, "-", &own[1], &own[2]), "refused", "b does not take a's client");
    assert_eq!(told(b, "-", "-", "-"), "refused", "nor one without a certificate");
    assert_ne!(fs::read(of(a, "ca_file")).unwrap(), fs::read(of(b, "ca_file")).unwrap());
    certificates(&world);
    for name in ["a", "b"] {
        world.run(&["cluster", "stop", name]).expect(0);
    }
    world.assert_nothing_left();
}

/// Every certificate is of P-256, and the key of no authority was written.
fn certificates(world: &World) {
    if Command::new("openssl").arg("version").output().is_err() {
        return skip("openssl", "it is not installed");
    }
    let openssl = |arguments: &[&str], file: &Path| {
        let output = Command::new("openssl").args(arguments).arg("-in").arg(file).output().unwrap();
        assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let mut all = Vec::new();
    everything_below(&world.home().join("clusters"), &mut all);
    let ending = |end: &str| all.iter().filter(move |path| path.extension().is_some_and(|this| this == end)).collect::<Vec<_>>();
    let (certificates, keys) = (ending("pem"), ending("key"));
    assert_eq!((certificates.len(), keys.len()), (8, 6), "{certificates:?}, {keys:?}");
    for certificate in &certificates {
        let text = openssl(&["x509", "-noout", "-text"], certificate);
        assert!(text.contains("prime256v1") && text.contains("ecdsa-with-SHA256"), "{text}");
    }
    let authorities: Vec<String> = certificates
        .iter()
        .filter(|path| path.ends_with("ca.pem"))
        .map(|path| openssl(&["x509", "-noout", "-pubkey"], path))
        .collect();
    assert_eq!(authorities.len(), 2);
    for key in &keys {
        assert!(!authorities.contains(&openssl(&["pkey", "-pubout"], key)), "{}", key.display());
    }
    let with_a_key = |path: &&PathBuf| fs::read_to_string(path).is_ok_and(|text| text.contains("PRIVATE KEY"));
    let elsewhere: Vec<_> = all.iter().filter(|path| path.is_file()).filter(with_a_key).filter(|path| !keys.contains(path)).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}

fn everything_below(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => everything_below(&entry.path(), all),
            _ => all.push(entry.path()),
        }
    }
}
