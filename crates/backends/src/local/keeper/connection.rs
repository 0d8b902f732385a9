//! One client: whole lines in, whole lines out, never waiting for it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::PollFlags;
use rustix::io::Errno;

/// A request with its launch and environment is far below; what is longer is not a client of ours.
const LINE_MAX: usize = 4 << 20;
/// A client that does not read is cut off, so that it cannot fill our memory; it comes back for a snapshot.
const BACKLOG_MAX: usize = 16 << 20;

/// Lines over a non-blocking stream.
pub(super) struct Lines {
    socket: OwnedFd,
    input: Vec<u8>,
    output: Vec<u8>,
    open: bool,
}

impl Lines {
    /// Takes over a non-blocking stream socket.
    pub(super) fn new(socket: OwnedFd) -> Self {
        Self {
            socket,
            input: Vec::new(),
            output: Vec::new(),
            open: true,
        }
    }

    /// What to wait for.
    pub(super) fn interest(&self) -> PollFlags {
        if self.output.is_empty() {
            PollFlags::IN
        } else {
            PollFlags::IN | PollFlags::OUT
        }
    }

    /// Whether the other end is still there.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Gives the connection up.
    pub(super) fn close(&mut self) {
        self.open = false;
    }

    /// Reads what is there and returns the whole lines of it.
    pub(super) fn read(&mut self) -> Vec<Vec<u8>> {
        let mut buffer = [0u8; 16 << 10];
        while self.open {
            match rustix::io::read(&self.socket, &mut buffer) {
                Ok(0) => self.open = false,
                Ok(n) => self
                    .input
                    .extend_from_slice(buffer.get(..n).unwrap_or_default()),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                Err(_) => self.open = false,
            }
            if self.input.len() > LINE_MAX && !self.input.contains(&b'\n') {
                self.open = false;
            }
        }
        self.take_lines()
    }

    fn take_lines(&mut self) -> Vec<Vec<u8>> {
        let Some(end) = self.input.iter().rposition(|byte| *byte == b'\n') else {
            return Vec::new();
        };
        let rest = self.input.split_off(end + 1);
        let whole = std::mem::replace(&mut self.input, rest);
        let lines = whole
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        lines.map(<[u8]>::to_vec).collect()
    }

    /// Queues a line; it leaves with the next `flush`.
    pub(super) fn push(&mut self, line: &[u8]) {
        self.output.extend_from_slice(line);
        self.output.push(b'\n');
        if self.output.len() > BACKLOG_MAX {
            self.open = false;
        }
    }

    /// Writes what the other end takes now.
    pub(super) fn flush(&mut self) {
        while self.open && !self.output.is_empty() {
            match rustix::net::send(&self.socket, &self.output, rustix::net::SendFlags::NOSIGNAL) {
                Ok(n) => drop(self.output.drain(..n)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                Err(_) => self.open = false,
            }
        }
        if self.output.is_empty() {
            self.output.shrink_to(4096);
        }
    }
}

impl AsFd for Lines {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// A client of the keeper.
pub(super) struct Connection {
    pub(super) lines: Lines,
    /// It said `hello` and gets events.
    pub(super) subscribed: bool,
}

/// Takes one waiting client, if its user is ours. `None`: nobody waits.
pub(super) fn accept(listener: &OwnedFd) -> io::Result<Option<Connection>> {
    let flags = rustix::net::SocketFlags::CLOEXEC | rustix::net::SocketFlags::NONBLOCK;
    let socket = match rustix::net::accept_with(listener, flags) {
        Ok(socket) => socket,
        Err(Errno::AGAIN) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let peer = rustix::net::sockopt::socket_peercred(&socket)?;
    if peer.uid != rustix::process::geteuid() {
        return Err(io::Error::other(format!(
            "refused uid {}",
            peer.uid.as_raw()
        )));
    }
    Ok(Some(Connection {
        lines: Lines::new(socket),
        subscribed: false,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

    fn pair() -> (Lines, OwnedFd) {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let (a, b) =
            socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None).expect("a pair");
        (Lines::new(a), b)
    }

    #[test]
    fn a_line_in_two_pieces_is_one_line() {
        let (mut lines, other) = pair();
        rustix::io::write(&other, b"one\ntw").expect("write");
        assert_eq!(lines.read(), vec![b"one".to_vec()]);
        rustix::io::write(&other, b"o\n").expect("write");
        assert_eq!(lines.read(), vec![b"two".to_vec()]);
        assert!(lines.is_open());
    }

    #[test]
    fn lines_before_the_end_are_not_lost() {
        let (mut lines, other) = pair();
        rustix::io::write(&other, b"last\n").expect("write");
        drop(other);
        assert_eq!(lines.read(), vec![b"last".to_vec()]);
        assert!(!lines.is_open());
    }

    #[test]
    fn a_client_that_does_not_read_is_cut_off() {
        let (mut lines, _other) = pair();
        let line = vec![b'x'; 1 << 20];
        for _ in 0..20 {
            lines.push(&line);
            lines.flush();
        }
        assert!(!lines.is_open());
    }
}
