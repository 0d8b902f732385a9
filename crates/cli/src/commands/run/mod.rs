//! `caddis run`: submits a job, shows how it gets on, passes its output and its exit code through.

mod args;
mod dry_run;
mod encoding;
mod program;
mod wish;

pub use args::Args;

use std::time::Duration;

use caddis_types::api::{JobPhase, JobView, JobWish, Stream};

use crate::context::Context;
use crate::failure::Failure;
use crate::follow::{self, Ending, Plan};
use crate::output;
use crate::output::style::Style;
use crate::progress::{self, Show};
use crate::server::Server;
use crate::signals::Signals;

/// Runs a job; answers the script's own exit code.
pub async fn run(args: Args, context: &Context) -> Result<u8, Failure> {
    let (wish, notices) = wish::wish(&args, &context.config.defaults)?;
    if args.dry_run {
        return dry_run::run(&args, &wish, notices, context);
    }
    // From here on a signal must not leave a job behind that nobody follows.
    let mut signals = Signals::listen()?;
    let server = tokio::select! {
        server = context.server(), if !args.quiet => server?,
        server = context.server_unmentioned(), if args.quiet => server?,
        signal = signals.next() => return Ok(signal.exit_code()),
    };
    for notice in notices.iter().filter(|_| !args.quiet) {
        output::say(&format!("notice: {notice}"));
    }
    let job = submit(&server, &wish).await?;
    if args.detach {
        return detached(&args, &job);
    }
    let plan = Plan {
        show: Show::new(args.quiet),
        stdin: wish.stdin,
        stdout_to_stderr: args.output.is_json(),
        open: args.open,
        retry_delay: Duration::from_millis(wish.retry.delay_ms),
    };
    match follow::to_the_end(&server, job, plan, &mut signals).await? {
        Ending::Left(code) => Ok(code),
        Ending::Done(job) => {
            conclude(&args, &job)?;
            Ok(follow::exit_code(&job))
        }
    }
}

async fn submit(server: &Server, wish: &JobWish) -> Result<JobView, Failure> {
    server.call(async |client| client.submit_job(wish).await).await
}

/// The id is the data; how to come back is talk.
fn detached(args: &Args, job: &JobView) -> Result<u8, Failure> {
    args.output.print(job, |job| format!("{}\n", job.id))?;
    if !args.quiet {
        let id = &job.id;
        output::say(&format!("follow it with `caddis job logs -f {id}`, wait for it with `caddis job wait {id}`"));
    }
    Ok(0)
}

fn conclude(args: &Args, job: &JobView) -> Result<(), Failure> {
    let style = Style::of_stderr();
    match (args.quiet, job.phase) {
        (true, JobPhase::Succeeded) => {}
        (true, _) => output::say(&progress::failure(job, style)),
        (false, _) => output::say(&progress::summary(job, &[Stream::Stdout, Stream::Stderr], style)),
    }
    if args.output.is_json() {
        output::json(job)?;
    }
    Ok(())
}
