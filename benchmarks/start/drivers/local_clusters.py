"""LocalCluster, in whatever way it was asked for.

Usage: local_clusters.py [--imported] [--forkserver]
With `--imported` everything is imported and one cluster has been there before anything is timed; without it, the
first cluster is the first of its process.
"""

import os
import sys
import urllib.request

import dask
from distributed import LocalCluster
from distributed.security import Security

import protocol
import replacement
import work
from work import Marks

MADE = {}


def cluster(dashboard=True, security="none", page_first=False):
    """From `LocalCluster(...)` to both results; with `page_first`, the dashboard's first page is loaded before them."""
    settings = prepared(security)
    marks = Marks()
    marks.take("asked")
    with local(dashboard, settings) as made:
        marks.take("ready")
        if page_first:
            fetch(made, marks)
        with work.connect(marks, made) as client:
            work.compute(client, marks)
            if dashboard and not page_first:
                fetch(made, marks)
    return marks


def fetch(made, marks):
    """The first page of the dashboard."""
    marks.take("page_asked")
    urllib.request.urlopen(made.dashboard_link, timeout=work.PATIENCE).read()
    marks.take("page")


def kill(dashboard=False, security="none"):
    """One of two workers is killed; its Nanny starts another."""
    with local(dashboard, prepared(security)) as made, work.connect(Marks(), made) as client:
        pids = client.run(os.getpid)
        return replacement.kill(client, next(iter(pids.values())))


def local(dashboard, settings):
    """The stock class with the shape that all contenders have."""
    return LocalCluster(
        n_workers=work.WORKERS,
        threads_per_worker=work.THREADS,
        memory_limit=work.MEMORY,
        dashboard_address="127.0.0.1:0" if dashboard else None,
        **settings,
    )


def prepared(security):
    """`stock` makes its credentials while it is timed, as Caddis does; `made` has them before."""
    if security == "made":
        MADE.setdefault("security", Security.temporary())
        return {"security": MADE["security"], "protocol": "tls"}
    return {"security": True, "protocol": "tls"} if security == "stock" else {}


def main():
    """Serve the orchestrator."""
    if "--forkserver" in sys.argv:
        dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"})
    if "--imported" in sys.argv:
        work.imported()
    protocol.serve({"cluster": cluster, "kill": kill})


if __name__ == "__main__":
    main()
