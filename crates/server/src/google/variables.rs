//! The environment variables of what comes over the wire.

use std::collections::BTreeMap;

use super::Here;

/// What a program needs to run at all.
const OWN: [&str; 8] = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR"];
/// What leads to interpreters and packages: an environment is built for a cluster as for a job of the command line.
const BUILDING: [&str; 6] = ["PYENV_ROOT", "ASDF_DATA_DIR", "MISE_DATA_DIR", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "SSL_CERT_DIR"];
const BUILDING_PREFIXES: [&str; 2] = ["PIP_", "UV_"];
/// What leads through a company's proxy. What is on this machine is never behind it.
const PROXIES: [&str; 6] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
const NEAR: &str = "localhost,127.0.0.1";

/// The environment of clusters and jobs that come over the wire: what a program and the building of its environment need,
/// from the server's own, and nothing else that its starter happened to have; and what leads Google's clients in it here.
pub(super) fn variables(here: &Here, secret: &str) -> Vec<(String, String)> {
    let own = needed(std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))));
    let google = [
        ("GOOGLE_APPLICATION_CREDENTIALS", here.key().display().to_string()),
        ("GOOGLE_CLOUD_PROJECT", here.project.to_owned()),
        ("NO_GCE_CHECK", "true".to_owned()),
    ];
    let storage = caddis_types::google::storage_variables(here.api_port, secret, &here.roots().display().to_string());
    own.into_iter().chain(google.into_iter().chain(storage).map(|(name, value)| (name.to_owned(), value))).collect()
}

fn needed(all: impl Iterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let known = |name: &str| OWN.iter().chain(&BUILDING).chain(&PROXIES).any(|known| *known == name);
    let needed = |name: &str| known(name) || BUILDING_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    let all: BTreeMap<String, String> = all.collect();
    let mut kept: BTreeMap<_, _> = all.iter().filter(|(name, _)| needed(name)).map(|(k, v)| (k.clone(), v.clone())).collect();
    if PROXIES.iter().any(|name| kept.contains_key(*name)) {
        for name in ["NO_PROXY", "no_proxy"] {
            let said = all.get(name).filter(|said| !said.is_empty());
            kept.insert(name.to_owned(), said.map_or(NEAR.to_owned(), |said| format!("{said},{NEAR}")));
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(all: &[(&str, &str)]) -> BTreeMap<String, String> {
        needed(all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn what_builds_an_environment_is_there_and_nothing_that_happened_to_be() {
        let all = of(&[("PATH", "/bin"), ("PYENV_ROOT", "/p"), ("PIP_INDEX_URL", "https://pip"), ("UV_INDEX", "https://uv"), ("AWS_SECRET", "x"), ("VIRTUAL_ENV", "/v")]);
        assert_eq!(all.keys().collect::<Vec<_>>(), ["PATH", "PIP_INDEX_URL", "PYENV_ROOT", "UV_INDEX"]);
    }

    #[test]
    fn this_machine_is_never_behind_a_proxy() {
        let behind = of(&[("HTTPS_PROXY", "http://proxy"), ("NO_PROXY", "example.org")]);
        assert_eq!((behind["NO_PROXY"].as_str(), behind["no_proxy"].as_str()), ("example.org,localhost,127.0.0.1", NEAR));
        assert!(of(&[("NO_PROXY", "example.org")]).is_empty());
    }
}
