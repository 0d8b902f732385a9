//! One file per subcommand, by noun; and the way from the command line to them.

pub mod cluster;
pub mod completion;
pub mod cost;
pub mod dashboard;
pub mod doctor;
pub mod env;
pub mod environment;
pub mod job;
pub mod keeper;
pub mod plan;
pub mod price;
pub mod prune;
pub mod run;
pub mod serve;
pub mod shape;
pub mod simulate;
#[cfg(test)]
mod tests;
pub mod why;

use std::future::Future;

use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;

use crate::args::{Cli, Command};
use crate::context::Context;
use crate::failure::{CADDIS_FAILED, Exit, Failure};
use crate::{output, passes_a_code_through};

/// Does what was asked; answers the exit code.
pub fn dispatch(cli: Cli) -> u8 {
    let (passes, json) = (passes_a_code_through(&cli.command), wants_json(&cli.command));
    let result = match cli.command {
        // Not under a runtime: the keeper is one thread, and a background server first leaves its starter's session.
        Command::Keeper(args) => keeper::run(&args, cli.home),
        Command::Completion(args) => completion::run(&args),
        Command::Serve(args) => serve::run(&args, cli.home),
        Command::Doctor(args) => {
            Context::lenient(cli.home).and_then(|(context, wrong)| one_thread(doctor::run(&args, &context, wrong)))
        }
        command => Context::new(cli.home).and_then(|context| one_thread(talk(command, context))),
    };
    match result {
        Ok(code) => code,
        Err(failure) => tell(&failure, passes, json),
    }
}

async fn talk(command: Command, context: Context) -> Result<u8, Failure> {
    match command {
        Command::Run(args) => run::run(*args, &context).await,
        Command::Job(args) => job::run(args, &context).await,
        Command::Cluster(args) => cluster::run(args, &context).await,
        Command::Dashboard(args) => dashboard::run(&args, &context).await,
        Command::Env(args) => env::run(&args, &context).await,
        Command::Why(args) => why::run(&args, &context).await,
        Command::Cost(args) => cost::run(&args, &context).await,
        Command::Price(args) => price::run(&args, &context),
        Command::Plan(args) => plan::run(&args, &context),
        Command::Environment(args) => environment::run(&args, &context).await,
        Command::Prune(args) => prune::run(&args, &context).await,
        Command::Simulate(args) => simulate::run(&args, &context).await,
        Command::Keeper(_) | Command::Completion(_) | Command::Serve(_) | Command::Doctor(_) => Ok(0),
    }
}

/// Runs a command that mostly waits. What still reads the terminal at the end is left behind.
fn one_thread(command: impl Future<Output = Result<u8, Failure>>) -> Result<u8, Failure> {
    let runtime = built(Builder::new_current_thread().enable_all().build())?;
    // What a command starts beside itself stays on its thread.
    let result = LocalSet::new().block_on(&runtime, command);
    runtime.shutdown_background();
    result
}

/// A runtime, or that the machine has no room for one.
pub(crate) fn built(runtime: std::io::Result<Runtime>) -> Result<Runtime, Failure> {
    runtime.map_err(|error| Failure::new(Exit::Failed, "system", format!("this process cannot begin: {error}")))
}

fn wants_json(command: &Command) -> bool {
    match command {
        Command::Run(args) => args.output.is_json(),
        Command::Job(args) => args.wants_json(),
        Command::Cluster(args) => args.wants_json(),
        Command::Environment(args) => args.wants_json(),
        Command::Dashboard(args) => args.output.is_json(),
        Command::Env(args) => args.wants_json(),
        Command::Why(args) => args.output.is_json(),
        Command::Cost(args) => args.output == cost::Form::Json,
        Command::Price(args) => args.wants_json(),
        Command::Plan(args) => args.output.is_json(),
        Command::Doctor(args) => args.output.is_json(),
        Command::Prune(args) => args.output.is_json(),
        Command::Simulate(args) => args.wants_json(),
        Command::Serve(_) | Command::Completion(_) | Command::Keeper(_) => false,
    }
}

/// Says what failed, on standard error for people and with `-o json` on standard output for machines.
fn tell(failure: &Failure, passes: bool, json: bool) -> u8 {
    output::say(&failure.text());
    if json {
        // The failure to tell is the one that counts.
        let _ = output::json(&serde_json::json!({ "error": failure }));
    }
    if passes { CADDIS_FAILED } else { failure.exit.code() }
}
