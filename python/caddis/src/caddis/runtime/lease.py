"""The lease: a scheduler that nobody wants any more closes itself.

The file is touched by the server and by the keeper of a live job. Its age is counted by a clock that stands still
while the machine sleeps and that no time server moves: a laptop that wakes up has not lost its clusters.
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
    """How long ago the file was last touched, as seen by this process."""

    def __init__(self, path):
        self.path = path
        self._mtime = None
        self._touched = time.monotonic()

    def age(self):
        """Seconds since the last renewal. A missing file is one that is not renewed."""
        try:
            mtime = os.stat(self.path).st_mtime
        except OSError:
            mtime = self._mtime
        if mtime != self._mtime:
            self._mtime = mtime
            self._touched = time.monotonic() - max(0.0, time.time() - mtime)
        return time.monotonic() - self._touched


def watch(path, seconds, loop, close):
    """Close with the coroutine function `close(reason)` once the lease is `seconds` old.

    A thread of its own, since a loop that is stuck is one reason why nobody renews.
    """
    lease = Lease(path)
    pause = min(5.0, max(0.05, seconds / 10))

    def wait():
        while lease.age() <= seconds:
            time.sleep(pause)
        sys.stderr.write(f"caddis: the lease was not renewed for {seconds} s, the cluster ends\n")
        HARD_END.arm(GRACE_SECONDS)
        asyncio.run_coroutine_threadsafe(close("lease expired"), loop)

    threading.Thread(target=wait, daemon=True, name="caddis-lease").start()
