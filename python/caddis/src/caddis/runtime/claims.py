"""The folders of jobs that run on a cluster which was not made for them: the scheduler's and the workers' end.

The scheduler listens in the cluster's own folder, decides, and has every worker, present and future, do the same as
it does itself (docs/adr/0006-modules-beside-a-script-on-a-shared-cluster.md). What always holds:
- a job goes on only when scheduler and workers import from its folder, so no task of it can come too early;
- a folder is taken from the module path when the last job that claimed it ends;
- modules that another job could see are never taken away under it: the first one wins, the second one is told;
- a job whose modules changed since an earlier job used them gets the new ones.
"""

import asyncio
import contextlib
import importlib
import json
import os
import socket
import sys

from distributed import WorkerPlugin
from distributed.protocol import pickle

from caddis.runtime import beside

NAME = "caddis-claims"
#: Seconds that a job waits for workers; one that is held up by a task takes its folder up later.
PATIENCE = 5.0


class Claims:
    """Who has claimed which folder, in the order in which they came."""

    def __init__(self, scheduler, own):
        self.scheduler = scheduler
        self.own = os.path.realpath(own) if own else None
        self.turn = 0
        self.held = {}
        #: The state of a folder's modules when processes began to import from it.
        self.stamps = {}
        #: The turn at which what was imported from a folder was to be dropped.
        self.dropped = {}

    async def serve(self, connection):
        """One job: take its claim, answer, and let it go when the job is gone."""
        reader, writer = await asyncio.open_unix_connection(sock=connection, limit=1 << 20)
        line, token = None, object()
        try:
            line = json.loads(await reader.readline())
            warnings = self.take(line, token)
            await self.publish()
            writer.write(json.dumps({"warnings": warnings}).encode() + b"\n")
            await reader.read()
        except (OSError, ValueError, KeyError) as error:
            sys.stderr.write(f"caddis: a claim is not understood or was cut off: {error!r}\n")
        finally:
            writer.close()
            if line is not None and self.let_go(line, token):
                await self.publish()

    def take(self, line, token):
        """Note a claim; what its job should know."""
        folder, job = line["folder"], line["job"].partition("/")[2].rpartition(".")[0]
        warnings = self.conflicts(folder, line["used"])
        holders = self.held.setdefault(folder, {})
        self.turn += 1
        if not holders:
            self.renew(folder, line["stamp"])
        elif self.stamps[folder] != line["stamp"]:
            warnings.append(
                f"modules in `{folder}` were changed while job {first(holders)} uses them: scheduler and workers go "
                "on with what they have\nhint: wait for its end, or leave `--cluster` out"
            )
        holders[token] = job
        return warnings

    def renew(self, folder, stamp):
        """Drop what the jobs that run now would not import: what changed since, and what nobody claims any more."""
        stale = {other for other in self.stamps if other not in self.held and other != self.own}
        if self.stamps.get(folder) != stamp:
            stale.add(folder)
        for other in stale:
            self.dropped[other] = self.turn
            self.stamps.pop(other, None)
        self.stamps[folder] = stamp

    def conflicts(self, folder, names):
        """What would be imported from somebody else's folder instead."""
        said = []
        for other, whose in self.before(folder):
            for name in names:
                if beside.content(other, name) not in (None, beside.content(folder, name)):
                    said.append(
                        f"`{name}` is in `{folder}` and in `{other}`, {whose}: scheduler and workers import the one "
                        f"in `{other}`\nhint: rename one of them, or leave `--cluster` out"
                    )
        return said

    def before(self, folder):
        """The folders that come before this one on the module path, and whose they are."""
        if self.own and self.own != folder:
            yield self.own, "the folder that the cluster was made in"
        for other, holders in self.held.items():
            if other == folder:
                return
            if other != self.own:
                yield other, f"where job {first(holders)} runs on this cluster"

    def let_go(self, line, token):
        """Take a claim back; whether it was the last one of its folder."""
        holders = self.held.get(line.get("folder"), {})
        if holders.pop(token, None) is None or holders:
            return False
        del self.held[line["folder"]]
        self.turn += 1
        return True

    async def publish(self):
        """Do it here, have every worker do it, and every worker to come."""
        folders = Folders(self.turn, self.own, list(self.held), dict(self.dropped))
        folders.apply()
        packed = pickle.dumps(folders)
        self.scheduler.worker_plugins[NAME] = packed
        message = {"op": "plugin-add", "plugin": packed, "name": NAME}
        telling = asyncio.ensure_future(self.scheduler.broadcast(msg=message, on_error="return"))
        telling.add_done_callback(lambda done: done.cancelled() or done.exception())  # a scheduler that closes
        await asyncio.wait([telling], timeout=PATIENCE)


def first(holders):
    """The job that came first."""
    return next(iter(holders.values()))


class Folders(WorkerPlugin):
    """The folders that a process imports from, as the scheduler decided at some turn."""

    name = NAME

    def __init__(self, turn, own, held, dropped):
        self.turn = turn
        self.own = own
        self.held = held
        self.dropped = dropped

    def setup(self, worker):
        self.apply()

    def apply(self):
        """Make this process's module path as decided. What comes late, behind a later decision, is in that one too."""
        if self.turn <= APPLIED.turn:
            return
        set_path(self.own, [folder for folder in self.held if folder != self.own])
        for folder, turn in self.dropped.items():
            if turn > APPLIED.turn:
                drop(folder)
        importlib.invalidate_caches()
        APPLIED.turn = self.turn


class Applied:
    """What this process has done so far."""

    def __init__(self):
        self.turn = 0
        self.path = []


APPLIED = Applied()


def set_path(own, folders):
    """Put the folders behind the cluster's own one and before everything else."""
    rest = [entry for entry in sys.path if entry not in APPLIED.path]
    at = 1 if own and rest and os.path.realpath(rest[0]) == own else 0
    sys.path[:] = [*rest[:at], *folders, *rest[at:]]
    APPLIED.path = folders


def drop(folder):
    """Let the next import of a folder's modules be a new one."""
    for name, module in list(sys.modules.items()):
        if lies_in(folder, name, module):
            del sys.modules[name]


def lies_in(folder, name, module):
    """Whether a module is the one of this name in this folder, rather than in an environment below it."""
    file = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", [])), None)
    top = os.path.join(folder, name.split(".")[0])
    return isinstance(file, str) and os.path.realpath(file).startswith((top + ".", top + os.sep))


def listen(scheduler, path, own):
    """Take claims from now on, in a folder that nobody else can enter."""
    claims, serving = Claims(scheduler, own), set()
    listener = bound(path)
    loop = asyncio.get_running_loop()

    def accept():
        with contextlib.suppress(OSError):
            task = asyncio.ensure_future(claims.serve(listener.accept()[0]))
            serving.add(task)
            task.add_done_callback(serving.discard)

    loop.add_reader(listener, accept)


def bound(path):
    """A listening socket, bound through its folder: its path may have 107 bytes at most, a run folder's is longer."""
    folder, name = os.path.split(path)
    fd = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"/proc/self/fd/{fd}/{name}")
        os.chmod(name, 0o600, dir_fd=fd)  # whatever the user's umask is
    finally:
        os.close(fd)
    listener.listen()
    listener.setblocking(False)
    return listener
