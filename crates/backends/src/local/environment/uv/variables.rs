//! The environment variables that pip and uv run with.
//!
//! The user's variables carry over, since builds from source may need any of them, without those that would point uv
//! or pip at another environment or change what a lock means. What the user told pip counts for uv too, unless they
//! have told uv itself.

use std::{collections::BTreeMap, fs, path::{Path, PathBuf}};

use super::pip_config::{self, PipSettings};

/// Settings of uv that the user may make; every other `UV_*` is dropped.
const UV_KEPT: [&str; 22] = [
    "UV_CONCURRENT_BUILDS", "UV_CONCURRENT_DOWNLOADS", "UV_CONCURRENT_INSTALLS", "UV_CONFIG_FILE", "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_HTTP_RETRIES", "UV_HTTP_TIMEOUT", "UV_INDEX", "UV_INDEX_STRATEGY",
    "UV_INDEX_URL", "UV_INSECURE_HOST", "UV_KEYRING_PROVIDER", "UV_LINK_MODE", "UV_NATIVE_TLS", "UV_NETRC", "UV_NO_INDEX",
    "UV_OFFLINE", "UV_SYSTEM_CERTS", "UV_TORCH_BACKEND", "UV_PYTHON_INSTALL_DIR",
];

/// Variables that describe another environment or another program's wishes.
const DROPPED: [&str; 6] = ["VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "PYTHONHOME", "PYTHONPATH", "PWD"];

/// Certificates that the machine trusts, where distributions keep them.
const SYSTEM_CERTIFICATES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"];

pub(super) fn for_uv(home: &Path, user: &BTreeMap<String, String>, python_prefix: &Path) -> Vec<(String, String)> {
    let mut variables = carried(user);
    variables.retain(|name, _| !name.starts_with("PIP_"));
    let settings = pip_config::read(user, python_prefix);
    for (name, value) in translated(&settings, user) {
        variables.entry(name.to_owned()).or_insert(value);
    }
    certificates(&mut variables, user);
    let cache = home.join("cache/uv").display().to_string();
    let ours = [("UV_CACHE_DIR", cache.as_str()), ("UV_PYTHON_DOWNLOADS", "never"), ("UV_NO_PROGRESS", "1"), ("NO_COLOR", "1"), ("LC_ALL", "C.UTF-8")];
    variables.extend(ours.map(|(name, value)| (name.to_owned(), value.to_owned())));
    variables.into_iter().collect()
}

/// For pip: everything it is configured with, except what would make it install elsewhere or ask questions.
pub(super) fn for_pip(user: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let mut variables = carried(user);
    let ours = [("PIP_REQUIRE_VIRTUALENV", "0"), ("PIP_USER", "0"), ("PIP_NO_INPUT", "1"), ("PIP_DISABLE_PIP_VERSION_CHECK", "1"), ("PIP_PROGRESS_BAR", "off"), ("LC_ALL", "C.UTF-8")];
    for meddling in ["PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIREMENT", "PIP_PLATFORM", "PIP_NO_BINARY", "PIP_QUIET"] {
        variables.remove(meddling);
    }
    variables.extend(ours.map(|(name, value)| (name.to_owned(), value.to_owned())));
    variables.into_iter().collect()
}

fn carried(user: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let meddles = |name: &str| {
        DROPPED.contains(&name)
            || name.starts_with("CADDIS_")
            || name.starts_with("DASK_")
            || name.starts_with("PYTHON")
            || (name.starts_with("UV_") && !UV_KEPT.contains(&name))
    };
    user.iter().filter(|(name, _)| !meddles(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// pip's settings in uv's words. Indexes only when the user has not told uv about indexes itself.
fn translated(settings: &PipSettings, user: &BTreeMap<String, String>) -> Vec<(&'static str, String)> {
    let told_uv = ["UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_NO_INDEX"]
        .iter()
        .any(|name| user.contains_key(*name));
    let mut names = vec![("cert", "SSL_CERT_FILE"), ("client-cert", "SSL_CLIENT_CERT"), ("proxy", "ALL_PROXY"), ("timeout", "UV_HTTP_TIMEOUT"), ("trusted-host", "UV_INSECURE_HOST")];
    if !told_uv && !uv_file_names_indexes(user) {
        names.extend([("index-url", "UV_DEFAULT_INDEX"), ("extra-index-url", "UV_INDEX"), ("find-links", "UV_FIND_LINKS"), ("no-index", "UV_NO_INDEX")]);
    }
    if settings.get("keyring-provider").is_some_and(|provider| provider == "subprocess") {
        names.push(("keyring-provider", "UV_KEYRING_PROVIDER"));
    }
    let found = names.into_iter().filter_map(|(pip, uv)| Some((uv, settings.get(pip)?)));
    found.map(|(uv, value)| (uv, joined(uv, value))).collect()
}

/// pip separates by white space and line ends; uv wants commas for folders and single spaces for addresses.
fn joined(name: &str, value: &str) -> String {
    let parts: Vec<&str> = value.split_whitespace().collect();
    parts.join(if name == "UV_FIND_LINKS" { "," } else { " " })
}

fn uv_file_names_indexes(user: &BTreeMap<String, String>) -> bool {
    let home = user.get("HOME").map(PathBuf::from);
    let config = user.get("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| home.map(|home| home.join(".config")));
    let files = [user.get("UV_CONFIG_FILE").map(PathBuf::from), config.map(|folder| folder.join("uv/uv.toml")), Some("/etc/uv/uv.toml".into())];
    let names_one = |file: PathBuf| {
        let table: Option<toml::Table> = fs::read_to_string(file).ok().and_then(|text| text.parse().ok());
        let keys = ["index", "index-url", "extra-index-url", "find-links", "no-index", "pip"];
        table.is_some_and(|table| keys.iter().any(|key| table.contains_key(*key)))
    };
    files.into_iter().flatten().any(names_one)
}

/// uv trusts a list of its own by default; pip and everything else here trust the machine's.
fn certificates(variables: &mut BTreeMap<String, String>, user: &BTreeMap<String, String>) {
    let named = ["SSL_CERT_FILE", "SSL_CERT_DIR", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS"];
    if named.iter().any(|name| variables.contains_key(*name)) {
        return;
    }
    let of_others = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"].iter().find_map(|name| user.get(*name)).map(String::as_str);
    let system = SYSTEM_CERTIFICATES.into_iter().find(|file| Path::new(file).is_file());
    if let Some(file) = of_others {
        variables.insert("SSL_CERT_FILE".into(), file.into());
    } else if system.is_some() {
        variables.insert("UV_SYSTEM_CERTS".into(), "1".into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn for_user(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        for_uv(Path::new("/home-of-caddis"), &with(pairs), Path::new("/nowhere")).into_iter().collect()
    }

    #[test]
    fn pip_s_settings_reach_uv() {
        let read = for_user(&[
            ("PIP_INDEX_URL", "https://u:p@index/simple"),
            ("PIP_FIND_LINKS", "/a /b"),
            ("PIP_CERT", "/bundle.pem"),
            ("PIP_TRUSTED_HOST", "one two"),
        ]);
        assert_eq!(read["UV_DEFAULT_INDEX"], "https://u:p@index/simple");
        assert_eq!((read["UV_FIND_LINKS"].as_str(), read["UV_INSECURE_HOST"].as_str()), ("/a,/b", "one two"));
        assert_eq!(read["SSL_CERT_FILE"], "/bundle.pem");
        assert!(!read.keys().any(|name| name.starts_with("PIP_")));
    }

    #[test]
    fn what_the_user_told_uv_wins_and_the_rest_is_ours() {
        let read = for_user(&[("PIP_INDEX_URL", "https://pip"), ("UV_INDEX", "https://uv"), ("UV_PYTHON", "3.9"), ("UV_CACHE_DIR", "/x"), ("VIRTUAL_ENV", "/v"), ("PYTHONPATH", "/p"), ("CC", "clang")]);
        assert!(!read.contains_key("UV_DEFAULT_INDEX") && !read.contains_key("UV_PYTHON"));
        assert_eq!(read["UV_CACHE_DIR"], "/home-of-caddis/cache/uv");
        assert!(!read.contains_key("VIRTUAL_ENV") && !read.contains_key("PYTHONPATH") && read["CC"] == "clang");
    }

    #[test]
    fn a_uv_file_with_an_index_keeps_pip_s_out() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join(".config/uv")).unwrap();
        fs::write(home.path().join(".config/uv/uv.toml"), "[[index]]\nurl = \"https://x\"\n").unwrap();
        let home = home.path().display().to_string();
        let read = for_user(&[("HOME", home.as_str()), ("PIP_INDEX_URL", "https://pip")]);
        assert!(!read.contains_key("UV_DEFAULT_INDEX"));
    }
}
