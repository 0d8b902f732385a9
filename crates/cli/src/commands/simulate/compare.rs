//! All policies on all kinds of work.

use caddis_replay::generate::Class;
use caddis_replay::model::Settings;
use caddis_replay::report::{Case, Plan, case, markdown};
use caddis_types::shape::WorkerRange;

use super::{Args, policy};
use crate::failure::Failure;
use crate::output::say;

/// Larger clusters than this are not shared by a dozen people.
const SHARED_MOST: u32 = 100;

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let figures = policy::load(args.policy.as_deref())?;
    let classes = if args.classes.is_empty() { Class::ALL.to_vec() } else { args.classes.clone() };
    let mut cases: Vec<Case> = Vec::new();
    for class in classes {
        for most in &args.sizes {
            if class.is_shared() && *most > SHARED_MOST {
                continue;
            }
            say(&format!("{class}, up to {most} workers"));
            let plan = Plan { policy: figures.clone(), seeds: args.seeds.clone() };
            cases.push(case(class, &settings(class, *most, args), &plan));
        }
    }
    args.output.print(&cases, |cases| markdown(cases))?;
    Ok(0)
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
