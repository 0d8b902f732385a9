"""Caddis: a cluster is asked for over the Unix socket, waited for with a long poll, and used.

The client is a long-lived process that has everything imported, as it is for the warm peers.
Environment: CADDIS_HOME, BENCH_REQUIREMENTS (the file of the one environment that all contenders share), and
BENCH_PYTHON when its interpreter was chosen.
"""

import os

from distributed.security import Security

import protocol
import replacement
import work
from api import Api
from work import Marks

API = Api(os.environ["CADDIS_HOME"])


def cluster(dashboard=True, page_first=False):
    """From the request to both results; with `page_first`, the dashboard's first page is loaded before them."""
    marks = Marks()
    if page_first and API.browser is None:
        API.login()
    marks.take("asked")
    made = API.ask("POST", "/v1/clusters", wish(dashboard))
    try:
        made = API.until(made, "RUNNING")
        marks.take("ready")
        if page_first:
            fetch(made, marks)
        with connected(made, marks) as client:
            work.compute(client, marks)
            if dashboard and not page_first:
                fetch(made, marks)
    finally:
        API.stop(made)
    return marks


def fetch(made, marks):
    """The first page is the one for which the scheduler builds its dashboard."""
    if API.browser is None:
        API.login()
    marks.take("page_asked")
    API.page(made)
    marks.take("page")


def kill():
    """One of two workers is killed; Caddis starts another."""
    made = API.ask("POST", "/v1/clusters", wish(dashboard=True))
    try:
        made = API.until(made, "RUNNING")
        with connected(made, Marks()) as client:
            slots = API.ask("GET", f"/v1/clusters/{made['id']}")["slots"]
            return replacement.kill(client, slots[0]["pid"])
    finally:
        API.stop(made)


def wish(dashboard):
    """The shape that all contenders have."""
    workers = {"min": work.WORKERS, "max": work.WORKERS}
    return {
        "shape": {
            "workers": workers,
            "threads": work.THREADS,
            "memory_bytes": work.MEMORY,
            "dashboard": dashboard,
        },
        "environment": {"requirements": os.environ["BENCH_REQUIREMENTS"], "python": os.environ.get("BENCH_PYTHON")},
        "cwd": os.environ["TMPDIR"],
        "variables": {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "CADDIS_BENCH")},
    }


def connected(made, marks):
    """A client by the address and the files that the API names."""
    connection = API.ask("GET", f"/v1/clusters/{made['id']}/connection")
    security = Security(
        tls_ca_file=connection["ca_file"],
        tls_client_cert=connection["cert_file"],
        tls_client_key=connection["key_file"],
        require_encryption=True,
    )
    return work.connect(marks, connection["address"], security=security)


if __name__ == "__main__":
    work.imported()
    protocol.serve({"cluster": cluster, "kill": kill})
