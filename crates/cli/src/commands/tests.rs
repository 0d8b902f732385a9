//! What the commands print, of recorded moments; and every help text.

use caddis_types::api::{ConnectionView, CostGroup, CostView, EnvironmentView, PruneView, WhyView};
use clap::Command;
use insta::assert_snapshot;

use crate::commands::{cluster, cost, environment, job, plan, price, prune, why};
use crate::testing::{self, now};

#[test]
fn jobs() {
    let all = [testing::job("RUNNING"), testing::failed_job(), testing::queued_job()];
    assert_snapshot!("job_list", job::table(&all, now()));
    assert_snapshot!("job_list_empty", job::table(&[], now()));
    assert_snapshot!("job_show_running", job::text(&all[0], now()));
    assert_snapshot!("job_show_failed", job::text(&all[1], now()));
    assert_snapshot!("job_show_queued", job::text(&all[2], now()));
}

#[test]
fn clusters() {
    assert_snapshot!("cluster_list", cluster::table(&[testing::cluster()], now()));
    assert_snapshot!("cluster_show", cluster::text(&testing::cluster(), now()));
    let connection = ConnectionView {
        address: "tls://127.0.0.1:38211".into(),
        ca_file: "/home/ada/it's/ca.pem".into(),
        cert_file: "/home/ada/client.pem".into(),
        key_file: "/home/ada/client.key".into(),
        variables: [("DASK_SCHEDULER_ADDRESS", "tls://127.0.0.1:38211"), ("DASK_DISTRIBUTED__COMM__TLS__CA_FILE", "/home/ada/it's/ca.pem")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
    };
    assert_snapshot!("cluster_connect", cluster::connection_text(&connection));
    assert_snapshot!("cluster_connect_export", cluster::exports(&connection));
}

#[test]
fn reasons() {
    let job = testing::queued_job();
    let why = WhyView { subject: job.id.to_string(), reasons: job.reasons };
    assert_snapshot!("why_queued", why::text(&why::Explanation { why, cause: None }, now()));
    let job = testing::failed_job();
    let why = WhyView { subject: job.id.to_string(), reasons: job.reasons };
    assert_snapshot!("why_failed", why::text(&why::Explanation { why, cause: job.cause }, now()));
}

#[test]
fn environments() {
    let one = EnvironmentView {
        id: "env_0123456789abcdef".into(),
        state: "ready".into(),
        source: "the header of `/home/ada/flights.py`".into(),
        python: Some("3.12.1".into()),
        distributed: Some("2026.8.0".into()),
        bytes: Some(612_000_000),
        used_at: Some(now()),
        in_use: false,
        path: "/home/ada/.local/share/caddis/environments/env_0123456789abcdef".into(),
    };
    assert_snapshot!("environment_list", environment::table(std::slice::from_ref(&one), now()));
    assert_snapshot!("environment_show", environment::text(&one, now()));
}

#[test]
fn pruned() {
    let job = testing::job("SUCCEEDED");
    let mut view = PruneView { jobs: vec![job.id], clusters: Vec::from_iter(job.cluster), leftovers: 2, ..PruneView::default() };
    assert_snapshot!("prune", prune::text(&view));
    view.dry_run = true;
    assert!(prune::text(&view).starts_with("would remove"));
    assert_eq!(prune::text(&PruneView::default()), "nothing to remove\n");
}

#[test]
fn costs() {
    let report = testing::costs();
    assert_snapshot!("cost", cost::text(&report, &cost::Names::new(), false));
    assert_snapshot!("cost_idle", cost::text(&report, &cost::Names::new(), true));
    assert_snapshot!("cost_csv", cost::csv(&report, &cost::Names::new()));
    let nothing = CostView { groups: Vec::new(), usage: CostGroup::default(), fixed: Vec::new(), forecast: None, ..report };
    assert_snapshot!("cost_nothing", cost::text(&nothing, &cost::Names::new(), false));
}

#[test]
fn prices() {
    let at = caddis_types::Timestamp::parse("2026-11-25").unwrap();
    assert_snapshot!("price_list", price::text(&price::listed(at), at));
}

#[test]
fn a_team() {
    let team = caddis_core::team::parse(include_str!("../../../../examples/team.toml")).unwrap();
    let month = caddis_core::team::month(team, &caddis_core::prices::Tariff::default(), now()).unwrap();
    assert_snapshot!("plan", plan::text(&month));
}

#[test]
fn every_help_text() {
    let mut text = String::new();
    helps(crate::command().term_width(100), &mut text);
    assert_snapshot!("help", text);
}

fn helps(mut command: Command, text: &mut String) {
    command.build();
    let name = command.get_bin_name().unwrap_or("caddis").to_owned();
    text.push_str(&format!("$ {name} --help\n{}\n", command.render_long_help()));
    let verbs: Vec<Command> = command.get_subcommands().cloned().collect();
    for verb in verbs {
        helps(verb, text);
    }
}
