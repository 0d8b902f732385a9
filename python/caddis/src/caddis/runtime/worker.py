"""A member that is a Dask worker, or a Dask Nanny with a worker below it, on loopback under mutual TLS.

Without a Nanny the keeper does what a Nanny would: it replaces a dead worker and ends one that outgrows its memory.
"""

import asyncio
import json
import os
import sys
import time

import dask
import distributed
from dask.utils import parse_timedelta
from distributed import Nanny, WorkerPlugin

from caddis.runtime import daskconfig, guard, service
from caddis.runtime.service import HARD_END

#: Stands for the scheduler's address until it is known.
UNKNOWN = "tls://127.0.0.1:0"


class Worker(distributed.Worker):
    """The stock worker, with the secret before its HTTP routes and a deadline behind its closing."""

    def __init__(self, *args, http_secret_file, **kwargs):
        self._http_secret = guard.read_secret(http_secret_file)
        super().__init__(*args, **kwargs)

    def start_http_server(self, *args, **kwargs):
        super().start_http_server(*args, **kwargs)
        guard.install(self.http_application, self._http_secret)

    async def close(self, *args, **kwargs):
        HARD_END.arm()
        return await super().close(*args, **kwargs)


class AwaitScheduler(WorkerPlugin):
    """Holds a worker back, all set up but for registering, until its scheduler has said where it is."""

    name = "caddis-await-scheduler"

    def __init__(self, path):
        self.path = path

    async def setup(self, worker):
        address = await scheduler_address(self.path)
        worker.scheduler = worker.rpc(address)
        worker.execution_state["scheduler"] = address


async def scheduler_address(path):
    """The address in a scheduler's `ready.json`, as soon as it is there."""
    started = time.monotonic()
    deadline = started + connect_seconds()
    while True:
        address = read_address(path)
        if address is not None:
            return address
        if time.monotonic() > deadline:
            raise TimeoutError(f"no scheduler after {connect_seconds():.0f} s: `{path}` is not there")
        await asyncio.sleep(0.002 if time.monotonic() - started < 1 else 0.01)


def connect_seconds():
    """How long to wait for a scheduler."""
    return max(60.0, parse_timedelta(dask.config.get("distributed.comm.timeouts.connect")))


def read_address(path):
    """The address, or None while the file is not there (it appears whole)."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)["address"]
    except FileNotFoundError:
        return None


def run(member):
    """Prepare, then serve until closed. Never returns."""
    sys.path[:0] = member.role.get("sys_path") or []
    daskconfig.configure(member.role)
    daskconfig.own_scratch()
    nanny_environment()
    service.main(member, serve_nanny if member.role.get("nanny") else serve)


def nanny_environment():
    """The variables that a Nanny gives its worker, for libraries that a task loads: one thread each, for instance."""
    for name in ("distributed.nanny.pre-spawn-environ", "distributed.nanny.environ"):
        for key, value in (dask.config.get(name, None) or {}).items():
            if value is not None:
                os.environ.setdefault(key, str(value))


async def serve(member):
    """A worker's life without a Nanny; the exit code and the reason of its end."""
    role = member.role
    settings = common(role)
    member.wait_go()  # making a worker makes its folder
    waiting = () if role.get("scheduler") else (AwaitScheduler(role["scheduler_ready"]),)
    worker = Worker(role.get("scheduler") or UNKNOWN, dashboard=False, plugins=waiting, **settings)
    await worker
    asked = service.close_on_signals(lambda reason: worker.close(reason=reason))
    member.ready({"address": worker.address})
    return 0, await service.until_finished(worker, asked)


async def serve_nanny(member):
    """The same with Dask's own Nanny, for clusters whose jobs register NannyPlugins."""
    role = member.role
    settings = common(role)
    member.wait_go()
    address = role.get("scheduler") or await scheduler_address(role["scheduler_ready"])
    nanny = Nanny(address, worker_class=Worker, dashboard=False, **settings)
    await nanny

    async def close(reason):
        HARD_END.arm()
        await nanny.close(timeout=service.CLOSE_SECONDS, reason=reason)

    asked = service.close_on_signals(close)
    member.ready({"address": nanny.worker_address, "nanny": nanny.address})
    return 0, await service.until_finished(nanny, asked)


def common(role):
    """The arguments that workers and Nannies have in common."""
    return {
        "name": role["name"],
        "nthreads": role["nthreads"],
        "memory_limit": role["memory_limit"] or 0,
        "local_directory": role["local_directory"],
        "resources": role.get("resources") or None,  # none of ours: those of Dask's configuration
        "security": daskconfig.security(role["tls"]),
        "host": "127.0.0.1",
        "protocol": "tls",
        "dashboard_address": "127.0.0.1:0",
        "http_secret_file": role["http_secret_file"],
        "death_timeout": connect_seconds(),
    }
