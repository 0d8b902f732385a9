//! One server after another over one world: takes what is due, polls what is under way in an order that the seed
//! decides, lets time pass when nothing can go on, and throws everything away at a crash.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use caddis_engine::ports::{Change, ClusterFilter, JobFilter, Store};
use caddis_engine::queue::Next;
use caddis_engine::{Engine, Key, Ports, Queue, RESYNC, pass, tasks};
use caddis_store::MemStore;
use caddis_types::api::ClusterChoice;
use caddis_types::Timestamp;
use rand::RngExt;

use crate::hub::{EPOCH, Hub, MS, SECOND};
use crate::ports::ports;
use crate::users::{self, Act};
use crate::world::{self, keeper};
use crate::{Mutant, check};

/// Passes at one time, as in production.
const PASSES: usize = 8;
/// More passes than this in a second of virtual time are a loop that spins.
const SPIN: u32 = 4000;

/// Something under way in the living server.
struct Task {
    key: Option<Key>,
    future: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// A server's life.
struct Life {
    engine: Engine,
    under_way: Vec<Task>,
    clockwork: Vec<(Clockwork, i64)>,
}

/// What happens by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clockwork {
    Sweep,
    Leases,
    Retention,
    Resync,
}

/// What breaks from outside, at a time.
#[derive(Clone, Copy, Debug)]
enum Calamity {
    Keeper,
    Clock(i64),
    Reboot,
    Kill,
    Absence,
}

/// The simulation loop.
pub struct Driver {
    /// What is shared with the ports.
    pub hub: Arc<Hub>,
    /// The disk.
    pub rows: Arc<MemStore>,
    /// Ports without faults, for checkers.
    pub calm: Ports,
    life: Option<Life>,
    restart_at: i64,
    calamities: Vec<(i64, Calamity)>,
    /// When users act next; nothing when they are quiet.
    pub next_act: Option<i64>,
    /// What users do, where that is written down; else they do as the dice say.
    pub script: Vec<(i64, Act)>,
    second: (i64, u32),
    next_check: i64,
    /// Passes so far.
    pub passes: u64,
    /// Lives so far.
    pub lives: u64,
}

impl Driver {
    /// A world in which no server runs yet.
    pub fn new(hub: Arc<Hub>) -> Driver {
        let rows = Arc::new(MemStore::default());
        let calm = ports(&hub, &rows, true);
        let calamities = plan_calamities(&hub);
        Driver {
            hub,
            rows,
            calm,
            life: None,
            restart_at: 0,
            calamities,
            next_act: Some(SECOND),
            script: Vec::new(),
            second: (0, 0),
            next_check: 0,
            passes: 0,
            lives: 0,
        }
    }

    /// Goes on until this moment, or until something is wrong.
    pub fn run_until(&mut self, until: i64) {
        loop {
            let t = self.hub.lock().t;
            if t >= until || !self.hub.lock().violations.is_empty() {
                return;
            }
            self.strike(t);
            self.boot(t);
            self.users_act(t);
            self.take_what_is_due();
            let moved = self.poll_all();
            self.look_around(t);
            if std::mem::take(&mut self.hub.lock().crashed) {
                self.die();
            } else if !moved {
                self.wait(until);
            }
        }
    }

    /// No faults any more; what is broken from outside is whole again.
    pub fn calm_down(&mut self) {
        let mut state = self.hub.lock();
        state.chaos.on = false;
        for site in state.world.sites.values_mut() {
            site.link_down = 0;
        }
        state.note(|| "the storm is over".into());
        self.calamities.clear();
        self.next_act = None;
        drop(state);
        self.preempt_no_more();
    }

    /// Nobody takes workers away any more, as if users had asked for clusters in which nobody does.
    pub fn preempt_no_more(&self) {
        let clusters = now(self.rows.clusters(&ClusterFilter { active: true, ..ClusterFilter::default() }));
        let jobs = now(self.rows.jobs(&JobFilter { active: true, ..JobFilter::default() }));
        let mut change = Change { clusters: clusters.unwrap_or_default(), jobs: jobs.unwrap_or_default(), ..Change::default() };
        change.clusters.iter_mut().for_each(|cluster| cluster.shape.preempt_rate = None);
        for job in &mut change.jobs {
            if let ClusterChoice::Fresh(wish) = &mut job.cluster {
                wish.preempt_rate = None;
            }
        }
        if now(self.rows.commit(change.clone())).is_ok() {
            check::committed(&mut self.hub.lock(), &change);
        }
    }

    /// Twenty looks at everything: whether a converged system keeps still. Answers who did not.
    pub fn restless(&mut self) -> Vec<String> {
        let mut restless = Vec::new();
        let (active, ended) = self.keys();
        for key in ended.iter().chain((0..20).flat_map(|_| active.iter())) {
            match now(pass::run(key, &self.calm)) {
                (outcome, _) if outcome.acted => restless.push(format!("{key} still acts on a converged world")),
                (_, Ok(())) => {}
                (_, Err(error)) => restless.push(format!("{key}: {error}")),
            }
        }
        restless.dedup();
        restless
    }

    /// What has not ended, and what has.
    fn keys(&self) -> (Vec<Key>, Vec<Key>) {
        let state = self.hub.lock();
        let jobs = state.book.jobs.values().map(|job| (Key::Job(job.id.clone()), job.is_ended()));
        let clusters = state.book.clusters.values();
        let clusters = clusters.map(|cluster| (Key::Cluster(cluster.id.clone()), cluster.state.is_ended()));
        let (ended, active): (Vec<_>, Vec<_>) = jobs.chain(clusters).chain([(Key::Pool, false)]).partition(|(_, ended)| *ended);
        (active.into_iter().map(|(key, _)| key).collect(), ended.into_iter().map(|(key, _)| key).collect())
    }

    fn boot(&mut self, t: i64) {
        if self.life.is_some() || t < self.restart_at {
            return;
        }
        self.lives += 1;
        let queue = Queue::default();
        {
            let mut state = self.hub.lock();
            state.queue = Some(queue.clone());
            state.up_since = Some(t);
            world::forget_all(&mut state);
            state.note(|| "a server starts".into());
        }
        let engine = Engine::new(ports(&self.hub, &self.rows, false), queue);
        let clockwork = [Clockwork::Resync, Clockwork::Sweep, Clockwork::Leases, Clockwork::Retention];
        let clockwork = clockwork.into_iter().map(|work| (work, t)).collect();
        self.life = Some(Life { engine, under_way: Vec::new(), clockwork });
    }

    fn die(&mut self) {
        self.life = None;
        let mut state = self.hub.lock();
        state.queue = None;
        state.up_since = None;
        state.sleepers.clear();
        state.crashed = false;
        let away = state.chaos.rng.random_range(50..8000) * MS;
        self.restart_at = state.t + away;
    }

    fn strike(&mut self, t: i64) {
        while let Some((_, calamity)) = self.calamities.pop_if(|(at, _)| *at <= t) {
            let mut state = self.hub.lock();
            match calamity {
                Calamity::Keeper => {
                    let away = state.chaos.span(6000);
                    keeper::die(&mut state, away);
                }
                Calamity::Clock(by) => {
                    state.offset += by;
                    state.note(|| format!("the clock jumps by {} s", by / SECOND));
                }
                Calamity::Reboot => keeper::reboot(&mut state),
                Calamity::Kill => state.note(|| "the server is killed".into()),
                Calamity::Absence => state.note(|| "the server is killed, and nobody starts another".into()),
            }
            let lease = state.options.lease_s as i64 * SECOND;
            drop(state);
            if matches!(calamity, Calamity::Reboot | Calamity::Kill | Calamity::Absence) {
                self.die();
            }
            if matches!(calamity, Calamity::Absence) {
                self.restart_at += lease + 10 * SECOND;
            }
        }
    }

    fn users_act(&mut self, t: i64) {
        let Some(life) = &mut self.life else { return };
        let scripted = self.script.first().is_some_and(|(at, _)| *at <= t);
        let random = self.script.is_empty() && self.next_act.is_some_and(|at| at <= t);
        let act = if scripted {
            self.script.remove(0).1
        } else if random {
            let mut state = self.hub.lock();
            let pace = state.options.pace_ms;
            self.next_act = Some(t + state.chaos.span(pace * 2) + MS);
            users::next(&mut state)
        } else {
            return;
        };
        let future = users::perform(life.engine.clone(), act, Arc::clone(&self.hub));
        life.under_way.push(Task { key: None, future: Box::pin(future) });
    }

    fn take_what_is_due(&mut self) {
        let Some(life) = &mut self.life else { return };
        let t = self.hub.lock().t;
        let now = Timestamp(EPOCH + t + self.hub.lock().offset);
        let lease = self.hub.lock().options.lease_s as i64 * SECOND;
        for (work, at) in &mut life.clockwork {
            if *at <= t {
                *at = t + every(*work, lease);
                life.under_way.push(Task { key: None, future: do_work(*work, life.engine.clone(), &self.hub) });
            }
        }
        while life.under_way.iter().filter(|task| task.key.is_some()).count() < PASSES {
            let Next::Now(key) = life.engine.queue.next(now) else { return };
            self.passes += 1;
            self.second = if t - self.second.0 > SECOND { (t, 1) } else { (self.second.0, self.second.1 + 1) };
            if self.second.1 > SPIN {
                self.hub.lock().violate(format!("the loop spins over {key}"));
                return;
            }
            let future = one(life.engine.clone(), key.clone(), self.hub.lock().mutant);
            life.under_way.push(Task { key: Some(key), future });
        }
    }

    /// Polls all that is under way, in any order; answers whether something ended.
    fn poll_all(&mut self) -> bool {
        let Some(life) = &mut self.life else { return false };
        let count = life.under_way.len();
        if count > 1 {
            let turn = self.hub.lock().chaos.rng.random_range(0..count);
            life.under_way.rotate_left(turn);
        }
        let mut index = 0;
        while index < life.under_way.len() {
            let mut context = Context::from_waker(Waker::noop());
            match life.under_way[index].future.as_mut().poll(&mut context) {
                Poll::Ready(()) => drop(life.under_way.remove(index)),
                Poll::Pending => index += 1,
            }
            if self.hub.lock().crashed {
                return true;
            }
        }
        life.under_way.len() < count
    }

    fn look_around(&mut self, t: i64) {
        if t < self.next_check {
            return;
        }
        self.next_check = t + 500 * MS;
        let mut state = self.hub.lock();
        check::one_each(&mut state);
        if state.options.is_calm() && state.chaos.single.is_none() {
            check::prompt(&mut state);
        }
        let ask = state.chaos.rng.random_ratio(1, 12);
        drop(state);
        if ask {
            let silent = now(check::reasons(&self.calm));
            let mut state = self.hub.lock();
            silent.into_iter().for_each(|line| state.violate(line));
        }
    }

    /// Nothing can go on: time passes until something does.
    fn wait(&mut self, until: i64) {
        let mut state = self.hub.lock();
        let (t, lease) = (state.t, state.options.lease_s as i64 * SECOND);
        let sleeper = state.sleepers.range(t + 1..).next().copied();
        state.sleepers.retain(|at| *at > t);
        let mut next = [world::next_event(&state.world, lease), sleeper, self.calamities.last().map(|(at, _)| *at)];
        next.sort();
        let mut moments: Vec<i64> = next.into_iter().flatten().collect();
        match &self.life {
            None => moments.push(self.restart_at),
            Some(life) => {
                moments.extend(self.script.first().map(|(at, _)| *at));
                moments.extend(self.next_act.filter(|_| self.script.is_empty()));
                moments.extend(life.clockwork.iter().map(|(_, at)| *at));
                let busy = life.under_way.iter().filter(|task| task.key.is_some()).count() >= PASSES;
                match life.engine.queue.next(state.now()) {
                    Next::At(due) if !busy => moments.push(due.0 - EPOCH - state.offset),
                    // Woken meanwhile: it is handed back, and taken at once.
                    Next::Now(key) => {
                        life.engine.queue.wake(key.clone());
                        life.engine.queue.done(&key);
                        moments.extend((!busy).then_some(t));
                    }
                    _ => {}
                }
            }
        }
        let next = moments.into_iter().min().unwrap_or(until).clamp(t + 1, until.max(t + 1));
        state.advance(next);
    }
}

fn every(work: Clockwork, lease: i64) -> i64 {
    match work {
        Clockwork::Sweep => 60 * SECOND,
        Clockwork::Leases => lease / 6,
        Clockwork::Retention => 45 * SECOND,
        Clockwork::Resync => RESYNC.as_micros() as i64,
    }
}

fn do_work(work: Clockwork, engine: Engine, hub: &Arc<Hub>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    let keep = Duration::from_millis(hub.lock().options.keep_ms);
    Box::pin(async move {
        // A task that fails is made again at its next time.
        match work {
            Clockwork::Sweep => drop(tasks::sweep(&engine.ports).await),
            Clockwork::Leases => drop(tasks::renew_leases(&engine.ports).await),
            Clockwork::Retention => drop(tasks::remove_old(&engine.ports, keep).await),
            Clockwork::Resync => drop(engine.wake_all().await),
        }
    })
}

/// One pass by the production engine; one planted bug forgets whom else it concerns.
fn one(engine: Engine, key: Key, mutant: Option<Mutant>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        if mutant != Some(Mutant::WakeLost) {
            return engine.one(&key).await;
        }
        let now = engine.ports.clock.now();
        let (outcome, result) = pass::run(&key, &engine.ports).await;
        if let Some(due) = outcome.due {
            engine.queue.wake_at(key.clone(), due.max(now + Duration::from_millis(1)));
        }
        if outcome.wakes.contains(&key) {
            engine.queue.wake(key.clone());
        }
        if result.is_err() {
            engine.queue.wake_at(key.clone(), now + Duration::from_millis(500));
        }
        engine.queue.done(&key);
    })
}

/// When what breaks, the last first.
fn plan_calamities(hub: &Hub) -> Vec<(i64, Calamity)> {
    let mut state = hub.lock();
    let faults = state.options.world.clone();
    let storm = state.options.storm_ms;
    let mut all = Vec::new();
    let mut add = |state: &mut crate::hub::State, times: u32, what: &dyn Fn(i64) -> Calamity| {
        for _ in 0..times {
            let (at, by) = (state.chaos.span(storm), state.chaos.rng.random_range(-120..600) * SECOND);
            all.push((at, what(by)));
        }
    };
    add(&mut state, faults.keeper_deaths, &|_| Calamity::Keeper);
    add(&mut state, faults.clock_jumps, &Calamity::Clock);
    add(&mut state, faults.reboots, &|_| Calamity::Reboot);
    add(&mut state, faults.kills, &|_| Calamity::Kill);
    add(&mut state, faults.absences, &|_| Calamity::Absence);
    all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    all
}

/// A future that never waits.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("calm ports answer at once"),
    }
}
