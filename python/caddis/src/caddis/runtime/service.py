"""Running a Dask server to its end, and never beyond it.

Stock servers can hang for ever while closing: a task that never yields, a signal that races with the scheduler's own
close. So whoever closes first arms the hard end, which leaves the process when its seconds are over, from a thread
that no event loop can hold up. The keeper's SIGKILL stands behind that.
"""

import asyncio
import atexit
import gc
import os
import signal
import sys
import threading
import time

#: Seconds that a server has for closing, whoever asked for it.
CLOSE_SECONDS = 2.0
#: The signals that close a server, and what they do to a process that is none.
CLOSING = {signal.SIGTERM: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}


class HardEnd:
    """Ends the process at a deadline. Armed once; a later call can only bring the deadline forward."""

    def __init__(self):
        self._lock = threading.Lock()
        self._at = None
        self.on_end = lambda: None

    def arm(self, seconds=CLOSE_SECONDS, code=0):
        """Leave with `code` after `seconds`, unless the process has ended by then."""
        at = time.monotonic() + seconds
        with self._lock:
            if self._at is not None and self._at <= at:
                return
            self._at = at
        threading.Thread(target=self._wait, args=(at, code), daemon=True, name="caddis-hard-end").start()

    def _wait(self, at, code):
        time.sleep(max(0.0, at - time.monotonic()))
        try:
            self.on_end()
            sys.stderr.write("caddis: closing took too long, the process ends now\n")
        finally:
            os._exit(code)


HARD_END = HardEnd()


def main(member, serve):
    """Run the coroutine function `serve(member)` and leave with what it returns. Never returns."""
    HARD_END.on_end = lambda: member.outcome(0, forced=True)
    gc.set_threshold(*(3 * n for n in gc.get_threshold()))  # as Dask's commands do
    loop = new_loop()
    asyncio.set_event_loop(loop)
    try:
        code, reason = loop.run_until_complete(serve(member))
    except BaseException as error:
        sys.__excepthook__(*sys.exc_info())
        code, reason = 1, f"{type(error).__name__}: {error}"
        member.note(failed=reason[:2000])
    leave(member, code, reason)


def new_loop():
    """An event loop of the kind that the configuration asks for (`distributed.admin.event-loop`)."""
    try:
        from distributed.config import get_loop_factory

        factory = get_loop_factory()
    except ImportError:
        factory = None
    return (factory or asyncio.new_event_loop)()


def leave(member, code, reason):
    """Say the outcome, run the exit functions while the hard end watches, and be gone.

    The interpreter is not taken down in order: it would wait for threads of tasks that nobody wants any more.
    """
    HARD_END.arm(code=code)
    member.outcome(code, reason=reason)
    try:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def close_on_signals(close):
    """TERM and INT close with the coroutine function `close(reason)`, a second one ends the process on the spot.

    To be called before anybody is told that this server is ready. Until then a signal simply ends the process. The
    list that it returns holds the first signal's name, once there was one.
    """
    loop = asyncio.get_running_loop()
    asked = []

    def on_signal(number, _frame):
        if asked:
            os._exit(128 + number)
        asked.append(signal.Signals(number).name)
        HARD_END.arm()
        loop.call_soon_threadsafe(start_closing)

    def start_closing():
        asked.append(loop.create_task(close(f"signal {asked[0]}")))

    for number in CLOSING:
        signal.signal(number, on_signal)
    keep_from_children(on_signal)
    return asked


def keep_from_children(handler):
    """A process that a task forks takes signals as any process does: `handler` is of this server alone.

    A pool ends its processes with TERM. One that began to close a server instead would live on until the hard end,
    and leave an outcome that is not its own. Signals are held back over the fork, since Python forgets those that come
    before the child has its own handlers; and a handler of the user's may raise whenever one comes.
    """
    masks = threading.local()

    def before():
        masks.before = None
        masks.before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())

    def in_child():
        try:
            for number, usual in CLOSING.items():
                if signal.getsignal(number) is handler:
                    signal.signal(number, usual)
        finally:
            after()

    def after():
        if masks.before is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, masks.before)

    os.register_at_fork(before=before, after_in_child=in_child, after_in_parent=after)


async def until_finished(server, asked):
    """Wait for the server's end; why it came."""
    await server.finished()
    return f"signal {asked[0]}" if asked else "closed"
