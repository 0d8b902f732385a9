//! The direction of dependencies: rooms know only those below them, and `core` knows no runtime, rows or network.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use serde_json::Value;

use crate::process;

/// Each room and the rooms it may name, in normal dependencies.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("caddis-types", &[]),
    ("caddis-core", &["caddis-types"]),
    ("caddis-engine", &["caddis-core", "caddis-types"]),
    ("caddis-replay", &["caddis-core", "caddis-types"]),
    ("caddis-store", &["caddis-core", "caddis-engine", "caddis-types"]),
    ("caddis-backends", &["caddis-core", "caddis-engine", "caddis-types"]),
    ("caddis-client", &["caddis-types"]),
    ("caddis-googleapis", &[]),
    ("caddis-gcs", &["caddis-types"]),
    ("caddis-dataproc", &["caddis-core", "caddis-engine", "caddis-gcs", "caddis-googleapis", "caddis-types"]),
    (
        "caddis-server",
        &[
            "caddis-backends",
            "caddis-core",
            "caddis-dataproc",
            "caddis-engine",
            "caddis-gcs",
            "caddis-store",
            "caddis-types",
        ],
    ),
    (
        "caddis-cli",
        &[
            "caddis-backends",
            "caddis-client",
            "caddis-core",
            "caddis-engine",
            "caddis-replay",
            "caddis-server",
            "caddis-store",
            "caddis-types",
        ],
    ),
    ("caddis-sim", &["caddis-core", "caddis-engine", "caddis-store", "caddis-types"]),
    ("caddis-testkit", &["caddis-types"]),
    ("xtask", &["caddis-types"]),
];

/// What the decisions must never reach, at any depth.
const NEVER_IN_CORE: &[&str] = &["tokio", "sqlx", "reqwest", "hyper", "axum", "rustix", "mio"];

/// Fails with every arrow that points the wrong way.
pub(crate) fn check() -> Result<()> {
    let text = process::output(&mut process::cargo(&["metadata", "--format-version", "1", "--locked"])?)?;
    let metadata: Value = serde_json::from_str(&text)?;
    let graph = Graph::read(&metadata);
    let mut wrong = Vec::new();
    for (room, may_name) in MAY_NAME {
        for named in graph.direct.get(*room).into_iter().flatten() {
            if graph.rooms.contains(named) && !may_name.contains(&named.as_str()) {
                wrong.push(format!("`{room}` names `{named}`"));
            }
        }
    }
    for room in &graph.rooms {
        if !MAY_NAME.iter().any(|(name, _)| name == room) {
            wrong.push(format!("`{room}` is a room that `xtask/src/deps.rs` does not know"));
        }
    }
    for pure in ["caddis-core", "caddis-replay"] {
        let reached = graph.reach(pure);
        let impure = NEVER_IN_CORE.iter().filter(|name| reached.contains(**name));
        wrong.extend(impure.map(|name| format!("`{pure}` reaches `{name}`")));
    }
    if wrong.is_empty() {
        println!("dependencies point one way: {} rooms", graph.rooms.len());
        return Ok(());
    }
    bail!("dependencies point the wrong way:\n  {}", wrong.join("\n  "))
}

/// Normal dependencies by package name.
struct Graph {
    rooms: BTreeSet<String>,
    direct: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    fn read(metadata: &Value) -> Graph {
        let mut names = BTreeMap::new();
        for package in metadata["packages"].as_array().into_iter().flatten() {
            names.insert(text(&package["id"]), text(&package["name"]));
        }
        let members = metadata["workspace_members"].as_array().into_iter().flatten();
        let rooms = members.filter_map(|id| names.get(&text(id)).cloned()).collect();
        let mut direct: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in metadata["resolve"]["nodes"].as_array().into_iter().flatten() {
            let Some(name) = names.get(&text(&node["id"])) else { continue };
            let normal = node["deps"].as_array().into_iter().flatten().filter(|dep| {
                dep["dep_kinds"].as_array().into_iter().flatten().any(|kind| kind["kind"].is_null())
            });
            let targets = normal.filter_map(|dep| names.get(&text(&dep["pkg"])).cloned());
            direct.entry(name.clone()).or_default().extend(targets);
        }
        Graph { rooms, direct }
    }

    fn reach(&self, from: &str) -> BTreeSet<&str> {
        let mut reached = BTreeSet::new();
        let mut next = vec![from];
        while let Some(name) = next.pop() {
            for dependency in self.direct.get(name).into_iter().flatten() {
                if reached.insert(dependency.as_str()) {
                    next.push(dependency);
                }
            }
        }
        reached
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
