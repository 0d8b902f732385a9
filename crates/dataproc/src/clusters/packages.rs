//! Packages that a cluster's Python has beside Dask: the property `dataproc:pip.packages`, `NAME==VERSION` and commas.
//!
//! They become a requirements file, by content: the environment that is built from it is shared by all clusters that ask
//! for the same.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

use caddis_googleapis::dataproc::ClusterConfig;
use caddis_types::api::EnvironmentWish;

use crate::face::Dataproc;
use crate::wire::{Code, Status};

/// What Google's own images install with pip.
const PIP: &str = "dataproc:pip.packages";
/// What a cluster has that asks for nothing: packages come beside it, and take nothing of it away.
const BESIDE: &str = "dask[array,dataframe,diagnostics,distributed]\nlz4\n";
/// What they install with conda, which is not here.
pub(super) const CONDA: &str = "dataproc:conda.packages";

/// The environment of a cluster.
pub(super) fn environment(face: &Dataproc, config: &ClusterConfig) -> Result<EnvironmentWish, Status> {
    let packages = wished(config)?;
    if packages.is_empty() {
        return Ok(EnvironmentWish::default());
    }
    let text = requirements(&packages);
    let path = face.requirements.join(format!("{}.txt", Dataproc::uuid_of(&text)));
    let failed = |error: std::io::Error| Status::new(Code::Internal, format!("`{}` cannot be written: {error}", path.display()));
    if !path.exists() {
        write(&path, &text).map_err(failed)?;
    }
    Ok(EnvironmentWish { requirements: Some(path.display().to_string()), ..EnvironmentWish::default() })
}

/// The requirements file of these packages.
fn requirements(packages: &[String]) -> String {
    format!("{BESIDE}{}\n", packages.join("\n"))
}

/// Whole or not at all.
fn write(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let beside: PathBuf = path.with_extension("new");
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}

/// The packages that are asked for, each with its version.
pub(super) fn wished(config: &ClusterConfig) -> Result<Vec<String>, Status> {
    let property = config.software_config.as_ref().and_then(|software| software.properties.get(PIP));
    let all = property.map(String::as_str).unwrap_or_default().split(',').map(str::trim).filter(|one| !one.is_empty());
    all.map(|one| match one.split_once("==") {
        Some((name, version)) if is_name(name) && is_version(version) => Ok(one.to_owned()),
        _ => {
            let what = format!("`{PIP}`: `{one}` is not of the form NAME==VERSION; several are divided by commas");
            Err(Status::field("cluster.config.software_config.properties", what))
        }
    })
    .collect()
}

/// A package's name, with extras or without.
fn is_name(text: &str) -> bool {
    let (name, extras) = text.split_once('[').map_or((text, None), |(name, extras)| (name, Some(extras)));
    let plain = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
    };
    plain(name) && extras.is_none_or(|extras| extras.strip_suffix(']').is_some_and(plain))
}

fn is_version(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '!' | '*' | '_' | '-'))
}

#[cfg(test)]
mod tests {
    use caddis_googleapis::dataproc::SoftwareConfig;

    use super::*;

    fn with(property: &str) -> ClusterConfig {
        let properties = [(PIP.to_owned(), property.to_owned())].into();
        ClusterConfig { software_config: Some(SoftwareConfig { properties, ..Default::default() }), ..Default::default() }
    }

    #[test]
    fn packages_take_nothing_away() {
        let text = requirements(&["duckdb==1.2.0".to_owned(), "dask==2026.3.0".to_owned()]);
        assert_eq!(text, format!("{BESIDE}duckdb==1.2.0\ndask==2026.3.0\n"));
    }

    #[test]
    fn names_with_versions() {
        assert_eq!(wished(&with("duckdb==1.2.0, dask-ml[extra]==2025.1.0,")).unwrap(), ["duckdb==1.2.0", "dask-ml[extra]==2025.1.0"]);
        assert!(wished(&ClusterConfig::default()).unwrap().is_empty() && wished(&with("")).unwrap().is_empty());
        for bad in ["duckdb", "duckdb>=1", "==1", "a b==1", "-r==1", "x==1\n--index-url=y", "x @ file:///y", "x==", "x==-e", "../x==1"] {
            assert!(wished(&with(bad)).unwrap_err().message.contains(PIP), "{bad}");
        }
    }
}
