//! Policies on the same traces at the same prices, beside the bound.

use caddis_core::autoscale::Policy;
use caddis_types::NanoDollars;
use caddis_types::shape::WorkerRange;
use serde::Serialize;

use crate::bound::LowerBound;
use crate::generate::{Class, generate};
use crate::model::{self, Outcome, Settings};
use crate::scalers::{Adaptive, Caddis, Dataproc, Fixed, Scaler};

/// The bound is given for makespans of at most so many times the shortest.
pub const TIMES: [f64; 4] = [1.0, 1.1, 1.5, 2.0];

/// One class of work at one size.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Case {
    /// The class.
    pub class: &'static str,
    /// Whether time is what users waited, and not when the last was done.
    pub is_shared: bool,
    /// Fewest workers.
    pub min: u32,
    /// Most workers.
    pub max: u32,
    /// How many traces.
    pub traces: u64,
    /// Of all traces, with the most workers from the beginning, seconds.
    pub fastest: f64,
    /// For each of [`TIMES`], in this order.
    pub bounds: Vec<Bound>,
    /// One a policy; the rule comes first.
    pub rows: Vec<Row>,
}

/// What nobody can go below who is done in time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bound {
    /// In at most so many times the shortest makespan of each trace.
    pub times: f64,
    /// The lowest cost of all traces together.
    pub cost: NanoDollars,
}

/// One policy on all traces of a case.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Row {
    /// Which.
    pub policy: String,
    /// All traces together.
    pub cost: NanoDollars,
    /// Makespans added up, seconds.
    pub makespan: f64,
    /// What users waited, seconds.
    pub waited: f64,
    /// Paid for, seconds of a worker.
    pub worker_seconds: f64,
    /// Workers that were asked for.
    pub started: u64,
    /// Tasks that lost their worker.
    pub repeated: u64,
    /// Turns from up to down or back.
    pub turns: u64,
    /// Traces whose tasks did not all run.
    pub unfinished: u64,
    /// The bound's cost for the time that this policy took; absent where the bound does not speak of it: tasks were taken
    /// away, or more workers than the maximum were there for a while, some of them going.
    pub bound: Option<NanoDollars>,
}

/// How the rule stands to another policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// No dearer and no slower, and one of them better.
    Dominates,
    /// As dear and as slow.
    Equal,
    /// Cheaper and slower, or dearer and faster.
    Neither,
    /// The other is no dearer and no slower, and one of them better.
    Dominated,
}

impl Case {
    /// Adds other traces of the same class and size: the order of adding is that of the figures' last digits.
    pub fn add(&mut self, other: &Case) {
        self.traces += other.traces;
        self.fastest += other.fastest;
        self.bounds.iter_mut().zip(&other.bounds).for_each(|(bound, other)| bound.cost += other.cost);
        self.rows.iter_mut().zip(&other.rows).for_each(|(row, other)| row.add(other));
    }

    /// What counts as time of a row here.
    pub fn time(&self, row: &Row) -> f64 {
        if self.is_shared { row.waited } else { row.makespan }
    }

    /// How `ours` stands to `other`.
    pub fn verdict(&self, ours: &Row, other: &Row) -> Verdict {
        // A millisecond a trace is nothing.
        let close = 0.001 * self.traces as f64;
        let (slower, faster) = (self.time(ours) > self.time(other) + close, self.time(ours) < self.time(other) - close);
        match (ours.cost.cmp(&other.cost), slower, faster) {
            (std::cmp::Ordering::Equal, false, false) => Verdict::Equal,
            (std::cmp::Ordering::Less | std::cmp::Ordering::Equal, false, _) => Verdict::Dominates,
            (std::cmp::Ordering::Greater | std::cmp::Ordering::Equal, _, false) => Verdict::Dominated,
            _ => Verdict::Neither,
        }
    }

    /// The row of a policy.
    pub fn row(&self, policy: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.policy == policy)
    }
}

impl Row {
    fn of(policy: String, outcome: &Outcome, bound: Option<NanoDollars>) -> Row {
        Row {
            policy,
            cost: outcome.cost,
            makespan: outcome.makespan,
            waited: outcome.waited,
            worker_seconds: outcome.worker_seconds,
            started: u64::from(outcome.started),
            repeated: outcome.repeated,
            turns: u64::from(outcome.turns),
            unfinished: u64::from(!outcome.finished),
            bound,
        }
    }

    fn add(&mut self, other: &Row) {
        self.cost += other.cost;
        self.makespan += other.makespan;
        self.waited += other.waited;
        self.worker_seconds += other.worker_seconds;
        self.started += other.started;
        self.repeated += other.repeated;
        self.turns += other.turns;
        self.unfinished += other.unfinished;
        self.bound = self.bound.zip(other.bound).map(|(one, other)| one + other);
    }
}

/// Policies that are compared, the rule first: as it decides when the work ran before, and the first time.
fn scalers(policy: &Policy, max: u32) -> Vec<Box<dyn Scaler>> {
    let mut all: Vec<Box<dyn Scaler>> = vec![
        Box::new(Caddis::new("caddis", policy.clone(), true)),
        Box::new(Caddis::new("caddis, first run", policy.clone(), false)),
        Box::new(Adaptive::default()),
        Box::<Dataproc>::default(),
    ];
    all.extend([2, 10].into_iter().filter(|n| *n <= max).map(|n| Box::new(Fixed(n)) as Box<dyn Scaler>));
    all
}

/// Compares all policies on one trace of a class of work; the rule goes by `policy`.
pub fn case(class: Class, settings: &Settings, policy: &Policy, seed: u64) -> Case {
    let WorkerRange { min, max } = settings.range;
    let trace = generate(class, seed, max, settings.threads);
    let fastest = model::sums(&trace, settings, &mut Fixed(max)).makespan;
    let lowest = LowerBound::of(&trace, settings);
    let row = |mut scaler: Box<dyn Scaler>| {
        let outcome = model::sums(&trace, settings, scaler.as_mut());
        Row::of(scaler.name(), &outcome, lowest.below(&outcome))
    };
    Case {
        class: class.name(),
        is_shared: class.is_shared(),
        min,
        max,
        traces: 1,
        fastest,
        // In the shortest time somebody was done, so that there is always a bound.
        bounds: TIMES.map(|times| Bound { times, cost: lowest.cost(times * fastest).unwrap_or_default() }).to_vec(),
        rows: scalers(policy, max).into_iter().map(row).collect(),
    }
}
