//! What the user has told pip about indexes, proxies and certificates.
//!
//! pip's own files are read, in pip's order, so that this also works where pip is not installed. Of the sections
//! `global`, `download` and `install` the later one wins, a variable `PIP_*` over all of them.

use std::{collections::BTreeMap, fs, path::{Path, PathBuf}};

/// pip's settings by their long name, such as `index-url`.
pub(super) type PipSettings = BTreeMap<String, String>;

/// Reads everything that pip would.
pub(super) fn read(variables: &BTreeMap<String, String>, python_prefix: &Path) -> PipSettings {
    let mut settings = PipSettings::new();
    for file in files(variables, python_prefix) {
        if let Ok(text) = fs::read_to_string(&file) {
            settings.extend(parse(&text));
        }
    }
    for (name, value) in variables {
        if let Some(name) = name.strip_prefix("PIP_").filter(|name| *name != "CONFIG_FILE") {
            settings.insert(name.to_lowercase().replace('_', "-"), value.clone());
        }
    }
    settings.retain(|_, value| !value.trim().is_empty());
    settings
}

/// Configuration files, from the weakest to the strongest.
fn files(variables: &BTreeMap<String, String>, python_prefix: &Path) -> Vec<PathBuf> {
    let value = |name: &str| variables.get(name).filter(|value| !value.is_empty());
    let named = value("PIP_CONFIG_FILE").map(PathBuf::from);
    if named.as_deref() == Some(Path::new("/dev/null")) {
        return Vec::new();
    }
    let shared = value("XDG_CONFIG_DIRS").map_or("/etc/xdg", String::as_str);
    let mut files: Vec<PathBuf> = std::env::split_paths(shared).map(|folder| folder.join("pip/pip.conf")).collect();
    files.push("/etc/pip.conf".into());
    if let Some(home) = value("HOME").map(PathBuf::from) {
        files.push(home.join(".pip/pip.conf"));
        let config = value("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
        files.push(config.join("pip/pip.conf"));
    }
    files.push(python_prefix.join("pip.conf"));
    files.extend(named);
    files
}

fn parse(text: &str) -> PipSettings {
    let mut by_section: BTreeMap<u8, PipSettings> = BTreeMap::new();
    let mut section = None;
    let mut open: Option<String> = None;
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = rank(name);
            open = None;
            continue;
        }
        let Some(settings) = section.map(|section| by_section.entry(section).or_default()) else { continue };
        if line.starts_with([' ', '\t']) && let Some(key) = &open {
            let value: &mut String = settings.entry(key.clone()).or_default();
            value.push('\n');
            value.push_str(trimmed);
        } else if let Some((key, value)) = trimmed.split_once(['=', ':']) {
            let key = key.trim().to_lowercase().replace('_', "-");
            settings.insert(key.clone(), value.trim().trim_matches(['"', '\'']).to_owned());
            open = Some(key);
        }
    }
    by_section.into_values().flatten().collect()
}

fn rank(section: &str) -> Option<u8> {
    ["global", "download", "install"].iter().position(|name| *name == section).map(|at| at as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_and_continued_lines_are_read_as_pip_does() {
        let read = parse("[install]\nindex-url = https://b/simple\n[global]\nindex_url = https://a/simple\nextra-index-url =\n    https://c\n    https://d\n; no\n[list]\nproxy = no\n");
        assert_eq!(read["index-url"], "https://b/simple");
        assert_eq!(read["extra-index-url"].split_whitespace().collect::<Vec<_>>(), ["https://c", "https://d"]);
        assert!(!read.contains_key("proxy"));
    }

    #[test]
    fn variables_win_over_the_user_s_file_and_that_over_the_machine_s() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join(".config/pip")).unwrap();
        fs::write(home.path().join(".config/pip/pip.conf"), "[global]\ncert = /a\nproxy = p\n").unwrap();
        fs::create_dir_all(home.path().join(".pip")).unwrap();
        fs::write(home.path().join(".pip/pip.conf"), "[global]\nproxy = weaker\ntimeout = 9\n").unwrap();
        let mut variables: BTreeMap<_, _> = [("HOME".to_owned(), home.path().display().to_string()), ("PIP_CERT".to_owned(), "/b".to_owned())].into();
        let read_back = read(&variables, Path::new("/nowhere"));
        assert_eq!((read_back["cert"].as_str(), read_back["proxy"].as_str(), read_back["timeout"].as_str()), ("/b", "p", "9"));
        variables.insert("PIP_CONFIG_FILE".into(), "/dev/null".into());
        assert!(!read(&variables, Path::new("/nowhere")).contains_key("proxy"));
    }
}
