"""Programs on clusters that begin with no worker, may have ten, and end with none: Caddis, or LocalCluster with
Dask's own Adaptive.

Usage: scaling.py caddis|dask
Environment: as for the drivers of `start`, whose modules this one shares; BENCH_DRIVERS is their folder.
"""

import os
import sys
import time

sys.path.insert(0, os.environ["BENCH_DRIVERS"])

import cloudpickle
import counting
import loads
import protocol
from distributed import Client, LocalCluster
from distributed.security import Security

MOST = 10
THREADS = 1
MEMORY = 1 << 30
#: A cluster that has not let its workers go by then never will.
PATIENCE = 120
LOOK_EVERY = 0.1


def measured(client, load):
    """Runs one program from zero workers to zero workers; seconds, and what the scheduler counted."""
    client.upload_file(loads.__file__)
    client.run_on_scheduler(counting.install)
    begun = time.monotonic()
    result = loads.LOADS[load](client)
    took = time.monotonic() - begun
    ended = time.monotonic()
    while client.run_on_scheduler(counting.workers):
        if time.monotonic() > ended + PATIENCE:
            raise TimeoutError(f"there were still workers {PATIENCE} s after the end of `{load}`")
        time.sleep(LOOK_EVERY)
    numbers = {"seconds": took, "to_zero": time.monotonic() - ended, **client.run_on_scheduler(counting.told)}
    return {"result": result, "numbers": numbers}


def dask(load):
    """Dask's Adaptive as its manual says: a range and nothing else."""
    with LocalCluster(
        n_workers=0, threads_per_worker=THREADS, memory_limit=MEMORY, dashboard_address=None
    ) as cluster:
        cluster.adapt(minimum=0, maximum=MOST)
        with Client(cluster) as client:
            return measured(client, load)


def caddis(load):
    """A cluster of Caddis with the same range."""
    from api import Api

    api = Api(os.environ["CADDIS_HOME"])
    made = api.ask("POST", "/v1/clusters", wish())
    try:
        made = api.until(made, "RUNNING")
        found = api.ask("GET", f"/v1/clusters/{made['id']}/connection")
        security = Security(
            tls_ca_file=found["ca_file"],
            tls_client_cert=found["cert_file"],
            tls_client_key=found["key_file"],
            require_encryption=True,
        )
        with Client(found["address"], security=security) as client:
            return measured(client, load)
    finally:
        api.stop(made)


def wish():
    """The shape that both have."""
    return {
        "shape": {
            "workers": {"min": 0, "max": MOST},
            "threads": THREADS,
            "memory_bytes": MEMORY,
            "dashboard": False,
        },
        "environment": {"requirements": os.environ["BENCH_REQUIREMENTS"], "python": os.environ.get("BENCH_PYTHON")},
        "cwd": os.environ["TMPDIR"],
        "variables": {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "CADDIS_BENCH")},
    }


if __name__ == "__main__":
    # The scheduler has no such file: what it runs travels with the call.
    cloudpickle.register_pickle_by_value(counting)
    protocol.serve({"run": {"caddis": caddis, "dask": dask}[sys.argv[1]]})
