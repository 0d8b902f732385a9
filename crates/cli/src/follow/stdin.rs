//! Our standard input as the job's.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf, Stdin};

use super::screen::Screen;
use crate::server::{Server, lost};

/// Standard input that survives the request it is sent with, and counts.
#[derive(Clone)]
struct Input {
    stdin: Arc<Mutex<Stdin>>,
    read: Arc<AtomicU64>,
}

impl AsyncRead for Input {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let mut stdin = self.stdin.lock().unwrap_or_else(PoisonError::into_inner);
        let polled = Pin::new(&mut *stdin).poll_read(cx, buffer);
        self.read.fetch_add((buffer.filled().len() - before) as u64, Ordering::Relaxed);
        polled
    }
}

/// Sends everything until our input or the job ends. When the server is lost, what it had not passed on yet is lost
/// with it, and that is said: unlike a log, input has no second copy.
pub(super) async fn feed(server: Server, job: String, screen: Screen) {
    let input = Input { stdin: Arc::new(Mutex::new(tokio::io::stdin())), read: Arc::default() };
    let mut before = 0;
    loop {
        let result = server.client().await.send_stdin(&job, input.clone()).await;
        let read = input.read.load(Ordering::Relaxed);
        match result {
            Err(error) if lost(&error) => {
                if read > before {
                    screen.say("notice: the server was lost and started again; some of standard input may be lost");
                }
                before = read;
                if server.again().await.is_err() {
                    return;
                }
            }
            // The job has ended or never read: that is told by its end.
            Ok(()) | Err(_) => return,
        }
    }
}
