//! Random histories, made on both stores side by side: every answer is the same.

use caddis_core::record::{ClusterRecord, JobRecord};
use caddis_engine::ports::{Change, ClusterFilter, CommitError, DocumentWrite, JobFilter, Store};
use proptest::prelude::*;

use super::Trial;
use crate::support::{
    at, cluster, cluster_id, decision, ended, ended_cluster, event, job, job_id, learned, line, on_cluster, variables,
};

/// Few ids, names and owners, so that they meet.
const IDS: u64 = 5;
const OWNERS: [&str; 2] = ["ada", "bob"];
const NAMES: [Option<&str>; 4] = [None, Some("etl"), Some("train"), Some("")];

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<Piece>),
    Remove(u64),
    Set(u64, u64),
}

#[derive(Clone, Debug)]
enum Piece {
    /// A record: its number, owner, name, whether it is over, its generation's distance from the stored one, its link.
    Job(Wild),
    Cluster(Wild),
    Variables(u64, u64),
    Line(u64, u64),
    Event(u64),
    /// A decision: its cluster, its second.
    Decision(u64, u64),
    /// Something learned: its key, its second.
    Learned(u64, u64),
    Request(u64, u64),
    /// A document: its number, the generation's distance from the stored one, whether it stays, the job it goes with.
    Document(u64, u64, bool, Option<u64>),
}

#[derive(Clone, Debug)]
struct Wild {
    number: u64,
    owner: usize,
    name: usize,
    ended: Option<u64>,
    /// Mostly none: the change fits.
    off: u64,
    link: Option<u64>,
}

fn wild() -> impl Strategy<Value = Wild> {
    let off = prop_oneof![8 => Just(0), 1 => Just(1), 1 => Just(u64::MAX)];
    let ended = prop::option::weighted(0.3, 0..10u64);
    (0..IDS, 0..OWNERS.len(), 0..NAMES.len(), ended, off, prop::option::of(0..IDS))
        .prop_map(|(number, owner, name, ended, off, link)| Wild { number, owner, name, ended, off, link })
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        4 => wild().prop_map(Piece::Job),
        4 => wild().prop_map(Piece::Cluster),
        1 => (0..IDS, 0..3u64).prop_map(|(number, size)| Piece::Variables(number, size)),
        1 => (0..IDS, 0..3u64).prop_map(|(number, member)| Piece::Line(number, member)),
        2 => (0..IDS).prop_map(Piece::Event),
        2 => (0..IDS, 0..12u64).prop_map(|(number, second)| Piece::Decision(number, second)),
        1 => (0..3u64, 0..12u64).prop_map(|(key, second)| Piece::Learned(key, second)),
        1 => (0..3u64, 0..IDS).prop_map(|(key, number)| Piece::Request(key, number)),
        2 => (0..IDS, prop_oneof![4 => Just(0), 1 => Just(1)], any::<bool>(), prop::option::of(0..IDS))
            .prop_map(|(number, off, stays, about)| Piece::Document(number, off, stays, about)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => prop::collection::vec(piece(), 0..6).prop_map(Step::Commit),
        1 => (0..12u64).prop_map(Step::Remove),
        1 => (0..3u64, 0..3u64).prop_map(|(key, value)| Step::Set(key, value)),
    ]
}

async fn wild_job(wild: &Wild, store: &dyn Store) -> JobRecord {
    let stored = store.job(&job_id(wild.number)).await.unwrap();
    let mut record = stored.unwrap_or_else(|| job(wild.number));
    record.generation = record.generation.saturating_add(wild.off) & 0xff;
    record.owner = OWNERS[wild.owner].to_owned();
    record.name = NAMES[wild.name].map(str::to_owned);
    record.state = job(wild.number).state;
    if let Some(cluster) = wild.link {
        record = on_cluster(record, cluster);
    }
    if let Some(second) = wild.ended { ended(record, second) } else { record }
}

async fn wild_cluster(wild: &Wild, store: &dyn Store) -> ClusterRecord {
    let stored = store.cluster(&cluster_id(wild.number)).await.unwrap();
    let mut record = stored.unwrap_or_else(|| cluster(wild.number));
    record.generation = record.generation.saturating_add(wild.off) & 0xff;
    record.owner = OWNERS[wild.owner].to_owned();
    record.name = NAMES[wild.name].map(str::to_owned);
    record.state = cluster(wild.number).state;
    record.job = wild.link.map(job_id);
    if let Some(second) = wild.ended { ended_cluster(record, second) } else { record }
}

async fn change(pieces: &[Piece], store: &dyn Store) -> Change {
    let mut change = Change::default();
    for piece in pieces {
        match piece {
            Piece::Job(wild) => change.jobs.push(wild_job(wild, store).await),
            Piece::Cluster(wild) => change.clusters.push(wild_cluster(wild, store).await),
            Piece::Variables(number, size) => {
                let pairs = [("A", "1"), ("B", "2")];
                change.variables.push((job_id(*number).to_string(), variables(&pairs[..*size as usize])));
            }
            Piece::Line(number, member) => change.ledger.push(line(*number, &member.to_string())),
            Piece::Decision(number, second) => change.decisions.push(decision(*number, *second)),
            Piece::Learned(key, second) => change.learned.push(learned(&key.to_string(), *second)),
            Piece::Event(number) => change.events.push(event(job_id(*number).as_str(), "job.x")),
            Piece::Document(number, off, stays, about) => {
                let (kind, key) = ("face.thing".to_owned(), number.to_string());
                let stored = store.document(&kind, &key).await.unwrap().map_or(0, |document| document.generation);
                let body = stays.then(|| format!("{stored}"));
                let about = about.map(|number| job_id(number).to_string());
                change.documents.push(DocumentWrite { kind, key, generation: stored + off, about, body });
            }
            Piece::Request(key, number) => change.request = Some(("ada".to_owned(), key.to_string(), job_id(*number))),
        }
    }
    change
}

fn said(outcome: Result<(), CommitError>) -> String {
    format!("{outcome:?}")
}

/// Everything that can be asked.
async fn all(store: &dyn Store) -> String {
    let mut told = String::new();
    for active in [false, true] {
        told += &format!("{:#?}", store.jobs(&JobFilter { active, ..JobFilter::default() }).await.unwrap());
        told += &format!("{:#?}", store.clusters(&ClusterFilter { active, ..ClusterFilter::default() }).await.unwrap());
    }
    for number in 0..IDS {
        let on = JobFilter { cluster: Some(cluster_id(number)), ..JobFilter::default() };
        let made_for = ClusterFilter { job: Some(job_id(number)), ..ClusterFilter::default() };
        told += &format!("{:#?}", store.jobs(&on).await.unwrap());
        told += &format!("{:#?}", store.clusters(&made_for).await.unwrap());
        told += &format!("{:#?}", store.variables(job_id(number).as_str()).await.unwrap());
        told += &format!("{:#?}", store.ledger(&cluster_id(number)).await.unwrap());
        told += &format!("{:#?}", store.decisions(&cluster_id(number), at(0), 3).await.unwrap());
        told += &format!("{:#?}", store.learned(&number.to_string()).await.unwrap());
        told += &format!("{:#?}", store.setting(&number.to_string()).await.unwrap());
    }
    told += &format!("{:#?}", store.documents("face.thing", "", "", 0).await.unwrap());
    told += &format!("{:#?}", store.newest_documents("face.thing", "", None, 0).await.unwrap());
    let (jobs, clusters): (Vec<_>, Vec<_>) = (0..IDS).map(|number| (job_id(number), cluster_id(number))).unzip();
    told += &format!("{:#?}", store.jobs_of(&jobs).await.unwrap());
    told += &format!("{:#?}", store.clusters_of(&clusters).await.unwrap());
    told + &format!("{:#?}", store.events(0, None, 0).await.unwrap())
}

async fn run(steps: Vec<Step>) {
    let (mem, sqlite) = (Trial::mem(), Trial::sqlite().await);
    for step in steps {
        match &step {
            Step::Commit(pieces) => {
                let change = change(pieces, &*mem.store).await;
                let outcomes = (mem.store.commit(change.clone()).await, sqlite.store.commit(change).await);
                assert_eq!(said(outcomes.0), said(outcomes.1), "{step:?}");
            }
            Step::Remove(second) => {
                let removed = mem.store.remove_ended(at(*second)).await;
                assert_eq!(removed, sqlite.store.remove_ended(at(*second)).await, "{step:?}");
            }
            Step::Set(key, value) => {
                mem.store.set_setting(&key.to_string(), &value.to_string()).await.unwrap();
                sqlite.store.set_setting(&key.to_string(), &value.to_string()).await.unwrap();
            }
        }
    }
    assert_eq!(all(&*mem.store).await, all(&*sqlite.store).await);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_stores_answer_alike(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
        runtime.block_on(run(steps));
    }
}
