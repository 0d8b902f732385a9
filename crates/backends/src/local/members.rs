//! The keeper's view of all processes, mirrored: connected once, kept by events, begun anew after a loss.
//!
//! What always holds: while the keeper cannot be heard the view is unknown, never empty.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use caddis_core::world::{End, Exit, KilledBy, Member, MemberView, Members, Observed, ScriptOutcome};
use caddis_engine::{Key, Queue};
use caddis_types::api::Stream;
use caddis_types::{ClusterId, Timestamp};
use tokio::sync::watch;

use super::keeper::client::{KeeperClient, KeeperEvents};
use super::keeper::clock;
use super::keeper::spawn_detached;
use super::keeper::wire::{self, Event, Record, State};
use super::paths::Home;
use crate::blocking;

/// How much of a log's end is kept as evidence.
const TAIL: u64 = 4096;
/// How long a call waits for a keeper that is being started.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often the keeper is asked for a sign of life: what does not answer is not seen either.
const PULSE: Duration = Duration::from_secs(10);
/// The longest that the events of processes that have ended are waited for.
const SOON: Duration = Duration::from_secs(1);

/// How far the connection is.
#[derive(Clone)]
enum Reach {
    /// It is being made for the first time, or again after a loss.
    Seeking,
    /// There is one.
    Held(KeeperClient),
    /// The last attempt failed: nobody need wait for the next one.
    Failed,
}

/// One process, and the monotonic clock at its start: of one that lives it says how long it has.
struct Held {
    view: MemberView,
    started_tick: Option<u64>,
}

impl Held {
    /// What is seen of it now.
    fn now(&self) -> MemberView {
        let mut view = self.view.clone();
        if let (None, Some(started)) = (&view.end, self.started_tick) {
            view.lived = Some(Duration::from_micros(clock::ticks().saturating_sub(started)));
        }
        view
    }
}

/// The processes of one cluster.
type Holding = BTreeMap<Member, Held>;

/// How far a process is: it started, is ready, has ended.
fn step(view: &MemberView) -> u8 {
    match (&view.end, &view.ready) {
        (Some(_), _) => 2,
        (None, Some(_)) => 1,
        (None, None) => 0,
    }
}

/// Takes in what is said of a process. The answer to a start and the events come by different ways, so that events may
/// overtake it: what it says must not make a process unready that was ready, nor bring one back to life.
fn take_in(members: &mut Holding, member: Member, held: Held) {
    if members.get(&member).is_none_or(|known| step(&known.view) <= step(&held.view)) {
        members.insert(member, held);
    }
}

/// The mirror. Clones share it.
#[derive(Clone)]
pub(super) struct Mirror {
    home: Home,
    exe: PathBuf,
    queue: Queue,
    members: Arc<Mutex<Option<HashMap<ClusterId, Holding>>>>,
    reach: Arc<watch::Sender<Reach>>,
    /// Told after every change of `members`.
    changes: Arc<watch::Sender<()>>,
}

impl Mirror {
    /// Begins to be connected; `exe` is the binary that can be a keeper.
    pub(super) fn start(home: Home, exe: PathBuf, queue: Queue) -> Mirror {
        let reach = Arc::new(watch::Sender::new(Reach::Seeking));
        let mirror = Mirror { home, exe, queue, members: Arc::default(), reach, changes: Arc::default() };
        tokio::spawn(mirror.clone().stay_connected());
        mirror
    }

    async fn stay_connected(self) {
        loop {
            match self.connect().await {
                Ok((client, events)) => self.follow(client, events).await,
                Err(error) => {
                    self.reach.send_replace(Reach::Failed);
                    tracing::error!(error, "there is no keeper, so nothing can be started or seen");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    async fn connect(&self) -> Result<(KeeperClient, KeeperEvents), String> {
        match KeeperClient::connect(self.home.path()).await {
            Ok(connected) => Ok(connected),
            Err(error) if error.is_silence() => Err(error.to_string()),
            Err(_) => spawn_detached(&self.exe, self.home.path()).await.map_err(|error| error.to_string()),
        }
    }

    async fn follow(&self, client: KeeperClient, mut events: KeeperEvents) {
        self.begin(&client, &events.hello.members).await;
        self.reach.send_replace(Reach::Held(client.clone()));
        let pulse = tokio::spawn(feel_pulse(client.clone()));
        while let Some(event) = events.events.recv().await {
            if let Event::Member { member } = event {
                self.take_from(&client, &member).await;
            }
        }
        pulse.abort();
        tracing::info!("the keeper is gone, or does not answer; another one takes over what it held");
        self.reach.send_replace(Reach::Seeking);
        self.blind();
    }

    /// Puts the snapshot in place whole: a part of it would look like processes that are gone.
    async fn begin(&self, client: &KeeperClient, records: &[Record]) {
        let mut all: HashMap<ClusterId, Holding> = HashMap::new();
        let mut wakes = BTreeSet::new();
        for record in records {
            let Some((cluster, member)) = identity(record) else { continue };
            wakes.extend(concerned(&cluster, &member));
            if never_ran(record, &member) {
                forget_later(client, record);
            } else {
                let held = self.held(record, &cluster, &member).await;
                all.entry(cluster).or_default().insert(member, held);
            }
        }
        *self.lock() = Some(all);
        self.changes.send_replace(());
        wakes.into_iter().for_each(|key| self.queue.wake(key));
    }

    /// From now on nothing can be seen; whoever has looked looks again.
    fn blind(&self) {
        let seen = self.lock().take().unwrap_or_default();
        let members = seen.iter().flat_map(|(cluster, members)| members.keys().map(move |member| (cluster, member)));
        let wakes: BTreeSet<Key> = members.flat_map(|(cluster, member)| concerned(cluster, member)).collect();
        wakes.into_iter().for_each(|key| self.queue.wake(key));
    }

    /// The keeper, as soon as there is one; nothing when none could be had.
    pub(super) async fn client(&self) -> Option<KeeperClient> {
        let mut reach = self.reach.subscribe();
        let found = tokio::time::timeout(PATIENCE, reach.wait_for(|reach| !matches!(reach, Reach::Seeking))).await;
        match &*found.ok()?.ok()? {
            Reach::Held(client) => Some(client.clone()),
            Reach::Seeking | Reach::Failed => None,
        }
    }

    /// Takes in the answer to a start, which may come before its event.
    pub(super) async fn take(&self, client: &KeeperClient, record: &Record) {
        self.take_from(client, record).await;
    }

    /// Takes in a record, and wakes those whom it concerns.
    async fn take_from(&self, client: &KeeperClient, record: &Record) {
        let Some((cluster, member)) = identity(record) else { return };
        if was_abandoned(record) && matches!(member, Member::Job { .. }) {
            // A start that was refused: the answer tells whoever asked, and the key is free again. Kept, this would
            // stand in the way of the process that is started under the key next.
            return;
        }
        if never_ran(record, &member) {
            forget_later(client, record);
            if let Some(members) = self.lock().as_mut().and_then(|all| all.get_mut(&cluster)) {
                members.remove(&member);
            }
        } else {
            let held = self.held(record, &cluster, &member).await;
            if let Some(all) = self.lock().as_mut() {
                take_in(all.entry(cluster.clone()).or_default(), member.clone(), held);
            }
        }
        self.changes.send_replace(());
        concerned(&cluster, &member).into_iter().for_each(|key| self.queue.wake(key));
    }

    /// The processes of a cluster.
    pub(super) fn members(&self, cluster: &ClusterId) -> Observed<Members> {
        match self.lock().as_ref() {
            Some(all) => {
                let held = all.get(cluster).into_iter().flatten();
                Observed::Known(held.map(|(member, held)| (member.clone(), held.now())).collect())
            }
            None => Observed::Unknown("the keeper does not answer".into()),
        }
    }

    /// Waits until the view shows the end of every process of a cluster, once all have ended: their events are under way.
    /// It does not wait for long; whoever decides looks at the view in any case.
    pub(super) async fn all_told(&self, cluster: &ClusterId) {
        let mut changes = self.changes.subscribe();
        let ended = || {
            let members = self.lock();
            let members = members.as_ref().and_then(|all| all.get(cluster));
            members.is_none_or(|members| members.values().all(|held| held.view.end.is_some()))
        };
        let told = async { while !ended() && changes.changed().await.is_ok() {} };
        let _ = tokio::time::timeout(SOON, told).await;
    }

    /// Every cluster of which there is a process, dead or alive.
    pub(super) fn clusters(&self) -> Option<BTreeSet<ClusterId>> {
        self.lock().as_ref().map(|all| all.keys().cloned().collect())
    }

    /// Drops what is remembered of processes that have ended.
    pub(super) fn forget_members(&self, cluster: &ClusterId, gone: &[Member]) {
        if let Some(members) = self.lock().as_mut().and_then(|all| all.get_mut(cluster)) {
            members.retain(|member, held| held.view.end.is_none() || !gone.contains(member));
        }
    }

    /// Drops what is remembered of a cluster.
    pub(super) fn forget(&self, cluster: &ClusterId) -> Vec<String> {
        let gone = self.lock().as_mut().and_then(|all| all.remove(cluster)).unwrap_or_default();
        gone.keys().map(|member| format!("{cluster}/{member}")).collect()
    }

    async fn held(&self, record: &Record, cluster: &ClusterId, member: &Member) -> Held {
        // Of a damaged record neither is known: then it began when its end was found.
        let intent = Some(record.intent_at).filter(|at| *at > 0).or(record.ended_at).unwrap_or(0);
        let started_at = Timestamp(record.started_at.unwrap_or(intent));
        let ready = record.ready.clone().map(|ready| {
            let at = Timestamp(record.ready_at.unwrap_or(started_at.0));
            (at, serde_json::from_value(ready).unwrap_or_default())
        });
        let end = match record.state {
            State::Ended => Some(self.end(record, cluster, member).await),
            _ => None,
        };
        let pid = record.pid.and_then(|pid| u32::try_from(pid).ok()).unwrap_or(0);
        let lived = record.lived_micros.map(Duration::from_micros);
        let view = MemberView { pid, started_at, ready, end, peak_rss: record.peak_rss, lived };
        Held { view, started_tick: record.started_tick }
    }

    async fn end(&self, record: &Record, cluster: &ClusterId, member: &Member) -> End {
        let (folder, log) = match member {
            Member::Job { job, attempt } => {
                (Some(record.folder.clone()), self.home.attempt_log(job, *attempt, Stream::Stderr))
            }
            other => (None, self.home.cluster_logs(cluster).join(format!("{other}.log"))),
        };
        let (outcome, log_tail) = blocking(move || (folder.and_then(|folder| outcome(&folder)), tail(&log))).await;
        End {
            at: Timestamp(record.ended_at.unwrap_or(record.intent_at)),
            exit: exit(record.exit.as_ref()),
            killed_by: record.killed_by.as_ref().map(killed_by),
            began: record.began,
            outcome,
            log_tail,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<HashMap<ClusterId, Holding>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn identity(record: &Record) -> Option<(ClusterId, Member)> {
    let known = record.state != State::Intent;
    let identity = || Some((record.cluster.parse().ok()?, name_of(record).parse().ok()?));
    known.then(identity).flatten()
}

/// Asks a keeper for signs of life, which gives the connection up when there is none.
async fn feel_pulse(client: KeeperClient) {
    while client.stats().await.is_ok() {
        tokio::time::sleep(PULSE).await;
    }
}

/// Who must look again because of a process.
fn concerned(cluster: &ClusterId, member: &Member) -> Vec<Key> {
    let mut keys = vec![Key::Cluster(cluster.clone())];
    if let Member::Job { job, .. } = member {
        keys.push(Key::Job(job.clone()));
    }
    keys
}

/// A scheduler or worker that an earlier keeper was about to start and that certainly did nothing: it is as if it had
/// never been asked for, and its key may be used. A script's record stays, since its job must count its attempts.
fn never_ran(record: &Record, member: &Member) -> bool {
    let unstarted = matches!(&record.exit, Some(wire::Exit::Unknown(why)) if why == "never started" || why == "never let go");
    unstarted && record.state == State::Ended && !matches!(member, Member::Job { .. })
}

/// The keeper gave a start up before there was a process.
fn was_abandoned(record: &Record) -> bool {
    matches!(&record.exit, Some(wire::Exit::Unknown(why)) if why == "never started") && record.state == State::Ended
}

fn forget_later(client: &KeeperClient, record: &Record) {
    let (client, key) = (client.clone(), record.key.clone());
    tokio::spawn(async move {
        // When the keeper is gone the next one tells of the same record again.
        let _ = client.forget(&[key]).await;
    });
}

fn name_of(record: &Record) -> &str {
    record.key.get(record.cluster.len() + 1..).unwrap_or_default()
}

fn exit(exit: Option<&wire::Exit>) -> Exit {
    match exit {
        Some(wire::Exit::Code(code)) => Exit::Code(*code),
        Some(wire::Exit::Signal(signal)) => Exit::Signal(*signal),
        Some(wire::Exit::Unknown(why)) => Exit::Unknown(why.clone()),
        None => Exit::Unknown("nobody could see how it ended".into()),
    }
}

fn killed_by(killed_by: &wire::KilledBy) -> KilledBy {
    match killed_by {
        wire::KilledBy::Memory { rss, limit, pss } => KilledBy::Memory { rss: pss.unwrap_or(*rss), limit: *limit },
        wire::KilledBy::Stop { reason } => KilledBy::Stop { reason: reason.clone() },
        wire::KilledBy::KernelOom => KilledBy::KernelOom,
        wire::KilledBy::Lease => KilledBy::Lease,
        wire::KilledBy::Purge { reason } => KilledBy::Purge { reason: reason.clone() },
    }
}

/// What a script's entry point wrote; its `dask` part is nested on disk.
fn outcome(folder: &Path) -> Option<ScriptOutcome> {
    let text = std::fs::read_to_string(folder.join("outcome.json")).ok()?;
    let value: serde_json::Value = serde_json::from_str(&text).ok()?;
    let mut outcome: ScriptOutcome = serde_json::from_value(value.clone()).ok()?;
    let dask = &value["dask"];
    outcome.connected = dask["connected"].as_bool();
    outcome.own_local_cluster = dask["own_local_cluster"].as_bool();
    Some(outcome)
}

fn tail(log: &Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    read().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(ready: bool, ended: bool) -> Held {
        let at = Timestamp(1);
        let end = || End { at, exit: Exit::Code(0), killed_by: None, began: true, outcome: None, log_tail: String::new() };
        let ready = ready.then(|| (at, Default::default()));
        let view = MemberView { pid: 1, started_at: at, ready, end: ended.then(end), peak_rss: 0, lived: None };
        Held { view, started_tick: None }
    }

    #[test]
    fn an_answer_that_events_overtook_takes_nothing_back() {
        let (started, ready, ended) = ((false, false), (true, false), (true, true));
        for (said, kept) in [
            (&[started, ready][..], ready),
            (&[ready, started], ready),
            (&[started, ready, ended], ended),
            (&[ended, started], ended),
            (&[ended, ready, started], ended),
            (&[started, (false, true), ready], (false, true)),
        ] {
            let mut members = Holding::new();
            said.iter().for_each(|(ready, ended)| take_in(&mut members, Member::Scheduler, held(*ready, *ended)));
            let view = &members[&Member::Scheduler].view;
            assert_eq!((view.ready.is_some(), view.end.is_some()), kept, "after {said:?}");
        }
    }
}
