"""Functions that the tests run inside schedulers and workers, which import them from here."""

import asyncio
import os
import signal
import time


def slow(number, file, seconds):
    """Runs long enough to be caught at it, and leaves a line at its start and at its end."""
    for word in ("start", "end"):
        with open(file, "a") as lines:
            lines.write(f"{number} {word}\n")
        if word == "start":
            time.sleep(seconds)
    return number


def stick(seconds):
    """Block the event loop that this runs in, a moment later."""
    asyncio.get_event_loop().call_later(0.2, time.sleep, seconds)


def busy_client(seconds):
    """A task that leaves the thread pool with a client of its own, as nested programs do."""
    from distributed import worker_client

    with worker_client():
        time.sleep(seconds)
    return seconds


def end_children():
    """Fork processes and end them by TERM, as a pool does: how they ended, and what INT does to them and TERM to us."""
    ends = set()
    interrupts = set()
    for round in range(20):
        reads, writes = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.write(writes, signal.getsignal(signal.SIGINT).__name__.encode())
                time.sleep(60)
            finally:
                os._exit(1)
        os.close(writes)
        if round % 2:  # else it is hit before it is somebody
            interrupts.add(os.read(reads, 100).decode())
        os.kill(pid, signal.SIGTERM)
        ends.add(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        os.close(reads)
    return ends, interrupts, signal.getsignal(signal.SIGTERM).__name__, signal.pthread_sigmask(signal.SIG_BLOCK, [])
