//! One seed from beginning to end: the storm, the quiet after it, and users putting everything away.

use std::sync::atomic::Ordering;

use crate::chaos::Single;
use crate::driver::Driver;
use crate::hub::{Hub, MS, SECOND};
use crate::users::Act;
use crate::{Mutant, Options, check, report};

/// How long everything may take to settle, and then to be put away.
const QUIET: i64 = 10 * 60 * SECOND;
/// How many such spans there are at most, while something still moves.
const QUIETS: usize = 3;

/// What one run amounted to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// Passes of the loop.
    pub passes: u64,
    /// Calls of ports.
    pub calls: u64,
    /// Lives of the server.
    pub lives: u64,
    /// Processes.
    pub processes: u64,
    /// Jobs.
    pub jobs: u64,
    /// Whether the one fault of a sweep changed what its call did; also where it could not befall that call.
    pub struck: bool,
}

/// A run that went wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its options, first of which is the seed.
    pub options: Options,
    /// What was wrong first.
    pub what: Vec<String>,
    /// All that is needed to understand it.
    pub report: String,
}

/// Runs a seed.
pub fn seed(options: &Options, mutant: Option<Mutant>, loud: bool) -> Result<Outcome, Box<Failure>> {
    let driver = Driver::new(Hub::new(options, mutant, None, loud));
    finish(driver, options, options.storm_ms as i64 * MS)
}

/// Runs what is written down, with at most one fault.
pub fn scripted(
    options: &Options,
    script: Vec<(i64, Act)>,
    single: Option<(u64, Single)>,
    loud: bool,
) -> Result<Outcome, Box<Failure>> {
    let mut driver = Driver::new(Hub::new(options, None, single, loud));
    let storm = script.last().map_or(0, |(at, _)| *at) + 60 * SECOND;
    driver.next_act = None;
    driver.script = script;
    finish(driver, options, storm)
}

fn finish(mut driver: Driver, options: &Options, storm: i64) -> Result<Outcome, Box<Failure>> {
    driver.run_until(storm);
    driver.calm_down();
    // Once more for what was being written just then.
    driver.run_until(storm + 60 * SECOND);
    driver.preempt_no_more();
    let quiet = settle(&mut driver, storm);
    examine(&mut driver);
    driver.script = put_away(&driver, quiet);
    driver.run_until(quiet + QUIET);
    if sound(&driver) {
        check::all_gone(&mut driver.hub.lock());
        check::books_balance(&mut driver.hub.lock());
    }
    let state = driver.hub.lock();
    let outcome = Outcome {
        passes: driver.passes,
        calls: state.chaos.calls,
        lives: driver.lives,
        processes: state.world.processes.len() as u64,
        jobs: state.book.jobs.len() as u64,
        struck: state.chaos.spared || state.chaos.heeded.load(Ordering::Relaxed),
    };
    if state.violations.is_empty() {
        return Ok(outcome);
    }
    let report = report::failure(options, &state);
    Err(Box::new(Failure { options: options.clone(), what: state.violations.clone(), report }))
}

/// Waits until what can go on has gone on; until when. Jobs that waited for each other's memory and are tried again end one
/// after another, and one may do so just when it is looked at: then it is looked at again. What is stuck stays so.
fn settle(driver: &mut Driver, storm: i64) -> i64 {
    let mut until = storm;
    for _ in 0..QUIETS {
        until += QUIET;
        driver.run_until(until);
        if !sound(driver) || check::stuck(&driver.hub.lock()).is_empty() {
            break;
        }
    }
    until
}

fn sound(driver: &Driver) -> bool {
    driver.hub.lock().violations.is_empty()
}

/// After the quiet: everything runs or waits rightly, money is counted, and nothing acts any more.
fn examine(driver: &mut Driver) {
    if !sound(driver) {
        return;
    }
    check::settled(&mut driver.hub.lock());
    check::books_balance(&mut driver.hub.lock());
    for line in driver.restless() {
        driver.hub.lock().violate(line);
    }
}

/// Users end what they left.
fn put_away(driver: &Driver, at: i64) -> Vec<(i64, Act)> {
    let state = driver.hub.lock();
    let jobs = state.book.jobs.values().filter(|job| !job.is_ended());
    let jobs = jobs.map(|job| Act::Cancel(job.owner.clone(), job.id.to_string(), false));
    let clusters = state.book.clusters.values().filter(|cluster| cluster.job.is_none() && !cluster.state.is_ending());
    let clusters = clusters.map(|cluster| Act::Stop(cluster.owner.clone(), cluster.id.to_string()));
    jobs.chain(clusters).enumerate().map(|(n, act)| (at + n as i64 * SECOND, act)).collect()
}
