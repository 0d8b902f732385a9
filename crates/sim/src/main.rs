//! `caddis-sim`: runs seeds, the single-fault sweep and planted bugs from the command line.

use std::ops::Range;
use std::process::ExitCode;
use std::time::Instant;

use caddis_sim::{Mutant, Options, kept, run, sweep};

/// What was asked for.
#[derive(Debug)]
struct Args {
    seeds: Range<u64>,
    trace: bool,
    mutant: Option<Mutant>,
    sweep: bool,
    json: bool,
    all: bool,
}

const USAGE: &str = "caddis-sim [--seeds 0..500] [--seed S] [--trace] [--mutant NAME] [--sweep] [--all] [--json]
  --all goes on after the first failure and counts";

fn main() -> ExitCode {
    let args = match parse(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(error) => {
            eprintln!("{error}\nhint: {USAGE}");
            return ExitCode::from(2);
        }
    };
    let good = if args.sweep { sweep_all(&args) } else { run_seeds(&args) };
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Args, String> {
    let mut args = Args { seeds: 0..500, trace: false, mutant: None, sweep: false, json: false, all: false };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("`{word}` needs a value"));
        let number = |text: &str| text.parse::<u64>().map_err(|_| format!("`{text}` is not a seed"));
        match word.as_str() {
            "--seeds" => {
                let text = value()?;
                let (from, to) = text.split_once("..").ok_or_else(|| format!("`{text}` is not a range of seeds"))?;
                args.seeds = number(from)?..number(to)?;
            }
            "--seed" => {
                let seed = number(&value()?)?;
                args.seeds = seed..seed + 1;
            }
            "--mutant" => args.mutant = Some(value()?.parse()?),
            "--trace" => args.trace = true,
            "--sweep" => args.sweep = true,
            "--json" => args.json = true,
            "--all" => args.all = true,
            other => return Err(format!("unknown option `{other}`")),
        }
    }
    Ok(args)
}

fn run_seeds(args: &Args) -> bool {
    let begun = Instant::now();
    let mut total = run::Outcome::default();
    let mut failed: Vec<(u64, String)> = Vec::new();
    let mut count = 0u64;
    let kept = kept::kept().into_iter().map(|(seed, _)| seed).filter(|_| args.mutant.is_none() && args.seeds.end - args.seeds.start > 1);
    for seed in kept.chain(args.seeds.clone()) {
        count += 1;
        match run::seed(&Options::of(seed), args.mutant, args.trace) {
            Ok(outcome) => {
                total.passes += outcome.passes;
                total.calls += outcome.calls;
                total.lives += outcome.lives;
                total.processes += outcome.processes;
                total.jobs += outcome.jobs;
            }
            Err(failure) => {
                if failed.is_empty() && !args.json {
                    println!("{}", failure.report);
                }
                failed.push((seed, failure.what.first().cloned().unwrap_or_default()));
                if !args.all {
                    break;
                }
            }
        }
    }
    let rate = count as f64 / begun.elapsed().as_secs_f64();
    if args.json {
        let failures: Vec<_> = failed.iter().map(|(seed, what)| serde_json::json!({"seed": seed, "what": what})).collect();
        let summary = serde_json::json!({
            "seeds": count, "seeds_per_second": rate, "failures": failures, "passes": total.passes,
            "calls": total.calls, "lives": total.lives, "processes": total.processes, "jobs": total.jobs,
        });
        println!("{summary}");
    } else {
        for (seed, what) in failed.iter().take(60) {
            println!("seed {seed}: {what}");
        }
        println!(
            "{count} seeds, {} failed, {rate:.0} seeds/s; {} jobs, {} processes, {} lives of the server, {} passes, {} calls",
            failed.len(), total.jobs, total.processes, total.lives, total.passes, total.calls
        );
    }
    failed.is_empty()
}

fn sweep_all(args: &Args) -> bool {
    let begun = Instant::now();
    let swept = sweep::sweep(1);
    let seconds = begun.elapsed().as_secs_f64();
    if let Some((at, single, failure)) = swept.failures.first().filter(|_| !args.json) {
        println!("{single:?} at call {at}\n{}", failure.report);
    }
    if args.json {
        let failures: Vec<_> = swept.failures.iter().map(|(at, kind, f)| format!("{kind:?} at {at}: {:?}", f.what)).collect();
        println!("{}", serde_json::json!({"calls": swept.calls, "runs": swept.runs, "unheeded": swept.unheeded.len(), "failures": failures, "seconds": seconds}));
    } else {
        for (at, single, failure) in swept.failures.iter().take(40) {
            println!("{single:?} at call {at}: {}", failure.what.first().cloned().unwrap_or_default());
        }
        println!("{} calls, {} runs with one fault, {} failed, {seconds:.1} s", swept.calls, swept.runs, swept.failures.len());
    }
    if !swept.unheeded.is_empty() {
        println!("no call heeded these faults: {:?}", swept.unheeded);
    }
    swept.failures.is_empty() && swept.unheeded.is_empty()
}
