//! A process that is held: named by (pid, start time) and signalled through its pidfd only, so that a pid that was
//! given to somebody else is never hit.

use std::os::fd::OwnedFd;

use rustix::process::Signal;

use super::wire::{Exit, SignalName};
use super::{proc, sys};

/// One live member's process.
pub(super) struct Process {
    pub(super) pid: i32,
    pub(super) start_time: u64,
    pub(super) pidfd: OwnedFd,
    /// We are its parent, so wait(2) tells us its end; otherwise its pidfd does.
    pub(super) child: bool,
}

impl Process {
    /// Takes hold of a child of ours, which cannot vanish before we reap it. Nothing, if it is not our child: then it
    /// has been reaped already, and its pid is somebody else's.
    pub(super) fn child(pid: i32) -> Option<Self> {
        let pidfd = proc::open(pid).ok()?;
        let stat = proc::stat(pid)?;
        let ours = stat.parent == rustix::process::getpid().as_raw_pid();
        ours.then_some(Self {
            pid,
            start_time: stat.start_time,
            pidfd,
            child: true,
        })
    }

    /// Takes hold of a process that another keeper started, if it is still that one.
    pub(super) fn adopt(pid: i32, start_time: u64) -> Option<Self> {
        let pidfd = proc::open(pid).ok()?;
        let same = proc::stat(pid)?.start_time == start_time;
        same.then_some(Self {
            pid,
            start_time,
            pidfd,
            child: false,
        })
    }

    /// Sends it a signal; that it is gone already is fine.
    pub(super) fn signal(&self, signal: Signal) {
        rustix::process::pidfd_send_signal(&self.pidfd, signal).ok();
    }

    /// How a process that is not our child ended, once its pidfd says that it did: from its pidfd when somebody has
    /// reaped it, from `/proc` while nobody has.
    pub(super) fn foreign_exit(&self) -> Option<Exit> {
        use std::os::fd::AsFd;
        let reaped = || sys::pidfd_exit(self.pidfd.as_fd());
        let waiting = || {
            let stat = proc::stat(self.pid)?;
            (stat.gone() && stat.start_time == self.start_time).then_some(stat.exit_code)
        };
        reaped().or_else(waiting).or_else(reaped).map(exit_of)
    }
}

/// A wait(2) status in our words.
pub(super) fn exit_of(status: i32) -> Exit {
    match status & 0x7f {
        0 => Exit::Code((status >> 8) & 0xff),
        signal => Exit::Signal(signal),
    }
}

/// The signal of this name.
pub(super) fn signal_of(name: SignalName) -> Signal {
    match name {
        SignalName::Int => Signal::INT,
        SignalName::Term => Signal::TERM,
        SignalName::Hup => Signal::HUP,
        SignalName::Quit => Signal::QUIT,
        SignalName::Kill => Signal::KILL,
    }
}
