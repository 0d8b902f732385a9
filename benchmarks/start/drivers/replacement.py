"""A killed worker and its replacement, by the scheduler's own log of events.

Both ends are on one machine and use the wall clock, so the scheduler's time stamps can be compared with the kill's.
No polling takes part: the scheduler tells its clients what happened, and when.
"""

import os
import signal
import threading
import time

from work import PATIENCE


def kill(client, pid):
    """SIGKILL; milliseconds until the scheduler removed the worker and until it registered another one."""
    seen, done = {}, threading.Event()

    def hear(event):
        stamp, message = event
        action = message.get("action")
        if action in ("add-worker", "remove-worker"):
            seen.setdefault(action, stamp)
        if len(seen) == 2:
            done.set()

    client.subscribe_topic("all", hear)
    client.run_on_scheduler(lambda: None)  # the subscription has arrived when this has; old events came with it
    seen.clear()
    done.clear()
    killed = time.time()
    os.kill(pid, signal.SIGKILL)
    if not done.wait(PATIENCE):
        raise TimeoutError(f"only {sorted(seen)} within {PATIENCE} s after a worker was killed")
    return {"removed": (seen["remove-worker"] - killed) * 1000, "replaced": (seen["add-worker"] - killed) * 1000}
