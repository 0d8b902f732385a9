//! What is aimed at, and whether a run reached it. The figures are the project's own; a peer's number is always the
//! one of the same run.

use serde_json::{Value, json};

use super::args::Arguments;
use super::numbers::{Numbers, Summary};

/// One aim.
pub(super) struct Aim {
    /// The contender or part it is about.
    pub(super) name: &'static str,
    /// For people.
    pub(super) text: String,
    /// What was measured; absent when it was not.
    pub(super) value: Option<f64>,
    /// What it may be at most.
    pub(super) limit: Option<f64>,
    /// `ms`, `MB`, ...
    pub(super) unit: &'static str,
}

impl Aim {
    /// Whether it was reached; of what was not measured, nothing is said.
    pub(super) fn reached(&self) -> Option<bool> {
        Some(self.value? <= self.limit?)
    }

    /// For the JSON file.
    pub(super) fn json(&self) -> Value {
        json!({
            "about": self.name, "aim": self.text, "value": self.value, "limit": self.limit, "unit": self.unit,
            "reached": self.reached(),
        })
    }
}

/// All aims that this run says something of.
pub(super) fn aims(numbers: &Numbers, arguments: &Arguments) -> Vec<Aim> {
    let aims = Aims { numbers };
    let mut all = aims.starts();
    all.extend(aims.others(f64::from(arguments.jobs)));
    all.retain(|aim| aim.reached().is_some());
    all
}

struct Aims<'a> {
    numbers: &'a Numbers,
}

impl Aims<'_> {
    fn starts(&self) -> Vec<Aim> {
        let (all, tls) = ("caddis", "caddis-tls");
        vec![
            self.ms(all, "task", "first task, TLS and dashboard", 160.0),
            self.share(all, "local", 0.35, "0.35 x LocalCluster with dashboard"),
            self.share(
                "caddis-page",
                "local-page",
                1.0,
                "with the first page loaded before, faster than LocalCluster so",
            ),
            self.share(all, "gateway", 0.1, "a tenth of dask-gateway"),
            self.steady(all, "first task, TLS and dashboard: p95 under 1.5 x p50"),
            self.ms(tls, "task", "first task, TLS only", 130.0),
            self.share(
                tls,
                "local-tls",
                0.25,
                "0.25 x LocalCluster with TLS (`security=True`, made while timed, as ours)",
            ),
            self.share(tls, "local-tls-made", 0.25, "0.25 x LocalCluster with TLS, its credentials made before"),
            self.share(tls, "local-fork", 1.0, "faster than LocalCluster's `forkserver` without TLS"),
            self.steady(tls, "first task, TLS only: p95 under 1.5 x p50"),
        ]
    }

    fn others(&self, jobs: f64) -> Vec<Aim> {
        let mut all = vec![
            self.aim(
                "cold",
                "end",
                "cold `caddis run` no slower than `python` with LocalCluster",
                self.median("cold-local", "end"),
                "ms",
            ),
            self.ms("run", "first_line", "warm `caddis run` to the script's first line", 250.0),
            self.ms("kill", "replaced", "a killed worker replaced", 100.0),
        ];
        for when in ["fresh", "used"] {
            let (server, keeper) = match when {
                "fresh" => ("idle-server-fresh", "idle-keeper-fresh"),
                _ => ("idle-server-used", "idle-keeper-used"),
            };
            all.push(self.aim(server, "resident_mb", &format!("server resident, {when}"), Some(30.0), "MB"));
            all.push(self.aim(keeper, "resident_mb", &format!("keeper resident, {when}"), Some(10.0), "MB"));
        }
        let many = |text: &str, value: Option<f64>, limit: Option<f64>, unit| Aim {
            name: "many",
            text: text.to_owned(),
            value,
            limit,
            unit,
        };
        let p99 = self.numbers.summary("many", "submit").map(|summary| summary.p99);
        all.push(many("submit latency, p99", p99, Some(50.0), "ms"));
        all.push(many(
            "jobs that did not succeed",
            self.median("many", "succeeded").map(|done| jobs - done),
            Some(0.0),
            "",
        ));
        for (metric, text) in
            [("lost", "jobs lost"), ("never_ran", "jobs that never ran"), ("ran_twice", "jobs that ran twice")]
        {
            all.push(many(text, self.median("many", metric), Some(0.0), ""));
        }
        let pool = self.median("many", "pool_slots");
        all.push(many("most slots used of the pool's", self.median("many", "most_slots_used"), pool, "slots"));
        all.push(many(
            "most workers in the process table",
            self.median("many", "most_worker_processes"),
            pool,
            "workers",
        ));
        all
    }

    fn median(&self, name: &str, metric: &str) -> Option<f64> {
        self.numbers.summary(name, metric).map(|summary| summary.median)
    }

    fn aim(&self, name: &'static str, metric: &str, text: &str, limit: Option<f64>, unit: &'static str) -> Aim {
        Aim { name, text: text.to_owned(), value: self.median(name, metric), limit, unit }
    }

    fn ms(&self, name: &'static str, metric: &str, text: &str, limit: f64) -> Aim {
        self.aim(name, metric, text, Some(limit), "ms")
    }

    /// At most a share of a peer's first task.
    fn share(&self, name: &'static str, peer: &str, share: f64, text: &str) -> Aim {
        self.aim(name, "task", text, self.median(peer, "task").map(|peer| peer * share), "ms")
    }

    fn steady(&self, name: &'static str, text: &str) -> Aim {
        let summary: Option<Summary> = self.numbers.summary(name, "task");
        let (value, limit) = (summary.map(|summary| summary.p95), summary.map(|summary| summary.median * 1.5));
        Aim { name, text: text.to_owned(), value, limit, unit: "ms" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments() -> Arguments {
        Arguments { rounds: 1, only: Vec::new(), out: None, seed: None, python: None, binary: None, jobs: 2 }
    }

    #[test]
    fn only_what_was_measured_is_judged() {
        assert!(aims(&Numbers::default(), &arguments()).is_empty());
        let mut numbers = Numbers::default();
        numbers.push("caddis", "task", 150.0);
        let found = aims(&numbers, &arguments());
        let reached = |text: &str| found.iter().find(|aim| aim.text.contains(text)).map(|aim| aim.reached());
        assert_eq!(reached("first task, TLS and dashboard"), Some(Some(true)));
        assert_eq!(reached("a tenth"), None, "without the peer nothing is claimed");
        assert_eq!(reached("TLS only"), None);
    }

    #[test]
    fn a_peer_of_the_same_run_decides() {
        let mut numbers = Numbers::default();
        numbers.push("caddis", "task", 150.0);
        numbers.push("local", "task", 400.0);
        numbers.push("many", "succeeded", 1.0);
        let found = aims(&numbers, &arguments());
        let of = |text: &str| found.iter().find(|aim| aim.text.contains(text)).expect("judged");
        assert_eq!((of("0.35 x").limit, of("0.35 x").reached()), (Some(140.0), Some(false)));
        assert_eq!((of("did not succeed").value, of("did not succeed").reached()), (Some(1.0), Some(false)));
    }
}
