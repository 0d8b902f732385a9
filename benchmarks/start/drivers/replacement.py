"""A killed worker and its replacement, by the scheduler's own log of events.

Both ends are on one machine and use the wall clock, so the scheduler's time stamps can be compared with the kill's.
No polling takes part: the scheduler tells its clients what happened, and when.
"""

import os
import signal
import threading
import time

from work import LOOK_EVERY, PATIENCE

#: An event of this driver's own.
LISTENING = "bench-listening"


def kill(client, pid):
    """SIGKILL; milliseconds until the scheduler removed the worker and until it registered another one."""
    seen, listening, done = {}, threading.Event(), threading.Event()

    def hear(event):
        stamp, message = event
        action = message.get("action")
        if action == LISTENING:
            listening.set()
        elif action in ("add-worker", "remove-worker") and stamp >= killed:
            seen.setdefault(action, stamp)
            if len(seen) == 2:
                done.set()

    killed = float("inf")
    client.subscribe_topic("all", hear)
    heard(client, listening)
    killed = time.time()
    os.kill(pid, signal.SIGKILL)
    if not done.wait(PATIENCE):
        raise TimeoutError(f"only {sorted(seen)} within {PATIENCE} s after a worker was killed")
    return {"removed": (seen["remove-worker"] - killed) * 1000, "replaced": (seen["add-worker"] - killed) * 1000}


def heard(client, listening):
    """Until an event of ours came back.

    A subscription leaves in the client's next batch, so calls that are answered (`run_on_scheduler`) overtake it:
    a death in those milliseconds would be told to nobody.
    """
    until = time.monotonic() + PATIENCE
    while not listening.wait(LOOK_EVERY):
        if time.monotonic() > until:
            raise TimeoutError(f"events did not arrive within {PATIENCE} s")
        client.log_event("all", {"action": LISTENING})
