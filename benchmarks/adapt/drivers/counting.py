"""What a scheduler saw: workers and when, results that were lost, tasks that began anew.

Installed in the scheduler by its public plugin interface, the same for every contender.
"""

import time
from collections import Counter

from distributed.diagnostics.plugin import SchedulerPlugin

NAME = "bench-counting"


class Counting(SchedulerPlugin):
    """Counts from its installation on; the cluster has no worker then."""

    name = NAME

    def __init__(self):
        self.since = {}
        self.seconds = 0.0
        self.peak = 0
        self.starts = 0
        self.computed = Counter()
        self.taken_back = 0

    def add_worker(self, scheduler, worker):
        """A worker serves."""
        self.since[worker] = time.monotonic()
        self.starts += 1
        self.peak = max(self.peak, len(self.since))

    def remove_worker(self, scheduler, worker, **_):
        """A worker is gone."""
        self.seconds += time.monotonic() - self.since.pop(worker, time.monotonic())

    def transition(self, key, start, finish, *_, **__):
        """A task was done, or taken from a worker before it was."""
        if start == "processing" and finish == "memory":
            self.computed[key] += 1
        elif start == "processing" and finish != "erred":
            self.taken_back += 1


def install(dask_scheduler):
    """Begins to count."""
    dask_scheduler.add_plugin(Counting(), name=NAME, idempotent=True)


def workers(dask_scheduler):
    """How many workers there are."""
    return len(dask_scheduler.workers)


def told(dask_scheduler):
    """What was counted so far."""
    counting = dask_scheduler.plugins[NAME]
    removed = [event for _, event in dask_scheduler.get_events("all") if event.get("action") == "remove-worker"]
    living = sum(time.monotonic() - since for since in counting.since.values())
    return {
        "worker_seconds": counting.seconds + living,
        "peak": counting.peak,
        "starts": counting.starts,
        "again": sum(times - 1 for times in counting.computed.values()),
        "taken_back": counting.taken_back,
        "lost": sum(lost(event, "lost-computed-tasks") + lost(event, "lost-scattered-tasks") for event in removed),
    }


def lost(event, name):
    """How many; Dask tells them as keys or as a number."""
    found = event.get(name) or 0
    return found if isinstance(found, int) else len(found)
