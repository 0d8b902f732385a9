//! A driver: a Python process that makes clusters when asked, and says when what happened.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::contenders::Program;
use super::ground::Ground;
use super::{clock, processes};

/// What starting a driver may take, its imports and the servers it starts.
const START: Duration = Duration::from_secs(240);
/// Longer than any measurement takes, even on a machine that is busy with something else; a peer that hangs costs so
/// much each time.
const BOUND: Duration = Duration::from_secs(90);
/// What a driver gets for ending what it started.
const LAST: Duration = Duration::from_secs(30);

/// A driver that runs.
pub(in crate::bench) struct Driver {
    file: &'static str,
    /// Carried by all that it starts.
    mark: String,
    child: Child,
    asked: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Driver {
    /// Starts one, and waits until it has imported what it needs.
    pub(super) async fn start(ground: &Ground, program: Program) -> Result<Driver> {
        let mut command = ground.python()?;
        command.arg(ground.repository.join("benchmarks/start/drivers").join(program.file)).args(program.flags);
        Driver::begin(ground, command, program.file, &program.flags.join("")).await
    }

    /// Starts the driver of this file with this command.
    pub(in crate::bench) async fn begin(
        ground: &Ground,
        mut command: Command,
        file: &'static str,
        flags: &str,
    ) -> Result<Driver> {
        let mark = format!("{file}-{}", clock::monotonic());
        command.env(processes::DRIVER, &mark);
        // A group of its own: Ctrl-C is for us, and we end our drivers in order.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let log = format!("{file}{flags}.log");
        let mut child = command.stderr(ground.log(&log)?).spawn().context("start a driver")?;
        let (Some(asked), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("a driver without pipes");
        };
        let mut driver = Driver { file, mark, child, asked, answers: BufReader::new(answers).lines() };
        driver.answer(START).await?;
        Ok(driver)
    }

    /// Asks for something and waits for the answer.
    pub(in crate::bench) async fn ask(&mut self, request: &Value) -> Result<Value> {
        self.ask_within(request, BOUND).await
    }

    /// The same of something that takes longer than most.
    pub(in crate::bench) async fn ask_within(&mut self, request: &Value, bound: Duration) -> Result<Value> {
        self.asked
            .write_all(format!("{request}\n").as_bytes())
            .await
            .with_context(|| format!("ask `{}`", self.file))?;
        self.answer(bound).await
    }

    async fn answer(&mut self, bound: Duration) -> Result<Value> {
        let line = timeout(bound, self.answers.next_line()).await;
        let line = line.with_context(|| format!("`{}` did not answer within {} s", self.file, bound.as_secs()))??;
        let Some(line) = line else { bail!("`{}` ended; its log in `benchmarks/.work/logs` says why", self.file) };
        let answer: Value = serde_json::from_str(&line).with_context(|| format!("`{}` said `{line}`", self.file))?;
        match answer.get("error") {
            Some(error) => bail!("{}", error.as_str().unwrap_or_default()),
            None => Ok(answer["ok"].clone()),
        }
    }

    /// Lets it end what it started.
    pub(in crate::bench) async fn end(mut self) {
        drop(self.asked);
        let _ = timeout(LAST, self.child.wait()).await;
    }

    /// Ends one that failed: what is left of it, or of the peer that it drove, is killed, so that it burdens nobody
    /// who comes after it.
    pub(in crate::bench) async fn give_up(mut self) {
        let tree = self.child.id().map(processes::tree).unwrap_or_default();
        let _ = self.child.start_kill();
        let _ = timeout(LAST, self.child.wait()).await;
        processes::sweep_driver(&self.mark, &tree);
    }
}
