//! `caddis doctor`: checks of this machine and the state folder. It starts no server and changes nothing.

mod checks;
mod orphans;

use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::OutputArgs;
use crate::output::style::{Style, Tint};
use crate::output::table::width;

/// Check this machine and the state folder.
///
/// Exits with 1 when something is wrong that keeps jobs from running.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// List processes that belong to no living cluster. `caddis prune` ends them.
    #[arg(long)]
    pub orphans: bool,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Notice,
    /// Jobs cannot run.
    Wrong,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub what: &'static str,
    /// How it went.
    pub grade: Grade,
    /// What was found.
    pub found: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Check {
    fn new(what: &'static str, grade: Grade, found: impl Into<String>) -> Check {
        Check { what, grade, found: found.into(), hint: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Check {
        self.hint = Some(hint.into());
        self
    }
}

/// Does what was asked. With a `wrong` config the context holds the defaults, and the other checks go on.
pub async fn run(args: &Args, context: &Context, wrong: Option<Failure>) -> Result<u8, Failure> {
    if args.orphans {
        return orphans::run(args, context).await;
    }
    let checks = checks::all(context, wrong).await;
    args.output.print(&checks, |checks| text(checks, stdout_style()))?;
    Ok(u8::from(checks.iter().any(|check| check.grade == Grade::Wrong)))
}

fn stdout_style() -> Style {
    use std::io::IsTerminal;
    Style::decide(std::io::stdout().is_terminal(), |name| std::env::var(name).ok())
}

/// The checks for people.
pub fn text(checks: &[Check], style: Style) -> String {
    let room = checks.iter().map(|check| width(check.what)).max().unwrap_or(0);
    let mut text = String::new();
    for check in checks {
        let (word, tint) = match check.grade {
            Grade::Ok => ("ok    ", Tint::Good),
            Grade::Notice => ("notice", Tint::Notice),
            Grade::Wrong => ("wrong ", Tint::Bad),
        };
        let mut lines = check.found.lines();
        let first = lines.next().unwrap_or_default();
        text.push_str(&format!("{}  {:room$}  {first}\n", style.paint(tint, word), check.what));
        let indent = " ".repeat(room + 10);
        text.extend(lines.map(|line| format!("{indent}{line}\n")));
        text.extend(check.hint.iter().map(|hint| format!("{indent}hint: {hint}\n")));
    }
    text
}
