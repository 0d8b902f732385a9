//! The loop: the next event, what follows from it, and a look of the policy when there is something new.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use caddis_types::Timestamp;

use super::durations::Durations;
use super::fleet::{Fleet, Running, WorkerId};
use super::outcome::{Outcome, Point};
use super::sight::Sight;
use super::work::Work;
use super::{Micros, Settings, micros, seconds};
use crate::scalers::{Order, Scaler};
use crate::trace::Trace;

/// Between two looks, as in production and in Dask's `Adaptive`.
const LOOK: Micros = 1_000_000;
/// Above this share of the memory tasks wait for the disk, above the other for each other; so many times as long.
const SPILL: (f64, f64) = (0.85, 2.0);
const PAUSE: (f64, f64) = (0.95, 4.0);
/// A cluster that stands still for so long, with a policy that looks on, does so for ever.
const STUCK: Micros = 24 * 3600 * 1_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Ends { worker: WorkerId, token: u64 },
    Arrives(WorkerId),
    Gone(WorkerId),
    Submitted(usize),
    Look,
}

struct Run<'a> {
    settings: &'a Settings,
    work: Work,
    durations: Durations,
    fleet: Fleet,
    events: BinaryHeap<Reverse<(Micros, Event)>>,
    now: Micros,
    tokens: u64,
    repeated: u64,
    busy: f64,
    last_end: Micros,
    idle_since: Option<Micros>,
    next_look: Option<Micros>,
    /// Events but for looks, and when the last of them was.
    coming: usize,
    moved: Micros,
    direction: i64,
    turns: u32,
    /// Absent where nobody wants to see the course: for months of a large cluster that is more than the memory has.
    points: Option<Vec<Point>>,
}

/// Replays `trace` under `scaler`, and tells the course of it too.
pub fn run(trace: &Trace, settings: &Settings, scaler: &mut dyn Scaler) -> Outcome {
    replay(trace, settings, scaler, Some(Vec::new()))
}

/// The same without the course: `points` is empty.
pub fn sums(trace: &Trace, settings: &Settings, scaler: &mut dyn Scaler) -> Outcome {
    replay(trace, settings, scaler, None)
}

fn replay(trace: &Trace, settings: &Settings, scaler: &mut dyn Scaler, points: Option<Vec<Point>>) -> Outcome {
    let mut durations = Durations::default();
    let earlier = if scaler.remembers() { trace.earlier() } else { BTreeMap::new() };
    let work = Work::of(trace, &mut durations, &earlier);
    let mut run = Run {
        settings,
        work,
        durations,
        fleet: Fleet::new(settings.threads),
        events: BinaryHeap::new(),
        now: 0,
        tokens: 0,
        repeated: 0,
        busy: 0.0,
        last_end: 0,
        idle_since: Some(0),
        next_look: None,
        coming: 0,
        moved: 0,
        direction: 0,
        turns: 0,
        points,
    };
    run.begin();
    run.proceed(scaler);
    run.outcome()
}

impl Run<'_> {
    fn begin(&mut self) {
        for _ in 0..self.settings.range.min {
            let worker = self.fleet.ask(0);
            self.fleet.arrive(worker, 0);
        }
        for (at, index) in self.work.first() {
            self.push(at, Event::Submitted(index));
        }
        self.look_at(0);
    }

    fn push(&mut self, at: Micros, event: Event) {
        self.coming += usize::from(event != Event::Look);
        self.events.push(Reverse((at, event)));
    }

    /// Looks at `at`, or at the next full second after it, unless it looks sooner anyway.
    fn look_at(&mut self, at: Micros) {
        let at = (at.max(self.now) + LOOK - 1) / LOOK * LOOK;
        if self.next_look.is_none_or(|next| next > at) {
            self.next_look = Some(at);
            self.push(at, Event::Look);
        }
    }

    fn proceed(&mut self, scaler: &mut dyn Scaler) {
        while let Some(Reverse((at, event))) = self.events.pop() {
            self.now = at;
            match event {
                Event::Look if self.coming == 0 && at - self.moved > STUCK => return,
                Event::Look if self.next_look == Some(at) => {
                    self.next_look = None;
                    self.look(scaler);
                    continue;
                }
                Event::Look => continue,
                Event::Submitted(index) => self.work.submit(index, at),
                Event::Arrives(worker) => drop(self.fleet.arrive(worker, at)),
                Event::Gone(worker) => self.fleet.go(worker, self.settings, at),
                Event::Ends { worker, token } => self.ended(worker, token),
            }
            (self.coming, self.moved) = (self.coming - 1, at);
            if self.work.is_done() {
                return;
            }
            self.dispatch();
            self.notice();
        }
    }

    fn ended(&mut self, worker: WorkerId, token: u64) {
        let Some(task) = self.fleet.end(worker, token) else { return };
        let named = self.work.pieces[task.piece].named;
        self.durations[named].left(task.began, token);
        self.durations[named].took(task.took);
        self.busy += task.took;
        self.last_end = self.now;
        for (at, index) in self.work.end(task.piece, self.now) {
            self.push(at, Event::Submitted(index));
        }
        if self.fleet.is_drained(worker) {
            self.leave(worker);
        }
    }

    /// Hands its results over, and is gone.
    fn leave(&mut self, worker: WorkerId) {
        let gone = self.now + self.fleet.hand_over(self.work.data_bytes);
        self.push(gone, Event::Gone(worker));
    }

    /// Tasks that can begin do.
    fn dispatch(&mut self) {
        let slowed = self.slowed();
        let pinned = self.work.pinned_since();
        let mut last = None;
        // Oldest first, as far as there are threads: a backlog may be of thousands of groups.
        while let (Some((at, index)), Some(_)) = (self.work.standing_after(last), self.fleet.vacant(None)) {
            last = Some((at, index));
            let since = self.work.pieces[index].pinned_by.map(|by| self.work.pieces[by].began.unwrap_or(0));
            // While a shuffle holds the older workers, other tasks keep them free for it where they can.
            let since = since.or_else(|| pinned.is_none().then_some(Micros::MAX));
            while self.work.pieces[index].standing > 0 {
                let Some(worker) = self.fleet.vacant(since) else { break };
                let Some(exact) = self.work.take(index, self.now) else { break };
                self.run_task(worker, index, exact, exact * slowed);
            }
        }
    }

    fn run_task(&mut self, worker: WorkerId, piece: usize, exact: f64, took: f64) {
        self.tokens += 1;
        let (token, began) = (self.tokens, self.now);
        self.durations[self.work.pieces[piece].named].begun(began, token);
        self.fleet.begin(worker, Running { token, piece, began, took, exact });
        self.push(began + micros(took).max(1), Event::Ends { worker, token });
    }

    /// How many times as long tasks take that begin now.
    fn slowed(&self) -> f64 {
        let limit = f64::from(self.fleet.ready()) * self.settings.memory_bytes as f64;
        match self.work.data_bytes as f64 / limit.max(1.0) {
            share if share > PAUSE.0 => PAUSE.1,
            share if share > SPILL.0 => SPILL.1,
            _ => 1.0,
        }
    }

    /// Something happened: the policy looks at the next full second.
    fn notice(&mut self) {
        let idle = self.work.active.is_empty() && self.work.waiting.is_empty();
        self.idle_since = if idle { self.idle_since.or(Some(self.now)) } else { None };
        self.look_at(self.now);
    }

    fn look(&mut self, scaler: &mut dyn Scaler) {
        self.durations.heartbeat(self.now);
        let before = self.fleet.staying();
        let sight = Sight {
            settings: self.settings,
            fleet: &self.fleet,
            work: &self.work,
            durations: &self.durations,
            now: self.now,
            idle_since: self.idle_since,
        };
        let answer = scaler.look(&sight);
        match answer.order {
            Order::To(target) => self.resize(target),
            Order::Close(workers) => self.close(&workers),
            Order::Keep => {}
        }
        self.turned(i64::from(self.fleet.staying()) - i64::from(before));
        self.point();
        // While tasks run, the time itself tells something of how long they take.
        if self.fleet.running > 0 {
            self.look_at(self.now + LOOK);
        }
        if let Some(Timestamp(due)) = answer.due {
            self.look_at(due.max(self.now + LOOK));
        }
    }

    fn resize(&mut self, target: u32) {
        let target = target.clamp(self.settings.range.min, self.settings.range.max);
        let starts = micros(self.settings.economy.start_seconds);
        while self.fleet.staying() < target {
            let worker = self.fleet.ask(self.now);
            self.push(self.now + starts, Event::Arrives(worker));
        }
        let (pinned, memory) = (self.work.pinned_since(), self.settings.memory_bytes);
        for worker in self.fleet.surplus(target, pinned, self.work.data_bytes, memory) {
            self.fleet.retire(worker, self.settings, self.now);
            if self.fleet.is_drained(worker) {
                self.leave(worker);
            }
        }
    }

    /// Takes these away as Dask's `Adaptive` does: results are handed over, tasks that run are begun again elsewhere.
    fn close(&mut self, workers: &[WorkerId]) {
        for worker in workers {
            if !self.fleet.stays(*worker) {
                continue;
            }
            self.fleet.retire(*worker, self.settings, self.now);
            for task in self.fleet.strip(*worker) {
                self.durations[self.work.pieces[task.piece].named].left(task.began, task.token);
                self.work.lose(task.piece, task.exact);
                self.repeated += 1;
            }
            if self.fleet.is_drained(*worker) {
                self.leave(*worker);
            }
        }
        self.dispatch();
    }

    fn turned(&mut self, step: i64) {
        if step != 0 {
            self.turns += u32::from(self.direction != 0 && self.direction != step.signum());
            self.direction = step.signum();
        }
    }

    fn point(&mut self) {
        let Some(points) = &mut self.points else { return };
        let (paid, running, runnable) = (self.fleet.paid(), self.fleet.running, self.work.runnable);
        let point = Point { at: seconds(self.now), paid, running, runnable };
        let same =
            |last: &Point| (last.paid, last.running, last.runnable) == (point.paid, point.running, point.runnable);
        if !points.last().is_some_and(same) {
            points.push(point);
        }
    }

    fn outcome(mut self) -> Outcome {
        let end = self.last_end;
        self.fleet.disband(self.settings, end);
        let mut points = self.points.take().unwrap_or_default();
        points.extend((!points.is_empty()).then_some(Point { at: seconds(end), paid: 0, running: 0, runnable: 0 }));
        Outcome {
            finished: self.work.is_done(),
            makespan: seconds(end),
            waited: seconds(self.work.waited),
            cost: self.fleet.bill.cost,
            worker_seconds: seconds(self.fleet.bill.billed),
            busy_seconds: self.busy,
            repeated: self.repeated,
            started: self.fleet.ever(),
            peak: self.fleet.peak,
            turns: self.turns,
            points,
        }
    }
}
