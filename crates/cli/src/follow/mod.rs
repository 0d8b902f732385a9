//! A job until its end: its state ([`watch`]), its output ([`streams`], [`screen`]), its input ([`stdin`]), and the
//! wish to end it ([`cancel`]).
//!
//! What always holds: a server that dies meanwhile is started again, and the streams go on where they were cut, with
//! nothing lost and nothing doubled; whatever blocks the output (a pager, a slow pipe) does not block a signal.

mod cancel;
mod screen;
mod stdin;
mod streams;
mod watch;

use std::time::Duration;

use caddis_types::api::{JobPhase, JobView, Stream};
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

pub use screen::{Screen, ScreenError, Target};
pub use streams::pump;
pub use watch::{Known, Watch};

use crate::failure::{CADDIS_FAILED, Exit, Failure};
use crate::output::BROKEN_PIPE;
use crate::progress::{Mode, Plain, Retries, Seen, Show, frame, terminal_size};
use crate::server::Server;
use crate::signals::Signals;
use crate::{clock, commands, output};
use cancel::{Canceller, Then};

const FRAME_EVERY: Duration = Duration::from_millis(100);
/// After the job's end its output is complete; this bounds the wait for the server to say so.
const LAST_BYTES: Duration = Duration::from_secs(30);

/// How a job is followed.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How progress is shown.
    pub show: Show,
    /// Whether our standard input is the job's.
    pub stdin: bool,
    /// Whether the job's standard output goes to our standard error, since ours is for data.
    pub stdout_to_stderr: bool,
    /// Whether the dashboard is opened in a browser.
    pub open: bool,
    /// The pause before the first retry.
    pub retry_delay: Duration,
}

/// How the following ended.
#[derive(Clone, Debug)]
pub enum Ending {
    /// The job is over.
    Done(Box<JobView>),
    /// We leave before that, with this exit code.
    Left(u8),
}

/// The exit code that a job's end means: the script's own.
pub fn exit_code(job: &JobView) -> u8 {
    job.exit_code.and_then(|code| u8::try_from(code & 0xff).ok()).unwrap_or(CADDIS_FAILED)
}

/// Follows a job with its streams until it is over.
pub async fn to_the_end(server: &Server, job: JobView, plan: Plan, signals: &mut Signals) -> Result<Ending, Failure> {
    let id = job.id.to_string();
    let watch = Watch::start(server.clone(), job, plan.show.mode);
    let (screen, written) = Screen::start(plan.show);
    let mut pumps = JoinSet::new();
    let out = if plan.stdout_to_stderr { Target::Err } else { Target::Out };
    pumps.spawn_local(pump(server.clone(), id.clone(), Stream::Stdout, screen.clone(), out));
    pumps.spawn_local(pump(server.clone(), id.clone(), Stream::Stderr, screen.clone(), Target::Err));
    let input = plan.stdin.then(|| tokio::task::spawn_local(stdin::feed(server.clone(), id.clone(), screen.clone())));
    let canceller = Canceller::new(server.clone(), id);
    let (plain, retries) = (Plain::default(), Retries::new(plan.retry_delay));
    let mut follower = Follower { server, plan, watch, screen, written, pumps, canceller, plain, retries, opened: false };
    let ending = follower.run(signals).await;
    if let Some(input) = input {
        input.abort();
    }
    follower.finish(ending).await
}

struct Follower<'a> {
    server: &'a Server,
    plan: Plan,
    watch: Watch,
    screen: Screen,
    written: screen::Written,
    pumps: JoinSet<Result<(), Failure>>,
    canceller: Canceller,
    plain: Plain,
    retries: Retries,
    opened: bool,
}

impl Follower<'_> {
    async fn run(&mut self, signals: &mut Signals) -> Result<Ending, Failure> {
        let mut tick = ticks();
        self.show();
        loop {
            let over = self.watch.known().job.phase.is_final();
            if over {
                return self.last_bytes(signals).await;
            }
            tokio::select! {
                changed = self.watch.changed() => {
                    changed?;
                    self.show();
                }
                _ = tick.tick(), if self.plan.show.mode != Mode::Quiet => self.show(),
                signal = signals.next() => {
                    if let Then::Leave(code) = self.canceller.signal(signal, &self.screen).await {
                        return Ok(Ending::Left(code));
                    }
                }
                Some(done) = self.pumps.join_next() => pumped(done)?,
                error = self.written.failed() => return self.output_lost(error).await,
                said = self.canceller.trouble() => said?,
            }
        }
    }

    /// The job is over: what it wrote last may still be on its way.
    async fn last_bytes(&mut self, signals: &mut Signals) -> Result<Ending, Failure> {
        let all = async {
            while let Some(done) = self.pumps.join_next().await {
                pumped(done)?;
            }
            Ok::<(), Failure>(())
        };
        tokio::select! {
            all = timeout(LAST_BYTES, all) => match all {
                Ok(done) => done?,
                Err(_) => self.screen.say("notice: the end of the script's output did not arrive; `caddis job logs` has it"),
            },
            signal = signals.next() => return Ok(Ending::Left(signal.exit_code())),
            error = self.written.failed() => return self.output_lost(error).await,
        }
        Ok(Ending::Done(Box::new(self.watch.known().job.clone())))
    }

    /// Nobody reads our output any more: as a program on this machine would, the job ends.
    async fn output_lost(&mut self, error: ScreenError) -> Result<Ending, Failure> {
        self.canceller.cancel_now().await;
        match error {
            ScreenError::BrokenPipe => Ok(Ending::Left(BROKEN_PIPE)),
            ScreenError::Failed(error) => Err(output::output_failed(&error).hint("the job was cancelled")),
        }
    }

    fn show(&mut self) {
        let known = self.watch.known();
        let seen = Seen { job: &known.job, cluster: known.cluster.as_ref(), why: known.why.as_ref() };
        let now = clock::now();
        if self.plan.show.mode != Mode::Quiet {
            self.retries.next(&known.job).into_iter().for_each(|line| self.screen.say(line));
        }
        match self.plan.show.mode {
            Mode::Quiet => {}
            Mode::Plain => {
                if let Some(line) = self.plain.next(seen, now) {
                    self.screen.say(line);
                }
            }
            Mode::Live if known.job.phase.is_final() => self.screen.frame(Vec::new()),
            Mode::Live => {
                let (columns, rows) = terminal_size();
                let mut lines = frame(seen, now, columns, self.plan.show.style);
                lines.truncate(rows.saturating_sub(1));
                self.screen.frame(lines);
            }
        }
        drop(known);
        self.open_dashboard();
    }

    fn open_dashboard(&mut self) {
        let (phase, cluster) = {
            let known = self.watch.known();
            (known.job.phase, known.job.cluster.clone())
        };
        if !self.plan.open || self.opened || phase != JobPhase::Running {
            return;
        }
        self.opened = true;
        if let Some(cluster) = cluster {
            let (server, screen) = (self.server.clone(), self.screen.clone());
            tokio::task::spawn_local(async move {
                if let Err(failure) = commands::dashboard::open(&server, cluster.as_str()).await {
                    screen.say(format!("notice: the dashboard was not opened: {failure}"));
                }
            });
        }
    }

    /// Takes the frame away, and waits until everything is written.
    async fn finish(self, ending: Result<Ending, Failure>) -> Result<Ending, Failure> {
        let Follower { screen, written, mut pumps, .. } = self;
        pumps.shutdown().await;
        drop(screen);
        let written = match &ending {
            Ok(Ending::Left(_)) => timeout(Duration::from_millis(200), written.ended()).await.unwrap_or(Ok(())),
            _ => written.ended().await,
        };
        match (ending, written) {
            (Ok(Ending::Done(_)), Err(ScreenError::BrokenPipe)) => Ok(Ending::Left(BROKEN_PIPE)),
            (Ok(Ending::Done(_)), Err(ScreenError::Failed(error))) => Err(output::output_failed(&error)),
            (ending, _) => ending,
        }
    }
}

fn ticks() -> Interval {
    let mut tick = interval(FRAME_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick
}

fn pumped(done: Result<Result<(), Failure>, tokio::task::JoinError>) -> Result<(), Failure> {
    done.unwrap_or_else(|error| Err(Failure::new(Exit::Failed, "internal", format!("following the output failed: {error}"))))
}
