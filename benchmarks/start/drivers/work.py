"""What is timed, the same for every contender: two workers are there, the first task, the first dataframe groupby.

Times are CLOCK_MONOTONIC in nanoseconds, which all processes of a machine share.
"""

import socket
import time

from distributed import Client

WORKERS = 2
THREADS = 1
MEMORY = 1 << 30
#: Nothing takes longer here unless it hangs.
PATIENCE = 60
#: Asking costs the scheduler a millisecond, so a contender that is still starting is not asked more often.
LOOK_EVERY = 0.025


class Marks(dict):
    """Names of moments and when they were."""

    def take(self, name):
        """This moment."""
        self[name] = time.monotonic_ns()


def connect(marks, *address, **settings):
    """A client that sees both workers."""
    client = Client(*address, timeout=PATIENCE, **settings)
    both_workers(client, marks)
    return client


def both_workers(client, marks):
    """Until the scheduler names both."""
    until = time.monotonic() + PATIENCE
    while len(client.scheduler_info(n_workers=-1)["workers"]) < WORKERS:
        if time.monotonic() > until:
            raise TimeoutError(f"there were not {WORKERS} workers after {PATIENCE} s")
        time.sleep(LOOK_EVERY)
    marks.take("connected")


def compute(client, marks):
    """The first task and the first groupby of a cluster, with their results checked."""
    if client.submit(lambda x: x + 1, 1).result(PATIENCE) != 2:
        raise ValueError("1 + 1 is not 2")
    marks.take("task")
    groupby(client)
    marks.take("groupby")


def groupby(client):
    """Ten thousand rows in two partitions; everything is imported here, as in an open notebook or a long-lived service."""
    import dask.dataframe as dd
    import pandas as pd

    frame = pd.DataFrame({"key": [n % 10 for n in range(10_000)], "value": range(10_000)})
    summed = dd.from_pandas(frame, npartitions=2).groupby("key").value.sum()
    found = client.compute(summed).result(PATIENCE)
    if found[0] != sum(range(0, 10_000, 10)):
        raise ValueError(f"the groupby is wrong: {found}")


def free_port():
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def imported():
    """What a long-lived client has imported before it asks for a cluster."""
    import dask.dataframe  # noqa: F401
    import pandas  # noqa: F401
    import pyarrow  # noqa: F401
