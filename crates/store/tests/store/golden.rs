//! One file for every version that a record's JSON ever had: old ones are read for ever, and the newest is what is
//! written today, so that nobody changes the shape of a record without a new version.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use caddis_core::autoscale::Memory;
use caddis_core::record::{
    Account, AttemptPhase, AttemptRecord, Bundle, Cancel, ClusterRecord, ClusterState, JobRecord, JobState, Leaving,
    LedgerLine, MemberPhase, Meter, Outcome, Retirement, Scaling, Shortage, StopCause, StopWhy, Took,
};
use caddis_core::world::Exit;
use caddis_engine::ports::{Change, Store};
use caddis_store::SqliteStore;
use caddis_types::api::{ClusterChoice, EnvironmentWish, Program, RetryWish};
use caddis_types::shape::{ShapeWish, WorkerRange};
use caddis_types::{Cause, CauseCode, NanoDollars};
use serde_json::Value;
use sqlx::{Connection, SqliteConnection};

use crate::support::{at, cluster, cluster_id, decision, job, job_id, line, shape, variables};

/// Set it to write the files of the newest versions anew; only right before a first release, or for a new version.
const WRITE: &str = "CADDIS_WRITE_GOLDEN";

fn cause() -> Cause {
    Cause::new(CauseCode::OutOfMemory, "worker 2 ran out of memory").with("limit", "14 GB").hint("use more memory")
}

/// A job with something in every field.
fn full_job() -> JobRecord {
    let attempt = |number, phase, exit, cause| AttemptRecord { number, cluster: cluster_id(2), phase, exit, cause };
    let stopping = Some(StopCause { since: at(40), cause: cause(), hurried: true });
    JobRecord {
        name: Some("etl".to_owned()),
        program: Program::Module("team.etl".to_owned()),
        bundle: Some(Bundle { digest: "0f".repeat(32), files: 3, bytes: 4096 }),
        environment: EnvironmentWish {
            requirements: Some("/srv/jobs/requirements.txt".to_owned()),
            python: Some("3.12".to_owned()),
            dask: Some("2026.3".to_owned()),
        },
        cluster: ClusterChoice::Fresh(ShapeWish {
            profile: Some("throughput".to_owned()),
            workers: Some(WorkerRange { min: 2, max: 10 }),
            threads: Some(3),
            memory_bytes: Some(14_000_000_000),
            nanny: true,
            machine_type: Some("n2-standard-8".to_owned()),
            scheduler_machine_type: Some("n2-standard-4".to_owned()),
            on_demand: Some(2),
            preemptible_share: Some(0.5),
            preempt_rate: Some(0.5),
            dashboard: Some(false),
        }),
        retry: RetryWish { max: 2, on_exit: vec![3, 4], delay_ms: 500, per_hour: None },
        timeout_ms: Some(1_800_000),
        keep_on_failure_ms: Some(60_000),
        max_cost: Some(NanoDollars(1_500_000_000)),
        spent: NanoDollars(250_000_000),
        stdin: true,
        state: JobState::Ended { at: at(50), outcome: Outcome::Failed, exit_code: 137 },
        stages: BTreeMap::from([("queued".to_owned(), at(1)), ("running".to_owned(), at(9))]),
        attempts: vec![
            attempt(1, AttemptPhase::Assigned, None, None),
            attempt(2, AttemptPhase::Intended { at: at(20) }, Some(Exit::Code(3)), None),
            attempt(3, AttemptPhase::Running { started_at: at(30), pid: 77, stopping }, Some(Exit::Signal(9)), None),
            attempt(
                4,
                AttemptPhase::Ended { started_at: Some(at(45)), at: at(50) },
                Some(Exit::Unknown("nobody could see".to_owned())),
                Some(cause()),
            ),
        ],
        cancel: Some(Cancel { by: "ada".to_owned(), at: at(49), hurry: true }),
        notices: vec!["10 workers are 8 here".to_owned()],
        end_cause: Some(cause()),
        ..job(1)
    }
}

/// A cluster with something in every field.
fn full_cluster() -> ClusterRecord {
    let mut record = cluster(2);
    let slot = record.slots.get_mut(&1).expect("it has ten");
    slot.last_death = Some(cause());
    slot.retiring = Some(Retirement { since: at(5), deadline: at(9), asked_at: Some(at(6)), asked_again_at: None, why: Leaving::Preempted });
    record.slots.get_mut(&2).expect("it has ten").phase = MemberPhase::Waiting { not_before: at(8) };
    record.slots.get_mut(&3).expect("it has ten").phase = MemberPhase::Intended { at: at(8) };
    record.slots.get_mut(&4).expect("it has ten").phase = MemberPhase::Ended { at: at(8) };
    let why = StopWhy::failure(cause());
    ClusterRecord {
        name: Some("shared".to_owned()),
        tags: BTreeMap::from([("team".to_owned(), "risk".to_owned())]),
        job: Some(job_id(1)),
        shape: caddis_types::shape::ClusterShape { worker_saturation: Some(1.5), ..shape() },
        program: Some(Program::Script("/srv/jobs/1.py".to_owned())),
        scaling: Scaling {
            fixed: true,
            memory: Memory { shrink_since: Some(at(4)), ..Memory::default() },
            durations: BTreeMap::from([("inc".to_owned(), Took { mean: 1.5, longest: 9.0 })]),
            measured: BTreeMap::from([("inc".to_owned(), Took { mean: 1.25, longest: 7.0 })]),
            shortage: Some(Shortage { since: at(4), until: at(9), times: 2 }),
            swap: Some(11),
            last: Some(decision(2, 4)),
            ..Scaling::default()
        },
        ready_at: Some(at(3)),
        state: ClusterState::Stopping { since: at(7), why, closing_at: Some(at(8)), purged_at: Some(at(9)) },
        next_slot: 11,
        stop_wish: Some(StopWhy::orderly("`ada` stopped it")),
        idle_timeout_ms: Some(1_800_000),
        idle_since: Some(at(6)),
        keep_until: Some(at(90)),
        notices: vec!["it is small".to_owned()],
        worker_micros: 123_456_789,
        cost: NanoDollars(6_660_000),
        account: Account {
            jobs: vec![job_id(1), job_id(3)],
            idle: true,
            meters: BTreeMap::from([("worker-0001.1".to_owned(), Meter { lines: 2, booked_micros: 60_000_000 })]),
            shares: BTreeMap::from([(job_id(3), NanoDollars(330_000))]),
        },
        workers_peak: 10,
        peak_memory: 13_000_000_000,
        tasks_done: 4242,
        clients_seen: true,
        deaths: vec![cause()],
        ..record
    }
}

fn full_line() -> LedgerLine {
    LedgerLine {
        job: None,
        shared: vec![job_id(1), job_id(3)],
        tags: BTreeMap::from([("team".to_owned(), "risk".to_owned())]),
        preemptible: true,
        idle: true,
        minimum_micros: 5_000_000,
        ..line(2, "worker-1")
    }
}

struct Kind {
    name: &'static str,
    table: &'static str,
}

const KINDS: [Kind; 4] = [
    Kind { name: "job", table: "jobs" },
    Kind { name: "cluster", table: "clusters" },
    Kind { name: "ledger", table: "ledger" },
    Kind { name: "variables", table: "variables" },
];

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.json"))
}

fn parse(file: &Path) -> Value {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// A file with the full records, and a connection beside the store.
async fn full(folder: &Path) -> (SqliteStore, SqliteConnection) {
    let file = folder.join("state.db");
    let store = SqliteStore::open(&file).await.unwrap();
    let change = Change {
        jobs: vec![full_job()],
        clusters: vec![full_cluster()],
        ledger: vec![full_line()],
        variables: vec![(job_id(1).to_string(), variables(&[("MODE", "fast"), ("EMPTY", "")]))],
        ..Change::default()
    };
    store.commit(change).await.unwrap();
    let connection = SqliteConnection::connect(file.to_str().expect("it is text")).await.unwrap();
    (store, connection)
}

async fn body(connection: &mut SqliteConnection, kind: &Kind) -> (i64, Value) {
    let sql = format!("SELECT body_version, body FROM {}", kind.table);
    let (version, body): (i64, String) = sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_one(connection).await.unwrap();
    (version, serde_json::from_str(&body).unwrap())
}

#[tokio::test]
async fn what_is_written_today_is_the_newest_golden_file() {
    let folder = tempfile::tempdir().unwrap();
    let (store, mut connection) = full(folder.path()).await;
    for kind in KINDS {
        let (version, written) = body(&mut connection, &kind).await;
        let file = golden(&format!("{}-v{version}", kind.name));
        if std::env::var_os(WRITE).is_some() {
            let text = serde_json::to_string_pretty(&written).unwrap();
            std::fs::write(&file, text + "\n").unwrap();
        }
        assert_eq!(
            written,
            parse(&file),
            "the shape of a {} changed: see docs/checklists/add-a-migration.md",
            kind.name
        );
    }
    assert_eq!(store.job(&job_id(1)).await.unwrap(), Some(JobRecord { generation: 1, ..full_job() }));
    assert_eq!(store.cluster(&cluster_id(2)).await.unwrap(), Some(ClusterRecord { generation: 1, ..full_cluster() }));
    assert_eq!(store.ledger(&cluster_id(2)).await.unwrap(), [full_line()]);
}

/// Reads whatever is in the row of a kind and writes it anew.
async fn read_and_write(store: &SqliteStore, kind: &Kind) -> Value {
    match kind.name {
        "job" => serde_json::to_value(store.job(&job_id(1)).await.unwrap().unwrap()),
        "cluster" => serde_json::to_value(store.cluster(&cluster_id(2)).await.unwrap().unwrap()),
        "ledger" => serde_json::to_value(store.ledger(&cluster_id(2)).await.unwrap().remove(0)),
        _ => serde_json::to_value(store.variables(job_id(1).as_str()).await.unwrap()),
    }
    .unwrap()
}

#[tokio::test]
async fn every_version_there_ever_was_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (store, mut connection) = full(folder.path()).await;
    // By hand, as an older caddis would have left it; lines of the ledger resist.
    sqlx::query("DROP TRIGGER ledger_holds").execute(&mut connection).await.unwrap();
    for kind in KINDS {
        let (newest, _) = body(&mut connection, &kind).await;
        for version in 1..=newest {
            let old = parse(&golden(&format!("{}-v{version}", kind.name)));
            let sql = format!("UPDATE {} SET body_version = ?1, body = ?2", kind.table);
            let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(version).bind(old.to_string());
            query.execute(&mut connection).await.unwrap();
            let wanted = match version == newest {
                true => old,
                // What today's caddis makes of it, checked in beside it when the step was written.
                false => parse(&golden(&format!("{}-v{version}-read", kind.name))),
            };
            assert_eq!(read_and_write(&store, &kind).await, wanted, "{} version {version}", kind.name);
        }
    }
}
