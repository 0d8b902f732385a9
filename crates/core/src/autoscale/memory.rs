//! What is carried from one look to the next. It is stored with the cluster's record, so that a restart decides as the
//! process before it would have. It does not grow with the cluster's age.

use caddis_types::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

use super::Unhelped;

/// What earlier looks left.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// Since when fewer workers would be enough.
    pub shrink_since: Option<Timestamp>,
    /// When it last asked for more.
    pub grew_at: Option<Timestamp>,
    /// When it last let some go.
    pub shrank_at: Option<Timestamp>,
    /// How often of late workers that went were asked for again soon.
    pub again: u32,
    /// How many workers were needed of late, the largest first and the youngest last.
    pub levels: Vec<Level>,
    /// Since when nothing runs or waits.
    pub idle_since: Option<Timestamp>,
    /// How long pauses lasted that are over.
    pub pauses: Pauses,
    /// Tasks that a worker was there for and could not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unhelped: Option<Unhelped>,
}

/// So many workers were needed at this time, and fewer ever since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// When last.
    pub at: Timestamp,
    /// How many.
    pub workers: u32,
}

/// How long pauses last here: counts by length, where bucket `n` holds lengths up to 2^n seconds. Old ones fade.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pauses(#[serde(serialize_with = "shortly")] pub Vec<f32>);

/// In as few digits as tell them apart.
fn shortly<S: Serializer>(counts: &[f32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(counts.iter().map(|count| count.to_string().parse::<f64>().unwrap_or_default()))
}

/// Up to 1, 2, 4, ... 4096 seconds, and longer.
const BUCKETS: usize = 14;
/// What is left of an older count when a pause is added: the last ten or so speak.
const FADE: f32 = 0.9;

impl Pauses {
    /// Takes in one that is over.
    pub fn add(&mut self, seconds: f64) {
        self.0.resize(BUCKETS, 0.0);
        self.0.iter_mut().for_each(|count| *count *= FADE);
        let bucket = (0..BUCKETS - 1).find(|bucket| seconds <= Pauses::longest(*bucket)).unwrap_or(BUCKETS - 1);
        self.0[bucket] += 1.0;
    }

    /// Whether none was seen.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Lengths, and how often they came or, by `doubt`, might have: any from two seconds to nine minutes.
    pub fn expected(&self, doubt: f64) -> impl Iterator<Item = (f64, f64)> {
        let count = |bucket| self.0.get(bucket).map_or(0.0, |count| f64::from(*count));
        let doubt = move |bucket| if (1..10).contains(&bucket) { doubt } else { 0.0 };
        (0..BUCKETS).map(move |bucket| (Pauses::longest(bucket), doubt(bucket) + count(bucket)))
    }

    fn longest(bucket: usize) -> f64 {
        (1u64 << bucket) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_counted_by_length_and_fade() {
        let mut pauses = Pauses::default();
        for seconds in [0.2, 3.0, 1e9] {
            pauses.add(seconds);
        }
        let seen: Vec<(f64, f64)> = pauses.expected(0.0).filter(|(_, count)| *count > 0.0).collect();
        assert_eq!(seen.iter().map(|(length, _)| *length).collect::<Vec<_>>(), [1.0, 4.0, 8192.0]);
        assert!(seen[0].1 < seen[1].1 && seen[1].1 < seen[2].1, "{seen:?}");
        (0..500).for_each(|_| pauses.add(5.0));
        let count: f64 = pauses.expected(0.0).map(|(_, count)| count).sum();
        assert!((count - 10.0).abs() < 0.01 && pauses.0.len() == BUCKETS);
    }
}
