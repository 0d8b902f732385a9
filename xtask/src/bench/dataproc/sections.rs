//! The parts of a report: one table for each thing that was measured, absent when it was not.

use super::args::Arguments;
use crate::bench::start::numbers::Numbers;
use crate::bench::start::table::{shown, table};

/// Reads that have an aim: the calls of the issue, in the page that is answered when nobody says how large, and one
/// that a screen shows.
pub(super) const READS: [&str; 3] = ["GetJob", "ListClusters, page of 20", "ListClusters, page of 100"];
/// The others.
const MORE: [&str; 4] =
    ["GetCluster", "ListClusters, page of 1000", "ListClusters, none of all is active", "ListJobs, page of 100"];

/// Google's own times, as its users and its pages tell them: no cloud can be reached from here.
const GOOGLE: &str = "\
For comparison, not measured here: Google names 90 seconds or less for the start of a cluster \
(<https://cloud.google.com/dataproc>); with a private network and initialization actions, 7 minutes at least and up to \
15 are reported (<https://morganbye.com/posts/dataproc_cluster_configuration/>).\n";

const ALONE: &str = "\
Milliseconds. Clusters of one scheduler and 2 workers; the job is one task on them. `direct`: a gRPC channel that is kept \
open, and a look every 5 ms. `library`: google-cloud-dataproc 5.32.0 as its quickstarts use it, new clients for each \
loop; `op.result()` looks at once and then after 1 s, 1.5 s and so on, so nothing is seen to run before one second. \
`by the states` is the time between the starts of two states as every answer tells them (CREATING and RUNNING, PENDING \
and DONE).\n";

fn row(numbers: &Numbers, name: &str, metric: &str, label: &str) -> Option<Vec<String>> {
    let found = numbers.summary(name, metric)?;
    let values = [found.median, found.p95, found.p99, found.max].map(|value| shown(Some(value)));
    Some([vec![label.to_owned()], values.to_vec(), vec![found.n.to_string()]].concat())
}

fn rows(numbers: &Numbers, lines: &[(&str, &str, &str)]) -> Option<String> {
    let rows: Vec<_> = lines.iter().filter_map(|(name, metric, label)| row(numbers, name, metric, label)).collect();
    (!rows.is_empty()).then(|| table(&["", "p50", "p95", "p99", "max", "n"], &rows))
}

/// One user.
pub(super) fn alone(numbers: &Numbers) -> Option<String> {
    let table = rows(
        numbers,
        &[
            ("idle", "create_answer", "direct: CreateCluster answered"),
            ("idle", "running", "direct: CreateCluster to RUNNING"),
            ("idle", "submit_answer", "direct: SubmitJob answered"),
            ("idle", "done", "direct: SubmitJob to DONE"),
            ("idle", "gone", "direct: DeleteCluster to NOT_FOUND"),
            ("library", "create_seen", "library: CreateCluster to `op.result()`"),
            ("library", "create_server", "library: CreateCluster to RUNNING by the states"),
            ("library", "job_seen", "library: SubmitJob to DONE seen, looking every 100 ms"),
            ("library", "job_server", "library: SubmitJob to DONE by the states"),
            ("library", "delete_seen", "library: DeleteCluster to `op.result()`"),
        ],
    )?;
    Some(format!("{ALONE}\n{table}\n{GOOGLE}"))
}

/// Many users.
pub(super) fn many(numbers: &Numbers, arguments: &Arguments) -> Option<String> {
    let of = |name, text: String| {
        let table = rows(
            numbers,
            &[
                (name, "create_answer", "CreateCluster answered"),
                (name, "create_server", "CreateCluster to RUNNING by the states"),
                (name, "create_seen", "CreateCluster to `op.result()`"),
                (name, "submit_answer", "SubmitJob answered"),
                (name, "job_server", "SubmitJob to DONE by the states"),
                (name, "job_seen", "SubmitJob to DONE seen, looking every 100 ms"),
                (name, "delete_seen", "DeleteCluster to `op.result()`"),
            ],
        )?;
        let total = shown(numbers.summary(name, "total_s").map(|summary| summary.median));
        Some(format!("{text} {total} s for all.\n\n{table}"))
    };
    let users = arguments.users;
    let (all, queue) = (
        of(
            "users",
            format!(
                "{users} threads of one process with Google's library, each creates a single-node cluster, runs a job and \
                 deletes it, {} times over. All clusters at once: `pool.memory` is set so that it holds them.",
                arguments.loops
            ),
        ),
        of(
            "queue",
            format!(
                "The same {users} users once, on this machine's own pool, which has room for two such clusters at a time: \
                 nearly all of CreateCluster to RUNNING is the queue."
            ),
        ),
    );
    let both: Vec<_> = [all, queue].into_iter().flatten().collect();
    (!both.is_empty()).then(|| both.join("\n"))
}

/// Reads of a long history.
pub(super) fn history(numbers: &Numbers, arguments: &Arguments) -> Option<String> {
    let mut body = Vec::new();
    for what in READS.iter().chain(&MORE) {
        for wire in ["gRPC", "REST"] {
            let metric = format!("{what} {wire}");
            if let Some(mut cells) = row(numbers, "history", &metric, &metric) {
                let bytes = numbers.summary("history-bytes", &metric).map(|summary| summary.median / 1000.0);
                cells.push(shown(bytes));
                body.push(cells);
            }
        }
    }
    if body.is_empty() {
        return None;
    }
    let late = rows(
        numbers,
        &[
            ("idle-history", "running", "direct: CreateCluster to RUNNING"),
            ("idle-history", "done", "direct: SubmitJob to DONE"),
        ],
    );
    Some(format!(
        "Milliseconds. {} stopped clusters and {} jobs that are done are in the store. One connection, one request at a \
         time, from the request to the last byte of the answer. `kB` is the size of an answer.\n\n{}\nA cluster and a job \
         with this history:\n\n{}",
        arguments.clusters,
        arguments.jobs,
        table(&["", "p50", "p95", "p99", "max", "n", "kB"], &body),
        late.unwrap_or_default()
    ))
}
