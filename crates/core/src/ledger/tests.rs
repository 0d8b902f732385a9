//! The books: what must hold for any history, and the plain cases by hand.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use caddis_types::api::CostBy;
use caddis_types::{JobId, NanoDollars, Timestamp};
use proptest::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::report::{Sum, clip, clip_living, groups, sums};
use super::{FixedCost, Life, book, enter, open, usage};
use crate::arbitrary::{NOW, cases, dice, plain_cluster};
use crate::plan::Plan;
use crate::prices::{Role, Tariff};
use crate::record::{ClusterRecord, LedgerKind, LedgerLine, MemberPhase, SchedulerRecord, SlotRecord};
use crate::world::Member;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

fn lived(seconds: i64) -> Life {
    Life { started_at: NOW, lived: Duration::from_secs(seconds.unsigned_abs()) }
}

fn whole(cluster: &ClusterRecord, life: Life) -> Vec<LedgerLine> {
    book(cluster, &Member::Scheduler, life, true, &Tariff::default())
}

fn job(number: u64) -> JobId {
    JobId::new(NOW, &mut dice(number))
}

/// A tariff whose only machine changes its price at these moments; each price is one dollar more.
fn changing(moments: &[Timestamp]) -> Tariff {
    let mut list = (*crate::prices::built_in()).clone();
    let mut row = list.machine("us-central1", "n2-standard-4", NOW).unwrap().clone();
    list.machines.clear();
    row.from = Timestamp(0);
    list.machines.push(row.clone());
    for moment in moments {
        row.from = *moment;
        row.on_demand_hour += NanoDollars(1_000_000_000);
        list.machines.push(row.clone());
    }
    Tariff { list: Arc::new(list), ..Tariff::default() }
}

#[test]
fn a_short_life_is_paid_for_a_minute_and_what_never_ran_for_nothing() {
    let cluster = plain_cluster(1, 1);
    let price = cluster.shape.scheduler_price_hour;
    let cost = |seconds: i64| whole(&cluster, lived(seconds)).iter().map(|line| line.cost).sum::<NanoDollars>();
    assert_eq!(cost(0), NanoDollars(0));
    assert_eq!(cost(1), price.for_span(Duration::from_secs(60)));
    assert_eq!(cost(60), price.for_span(Duration::from_secs(60)));
    assert_eq!(cost(61), price.for_span(Duration::from_secs(61)));
    let line = &whole(&cluster, lived(10))[0];
    assert_eq!((line.micros(), line.minimum_micros), (10 * SECOND, 50 * SECOND));
}

#[test]
fn a_life_is_cut_at_midnight_and_where_a_price_changes() {
    let cluster = plain_cluster(1, 1);
    let midnight = NOW.next_day();
    let change = Timestamp(midnight.0 + 3600 * SECOND);
    let life = Life::between(NOW, Timestamp(change.0 + 5));
    let lines = book(&cluster, &Member::Scheduler, life, true, &changing(&[change]));
    let ends: Vec<_> = lines.iter().map(|line| line.ended_at).collect();
    assert_eq!(ends, [midnight, change, life.at()]);
    let keys: Vec<_> = lines.iter().map(|line| line.key.rsplit('/').next().unwrap()).collect();
    assert_eq!(keys, ["scheduler.1", "scheduler.1#2", "scheduler.1#3"]);
    assert_eq!(lines[2].price_hour.0 - lines[1].price_hour.0, 1_000_000_000);
    // A clock that was wrong by decades.
    let mad = book(&cluster, &Member::Scheduler, Life::between(Timestamp(0), Timestamp(50 * 365 * DAY)), true, &changing(&[]));
    assert_eq!(mad.len(), 1);
}

#[test]
fn the_jobs_of_a_cluster_that_outlives_them_have_equal_parts() {
    let mut cluster = plain_cluster(1, 1);
    cluster.account.jobs = vec![job(1), job(2), job(3)];
    let mut plan = Plan::keep(cluster);
    let lines = whole(&plan.record, lived(100));
    enter(&mut plan, &Member::Scheduler, lines, true);
    let parts: Vec<i64> = plan.record.account.shares.values().map(|cost| cost.0).collect();
    assert_eq!(parts.iter().sum::<i64>(), plan.record.cost.0);
    assert!(parts.iter().max().unwrap() - parts.iter().min().unwrap() <= 1, "{parts:?}");
    let (by_job, total) = groups(sums(&plan.ledger, CostBy::Job, None), CostBy::Job);
    assert_eq!(by_job.len(), 3);
    assert_eq!(by_job.iter().map(|group| group.cost).sum::<NanoDollars>(), total.cost);
    assert_eq!(by_job.iter().map(|group| group.micros).sum::<i64>(), total.micros);
}

#[test]
fn what_is_open_is_what_would_be_written() {
    let mut cluster = plain_cluster(1, 1);
    let phase = MemberPhase::Running { started_at: NOW, pid: 1, ready_at: Some(NOW) };
    cluster.scheduler = Some(SchedulerRecord { phase, address: None, dashboard_port: None });
    let now = NOW + Duration::from_secs(7200);
    let lines = open(&cluster, None, &Tariff::default(), now);
    assert_eq!(lines, whole(&cluster, lived(7200)));
    assert_eq!(usage(&cluster, &lines).1, NanoDollars(2 * cluster.shape.scheduler_price_hour.0));
    assert!(open(&cluster, None, &Tariff::default(), Timestamp(NOW.0 - DAY)).iter().all(|line| line.micros() == 0));
}

#[test]
fn what_lives_keeps_its_minimum_though_it_is_read_after_the_question() {
    let cluster = plain_cluster(1, 1);
    let line = &whole(&cluster, lived(10))[0];
    let asked = Timestamp(line.ended_at.0 - 5);
    let minute = cluster.shape.scheduler_price_hour.for_span(Duration::from_secs(60));
    assert_eq!(clip_living(line, NOW, asked, asked).map(|line| line.cost), Some(minute));
    let past = Timestamp(NOW.0 + 5 * SECOND);
    assert_eq!(clip_living(line, NOW, past, asked), clip(line, NOW, past), "a part of the past has no end of a life in it");
}

#[test]
fn a_month_of_a_fixed_cost_is_a_month_and_its_parts_add_up() {
    let composer = FixedCost { name: "composer".into(), month: NanoDollars(300_000_000_001), from: None, until: None };
    let february = Timestamp::parse("2027-02-01").unwrap();
    let cost = |since: Timestamp, until: Timestamp| composer.between(since, until).0;
    assert_eq!(cost(february, february.next_month()), composer.month.0);
    assert_eq!(cost(Timestamp::parse("2026-01-01").unwrap(), Timestamp::parse("2027-01-01").unwrap()), 12 * composer.month.0);
    let days: Vec<_> = std::iter::successors(Some(february), |day| Some(day.next_day())).take(29).collect();
    assert_eq!(days.windows(2).map(|pair| cost(pair[0], pair[1])).sum::<i64>(), composer.month.0);
    let half = FixedCost { from: Some(Timestamp(february.0 + 14 * DAY)), ..composer.clone() };
    assert_eq!(half.between(february, february.next_month()).0, composer.month.0 - composer.month.0 / 2);
    let over = FixedCost { until: Some(february), ..composer };
    assert_eq!(over.between(february, february.next_month()).0, 0);
}

/// The life of a scheduler or worker, and what was written of it.
struct History {
    member: Member,
    role: Role,
    tariff: Tariff,
    lines: Vec<LedgerLine>,
    life: Life,
    record: ClusterRecord,
}

/// A life that is cut at random moments on random terms.
fn history(dice: &mut ChaCha8Rng) -> History {
    let moments: Vec<_> = (0..dice.random_range(0..4)).map(|_| Timestamp(NOW.0 + dice.random_range(0..3 * DAY))).collect();
    let mut moments = moments;
    moments.sort_unstable();
    let tariff = changing(&moments);
    let mut cluster = plain_cluster(1, 1);
    cluster.owner = ["ann", "bob"][dice.random_range(0..2)].to_owned();
    cluster.id = caddis_types::ClusterId::new(NOW, dice);
    cluster.tags = BTreeMap::from([("team".to_owned(), ["risk", "web"][dice.random_range(0..2)].to_owned())]);
    let role = [Role::Scheduler, Role::Worker, Role::Preemptible][dice.random_range(0..3)];
    let member = if role == Role::Scheduler { Member::Scheduler } else { Member::Worker { slot: 2, attempt: 1 } };
    cluster.slots.insert(2, SlotRecord::first(NOW, role == Role::Preemptible));
    let mut plan = Plan::keep(cluster);
    let started_at = Timestamp(NOW.0 + dice.random_range(0..DAY));
    let mut micros = 0;
    for _ in 0..dice.random_range(0..6) {
        // The clock of whoever looks may show anything: only how long it lived counts, and that is heard late or twice.
        micros += [0, dice.random_range(0..90 * SECOND), dice.random_range(0..2 * DAY)][dice.random_range(0..3)];
        let seen = micros - dice.random_range(0..=micros.min(10 * SECOND));
        let life = Life { started_at, lived: Duration::from_micros(seen.unsigned_abs()) };
        let lines = book(&plan.record, &member, life, false, &tariff);
        enter(&mut plan, &member, lines, false);
        let jobs = (0..dice.random_range(0..4)).map(job).collect();
        plan.record.account.jobs = jobs;
        plan.record.account.idle = dice.random();
    }
    let life = Life { started_at, lived: Duration::from_micros(micros.unsigned_abs()) };
    let lines = book(&plan.record, &member, life, true, &tariff);
    enter(&mut plan, &member, lines, true);
    History { member, role, tariff, lines: plan.ledger, life, record: plan.record }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn the_lines_of_a_life_are_its_partition(seed in any::<u64>()) {
        let History { member, lines, life, record, .. } = history(&mut dice(seed));
        let mut at = life.started_at;
        for (number, line) in lines.iter().enumerate() {
            prop_assert_eq!(line.started_at, at, "a gap or an overlap before {}", line.key);
            prop_assert!(line.ended_at >= line.started_at);
            prop_assert!(line.ended_at <= line.started_at.next_day(), "within one day");
            let suffix = if number == 0 { member.to_string() } else { format!("{member}#{}", number + 1) };
            prop_assert!(line.key.ends_with(&format!("/{suffix}")), "{}", line.key);
            at = line.ended_at;
        }
        prop_assert_eq!(at, life.at());
        prop_assert!(!lines.is_empty() && record.account.meters.is_empty());
        let billed: i64 = lines.iter().map(|line| line.micros() + line.minimum_micros).sum();
        let lived = life.lived.as_micros() as i64;
        prop_assert_eq!(billed, if lived == 0 { 0 } else { lived.max(60 * SECOND) });
        let cost: i64 = lines.iter().map(|line| line.cost.0).sum();
        prop_assert_eq!(cost, record.cost.0);
    }

    #[test]
    fn each_line_has_the_price_of_what_it_is_about_when_it_began(seed in any::<u64>()) {
        let History { role, tariff, lines, record, .. } = history(&mut dice(seed));
        for line in &lines {
            prop_assert_eq!(line.price_hour, tariff.price(&record.shape, role, line.started_at), "{}", line.key);
            prop_assert_eq!((line.preemptible, line.kind == LedgerKind::Worker), (role == Role::Preemptible, role != Role::Scheduler));
            let span = line.ended_at.since(line.started_at) + Duration::from_micros(line.minimum_micros.unsigned_abs());
            prop_assert_eq!(line.cost, line.price_hour.for_span(span));
            let other = if role == Role::Preemptible { Role::Worker } else { Role::Preemptible };
            prop_assert_ne!(line.price_hour, tariff.price(&record.shape, other, line.started_at), "the prices tell them apart");
        }
    }

    #[test]
    fn groups_add_up_to_the_total_by_whatever_they_are_grouped(seed in any::<u64>()) {
        let mut dice = dice(seed);
        let lines: Vec<_> = (0..5).flat_map(|_| history(&mut dice).lines).collect();
        let cost: NanoDollars = lines.iter().map(|line| line.cost).sum();
        let micros: i64 = lines.iter().map(LedgerLine::micros).sum();
        for by in CostBy::ALL {
            let (groups, total) = groups(sums(&lines, *by, Some("team")), *by);
            prop_assert_eq!((total.cost, total.micros), (cost, micros), "{:?}", by);
            let both = |group: &caddis_types::api::CostGroup| group.used + group.idle;
            prop_assert_eq!(groups.iter().map(both).sum::<NanoDollars>(), cost, "{:?}", by);
            prop_assert_eq!(groups.iter().map(|group| group.micros).sum::<i64>(), micros, "{:?}", by);
        }
    }

    #[test]
    fn the_parts_of_times_that_follow_each_other_add_up(seed in any::<u64>()) {
        let mut dice = dice(seed);
        let History { lines, life, .. } = history(&mut dice);
        let mut edges: Vec<_> = (0..5).map(|_| Timestamp(life.started_at.0 + dice.random_range(-SECOND..6 * DAY))).collect();
        // A line that has no length lies at the beginning of a part.
        edges.extend([Timestamp(0), Timestamp(i64::MAX), life.at()]);
        edges.sort_unstable();
        let parts: Vec<Sum> = edges.windows(2).flat_map(|pair| {
            let inside: Vec<_> = lines.iter().filter_map(|line| clip(line, pair[0], pair[1])).collect();
            sums(&inside, CostBy::Owner, None)
        }).collect();
        let (cost, micros): (i64, i64) = (parts.iter().map(|sum| sum.cost.0).sum(), parts.iter().map(|sum| sum.micros).sum());
        prop_assert_eq!(cost, lines.iter().map(|line| line.cost.0).sum::<i64>());
        prop_assert_eq!(micros, life.lived.as_micros() as i64);
    }
}
