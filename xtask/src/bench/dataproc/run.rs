//! The order of a run: prepare, measure, end everything, write down.

use std::fs;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::args::Arguments;
use super::{history, place, report};
use crate::bench::start::ground::Ground;
use crate::bench::start::numbers::Numbers;
use crate::bench::start::{caddis, clock, frame, machine};

/// Whose versions the report names.
const PACKAGES: [&str; 4] = ["google-cloud-dataproc", "google-api-core", "grpcio", "protobuf"];

/// A single node's worker gets 14 GiB at most, and half of the pool at most: a pool of this size for each user holds
/// all of their clusters at once. It is a limit that nothing here comes near, not memory that is used.
const GIB_A_USER: u32 = 14;

/// What came of a run.
pub(super) struct Outcome {
    pub(super) numbers: Numbers,
    pub(super) facts: Value,
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
    let mut numbers = Numbers::default();
    place::prepare(ground).await?;
    let (busy, before) = (machine::quiet().await, machine::load());
    if arguments.wants("idle") {
        let done = idle(ground, arguments.rounds, &mut numbers).await;
        part("idle", done, &mut numbers);
    }
    if arguments.wants("queue") {
        eprintln!("{} users at once on this machine's pool", arguments.users);
        let done = users(ground, "queue", arguments.users, 1, &mut numbers).await;
        part("queue", done, &mut numbers);
    }
    if arguments.wants("users") {
        eprintln!("{} users at once, each with a cluster", arguments.users);
        let done = at_once(ground, arguments, &mut numbers).await;
        part("users", done, &mut numbers);
    }
    if arguments.wants("history") {
        eprintln!("a long history");
        let done = history::run(ground, arguments, &mut numbers).await;
        part("history", done, &mut numbers);
    }
    let mut facts = machine::facts(ground, &PACKAGES).await?;
    facts["begun"] = begun.into();
    facts["busy_before"] = json!(busy);
    facts["load_before"] = json!(before);
    facts["load_after"] = json!(machine::load());
    Ok(Outcome { numbers, facts, left_behind: Vec::new() })
}

/// One user, by a thin client that looks closely and by Google's library, in turns.
async fn idle(ground: &Ground, rounds: u32, numbers: &mut Numbers) -> Result<()> {
    let mut direct = place::driver(ground, "direct.py").await?;
    let mut google = place::driver(ground, "library.py").await?;
    for round in 0..=rounds {
        eprintln!("round {round} of {rounds} (load {:.2})", machine::load()[0]);
        let (mut first, failed) = (Numbers::default(), numbers.failures_of_all());
        let kept = if round == 0 { &mut first } else { &mut *numbers };
        match direct.ask(&json!({"do": "once", "name": format!("idle-{round}"), "workers": 2})).await {
            Ok(took) => place::note("idle", &took, kept)?,
            Err(error) => kept.fail("idle", format!("{error:#}")),
        }
        caddis::rest(ground).await?;
        place::users(&mut google, "library", 1, 1, 2, kept).await?;
        caddis::rest(ground).await?;
        if numbers.failures_of_all() > failed || first.failures_of_all() > 0 {
            bail!("a round failed");
        }
    }
    direct.end().await;
    google.end().await;
    Ok(())
}

async fn users(ground: &Ground, name: &'static str, count: u32, loops: u32, numbers: &mut Numbers) -> Result<()> {
    let mut google = place::driver(ground, "library.py").await?;
    let begun = clock::monotonic();
    let done = place::users(&mut google, name, count, loops, 0, numbers).await;
    numbers.push(name, "total_s", clock::millis(begun, clock::monotonic()) / 1000.0);
    google.end().await;
    caddis::rest(ground).await?;
    done
}

/// All users' clusters at once: a server with a pool that holds them, and afterwards one with the machine's own.
async fn at_once(ground: &Ground, arguments: &Arguments, numbers: &mut Numbers) -> Result<()> {
    let config = ground.home.join("caddis.toml");
    caddis::stop(ground).await?;
    fs::write(&config, format!("[pool]\nmemory = \"{}GiB\"\n", GIB_A_USER * arguments.users.max(2)))?;
    let done = users(ground, "users", arguments.users, arguments.loops, numbers).await;
    caddis::rest(ground).await?;
    caddis::stop(ground).await?;
    fs::remove_file(&config)?;
    done
}

/// A part that failed is a failure in the report, which keeps what all the others measured.
fn part(name: &'static str, done: Result<()>, numbers: &mut Numbers) {
    if let Err(error) = done {
        eprintln!("  {name} failed: {error:#}");
        numbers.fail(name, format!("{error:#}"));
    }
}
