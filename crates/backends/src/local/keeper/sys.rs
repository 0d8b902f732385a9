//! The system calls that `rustix` does not wrap: all `unsafe` of the keeper is here.
//!
//! Deliberately absent: any policy. Each function is one call with its arguments checked by their types.
#![expect(unsafe_code, reason = "system calls without a safe wrapper")]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// How one child ended and what it used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reaped {
    /// The child.
    pub(super) pid: i32,
    /// Its status as of wait(2).
    pub(super) status: i32,
    /// Its processor seconds, with those of the children it waited for.
    pub(super) cpu_seconds: f64,
}

/// Blocks SIGCHLD, SIGTERM, SIGINT and SIGHUP and makes them readable.
pub(super) fn signal_fd() -> io::Result<OwnedFd> {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: `sigemptyset` initialises the set that the calls after it read; the descriptor is new and only ours.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in [libc::SIGCHLD, libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        if libc::sigprocmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
        let fd = libc::signalfd(-1, set.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
        if fd < 0 {
            Err(io::Error::last_os_error())
        } else {
            Ok(OwnedFd::from_raw_fd(fd))
        }
    }
}

/// The next signal that waits, by number.
pub(super) fn next_signal(fd: BorrowedFd<'_>) -> Option<i32> {
    let mut info = [0u8; size_of::<libc::signalfd_siginfo>()];
    let n = rustix::io::read(fd, &mut info).ok()?;
    let number = u32::from_ne_bytes(info.first_chunk::<4>().copied()?);
    (n == info.len())
        .then_some(())
        .and(i32::try_from(number).ok())
}

/// Reaps one child that has ended, if there is one.
pub(super) fn reap_one() -> Option<Reaped> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers are valid for writing; all-zero is a valid `rusage`.
    let (pid, usage) = unsafe {
        let pid = libc::wait4(-1, &raw mut status, libc::WNOHANG, usage.as_mut_ptr());
        (pid, usage.assume_init())
    };
    let seconds = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 / 1e6;
    (pid > 0).then(|| Reaped {
        pid,
        status,
        cpu_seconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
    })
}

/// The soft RLIMIT_RTTIME of a process.
pub(super) fn rttime_of(pid: i32) -> Option<u64> {
    let mut limit = MaybeUninit::<libc::rlimit64>::zeroed();
    // SAFETY: nothing is set, and the old limit is written to a valid place.
    let (done, limit) = unsafe {
        let done = libc::prlimit64(
            pid,
            libc::RLIMIT_RTTIME,
            std::ptr::null(),
            limit.as_mut_ptr(),
        );
        (done, limit.assume_init())
    };
    (done == 0).then_some(limit.rlim_cur)
}

/// Sets the soft RLIMIT_RTTIME of a process, and leaves the hard one as it is.
pub(super) fn set_rttime(pid: i32, soft: u64) -> io::Result<()> {
    let mut limit = MaybeUninit::<libc::rlimit64>::zeroed();
    // SAFETY: the first call writes the limit that the second one reads.
    let done = unsafe {
        if libc::prlimit64(
            pid,
            libc::RLIMIT_RTTIME,
            std::ptr::null(),
            limit.as_mut_ptr(),
        ) != 0
        {
            return Err(io::Error::last_os_error());
        }
        let hard = limit.assume_init().rlim_max;
        let new = libc::rlimit64 {
            rlim_cur: soft.min(hard),
            rlim_max: hard,
        };
        libc::prlimit64(
            pid,
            libc::RLIMIT_RTTIME,
            &raw const new,
            std::ptr::null_mut(),
        )
    };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// `struct pidfd_info` in its first published size.
#[repr(C)]
#[derive(Default)]
struct PidfdInfo {
    mask: u64,
    cgroup: u64,
    ids: [u32; 11],
    exit_code: i32,
}

const PIDFD_INFO_EXIT: u64 = 1 << 3;
const PIDFD_GET_INFO: libc::Ioctl =
    ((3 << 30) | ((size_of::<PidfdInfo>() as u64) << 16) | (0xFF << 8) | 11) as _;

/// The wait(2) status of a process that is gone and was not our child (Linux 6.15 and newer).
pub(super) fn pidfd_exit(pidfd: BorrowedFd<'_>) -> Option<i32> {
    let mut info = PidfdInfo {
        mask: PIDFD_INFO_EXIT,
        ..PidfdInfo::default()
    };
    // SAFETY: the request's number tells the size of the struct that it gets.
    let done = unsafe { libc::ioctl(pidfd.as_raw_fd(), PIDFD_GET_INFO, &raw mut info) };
    (done == 0 && info.mask & PIDFD_INFO_EXIT != 0).then_some(info.exit_code)
}

/// Lets the command run in its own session, without our blocked signals, with these descriptors under these numbers.
/// Each source must be above every number given, so that none is overwritten before it is read. The numbers must be
/// taken in this process (3 and 4 are the state folder and its lock), so that `Command`'s own pipe is none of them.
pub(super) fn own_session(command: &mut Command, descriptors: Vec<(OwnedFd, i32)>) {
    let prepare = move || {
        rustix::process::setsid()?;
        unblock_signals();
        for (source, number) in &descriptors {
            // SAFETY: both are plain numbers; dup2 in a forked child touches nothing else.
            if unsafe { libc::dup2(source.as_raw_fd(), *number) } < 0 {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(())
    };
    // SAFETY: the closure only makes system calls, which is allowed between fork and exec.
    unsafe { command.pre_exec(prepare) };
}

fn unblock_signals() {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: `sigemptyset` initialises the set that the next call reads.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, set.as_ptr(), std::ptr::null_mut());
    }
}
