//! What one of several jobs used of a cluster that outlives them: its part of the lines that name it.

use caddis_types::money::share;
use caddis_types::{JobId, NanoDollars};

use crate::record::{LedgerKind, LedgerLine};

/// A job's part of a cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Worker time, microseconds: of lines that name several jobs an equal part, as of their cost.
    pub worker_micros: i64,
    /// The most workers at one time, those of others who ran beside it included.
    pub workers_peak: u32,
    /// Cost, schedulers included.
    pub cost: NanoDollars,
}

/// Adds up the part of `job`. The lines may be of several clusters, and hold those of other jobs.
pub fn part_of(job: &JobId, lines: &[LedgerLine]) -> Part {
    let mut part = Part::default();
    let mut edges = Vec::new();
    for line in lines {
        let Some(number) = line.jobs().iter().position(|other| other == job) else { continue };
        part.cost += line.cost.part(number, line.jobs().len());
        if line.kind == LedgerKind::Worker {
            part.worker_micros += share(line.micros(), number, line.jobs().len());
            edges.extend([(line.started_at, 1), (line.ended_at, -1)]);
        }
    }
    // Who goes in the moment in which another comes was not there beside it: ends stand before beginnings.
    edges.sort_unstable();
    let mut there = 0i64;
    for (_, step) in edges {
        there += step;
        part.workers_peak = part.workers_peak.max(u32::try_from(there).unwrap_or(0));
    }
    part
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use caddis_types::Timestamp;

    use super::*;
    use crate::arbitrary::{dice, plain_cluster};

    #[test]
    fn a_job_has_its_part_of_the_lines_that_name_it_and_of_no_others() {
        let (mine, other) = (JobId::new(Timestamp(1), &mut dice(1)), JobId::new(Timestamp(2), &mut dice(2)));
        let line = |kind, from: i64, to: i64, jobs: &[&JobId]| LedgerLine {
            key: String::new(),
            owner: "ann".into(),
            cluster: plain_cluster(1, 1).id,
            job: None,
            shared: jobs.iter().map(|job| (*job).clone()).collect(),
            tags: BTreeMap::new(),
            profile: String::new(),
            machine: String::new(),
            kind,
            preemptible: false,
            idle: false,
            started_at: Timestamp(from),
            ended_at: Timestamp(to),
            price_hour: NanoDollars(0),
            minimum_micros: 0,
            cost: NanoDollars(to - from),
        };
        let lines = [
            line(LedgerKind::Scheduler, 0, 101, &[&mine, &other]),
            line(LedgerKind::Worker, 0, 50, &[&mine]),
            line(LedgerKind::Worker, 50, 70, &[&mine]),
            line(LedgerKind::Worker, 10, 41, &[&mine, &other]),
            line(LedgerKind::Worker, 0, 500, &[&other]),
            line(LedgerKind::Worker, 0, 500, &[]),
        ];
        let part = part_of(&mine, &lines);
        assert_eq!((part.worker_micros, part.workers_peak, part.cost), (50 + 20 + 16, 2, NanoDollars(51 + 50 + 20 + 16)));
        let rest = part_of(&other, &lines);
        assert_eq!((rest.worker_micros, rest.cost), (15 + 500, NanoDollars(50 + 15 + 500)), "the parts add up");
    }
}
