//! Who is measured against whom in the rounds, and how each is asked.

use serde_json::{Value, json};

/// The driver that makes a contender's clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Program {
    /// The file in `benchmarks/start/drivers`.
    pub(super) file: &'static str,
    /// Its arguments.
    pub(super) flags: &'static [&'static str],
    /// A new process for every measurement, because the first cluster of a process is what is measured.
    pub(super) fresh: bool,
}

const CADDIS: Program = Program { file: "caddis_clusters.py", flags: &[], fresh: false };
const LOCAL: Program = Program { file: "local_clusters.py", flags: &["--imported"], fresh: false };
const LOCAL_FORK: Program = Program { file: "local_clusters.py", flags: &["--imported", "--forkserver"], fresh: false };
const LOCAL_FIRST: Program = Program { file: "local_clusters.py", flags: &[], fresh: true };
const COMMANDS: Program = Program { file: "dask_commands.py", flags: &[], fresh: false };
const GATEWAY: Program = Program { file: "gateway_clusters.py", flags: &[], fresh: false };

/// One contender.
pub(super) struct Contender {
    /// For `--only`, the JSON and the aims.
    pub(super) name: &'static str,
    /// For people.
    pub(super) label: &'static str,
    /// Its driver.
    pub(super) program: Program,
    /// What the driver is asked.
    pub(super) request: Value,
}

impl Contender {
    /// Whether it kills a worker instead of starting a cluster.
    pub(super) fn kills(&self) -> bool {
        self.request["do"] == "kill"
    }
}

fn contender(name: &'static str, label: &'static str, program: Program, request: Value) -> Contender {
    Contender { name, label, program, request }
}

/// All of them, in the order of the tables.
pub(super) fn all() -> Vec<Contender> {
    let mut all = caddis();
    all.extend(local());
    all.extend(others());
    all.extend(killing());
    all
}

fn caddis() -> Vec<Contender> {
    let cluster = |dashboard: bool, page: bool| json!({"do": "cluster", "dashboard": dashboard, "page_first": page});
    vec![
        contender("caddis", "Caddis, TLS and dashboard", CADDIS, cluster(true, false)),
        contender(
            "caddis-page",
            "Caddis, TLS and dashboard, its first page loaded before the task",
            CADDIS,
            cluster(true, true),
        ),
        contender("caddis-tls", "Caddis, TLS only", CADDIS, cluster(false, false)),
    ]
}

fn local() -> Vec<Contender> {
    let page_first = json!({"do": "cluster", "page_first": true});
    let cluster =
        |dashboard: bool, security: &str| json!({"do": "cluster", "dashboard": dashboard, "security": security});
    vec![
        contender("local", "LocalCluster, dashboard", LOCAL, cluster(true, "none")),
        contender("local-page", "LocalCluster, dashboard, its first page loaded before the task", LOCAL, page_first),
        contender("local-plain", "LocalCluster, no dashboard", LOCAL, cluster(false, "none")),
        contender("local-tls", "LocalCluster, TLS (`security=True`)", LOCAL, cluster(false, "stock")),
        contender("local-tls-made", "LocalCluster, TLS, credentials made before", LOCAL, cluster(false, "made")),
        contender(
            "local-tls-dashboard",
            "LocalCluster, TLS (`security=True`) and dashboard",
            LOCAL,
            cluster(true, "stock"),
        ),
        contender("local-fork", "LocalCluster, `forkserver`, no dashboard", LOCAL_FORK, cluster(false, "none")),
        contender("local-fork-dashboard", "LocalCluster, `forkserver`, dashboard", LOCAL_FORK, cluster(true, "none")),
        contender(
            "local-fork-tls",
            "LocalCluster, `forkserver`, TLS (`security=True`)",
            LOCAL_FORK,
            cluster(false, "stock"),
        ),
        contender("local-first", "LocalCluster, dashboard, first in its process", LOCAL_FIRST, cluster(true, "none")),
    ]
}

fn others() -> Vec<Contender> {
    let commands = |defaults: bool| json!({"do": "cluster", "defaults": defaults});
    vec![
        contender("commands", "`dask scheduler` and 2 `dask worker`, defaults", COMMANDS, commands(true)),
        contender("commands-plain", "the same, `--no-nanny --no-dashboard`", COMMANDS, commands(false)),
        contender("gateway", "dask-gateway (TLS and dashboard)", GATEWAY, json!({"do": "cluster"})),
    ]
}

fn killing() -> Vec<Contender> {
    vec![
        contender("kill", "Caddis", CADDIS, json!({"do": "kill"})),
        contender("kill-local", "LocalCluster (its Nanny)", LOCAL, json!({"do": "kill"})),
        contender("kill-local-fork", "LocalCluster (its Nanny), `forkserver`", LOCAL_FORK, json!({"do": "kill"})),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::args::PARTS;

    #[test]
    fn a_name_means_one_thing() {
        let names: Vec<&str> = super::all().iter().map(|contender| contender.name).chain(PARTS).collect();
        let distinct: BTreeSet<&&str> = names.iter().collect();
        assert_eq!(distinct.len(), names.len(), "{names:?}");
    }
}
