//! The rounds: every contender once in each, in an order that is shuffled anew.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::Value;

use super::args::Arguments;
use super::clock;
use super::contenders::{self, Contender, Program};
use super::driver::Driver;
use super::ground::Ground;
use super::machine;
use super::numbers::Numbers;
use super::shuffle::Shuffle;

/// The stages of a start, in the order they are reached.
const STAGES: [&str; 4] = ["ready", "connected", "task", "groupby"];

/// Drivers that run on from round to round.
struct Drivers<'a> {
    ground: &'a Ground,
    running: BTreeMap<Program, Driver>,
}

/// Makes the rounds; answers the load average at the beginning of each.
pub(super) async fn run(ground: &Ground, arguments: &Arguments, seed: u64, numbers: &mut Numbers) -> Result<Vec<f64>> {
    let all = contenders::all();
    let mut order: Vec<&Contender> = all.iter().filter(|contender| arguments.wants(contender.name)).collect();
    let mut shuffle = Shuffle::new(seed);
    let mut drivers = Drivers { ground, running: BTreeMap::new() };
    let mut loads = Vec::new();
    for round in 0..=arguments.rounds {
        if order.is_empty() {
            break;
        }
        shuffle.shuffle(&mut order);
        loads.push(machine::load()[0]);
        let mut round_numbers = Numbers::default();
        for contender in &order {
            // The first round is for caches and first uses; its failures count all the same.
            let kept = if round == 0 { &mut round_numbers } else { &mut *numbers };
            if let Err(error) = drivers.measure(contender, kept).await {
                eprintln!("  {} failed: {error:#}", contender.name);
                numbers.fail(contender.name, format!("{error:#}"));
            }
        }
        eprintln!("round {round} of {} (load {:.2})", arguments.rounds, machine::load()[0]);
    }
    drivers.end().await;
    Ok(loads)
}

impl Drivers<'_> {
    async fn measure(&mut self, contender: &Contender, numbers: &mut Numbers) -> Result<()> {
        if contender.program.fresh {
            return self.measure_fresh(contender, numbers).await;
        }
        let mut driver = match self.running.remove(&contender.program) {
            Some(driver) => driver,
            None => Driver::start(self.ground, contender.program).await?,
        };
        let answer = driver.ask(&contender.request).await;
        match answer {
            Ok(answer) => {
                self.running.insert(contender.program, driver);
                note(contender, &answer, numbers)
            }
            // After a failure nothing is known of its state; the next round gets a new one.
            Err(error) => {
                driver.give_up().await;
                Err(error)
            }
        }
    }

    async fn measure_fresh(&self, contender: &Contender, numbers: &mut Numbers) -> Result<()> {
        let started = clock::monotonic();
        let mut driver = Driver::start(self.ground, contender.program).await?;
        let answer = match driver.ask(&contender.request).await {
            Ok(answer) => answer,
            Err(error) => {
                driver.give_up().await;
                return Err(error);
            }
        };
        driver.end().await;
        note(contender, &answer, numbers)?;
        numbers.push(contender.name, "task_from_exec", clock::millis(started, mark(&answer, "task")?));
        Ok(())
    }

    async fn end(self) {
        for (_, driver) in self.running {
            driver.end().await;
        }
    }
}

/// Takes a driver's answer in.
fn note(contender: &Contender, answer: &Value, numbers: &mut Numbers) -> Result<()> {
    if contender.kills() {
        for metric in ["removed", "replaced"] {
            let millis = answer[metric].as_f64().with_context(|| format!("no `{metric}` in {answer}"))?;
            numbers.push(contender.name, metric, millis);
        }
        return Ok(());
    }
    let asked = mark(answer, "asked")?;
    for stage in STAGES {
        numbers.push(contender.name, stage, clock::millis(asked, mark(answer, stage)?));
    }
    numbers.push(contender.name, "groupby_alone", clock::millis(mark(answer, "task")?, mark(answer, "groupby")?));
    if answer.get("page").is_some() {
        numbers.push(contender.name, "page", clock::millis(mark(answer, "page_asked")?, mark(answer, "page")?));
    }
    Ok(())
}

fn mark(answer: &Value, name: &str) -> Result<i64> {
    answer[name].as_i64().with_context(|| format!("no `{name}` in {answer}"))
}
