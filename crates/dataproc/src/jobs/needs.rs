//! What a script's header (PEP 723) asks for, held against the packages of the cluster that it is to run on.
//!
//! A job runs in its cluster's Python, and so do its tasks; nothing is installed for one job into what others use. What
//! always holds: a script that cannot find what its own header names is refused before it starts.

use std::collections::BTreeSet;
use std::path::Path;

use super::spark;
use crate::clusters::Living;
use crate::face::Dataproc;
use crate::wire::Status;

/// Refuses a script whose header asks for packages that the cluster does not have.
pub(super) async fn check(face: &Dataproc, living: &Living, script: &Path) -> Result<(), Status> {
    let path = script.to_owned();
    let asked = tokio::task::spawn_blocking(move || asked(&std::fs::read_to_string(path).unwrap_or_default()));
    let asked = asked.await.unwrap_or_default();
    if asked.is_empty() {
        return Ok(());
    }
    let Some(there) = face.outputs.packages(&living.document.body.cluster).await else { return Ok(()) };
    let missing: Vec<&str> = asked.difference(&there).map(String::as_str).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let (name, cluster) = (script.file_name().unwrap_or_default().display(), &living.cluster.cluster_name);
    let what = format!(
        "the header of `{name}` asks for `{}`, which cluster `{cluster}` does not have; make the cluster with them: \
         the property `dataproc:pip.packages` takes `NAME==VERSION`, divided by commas",
        missing.join("`, `")
    );
    Err(Status::field("job.pyspark_job.main_python_file_uri", what))
}

/// Names of the packages that a script's header asks for, normalized.
fn asked(text: &str) -> BTreeSet<String> {
    let header = spark::header(text);
    let Some((_, list)) = header.split_once("dependencies") else { return BTreeSet::new() };
    let Some((before, list)) = list.split_once('[') else { return BTreeSet::new() };
    if before.trim() != "=" {
        return BTreeSet::new();
    }
    strings(list).iter().filter_map(|requirement| name(requirement)).collect()
}

/// The strings of a TOML array, up to its end.
fn strings(list: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = list;
    while let Some(at) = rest.find(['"', '\'', ']', '#']) {
        let mark = rest.as_bytes()[at];
        rest = &rest[at + 1..];
        match mark {
            b']' => break,
            b'#' => rest = rest.split_once('\n').map_or("", |(_, rest)| rest),
            quote => {
                let Some((text, after)) = rest.split_once(char::from(quote)) else { break };
                found.push(text.to_owned());
                rest = after;
            }
        }
    }
    found
}

/// The name in a requirement, as an index spells it; nothing where it is only for other machines, maybe.
fn name(requirement: &str) -> Option<String> {
    let (requirement, marker) = requirement.split_once(';').map_or((requirement, None), |(before, marker)| (before, Some(marker)));
    let end = requirement.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))).unwrap_or(requirement.len());
    let name = requirement.trim_start()[..end.min(requirement.trim_start().len())].to_owned();
    (marker.is_none() && !name.is_empty()).then(|| normalized(&name))
}

/// As PEP 503 says.
fn normalized(name: &str) -> String {
    let parts = name.split(['.', '_', '-']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_a_header() {
        let text = "#!/usr/bin/env python\n# /// script\n# requires-python = '>=3.11'\n# dependencies = [\n\
                    #   \"Duck_DB>=1.2\",  # fast\n#   'dask[dataframe]', \"pyarrow ; python_version < '3.9'\",\n# ]\n# ///\nimport x\n";
        assert_eq!(asked(text), BTreeSet::from(["duck-db".to_owned(), "dask".to_owned()]));
        assert!(asked("import x\n# dependencies = ['y']\n").is_empty());
        assert!(asked("# /// script\n# dependencies = []\n# ///\n").is_empty());
    }
}
