//! What nobody can go below: the lowest cost with which the work could end in time, for somebody who knew all of it
//! before.
//!
//! The true optimum is out of reach; this is a lower bound of it, and so flatters nobody but the clairvoyant. He decides
//! how many workers there are at any moment, as every policy does. That tasks begin in the order which the scheduler has
//! is not his to change, and he takes no running task away from a worker (`Adaptive` does; it pays for the task twice).
//! Left out is what makes real schedules worse: a worker that goes is paid only while its threads are busy, workers come
//! to the second when they are wanted, memory and shuffles cost nothing. Kept is what nobody escapes: the work itself, how
//! long a phase takes with so many workers (`order`), what a worker waits that stays to a phase's end (`idle`), a start for
//! every worker beyond the minimum, and for every pause the cheaper of keeping a worker and of starting it again.
//!
//! How: a trace that is one chain of phases has for every phase a shortest duration with `n` workers, which falls with
//! `n`, and a least wait of all that stay, which grows ever faster with their number. For a price `l` of a second of the
//! whole, the cheapest plan falls apart into one question for each worker: which phases is it worth being there for?
//! (`layers`) That plan's value, less `l` times the seconds that are allowed, is a lower bound for every `l` (weak
//! duality); the best `l` is looked for. A trace of several users is no chain; for it only the work, the idle minimum and
//! the starts of as many workers as the deadline needs are counted, which is less.

mod idle;
mod layers;
mod order;
mod phases;

use caddis_types::NanoDollars;

use crate::model::{Outcome, Settings};
use crate::trace::Trace;

use phases::Phases;

/// The bound of one trace, for any makespan.
#[derive(Debug)]
pub struct LowerBound<'a> {
    trace: &'a Trace,
    settings: &'a Settings,
    /// Absent for a trace that is no chain.
    phases: Option<Phases>,
}

impl<'a> LowerBound<'a> {
    /// Looks at the trace once; what is asked afterwards is quick.
    pub fn of(trace: &'a Trace, settings: &'a Settings) -> LowerBound<'a> {
        LowerBound { trace, settings, phases: trace.is_chain().then(|| Phases::of(trace, settings)) }
    }

    /// Whether the bound speaks of this one: it did all the work, had never more workers than there may be, those included
    /// that were going, and took no task away (which counts where the tasks' order does, in a chain).
    pub fn speaks_of(&self, outcome: &Outcome) -> bool {
        let kept_order = self.phases.is_none() || outcome.repeated == 0;
        outcome.finished && outcome.peak <= self.settings.range.max && kept_order
    }

    /// Lowest cost with which the work could end within `makespan` seconds, in seconds of a worker; nothing where nobody
    /// could.
    pub fn worker_seconds(&self, makespan: f64) -> Option<f64> {
        if self.trace.groups.is_empty() {
            return Some(0.0);
        }
        // Times are whole microseconds, phase by phase; a deadline that rounding made impossible would have any price.
        let makespan = makespan + 1e-6 * (self.trace.groups.len() + 1) as f64;
        let coarse = coarse(self.trace, self.settings, makespan);
        let Some(phases) = &self.phases else { return Some(coarse) };
        if makespan < phases.fastest() {
            return None;
        }
        let value = |log: f64| layers::value(phases, self.settings, makespan, log.exp());
        // The value is concave in the price: the best lies where it stops rising.
        let (mut low, mut high) = (-10.0f64, 16.0f64);
        for _ in 0..60 {
            let (left, right) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
            if value(left) < value(right) { low = left } else { high = right }
        }
        Some(value((low + high) / 2.0).max(layers::value(phases, self.settings, makespan, 0.0)).max(coarse))
    }

    /// The same as money.
    pub fn cost(&self, makespan: f64) -> Option<NanoDollars> {
        let money = |seconds: f64| self.settings.economy.worker_hour.0 as f64 * seconds / 3600.0;
        self.worker_seconds(makespan).map(|seconds| NanoDollars(money(seconds).floor() as i64))
    }

    /// What nobody could go below in the time that this one took; nothing where the bound does not speak of it.
    pub fn below(&self, outcome: &Outcome) -> Option<NanoDollars> {
        self.speaks_of(outcome).then(|| self.cost(outcome.makespan)).flatten()
    }
}

/// The work, the starts of as many workers as the deadline needs on average.
fn coarse(trace: &Trace, settings: &Settings, makespan: f64) -> f64 {
    let threads = f64::from(settings.threads.max(1));
    let work = trace.groups.iter().map(order::work).sum::<f64>() / threads;
    let needed = (work / makespan.max(1e-9)).ceil().max(1.0);
    let started = (needed - f64::from(settings.range.min)).max(0.0);
    let longest = trace.groups.iter().map(|group| order::exact(group.longest())).fold(0.0, f64::max);
    // The fewest are there to the end, which nobody reaches sooner than this.
    let end = longest.max(work / f64::from(settings.range.max.max(1)));
    work.max(f64::from(settings.range.min) * end) + started * settings.economy.start_seconds
}

#[cfg(test)]
mod tests;
