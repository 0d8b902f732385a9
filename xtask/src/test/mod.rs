//! `cargo xtask test`: every tier says what it is, what it took, and why it was skipped where it was.
//!
//! The newcomer's tier runs by default. `CI=true` runs every tier; there a tier that is skipped fails the run, unless
//! it is listed as optional.

mod airflow;
mod codes;
mod disk;
mod interpreters;
mod pytest;
mod skipped;
mod tiers;
mod uv;

use std::time::Instant;

use anyhow::{Result, bail};
use clap::Args;

/// Which tiers.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Runs only the tier of this name.
    #[arg(long)]
    tier: Option<String>,
    /// Lists the tiers.
    #[arg(long)]
    list: bool,
}

/// What became of a tier.
pub(crate) enum Verdict {
    Passed,
    /// Not run, and why.
    Skipped(String),
}

/// A part of the tests.
pub(crate) struct Tier {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// Runs without `CI=true` too.
    pub(crate) newcomer: bool,
    /// May be skipped in CI.
    pub(crate) optional: bool,
    pub(crate) run: fn() -> Result<Verdict>,
}

/// Runs the tiers that are asked for.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if arguments.list {
        for tier in tiers::ALL {
            println!("{:<14} {}{}", tier.name, tier.about, if tier.newcomer { "" } else { " (CI only)" });
        }
        return Ok(());
    }
    let all = tiers::everything();
    let chosen: Vec<&Tier> = tiers::ALL
        .iter()
        .filter(|tier| match &arguments.tier {
            Some(name) => tier.name == name,
            None => all || tier.newcomer,
        })
        .collect();
    if chosen.is_empty() {
        bail!("there is no such tier; `cargo xtask test --list` shows them");
    }
    disk::notice(all);
    let mut summary = Vec::new();
    let mut failed = 0;
    for tier in chosen {
        println!("\n=== {}: {}", tier.name, tier.about);
        let started = Instant::now();
        let result = (tier.run)();
        let seconds = started.elapsed().as_secs_f64();
        let (word, bad) = match &result {
            Ok(Verdict::Passed) => ("passed".to_owned(), false),
            Ok(Verdict::Skipped(why)) => (format!("skipped: {why}"), all && !tier.optional),
            Err(error) => (format!("FAILED: {error:#}"), true),
        };
        failed += usize::from(bad);
        summary.push(format!("{:<14} {seconds:>7.1} s  {word}", tier.name));
    }
    println!("\n=== tiers\n{}", summary.join("\n"));
    println!("{} passed, {failed} failed", summary.len() - failed);
    if failed > 0 {
        bail!("{failed} of {} tiers failed", summary.len());
    }
    Ok(())
}
