//! The order of a run: prepare, measure, end everything, write down.

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::args::Arguments;
use super::ground::Ground;
use super::numbers::Numbers;
use super::{caddis, clock, cold, frame, idle, machine, many, report, rounds, warm_run};


/// Whose versions the report names.
const PACKAGES: [&str; 9] =
    ["distributed", "dask", "tornado", "bokeh", "pandas", "pyarrow", "numpy", "dask-gateway", "dask-gateway-server"];

/// What came of a run.
pub(super) struct Outcome {
    pub(super) numbers: Numbers,
    pub(super) facts: Value,
    pub(super) seed: u64,
    /// Processes that outlived what should have ended them.
    pub(super) left_behind: Vec<String>,
}

/// Measures until done or interrupted; in any case nothing that was started still runs afterwards.
pub(super) async fn run(arguments: &Arguments) -> Result<()> {
    arguments.check()?;
    let mut ground = frame::ground(arguments.binary.as_deref(), arguments.python.as_deref())?;
    let (mut outcome, left_behind) = frame::measured(&mut ground, async |ground| measure(ground, arguments).await).await?;
    outcome.left_behind = left_behind;
    report::write(arguments, &outcome)?;
    match outcome.numbers.failures_of_all() + outcome.left_behind.len() {
        0 => Ok(()),
        _ => bail!("some measurements failed, or processes were left behind; see above"),
    }
}

/// The parts, in an order that leaves each the state it needs.
async fn measure(ground: &mut Ground, arguments: &Arguments) -> Result<Outcome> {
    let begun = machine::date()?;
    let seed = arguments.seed.unwrap_or_else(|| clock::monotonic().unsigned_abs() % 1_000_000);
    eprintln!("seed {seed}");
    let mut numbers = Numbers::default();
    caddis::warm(ground).await?;
    let (busy, before) = (machine::quiet().await, machine::load());
    if arguments.wants("idle") {
        idle::run(ground, "fresh", &mut numbers).await?;
    }
    let loads = rounds::run(ground, arguments, seed, &mut numbers).await?;
    if arguments.wants("run") {
        eprintln!("warm `caddis run`");
        let done = warm_run::run(ground, arguments, &mut numbers).await;
        part("run", done, &mut numbers);
    }
    if arguments.wants("many") {
        eprintln!("{} jobs at once", arguments.jobs);
        let done = many::run(ground, arguments.jobs, &mut numbers).await;
        part("many", done, &mut numbers);
    }
    if arguments.wants("idle") {
        let done = idle::run(ground, "used", &mut numbers).await;
        part("idle", done, &mut numbers);
    }
    if arguments.wants("cold") {
        let done = cold::run(ground, arguments, seed, &mut numbers).await;
        part("cold", done, &mut numbers);
    }
    let mut facts = machine::facts(ground, &PACKAGES).await?;
    facts["begun"] = begun.into();
    facts["busy_before"] = json!(busy);
    facts["load_before"] = json!(before);
    facts["load_at_rounds"] = json!(loads);
    facts["load_after"] = json!(machine::load());
    Ok(Outcome { numbers, facts, seed, left_behind: Vec::new() })
}

/// A part that failed is a failure in the report, which keeps what all the others measured.
fn part(name: &'static str, done: Result<()>, numbers: &mut Numbers) {
    if let Err(error) = done {
        eprintln!("  {name} failed: {error:#}");
        numbers.fail(name, format!("{error:#}"));
    }
}
