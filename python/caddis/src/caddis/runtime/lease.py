"""The lease: a scheduler that nobody wants any more closes itself.

The file is touched by the server and by the keeper of a live job. That it was touched counts, not the time that it
bears: its age is counted by a clock that no time server moves and that stands still while the machine sleeps, so a
laptop that wakes up has not lost its clusters. A minute behind this stands the keeper, with signals.
"""

import asyncio
import os
import sys
import threading
import time

from caddis.runtime.service import HARD_END

#: Seconds between the decision to close and the hard end.
GRACE_SECONDS = 5.0


class Lease:
    """How long ago the file was last seen to be touched. One that is seen for the first time is taken for new."""

    def __init__(self, path):
        self.path = path
        self._mtime = self.mtime()
        self._touched = time.monotonic()

    def mtime(self):
        """When it was touched, by whatever clock; None while there is no file."""
        try:
            return os.stat(self.path).st_mtime_ns
        except OSError:
            return None

    def age(self):
        """Seconds since the last renewal. A missing file is one that is not renewed."""
        mtime = self.mtime()
        if mtime is not None and mtime != self._mtime:
            self._mtime = mtime
            self._touched = time.monotonic()
        return time.monotonic() - self._touched


def watch(path, seconds, member, close):
    """Close with the coroutine function `close(reason)` of this loop once the lease is `seconds` old.

    A thread of its own, since a loop that is stuck is one reason why nobody renews.
    """
    lease, loop = Lease(path), asyncio.get_running_loop()
    pause = min(5.0, max(0.05, seconds / 10))

    def wait():
        while lease.age() <= seconds:
            time.sleep(pause)
        sys.stderr.write(f"caddis: the lease was not renewed for {seconds} s, the cluster ends\n")
        member.lapsed = True
        HARD_END.arm(GRACE_SECONDS)
        asyncio.run_coroutine_threadsafe(close("lease expired"), loop)

    threading.Thread(target=wait, daemon=True, name="caddis-lease").start()
