"""Stock dask-gateway: its server and its Go proxy run, a cluster is asked for, scaled to two workers, and used.

Its default commands were removed from Dask in 2026.6, so `scheduler_cmd` and `worker_cmd` are set; everything else is
as it comes (UnsafeLocalBackend, the database in memory, TLS, dashboards).
"""

import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import protocol
import work
from dask_gateway import BasicAuth, Gateway
from work import Marks

CONFIG = """
c.DaskGateway.backend_class = "dask_gateway_server.backends.local.UnsafeLocalBackend"
c.Proxy.address = "127.0.0.1:{port}"
c.LocalBackend.clusters_directory = "{folder}"
c.ClusterConfig.scheduler_cmd = ["dask", "scheduler"]
c.ClusterConfig.worker_cmd = ["dask", "worker"]
c.ClusterConfig.worker_cores = {threads}
c.ClusterConfig.worker_memory = {memory}
"""


class Server:
    """The gateway server, ended with the driver."""

    def __init__(self):
        folder = pathlib.Path(os.environ["TMPDIR"])
        self.port = work.free_port()
        config = folder / "dask_gateway_config.py"
        values = {"port": self.port, "folder": folder, "threads": work.THREADS, "memory": work.MEMORY}
        config.write_text(CONFIG.format(**values))
        self.process = subprocess.Popen(
            ["dask-gateway-server", "--config", str(config)], stdin=subprocess.DEVNULL, stdout=2, cwd=folder
        )

    @property
    def address(self):
        """Its API and its scheduler proxy."""
        return f"http://127.0.0.1:{self.port}"

    def wait(self):
        """Until it says that it is well."""
        until = time.monotonic() + work.PATIENCE
        while time.monotonic() < until and self.process.poll() is None:
            try:
                return urllib.request.urlopen(f"{self.address}/api/health", timeout=5).read()
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise TimeoutError("dask-gateway-server does not serve")

    def end(self):
        """It takes its clusters with it."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def main():
    """Serve the orchestrator while the gateway runs."""
    server = Server()
    try:
        server.wait()
        work.imported()
        with Gateway(server.address, auth=BasicAuth("bench")) as gateway:
            protocol.serve({"cluster": lambda: cluster(gateway)})
    finally:
        server.end()


def cluster(gateway):
    """From `new_cluster()` to both results."""
    marks = Marks()
    marks.take("asked")
    made = gateway.new_cluster()
    try:
        made.scale(work.WORKERS)
        client = made.get_client(set_as_default=False)
        marks.take("ready")
        with client:
            work.both_workers(client, marks)
            work.compute(client, marks)
    finally:
        made.shutdown()
        gone(gateway)
    return marks


def gone(gateway):
    """Until nothing of it runs any more, so that it does not burden whoever is next."""
    until = time.monotonic() + work.PATIENCE
    while gateway.list_clusters(status=["pending", "running", "stopping"]):
        if time.monotonic() > until:
            raise TimeoutError("dask-gateway's cluster did not stop")
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
