"""The link: what the scheduler tells the server, and the few things it does at the server's word.

The server listens on a Unix socket in the cluster's own folder, so there is no port and nobody to authenticate. The
scheduler connects, tries again whenever it is cut, and numbers what it sends; after a reconnection the first thing
said is a full snapshot. Events that fall into a gap are kept and sent then. A server that does not read costs the
scheduler nothing but a bounded list. Also a preload for stock schedulers: `--preload caddis.runtime.link`, with
`caddis.link` and `caddis.cluster` in Dask's configuration.
"""

import asyncio
import collections
import json
import os
import time

from distributed import SchedulerPlugin

from caddis.runtime import drain, snapshot

#: Seconds: between attempts to connect, between looks for a change, between snapshots when nothing changes.
RETRY, LOOK, REPEAT = 0.25, 0.1, 0.5
#: Snapshots may take this share of the scheduler's time, no more.
SHARE = 0.05
#: Events kept for a server that is away; erred tasks told between two looks.
MOST_EVENTS, MOST_ERRORS = 1000, 20


class Link(SchedulerPlugin):
    """The scheduler's end. As a plugin it hears of events; a task of its own does the talking."""

    name = "caddis-link"

    def __init__(self, scheduler, path, cluster, close):
        self.scheduler = scheduler
        self.path = path
        self.cluster = cluster
        self.close_scheduler = close
        self.seq = 0
        self.events = collections.deque(maxlen=MOST_EVENTS)
        self.names = {address: str(ws.name) for address, ws in scheduler.workers.items()}
        self.errors_told = 0
        self.stranded = 0
        self.idle_since = int(time.time() * 1e6)
        self.transitions = -1

    # Events, as Dask tells them.

    def event(self, kind, **facts):
        """Remember an event until the next look."""
        self.events.append({"type": kind, "at": time.time_ns() // 1000, **facts})

    def add_worker(self, scheduler, worker):
        self.names[worker] = str(scheduler.workers[worker].name)
        self.event("worker_added", name=self.names[worker], address=worker)

    def log_event(self, topic, msg):
        """A removed worker's log entry is the only place that tells what was lost with it."""
        if topic == "all" and isinstance(msg, dict) and msg.get("action") == "remove-worker":
            self.event(
                "worker_removed",
                name=self.names.pop(msg.get("worker"), ""),
                address=msg.get("worker"),
                expected=bool(msg.get("expected")),
                lost_computed=len(msg.get("lost-computed-tasks", ())),
                lost_scattered=len(msg.get("lost-scattered-tasks", ())),
                processing=len(msg.get("processing-tasks", ())),
            )

    def add_client(self, scheduler, client):
        self.event("client_added", client=client)

    def remove_client(self, scheduler, client):
        self.event("client_removed", client=client)

    def restart(self, scheduler):
        self.event("restart")

    async def before_close(self):
        self.event("closing")

    def transition(self, key, start, finish, *args, **kwargs):
        if finish == "no-worker":
            self.stranded += 1
        if finish != "erred" or start == "erred":
            return
        self.errors_told += 1
        if self.errors_told <= MOST_ERRORS:
            task = self.scheduler.tasks.get(key)
            text = getattr(task, "exception_text", None) or ""
            worker = kwargs.get("worker") or ""
            self.event("task_erred", key=str(key)[:200], exception=text[:2000], worker=worker)

    # The connection.

    async def run(self):
        """Be connected, for ever."""
        while True:
            try:
                reader, writer = await self.connect()
            except OSError:
                await asyncio.sleep(RETRY)
                continue
            tasks = [asyncio.ensure_future(self.tell(writer)), asyncio.ensure_future(self.listen(reader, writer))]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            writer.close()
            await asyncio.sleep(RETRY)

    async def connect(self):
        """Reach the socket through its folder: a socket's path has at most 107 bytes, a run folder's may have more."""
        folder, name = os.path.split(self.path)
        fd = os.open(folder, os.O_PATH | os.O_DIRECTORY)
        try:
            return await asyncio.open_unix_connection(f"/proc/self/fd/{fd}/{name}", limit=1 << 20)
        finally:
            os.close(fd)

    def hello(self):
        """Who speaks. `seq` is the last number used."""
        from distributed.versions import get_versions

        found = get_versions()
        versions = {"python": found["host"]["python"].split(".final")[0]}
        versions |= {name: found["packages"].get(name) for name in ("dask", "distributed")}
        return {
            "cluster": self.cluster,
            "pid": os.getpid(),
            "address": self.scheduler.address,
            "dashboard_port": self.scheduler.http_server.port,
            "versions": versions,
            "seq": self.seq,
        }

    async def tell(self, writer):
        """Hello, then a snapshot, then events and snapshots as they come."""
        send(writer, {"hello": self.hello()})
        seen, sent_at, pause = None, 0.0, LOOK
        while True:
            now = snapshot.signature(self.scheduler)
            if now != seen or self.events or time.monotonic() - sent_at >= REPEAT:
                # By the processor's clock: whoever was kept from running has not taken anybody's time.
                started, spent = time.monotonic(), time.thread_time()
                self.numbered(writer, snapshot=self.snapshot())
                while self.events:
                    self.numbered(writer, event=self.events.popleft())
                seen, sent_at = now, started
                pause = max(LOOK, (time.thread_time() - spent) / SHARE)
                await writer.drain()
            self.errors_told = 0
            await asyncio.sleep(pause)

    def numbered(self, writer, **message):
        """Send with the next sequence number."""
        self.seq += 1
        send(writer, {"seq": self.seq, **message})

    def snapshot(self):
        """A snapshot, with our own account of idleness: Dask's is kept only where an idle timeout is set."""
        counter = self.scheduler.transition_counter
        if snapshot.busy(self.scheduler):
            self.idle_since = None
        elif counter != self.transitions or self.idle_since is None:
            self.idle_since = int(time.time() * 1e6)
        self.transitions = counter
        return snapshot.take(self.scheduler, self.idle_since, self.stranded)

    # Commands.

    async def listen(self, reader, writer):
        """Carry out commands side by side; a long drain must not hold up the others."""
        running = set()
        while line := await reader.readline():
            task = asyncio.ensure_future(self.answer(line, writer))
            running.add(task)
            task.add_done_callback(running.discard)

    async def answer(self, line, writer):
        """Do what a line asks and say how it went."""
        request = json.loads(line)
        try:
            command = COMMANDS[request["op"]]
        except KeyError:
            error = {"code": "unknown_op", "message": f"`{request.get('op')}` is no command"}
            return send(writer, {"id": request.get("id"), "error": error})
        try:
            send(writer, {"id": request["id"], "ok": await command(self, request)})
        except Exception as error:
            said = {"code": "failed", "message": f"{type(error).__name__}: {error}"}
            send(writer, {"id": request["id"], "error": said})

    async def workers_to_close(self, request):
        """Dask's own choice: it spares workers in a shuffle and those with long-running tasks."""
        names = self.scheduler.workers_to_close(n=request["n"], attribute="name")
        return {"workers": [str(name) for name in names]}

    async def drain(self, request):
        preempted = request.get("preempted", False)
        return {"result": await drain.drain(self.scheduler, request["workers"], request["deadline"], preempted)}

    async def close_now(self, request):
        """The answer is sent first, with the last figures; the scheduler's end takes the connection with it."""
        last = snapshot.take(self.scheduler, self.idle_since, self.stranded)
        self.closing = asyncio.ensure_future(self.close_scheduler(request.get("reason", "asked by the server")))
        return {"snapshot": last}

    async def say_now(self, request):
        return {"snapshot": self.snapshot()}

    async def ping(self, request):
        return {}


COMMANDS = {
    "workers_to_close": Link.workers_to_close,
    "drain": Link.drain,
    "close": Link.close_now,
    "snapshot": Link.say_now,
    "ping": Link.ping,
}


def send(writer, message):
    """One JSON line; Dask's figures can be infinite or not numbers, JSON's cannot."""
    try:
        text = json.dumps(message, allow_nan=False)
    except ValueError:
        text = json.dumps(finite(message))
    writer.write(text.encode() + b"\n")


def finite(value):
    """The same with null for what JSON cannot say."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and value - value != 0 else value


def attach(scheduler, path, cluster, close):
    """Start the link of a running scheduler; `close(reason)` is how the scheduler is to be closed."""
    link = Link(scheduler, path, cluster, close)
    scheduler.add_plugin(link)
    link.task = asyncio.ensure_future(link.run())
    return link


def dask_setup(scheduler):
    """As a preload of a stock scheduler."""
    import dask

    async def close(reason):
        await scheduler.close(reason=reason)

    attach(scheduler, dask.config.get("caddis.link"), dask.config.get("caddis.cluster"), close)
