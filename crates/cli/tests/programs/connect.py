"""Connects a program to the cluster that Caddis gave it, or to a LocalCluster of the same shape."""

import os

from dask.distributed import Client, LocalCluster


def connect():
    """A client of two workers with one thread each."""
    if "DASK_SCHEDULER_ADDRESS" in os.environ:
        client = Client()
    else:
        cluster = LocalCluster(n_workers=2, threads_per_worker=1, memory_limit="1GiB", dashboard_address=None)
        client = Client(cluster)
    client.wait_for_workers(2, timeout=60)
    return client


def said(error):
    """An exception as a program can tell it: its kind and its text."""
    return f"{type(error).__module__}.{type(error).__qualname__}: {error}"
