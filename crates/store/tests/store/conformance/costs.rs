//! The ledger added up.

use std::collections::BTreeMap;

use caddis_core::ledger::report::{clip, groups, sums};
use caddis_core::record::{LedgerKind, LedgerLine};
use caddis_engine::ports::{Change, CostFilter};
use caddis_types::api::CostBy;
use caddis_types::{NanoDollars, Timestamp};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Trial;
use crate::support::{at, cluster, cluster_id, ended_cluster, job_id, line};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

/// Lines of two owners over five days around 1970, some without a length and one of years.
fn lines(dice: &mut ChaCha8Rng) -> Vec<LedgerLine> {
    let one = |number: u64, dice: &mut ChaCha8Rng| {
        let started_at = Timestamp(dice.random_range(-48..72) * HOUR);
        let length = if dice.random_bool(0.2) { 0 } else { dice.random_range(1..DAY) };
        let shared = if dice.random_bool(0.3) { vec![job_id(1), job_id(2), job_id(3)] } else { Vec::new() };
        LedgerLine {
            owner: ["ada", "bob"][dice.random_range(0..2)].to_owned(),
            job: shared.is_empty().then(|| job_id(dice.random_range(1..4))).filter(|_| number.is_multiple_of(2)),
            shared,
            tags: match dice.random_range(0..3) {
                0 => BTreeMap::new(),
                1 => BTreeMap::from([("team".to_owned(), "it's \"quoted\" \u{1f980}".to_owned())]),
                _ => BTreeMap::from([("team".to_owned(), "risk".to_owned()), ("other".to_owned(), "x".to_owned())]),
            },
            profile: ["standard", ""][dice.random_range(0..2)].to_owned(),
            kind: [LedgerKind::Scheduler, LedgerKind::Worker][dice.random_range(0..2)],
            preemptible: dice.random(),
            idle: dice.random(),
            started_at,
            ended_at: Timestamp(started_at.0 + length),
            cost: NanoDollars(dice.random_range(0..1_000_000_000)),
            price_hour: NanoDollars(0),
            ..line(number % 7, &format!("worker-{number}"))
        }
    };
    let mut lines: Vec<_> = (0..120).map(|number| one(number, dice)).collect();
    let mad = LedgerLine { started_at: Timestamp(-900 * DAY), ended_at: Timestamp(900 * DAY), ..one(500, dice) };
    lines.push(mad);
    lines
}

pub(crate) async fn a_part_of_the_ledger_adds_up_to_what_its_lines_say(trial: Trial) {
    let mut dice = ChaCha8Rng::seed_from_u64(3);
    let lines = lines(&mut dice);
    trial.must(Change { ledger: lines.clone(), ..Change::default() }).await;
    for round in 0..60 {
        let (a, b) = (dice.random_range(-60..90) * HOUR, dice.random_range(-60..90) * HOUR);
        let (since, until) = (Timestamp(a.min(b)), Timestamp(a.max(b)));
        let by = CostBy::ALL[round % CostBy::ALL.len()];
        let owner = [None, Some("ada".to_owned())][dice.random_range(0..2)].clone();
        let tag = [None, Some("team".to_owned())][dice.random_range(0..2)].clone();
        let filter = CostFilter { owner: owner.clone(), since, until, by, tag: tag.clone() };
        let told = trial.store.costs(&filter).await.unwrap();
        let mut all = told.sums;
        let edges: Vec<_> = told.edges.iter().filter_map(|line| clip(line, since, until)).collect();
        all.extend(sums(&edges, by, tag.as_deref()));
        let own = lines.iter().filter(|line| owner.as_ref().is_none_or(|owner| *owner == line.owner));
        let expected: Vec<_> = own.filter_map(|line| clip(line, since, until)).collect();
        assert_eq!(groups(all, by), groups(sums(&expected, by, tag.as_deref()), by), "{filter:?}");
    }
}

pub(crate) async fn lines_across_the_ends_are_told_one_by_one(trial: Trial) {
    let of = |name: &str, from: i64, to: i64| LedgerLine { started_at: Timestamp(from), ended_at: Timestamp(to), ..line(1, name) };
    let lines = vec![
        of("before", 0, 10),
        of("into", 0, 11),
        of("within", 10, 20),
        of("beyond", 19, 21),
        of("across", 9, 21),
        of("after", 20, 30),
        of("nothing at the beginning", 10, 10),
        of("nothing at the end", 20, 20),
    ];
    trial.must(Change { ledger: lines, ..Change::default() }).await;
    let filter = CostFilter { since: Timestamp(10), until: Timestamp(20), by: CostBy::Owner, ..CostFilter::default() };
    let told = trial.store.costs(&filter).await.unwrap();
    let mut names: Vec<_> = told.edges.iter().map(|line| line.key.rsplit('/').next().unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(names, ["across", "beyond", "into"]);
    assert_eq!((told.sums.len(), told.sums[0].lines, told.sums[0].micros), (1, 2, 10));
    assert!(told.living.is_empty());
}

pub(crate) async fn living_clusters_are_told_with_the_sums(trial: Trial) {
    let clusters = vec![cluster(1), ended_cluster(cluster(2), 9), caddis_core::record::ClusterRecord { owner: "bob".into(), ..cluster(3) }];
    trial.must(Change { clusters, ..Change::default() }).await;
    let ids = async |owner: Option<&str>| {
        let filter = CostFilter { owner: owner.map(str::to_owned), until: at(100), ..CostFilter::default() };
        let living = trial.store.costs(&filter).await.unwrap().living;
        living.into_iter().map(|cluster| cluster.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(Some("ada")).await, [cluster_id(1)]);
    assert_eq!(ids(None).await, [cluster_id(3), cluster_id(1)]);
}
