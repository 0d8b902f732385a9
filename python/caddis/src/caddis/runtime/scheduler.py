"""A member that is a Dask scheduler: the stock class, on loopback, under mutual TLS, its HTTP behind the secret."""

import importlib.util
import os
import sys

import dask
from distributed import Scheduler
from tornado import web

from caddis.runtime import abandoned, claims, daskconfig, guard, lease, link, service
from caddis.runtime.service import HARD_END


def run(member):
    """Prepare, then serve until closed. Never returns."""
    role = member.role
    sys.path[:0] = role.get("sys_path") or []
    daskconfig.configure(role)
    daskconfig.own_scratch()
    origins = role.get("allow_websocket_origin")
    if origins:
        dask.config.set({"distributed.scheduler.dashboard.bokeh-application.allow_websocket_origin": origins})
    service.main(member, serve)


async def serve(member):
    """The scheduler's life; the exit code and the reason of its end."""
    role = member.role
    member.wait_go()
    scheduler = make(role, member.folder)
    await scheduler

    async def close(reason):
        HARD_END.arm()
        await scheduler.close(reason=reason)

    port = scheduler.http_server.port
    if role.get("lease"):
        lease.watch(role["lease"], role["lease_seconds"], member, close)
    if role.get("link"):
        link.attach(scheduler, role["link"], role["cluster"], close)
    if role.get("claims"):
        claims.listen(scheduler, role["claims"], next(iter(role.get("sys_path") or []), None))
    abandoned.watch(scheduler)
    if role.get("dashboard", True) and importlib.util.find_spec("bokeh") is None:
        member.note(dashboard="bokeh is not installed, there is no dashboard")
    asked = service.close_on_signals(close)
    member.ready({"address": scheduler.address, "dashboard_port": port})
    return 0, await service.until_finished(scheduler, asked)


def make(role, folder):
    """The scheduler object, its HTTP port opened and guarded before the loop turns."""
    prefix = role.get("prefix") or "/"
    scheduler = Scheduler(
        host=role.get("host", "127.0.0.1"),
        port=role.get("port", 0),
        protocol="tls",
        security=daskconfig.security(role["tls"]),
        dashboard=False,
        dashboard_address="127.0.0.1:0",
        http_prefix=prefix,
        preload=role.get("preload") or None,
        local_directory=os.path.join(folder, "scratch"),
    )
    guard.install(scheduler.http_application, guard.read_secret(role["http_secret_file"]))
    if role.get("dashboard", True):
        scheduler.http_application.add_application(DashboardOnDemand(scheduler, prefix))
    return scheduler


class DashboardOnDemand(web.Application):
    """Stands in for the dashboard until somebody opens a page of it.

    Building Bokeh's application takes 30 ms, and importing it 400 ms where the fork server has not done so yet: a
    cluster need not wait for what nobody looks at. Dask asks its applications in turn for a handler; this one puts
    the real dashboard behind itself, steps aside and has none.
    """

    def __init__(self, scheduler, prefix):
        super().__init__()
        self.scheduler = scheduler
        self.prefix = prefix

    def find_handler(self, request, **kwargs):
        applications = self.scheduler.http_application.applications
        if self in applications:
            self.connect(self.scheduler.http_application)
            # Removing an entry while Dask iterates would skip the next one, so it happens a turn later.
            self.scheduler.loop.add_callback(lambda: applications.remove(self) if self in applications else None)
        return

    def connect(self, application):
        """What the scheduler's constructor does when it is asked for a dashboard."""
        try:
            from distributed.dashboard.scheduler import connect
        except ImportError:
            from distributed.http.scheduler import missing_bokeh
            from distributed.http.utils import get_handlers

            routes = get_handlers(self.scheduler, [missing_bokeh.__name__], prefix=self.prefix)
            application.add_handlers(".*$", routes)
        else:
            connect(application, self.scheduler.http_server, self.scheduler, prefix=self.prefix)
