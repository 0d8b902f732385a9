//! `caddis doctor --orphans`: processes that carry a cluster's marker, and whose cluster does not live.

use std::collections::BTreeSet;
use std::fs;

use caddis_types::ClusterId;
use serde::Serialize;

use super::Args;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::table::Table;

/// The variable that marks everything of a cluster, as `docs/KEEPER.md` says.
const MARKER: &str = "CADDIS_MEMBER=";

/// A process with a marker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Orphan {
    /// The process.
    pub pid: u32,
    /// Its cluster.
    pub cluster: String,
    /// What it is, or was forked by.
    pub member: String,
    /// Its command line.
    pub command: String,
    /// Whether this state folder knows the cluster; else another one's server may still want it.
    pub known: bool,
}

pub(super) async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    // Asked for before the processes are looked at: a cluster that begins meanwhile is not mistaken.
    let found = marked();
    let server = context.server().await?;
    let all = server.call(async |client| client.clusters(false, 0).await).await?;
    let living = server.call(async |client| client.clusters(true, 0).await).await?;
    let ids = |clusters: &[caddis_types::api::ClusterView]| -> BTreeSet<String> {
        clusters.iter().map(|cluster| cluster.id.to_string()).collect()
    };
    let orphans = orphans(found, &ids(&living), &ids(&all));
    args.output.print(&orphans, |orphans| text(orphans))?;
    Ok(0)
}

fn orphans(found: Vec<Orphan>, living: &BTreeSet<String>, known: &BTreeSet<String>) -> Vec<Orphan> {
    let homeless = found.into_iter().filter(|orphan| !living.contains(&orphan.cluster));
    homeless.map(|orphan| Orphan { known: known.contains(&orphan.cluster), ..orphan }).collect()
}

/// Every process whose environment we may read and that carries a marker.
fn marked() -> Vec<Orphan> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let mut all: Vec<Orphan> = pids.filter_map(look).collect();
    all.sort_by_key(|orphan| orphan.pid);
    all
}

fn look(pid: u32) -> Option<Orphan> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let (cluster, member) = environment.split(|byte| *byte == 0).find_map(parse)?;
    let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let command = String::from_utf8_lossy(&command).replace('\0', " ");
    Some(Orphan { pid, cluster, member, command: command.trim().chars().take(60).collect(), known: false })
}

/// `cl_…/worker-0003.1......`: the dots pad it to the length that was kept free.
fn parse(variable: &[u8]) -> Option<(String, String)> {
    let key = std::str::from_utf8(variable).ok()?.strip_prefix(MARKER)?;
    let (cluster, member) = key.trim_end_matches('.').split_once('/')?;
    cluster.parse::<ClusterId>().ok()?;
    Some((cluster.to_owned(), member.to_owned()))
}

fn text(orphans: &[Orphan]) -> String {
    let mut table = Table::new(&[">PID", "CLUSTER", "MEMBER", "OF THIS STATE FOLDER", "COMMAND"]);
    for orphan in orphans {
        let known = if orphan.known { "yes" } else { "no" };
        table.row([orphan.pid.to_string(), orphan.cluster.clone(), orphan.member.clone(), known.into(), orphan.command.clone()]);
    }
    let hint = if orphans.iter().any(|orphan| orphan.known) { "`caddis prune` ends those of this state folder\n" } else { "" };
    table.render("no orphans: every marked process belongs to a living cluster") + hint
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_read() {
        let padded = format!("{:.<120}", "CADDIS_MEMBER=cl_0123456789abcdef/worker-0003.1");
        let expected = ("cl_0123456789abcdef".to_owned(), "worker-0003.1".to_owned());
        assert_eq!(parse(padded.as_bytes()), Some(expected));
        assert_eq!(parse(b"CADDIS_MEMBER=xxxxxxx"), None);
        assert_eq!(parse(b"PATH=/bin"), None);
    }

    #[test]
    fn only_what_does_not_live_is_an_orphan() {
        let one = |cluster: &str| Orphan { pid: 1, cluster: cluster.into(), member: "m".into(), command: String::new(), known: false };
        let set = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>();
        let found = orphans(vec![one("a"), one("b"), one("c")], &set(&["a"]), &set(&["a", "b"]));
        let told: Vec<_> = found.iter().map(|orphan| (orphan.cluster.as_str(), orphan.known)).collect();
        assert_eq!(told, [("b", true), ("c", false)]);
    }
}
