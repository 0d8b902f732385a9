//! `cargo xtask protos`: Google's published protos, written anew from the packages that carry them.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

/// A package of the npm registry, the folders that are taken from it, and the files among them where not all are.
struct Source {
    package: &'static str,
    version: &'static str,
    files: &'static [&'static str],
}

const SOURCES: &[Source] = &[
    Source {
        package: "@google-cloud/dataproc",
        version: "6.0.1",
        files: &[
            "google/cloud/dataproc/v1/autoscaling_policies.proto",
            "google/cloud/dataproc/v1/batches.proto",
            "google/cloud/dataproc/v1/clusters.proto",
            "google/cloud/dataproc/v1/jobs.proto",
            "google/cloud/dataproc/v1/node_groups.proto",
            "google/cloud/dataproc/v1/operations.proto",
            "google/cloud/dataproc/v1/session_templates.proto",
            "google/cloud/dataproc/v1/sessions.proto",
            "google/cloud/dataproc/v1/shared.proto",
            "google/cloud/dataproc/v1/workflow_templates.proto",
        ],
    },
    Source {
        package: "google-gax",
        version: "5.0.8",
        files: &[
            "google/api/annotations.proto",
            "google/api/client.proto",
            "google/api/field_behavior.proto",
            "google/api/http.proto",
            "google/api/launch_stage.proto",
            "google/api/resource.proto",
            "google/iam/v1/iam_policy.proto",
            "google/iam/v1/options.proto",
            "google/iam/v1/policy.proto",
            "google/longrunning/operations.proto",
            "google/rpc/code.proto",
            "google/rpc/error_details.proto",
            "google/rpc/status.proto",
            "google/type/expr.proto",
            "google/type/interval.proto",
        ],
    },
];

/// Fetches each package with npm and copies its files.
pub(crate) fn refresh() -> Result<()> {
    let into = process::root().join("crates/googleapis/proto");
    let scratch = process::target().join("protos");
    for source in SOURCES {
        let folder = scratch.join(source.package.replace('/', "-"));
        fetch(source, &folder)?;
        for file in source.files {
            copy(&folder.join("package/build/protos").join(file), &into.join(file))?;
        }
    }
    eprintln!("`{}` is what these versions publish", into.display());
    Ok(())
}

fn fetch(source: &Source, folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let what = format!("{}@{}", source.package, source.version);
    process::succeed(Command::new("npm").args(["pack", "--silent", &what]).current_dir(folder))?;
    let archive = fs::read_dir(folder)?.filter_map(Result::ok).map(|entry| entry.path()).next();
    let Some(archive) = archive else { bail!("npm brought nothing for `{what}`") };
    process::succeed(Command::new("tar").arg("-xzf").arg(archive).current_dir(folder))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, to).with_context(|| format!("copy `{}` to `{}`", from.display(), to.display()))?;
    Ok(())
}
