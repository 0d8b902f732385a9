//! What leads Google's clients to this machine: said to shells by `caddis env`, given to jobs by the server.

/// What leads clients of Google's object store here. Google's own library sends no token to an emulator, so the address
/// holds a secret; Google's library for C++, by which Arrow reads, has a variable of its own; all of them take
/// certificates from where OpenSSL, requests and curl look for them. gcsfs would ask for kinds of buckets over gRPC.
pub fn storage_variables(api_port: u16, secret: &str, roots_file: &str) -> [(&'static str, String); 5] {
    let endpoint = format!("https://localhost:{api_port}/emulator/{secret}");
    [
        ("STORAGE_EMULATOR_HOST", endpoint.clone()),
        ("CLOUD_STORAGE_EMULATOR_ENDPOINT", endpoint),
        ("REQUESTS_CA_BUNDLE", roots_file.to_owned()),
        ("SSL_CERT_FILE", roots_file.to_owned()),
        ("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false".to_owned()),
    ]
}
