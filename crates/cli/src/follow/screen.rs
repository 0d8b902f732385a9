//! The one writer of our standard output and error, so that frames, messages and the script's bytes never mix.
//!
//! It runs as a task of its own with a short queue: output that is read slowly slows the streams down, never the
//! handling of signals.

use std::io::{self, ErrorKind, IsTerminal};

use tokio::io::{AsyncWrite, AsyncWriteExt, Stderr, Stdout};
use tokio::sync::mpsc::{self, Receiver, Sender, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinHandle;

use crate::output::style::Style;
use crate::progress::{Line, Mode, Painter, Show, terminal_size};

/// Pieces of output that wait to be written; each is at most a few dozen kilobytes.
const QUEUE: usize = 8;

/// Where bytes of the script go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Our standard output.
    Out,
    /// Our standard error.
    Err,
}

/// Why nothing more is written.
#[derive(Debug)]
pub enum ScreenError {
    /// Nobody reads our standard output any more.
    BrokenPipe,
    /// It cannot be written to.
    Failed(io::Error),
}

enum Talk {
    Frame(Vec<Line>),
    Say(String),
}

/// A way to the writer.
#[derive(Clone)]
pub struct Screen {
    bytes: Sender<(Target, Vec<u8>)>,
    talk: UnboundedSender<Talk>,
}

/// The writer's end.
pub struct Written(JoinHandle<Result<(), ScreenError>>);

impl Screen {
    /// Starts the writer. It ends when every `Screen` is gone and everything is written.
    pub fn start(show: Show) -> (Screen, Written) {
        let (bytes, pieces) = mpsc::channel(QUEUE);
        let (talk, messages) = mpsc::unbounded_channel();
        let writer = Writer {
            out: tokio::io::stdout(),
            err: tokio::io::stderr(),
            live: show.mode == Mode::Live,
            out_on_screen: io::stdout().is_terminal(),
            style: show.style,
            painter: Painter::default(),
            frame: Vec::new(),
            said: Vec::new(),
            err_unfinished: false,
        };
        (Screen { bytes, talk }, Written(tokio::spawn(writer.run(pieces, messages))))
    }

    /// Writes bytes of the script; waits while the queue is full. Answers whether somebody still takes them.
    pub async fn write(&self, target: Target, bytes: Vec<u8>) -> bool {
        self.bytes.send((target, bytes)).await.is_ok()
    }

    /// Puts these lines at the foot of the terminal.
    pub fn frame(&self, lines: Vec<Line>) {
        // A writer that ended told why.
        let _ = self.talk.send(Talk::Frame(lines));
    }

    /// Says something between the script's lines.
    pub fn say(&self, text: impl Into<String>) {
        let _ = self.talk.send(Talk::Say(text.into()));
    }
}

impl Written {
    /// Waits until writing fails; for ever when it does not.
    pub async fn failed(&mut self) -> ScreenError {
        match (&mut self.0).await {
            Ok(Err(error)) => error,
            Ok(Ok(())) => std::future::pending().await,
            Err(error) => ScreenError::Failed(io::Error::other(error)),
        }
    }

    /// Waits until everything is written.
    pub async fn ended(self) -> Result<(), ScreenError> {
        if self.0.is_finished() {
            return Ok(());
        }
        self.0.await.unwrap_or(Ok(()))
    }
}

struct Writer {
    out: Stdout,
    err: Stderr,
    live: bool,
    out_on_screen: bool,
    style: Style,
    painter: Painter,
    frame: Vec<Line>,
    /// What waits for the end of the script's unfinished line.
    said: Vec<String>,
    err_unfinished: bool,
}

impl Writer {
    async fn run(
        mut self,
        mut pieces: Receiver<(Target, Vec<u8>)>,
        mut messages: UnboundedReceiver<Talk>,
    ) -> Result<(), ScreenError> {
        loop {
            tokio::select! {
                biased;
                Some(message) = messages.recv() => self.talk(message).await,
                Some((target, bytes)) = pieces.recv() => {
                    self.pass(target, &bytes).await?;
                    if pieces.is_empty() {
                        self.between_lines().await;
                    }
                }
                else => break,
            }
        }
        self.close().await;
        Ok(())
    }

    async fn talk(&mut self, message: Talk) {
        match message {
            Talk::Frame(lines) => self.frame = lines,
            Talk::Say(text) => self.said.push(text),
        }
        self.between_lines().await;
    }

    /// Says what waits and paints, unless the script's last line is unfinished. Trouble with standard error is no
    /// reason to stop: the script goes on.
    async fn between_lines(&mut self) {
        if self.unfinished() {
            return;
        }
        let mut text = Vec::new();
        if self.live && (!self.said.is_empty() || self.frame.is_empty()) {
            let _ = self.painter.clear(terminal_size().0, &mut text);
        }
        for line in self.said.drain(..) {
            text.extend_from_slice(line.trim_end().as_bytes());
            text.push(b'\n');
        }
        if self.live {
            let _ = self.painter.paint(&self.frame, terminal_size().0, self.style, &mut text);
        }
        let _ = flushed(&mut self.err, &text).await;
    }

    fn unfinished(&self) -> bool {
        if self.live { self.painter.is_unfinished() } else { self.err_unfinished }
    }

    async fn pass(&mut self, target: Target, bytes: &[u8]) -> Result<(), ScreenError> {
        let on_screen = self.live && (target == Target::Err || self.out_on_screen);
        if on_screen {
            let mut text = Vec::new();
            let _ = self.painter.clear(terminal_size().0, &mut text);
            let _ = flushed(&mut self.err, &text).await;
            self.painter.wrote(bytes);
        }
        match target {
            Target::Out => flushed(&mut self.out, bytes).await.map_err(|error| match error.kind() {
                ErrorKind::BrokenPipe => ScreenError::BrokenPipe,
                _ => ScreenError::Failed(error),
            }),
            Target::Err => {
                self.err_unfinished = bytes.last().is_some_and(|last| *last != b'\n');
                let _ = flushed(&mut self.err, bytes).await;
                Ok(())
            }
        }
    }

    async fn close(&mut self) {
        let mut text = Vec::new();
        let _ = self.painter.clear(terminal_size().0, &mut text);
        if self.unfinished() {
            text.push(b'\n');
        }
        for line in self.said.drain(..) {
            text.extend_from_slice(line.trim_end().as_bytes());
            text.push(b'\n');
        }
        let _ = flushed(&mut self.err, &text).await;
    }
}

async fn flushed(to: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    to.write_all(bytes).await?;
    to.flush().await
}
