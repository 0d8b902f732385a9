//! What was used and what it cost.

use std::collections::BTreeMap;

use caddis_client::CostQuery;
use caddis_core::ledger::FixedCost;
use caddis_core::record::{LedgerKind, LedgerLine};
use caddis_core::settings::Settings;
use caddis_engine::ports::Change;
use caddis_types::api::CostBy;
use caddis_types::{NanoDollars, Timestamp};

use crate::records::{NOW, cluster};
use crate::rig::Rig;

const HOUR: i64 = 3_600_000_000;

/// An hour of somebody's worker, in the past.
fn line(owner: &str, number: i64, team: &str) -> LedgerLine {
    let started_at = Timestamp(number * HOUR);
    LedgerLine {
        key: format!("cl_0123456789abcdef/worker-0000.{number}"),
        owner: owner.to_owned(),
        cluster: "cl_0123456789abcdef".parse().unwrap(),
        job: None,
        shared: Vec::new(),
        tags: BTreeMap::from([("team".to_owned(), team.to_owned())]),
        profile: "standard".to_owned(),
        machine: "n2-standard-4".to_owned(),
        kind: LedgerKind::Worker,
        preemptible: false,
        idle: number == 2,
        started_at,
        ended_at: Timestamp(started_at.0 + HOUR),
        price_hour: NanoDollars(1_000_000_000),
        minimum_micros: 0,
        cost: NanoDollars(1_000_000_000),
    }
}

#[tokio::test]
async fn costs_are_ones_own_unless_the_operator_asks_for_everybodys() {
    let rig = Rig::start().await;
    let ledger = vec![line(&rig.owner, 1, "risk"), line(&rig.owner, 2, "web"), line("somebody-else", 3, "web")];
    rig.put(Change { ledger, ..Change::default() }).await;
    let whole = CostQuery { since: Some(Timestamp(0)), until: Some(Timestamp(100 * HOUR)), ..CostQuery::default() };
    let own = rig.client.cost(&whole).await.unwrap();
    assert_eq!((own.usage.cost.0, own.usage.idle.0, own.owner), (2_000_000_000, 1_000_000_000, Some(rig.owner.clone())));
    assert!(own.forecast.is_none(), "it ends in the past");
    let tagged = CostQuery { by: CostBy::Tag, tag: Some("team".into()), everybody: true, ..whole.clone() };
    let all = rig.client.cost(&tagged).await.unwrap();
    let groups: Vec<_> = all.groups.iter().map(|group| (group.group.as_deref().unwrap(), group.cost.0)).collect();
    assert_eq!(groups, [("web", 2_000_000_000), ("risk", 1_000_000_000)]);
    let part = CostQuery { since: Some(Timestamp(HOUR * 3 / 2)), until: Some(Timestamp(2 * HOUR)), ..whole };
    assert_eq!(rig.client.cost(&part).await.unwrap().usage.cost.0, 500_000_000, "a part of a line has its part of the cost");
}

#[tokio::test]
async fn what_lives_is_counted_until_now_and_forecast() {
    let rig = Rig::start().await;
    rig.put_cluster(cluster(&rig.owner, None)).await;
    rig.put_cluster(cluster("somebody-else", None)).await;
    let since = CostQuery { since: Some(NOW), by: CostBy::Kind, ..CostQuery::default() };
    let report = rig.client.cost(&since).await.unwrap();
    let [group] = report.groups.as_slice() else { panic!("{:?}", report.groups) };
    assert_eq!(group.group.as_deref(), Some("scheduler"));
    // Of the whole time since then, but for the parts of nano-dollars that each day rounds.
    let expected = 234_236_000.0 * (report.until.0 - NOW.0) as f64 / HOUR as f64;
    assert!((group.cost.0 as f64 - expected).abs() < 1e6 + expected / 1e6, "{} {expected}", group.cost.0);
    assert_eq!((report.usage.cost, report.total), (group.cost, group.cost));
    let forecast = report.forecast.unwrap();
    assert!(forecast.usage >= forecast.so_far && forecast.per_day.0 > 0, "{forecast:?}");
}

#[tokio::test]
async fn fixed_costs_are_in_the_report_by_the_second_and_in_the_forecast_by_the_month() {
    const DOLLAR: i64 = 1_000_000_000;
    let at = |text: &str| Timestamp::parse(text).unwrap();
    let cost = |name: &str, dollars: i64, from, until| {
        FixedCost { name: name.to_owned(), month: NanoDollars(dollars * DOLLAR), from, until }
    };
    let fixed_costs = [
        cost("composer", 300, None, None),
        cost("filestore", 100, Some(at("2026-02-15")), None),
        cost("the old bucket", 50, None, Some(at("2026-02-01"))),
    ];
    let rig = Rig::start_at(Settings { fixed_costs: fixed_costs.to_vec().into(), ..Settings::default() }).await;
    let february = at("2026-02-01");
    let used = LedgerLine { started_at: february, ended_at: Timestamp(february.0 + HOUR), ..line(&rig.owner, 1, "risk") };
    rig.put(Change { ledger: vec![used], ..Change::default() }).await;
    let month = CostQuery { since: Some(february), until: Some(at("2026-03-01")), ..CostQuery::default() };
    let report = rig.client.cost(&month).await.unwrap();
    let fixed: Vec<_> = report.fixed.iter().map(|one| (one.name.as_str(), one.month.0, one.cost.0)).collect();
    let half = [("composer", 300, 300), ("filestore", 100, 50), ("the old bucket", 50, 0)];
    assert_eq!(fixed, half.map(|(name, month, cost)| (name, month * DOLLAR, cost * DOLLAR)));
    assert_eq!((report.usage.cost.0, report.fixed_total.0, report.total.0), (DOLLAR, 350 * DOLLAR, 351 * DOLLAR));

    let now = rig.client.cost(&CostQuery::default()).await.unwrap();
    let forecast = now.forecast.clone().expect("it ends now");
    assert_eq!(forecast.fixed.0, 400 * DOLLAR, "all of this month, of those that are still paid");
    assert_eq!(forecast.total, forecast.usage + forecast.fixed);
    assert_eq!(now.total, now.usage.cost + now.fixed_total);
    assert_eq!(now.fixed_total, now.fixed.iter().map(|one| one.cost).sum::<NanoDollars>());
    assert!(now.fixed_total < forecast.fixed, "{now:?}");
}
