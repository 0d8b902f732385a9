//! All policies on all kinds of work.

use caddis_core::autoscale::Policy;
use caddis_replay::generate::Class;
use caddis_replay::model::Settings;
use caddis_replay::report::{Case, Plan, case, markdown};
use caddis_types::shape::WorkerRange;

use super::{Args, policy};
use crate::failure::Failure;
use crate::output::plural::count;
use crate::output::say;

/// Larger clusters than this are not compared where a dozen people share one.
const SHARED_MOST: u32 = 100;

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    // Not those of the config file: the tables are the same on every machine.
    let figures = policy::load(args.policy.as_deref(), &Policy::default())?;
    let classes = if args.classes.is_empty() { Class::ALL.to_vec() } else { args.classes.clone() };
    let chosen = chosen(&classes, args)?;
    let mut cases: Vec<Case> = Vec::new();
    for (class, sizes) in chosen {
        for most in &sizes {
            say(&format!("{class}, up to {}", count((*most).into(), "worker")));
            let plan = Plan { policy: figures.clone(), seeds: args.seeds.clone() };
            cases.push(case(class, &settings(class, *most, args), &plan));
        }
    }
    args.output.print(&cases, |cases| markdown(cases))?;
    Ok(0)
}

/// The sizes of each class. A class that was asked for and has none of them is refused, and what is left out is told:
/// tables without it would read as if nothing were missed.
fn chosen(classes: &[Class], args: &Args) -> Result<Vec<(Class, Vec<u32>)>, Failure> {
    let mut all = Vec::new();
    for class in classes {
        let has = |size: &&u32| !class.is_shared() || **size <= SHARED_MOST;
        let (sizes, left): (Vec<u32>, Vec<u32>) = args.sizes.iter().partition(|size| has(size));
        let left = left.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        if sizes.is_empty() && !args.classes.is_empty() {
            let text = format!("`--sizes` is {left}, and `{class}` is only compared with up to {SHARED_MOST} workers");
            return Err(Failure::usage("no_such_size", text)
                .hint(format!("give a size of at most {SHARED_MOST}, or leave `{class}` out of `--classes`")));
        }
        if !left.is_empty() {
            say(&format!("notice: {class} is only compared with up to {SHARED_MOST} workers, so not with {left}"));
        }
        all.push((*class, sizes));
    }
    Ok(all)
}

/// A program has two workers from its beginning, as the mission says, or at least none where one is all that it may
/// have; a cluster that waits for people has none.
fn settings(class: Class, most: u32, args: &Args) -> Settings {
    let min = if class.is_shared() || most < 2 { 0 } else { 2 };
    let mut settings = Settings::cloud(WorkerRange { min, max: most });
    settings.threads = args.threads.unwrap_or(settings.threads);
    if let Some(millis) = args.start {
        settings.economy.start_seconds = millis as f64 / 1e3;
    }
    settings
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command};

    fn sizes(words: &[&str]) -> Result<Vec<(Class, Vec<u32>)>, Failure> {
        let words = ["caddis", "simulate", "--compare"].iter().chain(words);
        match Cli::parse_from(words).command {
            Command::Simulate(args) if args.classes.is_empty() => chosen(&Class::ALL, &args),
            Command::Simulate(args) => chosen(&args.classes, &args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_class_without_a_size_is_refused_where_it_was_asked_for() {
        let refused = sizes(&["--sizes", "1000", "--classes", "diurnal,month"]).unwrap_err();
        assert!(refused.message.contains("`diurnal`") && refused.message.contains("up to 100"), "{refused:?}");
        assert_eq!(sizes(&["--sizes", "10,1000", "--classes", "month"]).unwrap(), [(Class::Month, vec![10])]);
        let all = sizes(&["--sizes", "1000"]).unwrap();
        assert_eq!(all.iter().map(|(_, sizes)| sizes.len()).sum::<usize>(), 4, "shared clusters are left out: {all:?}");
    }
}
