//! Samples and what is said of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Samples by contender and metric, in the order they were taken, and how often each contender failed.
#[derive(Debug, Default)]
pub(in crate::bench) struct Numbers {
    series: BTreeMap<String, BTreeMap<String, Vec<f64>>>,
    failures: BTreeMap<String, Vec<String>>,
}

impl Numbers {
    /// One more sample.
    pub(in crate::bench) fn push(&mut self, name: &str, metric: &str, value: f64) {
        self.series.entry(name.to_owned()).or_default().entry(metric.to_owned()).or_default().push(value);
    }

    /// A measurement that came to nothing.
    pub(in crate::bench) fn fail(&mut self, name: &str, why: String) {
        self.failures.entry(name.to_owned()).or_default().push(why);
    }

    /// How often this one failed.
    pub(in crate::bench) fn failures(&self, name: &str) -> usize {
        self.failures.get(name).map_or(0, Vec::len)
    }

    /// How often anything failed.
    pub(in crate::bench) fn failures_of_all(&self) -> usize {
        self.failures.values().map(Vec::len).sum()
    }

    /// What is said of a series; of one without samples, nothing.
    pub(in crate::bench) fn summary(&self, name: &str, metric: &str) -> Option<Summary> {
        Summary::of(self.series.get(name)?.get(metric)?)
    }

    /// All samples of a series together; of one without samples, nothing.
    pub(in crate::bench) fn sum(&self, name: &str, metric: &str) -> Option<f64> {
        Some(self.series.get(name)?.get(metric)?.iter().sum())
    }

    /// Everything, samples included.
    pub(in crate::bench) fn json(&self) -> Value {
        let metric = |samples: &Vec<f64>| {
            let summary = Summary::of(samples).map(|summary| summary.json());
            json!({"summary": summary, "samples": samples.iter().map(|value| tidy(*value)).collect::<Vec<_>>()})
        };
        let metrics = |metrics: &BTreeMap<String, Vec<f64>>| -> Value {
            metrics
                .iter()
                .map(|(name, samples)| (name.clone(), metric(samples)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        let series: serde_json::Map<_, _> =
            self.series.iter().map(|(name, all)| (name.clone(), metrics(all))).collect();
        json!({"series": series, "failures": self.failures})
    }
}

/// Order statistics of one series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::bench) struct Summary {
    pub(in crate::bench) n: usize,
    pub(in crate::bench) min: f64,
    pub(in crate::bench) median: f64,
    pub(in crate::bench) p95: f64,
    pub(in crate::bench) p99: f64,
    pub(in crate::bench) max: f64,
}

impl Summary {
    pub(in crate::bench) fn of(samples: &[f64]) -> Option<Summary> {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let n = sorted.len();
        let median = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0;
        Some(Summary { n, min, median, p95: rank(&sorted, 95), p99: rank(&sorted, 99), max })
    }

    fn json(&self) -> Value {
        let Summary { n, min, median, p95, p99, max } = *self;
        json!({
            "n": n, "min": tidy(min), "median": tidy(median), "p95": tidy(p95), "p99": tidy(p99), "max": tidy(max),
        })
    }
}

/// The nearest rank: a value that was measured, the smallest that so many percent of all do not exceed.
fn rank(sorted: &[f64], percent: usize) -> f64 {
    let place = (sorted.len() * percent).div_ceil(100).max(1);
    sorted[place - 1]
}

/// Microseconds are noise.
fn tidy(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_statistics() {
        assert_eq!(Summary::of(&[]), None);
        let one = Summary::of(&[7.0]).unwrap();
        assert_eq!((one.median, one.p95, one.p99), (7.0, 7.0, 7.0));
        let even = Summary::of(&[4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!((even.min, even.median, even.p95, even.max), (1.0, 2.5, 4.0, 4.0));
        let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        let hundred = Summary::of(&hundred).unwrap();
        assert_eq!((hundred.median, hundred.p95, hundred.p99), (50.5, 95.0, 99.0));
        let two_hundred: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!(Summary::of(&two_hundred).unwrap().p99, 198.0);
    }

    #[test]
    fn failures_are_counted_beside_samples() {
        let mut numbers = Numbers::default();
        numbers.push("a", "task", 1.0);
        numbers.fail("a", "no".into());
        numbers.fail("b", "no".into());
        assert_eq!((numbers.failures("a"), numbers.failures("c"), numbers.failures_of_all()), (1, 0, 2));
        assert!(numbers.summary("b", "task").is_none());
    }
}
