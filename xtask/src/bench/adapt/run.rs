//! The order of a run: every program on both sides, in a shuffled order each round; results are compared.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::args::{Arguments, LOADS};
use super::report;
use crate::bench::start::driver::Driver;
use crate::bench::start::ground::Ground;
use crate::bench::start::numbers::Numbers;
use crate::bench::start::shuffle::Shuffle;
use crate::bench::start::{caddis, clock, frame, machine};

/// Whose versions the report names.
const PACKAGES: [&str; 4] = ["dask", "distributed", "pandas", "pyarrow"];
/// The two sides, as the driver names them.
pub(super) const SIDES: [&str; 2] = ["caddis", "dask"];
/// The longest that one program may take, from no worker to none.
const BOUND: Duration = Duration::from_secs(400);

/// What came of a run.
pub(super) struct Outcome {
    pub(super) numbers: Numbers,
    pub(super) facts: Value,
    pub(super) seed: u64,
    /// Each program's results, if they were not always the same.
    pub(super) differing: Vec<String>,
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
    match outcome.numbers.failures_of_all() + outcome.left_behind.len() + outcome.differing.len() {
        0 => Ok(()),
        _ => bail!("some programs failed or differed, or processes were left behind; see above"),
    }
}

async fn measure(ground: &mut Ground, arguments: &Arguments) -> Result<Outcome> {
    let begun = machine::date()?;
    let seed = arguments.seed.unwrap_or_else(|| u64::try_from(clock::monotonic()).unwrap_or(0) % 1_000_000);
    eprintln!("seed {seed}");
    caddis::warm(ground).await?;
    let (busy, before) = (machine::quiet().await, machine::load());
    let mut shuffle = Shuffle::new(seed);
    let mut turns: Vec<(&str, &'static str)> = LOADS
        .iter()
        .filter(|(load, _)| arguments.wants(load))
        .flat_map(|(load, _)| SIDES.map(|side| (*load, side)))
        .collect();
    let (mut numbers, mut results) = (Numbers::default(), BTreeMap::new());
    for round in 1..=arguments.rounds {
        shuffle.shuffle(&mut turns);
        for (load, side) in &turns {
            eprintln!("round {round} of {}: {load} on {side} (load {:.2})", arguments.rounds, machine::load()[0]);
            if let Err(error) = turn(ground, load, side, &mut numbers, &mut results).await {
                eprintln!("  failed: {error:#}");
                numbers.fail(&name(load, side), format!("{error:#}"));
            }
        }
    }
    let mut facts = machine::facts(ground, &PACKAGES).await?;
    facts["begun"] = begun.into();
    facts["busy_before"] = json!(busy);
    facts["load_before"] = json!(before);
    facts["load_after"] = json!(machine::load());
    let differing = differing(&results);
    Ok(Outcome { numbers, facts, seed, differing, left_behind: Vec::new() })
}

/// One program on one side, in a process of its own: what a side leaves in memory is nobody else's burden.
async fn turn(
    ground: &Ground,
    load: &str,
    side: &'static str,
    numbers: &mut Numbers,
    results: &mut BTreeMap<String, Vec<Value>>,
) -> Result<()> {
    let mut command = ground.python()?;
    let drivers = ground.repository.join("benchmarks/start/drivers");
    command.env("BENCH_DRIVERS", drivers).arg(ground.repository.join("benchmarks/adapt/drivers/scaling.py")).arg(side);
    let mut driver = Driver::begin(ground, command, "scaling.py", side).await?;
    let answer = match driver.ask_within(&json!({"do": "run", "load": load}), BOUND).await {
        Ok(answer) => answer,
        Err(error) => {
            driver.give_up().await;
            return Err(error);
        }
    };
    driver.end().await;
    caddis::rest(ground).await?;
    for (metric, value) in answer["numbers"].as_object().context("an object of numbers")? {
        numbers.push(&name(load, side), metric, value.as_f64().with_context(|| format!("`{metric}` is {value}"))?);
    }
    results.entry(load.to_owned()).or_default().push(answer["result"].clone());
    Ok(())
}

/// How a program on a side is called in the JSON.
pub(super) fn name(load: &str, side: &str) -> String {
    format!("{load}-{side}")
}

fn differing(results: &BTreeMap<String, Vec<Value>>) -> Vec<String> {
    let unlike = results.iter().filter(|(_, results)| results.windows(2).any(|two| two[0] != two[1]));
    unlike.map(|(load, results)| format!("{load}: {results:?}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_that_differ_are_told() {
        let of = |values: &[i64]| values.iter().map(|value| json!(value)).collect::<Vec<_>>();
        let results = [("same".to_owned(), of(&[7, 7, 7])), ("other".to_owned(), of(&[7, 7, 8]))].into();
        assert_eq!(differing(&results).len(), 1);
        assert!(differing(&results)[0].starts_with("other"));
    }
}
