//! The workers: who starts, who serves, who goes.

use std::collections::BTreeSet;

use super::bill::Bill;
use super::{Micros, Settings, micros};

/// Workers are numbered in the order in which they were asked for.
pub type WorkerId = u32;

/// A task on a thread.
#[derive(Clone, Copy, Debug)]
pub(super) struct Running {
    pub(super) token: u64,
    pub(super) piece: usize,
    pub(super) began: Micros,
    pub(super) took: f64,
    /// What the trace says it takes.
    pub(super) exact: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Starting,
    Ready,
    Draining,
    Gone,
}

#[derive(Clone, Debug)]
struct Worker {
    asked: Micros,
    ready: Micros,
    state: State,
    running: Vec<Running>,
}

/// All workers that there ever were.
#[derive(Debug)]
pub(super) struct Fleet {
    threads: usize,
    workers: Vec<Worker>,
    starting: BTreeSet<WorkerId>,
    serving: BTreeSet<WorkerId>,
    /// Serving ones with a free thread, by the number of their tasks, in the order in which they became ready.
    free: Vec<BTreeSet<(Micros, WorkerId)>>,
    draining: u32,
    pub(super) running: u64,
    pub(super) peak: u32,
    pub(super) bill: Bill,
}

/// How fast a worker that goes hands its results over, bytes a second.
const HAND_OVER: f64 = 500e6;
/// What others hold may fill this share of the memory of those that stay.
const ROOM: f64 = 0.85;

impl Fleet {
    pub(super) fn new(threads: u32) -> Fleet {
        let threads = threads.max(1) as usize;
        Fleet {
            threads,
            workers: Vec::new(),
            starting: BTreeSet::new(),
            free: vec![BTreeSet::new(); threads],
            serving: BTreeSet::new(),
            draining: 0,
            running: 0,
            peak: 0,
            bill: Bill::default(),
        }
    }

    pub(super) fn ready(&self) -> u32 {
        self.serving.len() as u32
    }

    pub(super) fn starting(&self) -> u32 {
        self.starting.len() as u32
    }

    pub(super) fn draining(&self) -> u32 {
        self.draining
    }

    /// Those that were asked for and not told to go.
    pub(super) fn staying(&self) -> u32 {
        self.ready() + self.starting()
    }

    pub(super) fn idle(&self) -> u32 {
        self.free[0].len() as u32
    }

    pub(super) fn ever(&self) -> u32 {
        self.workers.len() as u32
    }

    pub(super) fn paid(&self) -> u32 {
        self.staying() + self.draining
    }

    /// Asks for one; answers who it is.
    pub(super) fn ask(&mut self, now: Micros) -> WorkerId {
        let id = self.ever();
        self.workers.push(Worker { asked: now, ready: Micros::MAX, state: State::Starting, running: Vec::new() });
        self.starting.insert(id);
        self.peak = self.peak.max(self.paid());
        id
    }

    /// It serves, unless it was sent back meanwhile.
    pub(super) fn arrive(&mut self, id: WorkerId, now: Micros) -> bool {
        if !self.starting.remove(&id) {
            return false;
        }
        let worker = &mut self.workers[id as usize];
        (worker.state, worker.ready) = (State::Ready, now);
        self.serving.insert(id);
        self.free[0].insert((now, id));
        true
    }

    /// A serving worker with a free thread, one with few tasks first; of those that were ready by `since`, if it is
    /// given, and otherwise the youngest.
    pub(super) fn vacant(&self, since: Option<Micros>) -> Option<WorkerId> {
        match since {
            None => self.free.iter().find_map(|free| free.last()).map(|(_, id)| *id),
            Some(since) => {
                self.free.iter().filter_map(|free| free.first()).find(|(ready, _)| *ready <= since).map(|(_, id)| *id)
            }
        }
    }

    pub(super) fn begin(&mut self, id: WorkerId, task: Running) {
        self.unlist(id);
        self.workers[id as usize].running.push(task);
        self.running += 1;
        self.list(id);
    }

    /// The task that ended, unless its worker was closed under it.
    pub(super) fn end(&mut self, id: WorkerId, token: u64) -> Option<Running> {
        let place = self.workers[id as usize].running.iter().position(|task| task.token == token)?;
        self.unlist(id);
        let task = self.workers[id as usize].running.swap_remove(place);
        self.running -= 1;
        self.list(id);
        Some(task)
    }

    fn unlist(&mut self, id: WorkerId) {
        let worker = &self.workers[id as usize];
        if let (State::Ready, Some(free)) = (worker.state, self.free.get_mut(worker.running.len())) {
            free.remove(&(worker.ready, id));
        }
    }

    fn list(&mut self, id: WorkerId) {
        let worker = &self.workers[id as usize];
        if let (State::Ready, Some(free)) = (worker.state, self.free.get_mut(worker.running.len())) {
            free.insert((worker.ready, id));
        }
    }

    /// Workers that run nothing while they are told to go: when each is gone, given what it holds.
    pub(super) fn is_drained(&self, id: WorkerId) -> bool {
        let worker = &self.workers[id as usize];
        worker.state == State::Draining && worker.running.is_empty()
    }

    /// Tells one to go: it takes no more tasks. One that starts is gone at once.
    pub(super) fn retire(&mut self, id: WorkerId, settings: &Settings, now: Micros) {
        if self.starting.remove(&id) {
            self.go(id, settings, now);
            return;
        }
        self.unlist(id);
        self.workers[id as usize].state = State::Draining;
        self.serving.remove(&id);
        self.draining += 1;
    }

    /// Takes its tasks away, as Dask's own retirement does.
    pub(super) fn strip(&mut self, id: WorkerId) -> Vec<Running> {
        let tasks = std::mem::take(&mut self.workers[id as usize].running);
        self.running -= tasks.len() as u64;
        tasks
    }

    /// It is gone, and its bill is closed.
    pub(super) fn go(&mut self, id: WorkerId, settings: &Settings, now: Micros) {
        let worker = &mut self.workers[id as usize];
        self.draining -= u32::from(worker.state == State::Draining);
        worker.state = State::Gone;
        self.bill.add(&settings.economy, worker.asked, now);
    }

    /// Everybody goes, since the work is done.
    pub(super) fn disband(&mut self, settings: &Settings, now: Micros) {
        for worker in self.workers.iter().filter(|worker| worker.state != State::Gone) {
            self.bill.add(&settings.economy, worker.asked, now);
        }
    }

    /// How long handing its share of the results over takes.
    pub(super) fn hand_over(&self, data_bytes: u64) -> Micros {
        micros(data_bytes as f64 / f64::from(self.ready() + self.draining).max(1.0) / HAND_OVER)
    }

    /// Whom to tell to go so that `target` stay: those that start, the youngest first, then idle ones, then those with
    /// few tasks; nobody that was ready by `pinned`, and nobody whose results would find no room.
    pub(super) fn surplus(&self, target: u32, pinned: Option<Micros>, data_bytes: u64, memory: u64) -> Vec<WorkerId> {
        let mut count = self.staying().saturating_sub(target) as usize;
        let mut chosen: Vec<WorkerId> = self.starting.iter().rev().take(count).copied().collect();
        count -= chosen.len();
        let needed =
            (data_bytes as f64 / (ROOM * memory as f64).max(1.0)).ceil().max(f64::from(u8::from(data_bytes > 0)));
        count = count.min(self.ready().saturating_sub(needed as u32) as usize);
        let may_go = |(ready, _): &&(Micros, WorkerId)| pinned.is_none_or(|pinned| *ready > pinned);
        let by_load = self.free.iter().flat_map(|free| free.iter().rev());
        let full = self.full();
        chosen.extend(by_load.chain(&full).filter(may_go).take(count).map(|(_, id)| *id));
        chosen
    }

    /// Serving workers without a free thread, youngest first. Looked for only when somebody must go.
    fn full(&self) -> Vec<(Micros, WorkerId)> {
        let serving = self.serving.iter().rev().map(|id| (self.workers[*id as usize].ready, *id));
        serving.filter(|(_, id)| self.load(*id) >= self.threads).collect()
    }

    fn load(&self, id: WorkerId) -> usize {
        self.workers[id as usize].running.len()
    }

    /// Each serving worker with the number of its tasks and when it became ready.
    pub(super) fn serving(&self) -> impl Iterator<Item = (WorkerId, u64, Micros)> {
        self.serving.iter().map(|id| (*id, self.load(*id) as u64, self.workers[*id as usize].ready))
    }

    pub(super) fn starters(&self) -> Vec<WorkerId> {
        self.starting.iter().copied().collect()
    }

    pub(super) fn stays(&self, id: WorkerId) -> bool {
        self.serving.contains(&id) || self.starting.contains(&id)
    }
}
