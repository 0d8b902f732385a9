//! The parts of a report: one table for each thing that was measured, absent when it was not.

use super::contenders;
use super::numbers::Numbers;
use super::table::{shown, table};

const STARTS: &str = "\
From asking for a fresh cluster (a scheduler and 2 workers of 1 thread and 1 GiB) to its first results, milliseconds, \
median and p95. `ready`: the contender says that the cluster serves; `task`: the result of the first task; `groupby`: \
the first dataframe groupby's result after it, counted from the beginning and alone. `page`: the dashboard's first \
page, loaded after all that unless the row says otherwise. The client is a long-lived process with distributed, pandas \
and dask.dataframe imported, except in the row that says first.\n";

const ON_DEMAND: &str = "\
Caddis builds the dashboard's Bokeh application when its first page is asked for; the others build it at the start. The \
rows with the page loaded before the task hold all of it. Caddis makes a certificate authority and its certificates for every \
cluster inside the measured time; `security=True` does as well, `credentials made before` does not. Caddis's fork server \
keeps a few forks ready, which costs memory while idle (see below).\n";

/// Median and p95.
fn pair(numbers: &Numbers, name: &str, metric: &str) -> String {
    match numbers.summary(name, metric) {
        Some(summary) => format!("{} ({})", shown(Some(summary.median)), shown(Some(summary.p95))),
        None => "-".to_owned(),
    }
}

/// The contenders' rounds.
pub(super) fn starts(numbers: &Numbers) -> Option<String> {
    let heading = ["contender", "ready", "connected", "task", "groupby", "groupby alone", "page", "n"];
    let metrics = ["ready", "connected", "task", "groupby", "groupby_alone", "page"];
    let mut rows = Vec::new();
    for contender in contenders::all().iter().filter(|contender| !contender.kills()) {
        let failures = numbers.failures(contender.name);
        let Some(task) = numbers.summary(contender.name, "task") else {
            let mut row = vec![format!("{} (failed {failures} times)", contender.label)];
            row.resize(heading.len(), "-".to_owned());
            rows.extend((failures > 0).then_some(row));
            continue;
        };
        let failed = if failures > 0 { format!(" (failed {failures} times)") } else { String::new() };
        let mut row = vec![format!("{}{failed}", contender.label)];
        row.extend(metrics.map(|metric| pair(numbers, contender.name, metric)));
        row.push(task.n.to_string());
        rows.push(row);
    }
    let first = numbers.summary("local-first", "task_from_exec").map(|_| {
        format!(
            "LocalCluster first in its process, counted from the start of `python`: {} to the first task.\n",
            pair(numbers, "local-first", "task_from_exec")
        )
    });
    (!rows.is_empty())
        .then(|| format!("{STARTS}\n{}\n{ON_DEMAND}\n{}", table(&heading, &rows), first.unwrap_or_default()))
}

/// The replacement of killed workers.
pub(super) fn killed(numbers: &Numbers) -> Option<String> {
    let all = contenders::all();
    let rows: Vec<Vec<String>> = all
        .iter()
        .filter(|contender| contender.kills())
        .filter_map(|contender| {
            let n = numbers.summary(contender.name, "replaced")?.n;
            let [removed, replaced] = ["removed", "replaced"].map(|metric| pair(numbers, contender.name, metric));
            Some(vec![contender.label.to_owned(), removed, replaced, n.to_string()])
        })
        .collect();
    let text = "From SIGKILL of one of two workers to its removal and to the registration of another one, by the scheduler's \
                own log of events; milliseconds, median (p95).\n\n";
    (!rows.is_empty()).then(|| text.to_owned() + &table(&["contender", "removed", "replaced", "n"], &rows))
}

/// `caddis run`, warm and cold.
pub(super) fn commands(numbers: &Numbers) -> Option<String> {
    let lines = [
        ("run", "first_line", "`caddis run` on a cluster that is there, to the script's first line"),
        ("run", "end", "the same, to the end of the command"),
        ("run-fresh", "first_line", "`caddis run` with a cluster of its own, to the script's first line"),
        ("run-fresh", "end", "the same, to the end of the command"),
        ("cold", "end", "`caddis run` of a trivial job, nothing running before, to the end of the command"),
        ("cold-local", "end", "`python` of the same job with LocalCluster, to the end of the command"),
    ];
    let row = |(name, metric, label): &(&str, &str, &str)| {
        let n = numbers.summary(name, metric)?.n;
        Some(vec![(*label).to_owned(), pair(numbers, name, metric), n.to_string()])
    };
    let rows: Vec<Vec<String>> = lines.iter().filter_map(row).collect();
    (!rows.is_empty()).then(|| table(&["milliseconds, median (p95)", "", "n"], &rows))
}

/// Many jobs at once.
pub(super) fn many(numbers: &Numbers, jobs: u32) -> Option<String> {
    let submit = numbers.summary("many", "submit")?;
    let one = |metric: &str| shown(numbers.summary("many", metric).map(|summary| summary.median));
    Some(format!(
        "{jobs} jobs of one worker each, 20 requests under way at one time. Submitted: p50 {} ms, p95 {} ms, p99 {} ms, \
         max {} ms. All ended after {} s: {} succeeded, {} lost, {} never ran, {} ran twice. The pool has {} slots; at \
         most {} were used by its own account and {} workers were in the process table, in {} looks.\n",
        shown(Some(submit.median)),
        shown(Some(submit.p95)),
        shown(Some(submit.p99)),
        shown(Some(submit.max)),
        one("total_s"),
        one("succeeded"),
        one("lost"),
        one("never_ran"),
        one("ran_twice"),
        one("pool_slots"),
        one("most_slots_used"),
        one("most_worker_processes"),
        one("looks")
    ))
}

/// What idles.
pub(super) fn idle(numbers: &Numbers) -> Option<String> {
    let processes =
        [("server", "server"), ("keeper", "keeper"), ("fork-server", "fork server (one a Python environment)")];
    let whens = [("fresh", "after its start"), ("used", "after all of the above but cold")];
    let mut rows = Vec::new();
    for (process, label) in processes {
        for (when, about) in whens {
            let name = format!("idle-{process}-{when}");
            if numbers.summary(&name, "resident_mb").is_some() {
                let one = |metric: &str| shown(numbers.summary(&name, metric).map(|summary| summary.median));
                rows.push(vec![
                    format!("{label}, {about}"),
                    one("resident_mb"),
                    one("proportional_mb"),
                    one("cpu_percent"),
                ]);
            }
        }
    }
    let heading = ["over 10 s", "resident MB", "proportional MB", "% of a core"];
    (!rows.is_empty()).then(|| table(&heading, &rows))
}
