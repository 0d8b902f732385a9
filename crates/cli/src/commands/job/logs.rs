//! `caddis job logs`.

use caddis_client::LogQuery;
use caddis_types::api::{JobView, Stream};
use clap::ValueEnum;
use tokio::try_join;

use crate::candidates;
use crate::context::Context;
use crate::commands::shape::whole;
use crate::failure::{Exit, Failure};
use crate::follow::{Screen, ScreenError, Target, pump};
use crate::output::style::Style;
use crate::output::{BROKEN_PIPE, output_failed};
use crate::progress::{Mode, Show};
use crate::reference;
use crate::server::Server;

/// Print a job's output: its standard output on ours, its standard error on ours.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The job; the newest by default.
    #[arg(value_name = "ID", value_parser = reference::word, add = candidates::jobs())]
    pub job: Option<String>,
    /// Wait for more until the job ends; Ctrl-C leaves, and the job goes on.
    #[arg(long, short = 'f')]
    pub follow: bool,
    /// Of this attempt; the newest by default, and with `--follow` all of them.
    #[arg(long, value_name = "N", conflicts_with = "follow", value_parser = |text: &str| whole(text, 1, u32::MAX))]
    pub attempt: Option<u32>,
    /// Only one of the two.
    #[arg(long, value_name = "STREAM")]
    pub only: Option<Which>,
}

/// One of a job's outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

pub(super) async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let server = context.server().await?;
    let job = reference::job(&server, args.job.as_deref()).await?;
    there_is(args.attempt, &job)?;
    let (screen, mut written) = Screen::start(Show { mode: Mode::Quiet, style: Style::default() });
    let wanted = |which| args.only.is_none_or(|only| only == which);
    let one = async |which, stream, target| match wanted(which) {
        false => Ok(()),
        true if args.follow => pump(server.clone(), job.id.to_string(), stream, screen.clone(), target).await,
        true => print(&server, job.id.as_str(), args.attempt, stream, &screen, target).await,
    };
    let both = async { try_join!(one(Which::Stdout, Stream::Stdout, Target::Out), one(Which::Stderr, Stream::Stderr, Target::Err)) };
    let error = tokio::select! {
        both = both => {
            both?;
            None
        }
        error = written.failed() => Some(error),
    };
    drop(screen);
    match error.map_or(written.ended().await, Err) {
        Ok(()) => Ok(0),
        Err(ScreenError::BrokenPipe) => Ok(BROKEN_PIPE),
        Err(ScreenError::Failed(error)) => Err(output_failed(&error)),
    }
}

/// Refuses an attempt that was never made, with what there is.
fn there_is(attempt: Option<u32>, job: &JobView) -> Result<(), Failure> {
    let Some(number) = attempt.filter(|number| job.attempts.iter().all(|attempt| attempt.number != *number)) else {
        return Ok(());
    };
    let made = match job.attempts.len() {
        0 => "none yet".to_owned(),
        1 => "1".to_owned(),
        several => format!("{several}, numbered from 1"),
    };
    let text = format!("job `{}` has no attempt {number}: the number of its attempts is {made}", job.id);
    let hint = format!("leave `--attempt` out for the newest; `caddis job show {}` lists them", job.id);
    Err(Failure::new(Exit::NotFound, "no_attempt", text).hint(hint))
}

/// What there is now; when the server dies over it, the rest from the next one.
async fn print(
    server: &Server,
    job: &str,
    attempt: Option<u32>,
    stream: Stream,
    screen: &Screen,
    target: Target,
) -> Result<(), Failure> {
    let place = std::cell::Cell::new(0);
    server
        .call(async |client| {
            let query = LogQuery { attempt, offset: place.get(), follow: false };
            let mut logs = client.job_logs(job, stream, query).await?;
            while let Some(bytes) = logs.next().await? {
                place.set(logs.offset());
                if !screen.write(target, bytes.to_vec()).await {
                    break;
                }
            }
            Ok(())
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn an_attempt_that_was_never_made_is_told_with_those_that_were() {
        let job = testing::job("RUNNING");
        assert_eq!((there_is(None, &job), there_is(Some(1), &job)), (Ok(()), Ok(())));
        let failure = there_is(Some(9), &job).unwrap_err();
        assert!(failure.message.ends_with("has no attempt 9: the number of its attempts is 1"), "{failure:?}");
        assert!(failure.exit == Exit::NotFound && failure.hint.unwrap().contains("caddis job show"));
        assert!(there_is(Some(1), &testing::queued_job()).unwrap_err().message.ends_with("none yet"));
    }
}
