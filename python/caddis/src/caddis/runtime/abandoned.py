"""Workers that execute nothing but what nobody wants any more, while others wait for them.

A thread cannot be interrupted. When the client of a job goes, Dask forgets the job's tasks, but those that run go on to
their end, and on a cluster that jobs share the next one waits for them. So such a worker is replaced: it hands its data
over, its process ends with its threads, and the keeper starts the next one in its place. What always holds: no task that
somebody wants is cut off, since a worker that runs one is left alone; one worker at a time goes, so that its data has
somewhere to go; one whose data nobody can take stays.
"""

import asyncio
import logging

from distributed.core import Status

logger = logging.getLogger("caddis.abandoned")

#: Seconds: between looks, of a state that is no passing one, for a worker to hand its data over.
LOOK, PATIENCE, HANDOVER = 0.5, 3.0, 30.0


def abandoned(counts, threads):
    """Whether all threads execute what was released; `counts` are a worker's tasks by their states."""
    wanted = sum(counts.get(state, 0) for state in ("executing", "resumed", "long-running"))
    return not wanted and counts.get("cancelled", 0) >= threads


def waiting(counts):
    """How many tasks have all they need but a thread."""
    return counts.get("ready", 0) + counts.get("constrained", 0)


class Watch:
    """Of one scheduler. What it knows of workers it has from their heartbeats."""

    def __init__(self, scheduler):
        self.scheduler = scheduler
        self.since = {}

    def due(self):
        """Workers to be replaced, those first for which tasks wait: all that are abandoned, once one holds somebody up."""
        found, now = [], {}
        for address, ws in self.scheduler.workers.items():
            counts = ws.metrics.get("task_counts") or {}
            if ws.status != Status.running or not abandoned(counts, ws.nthreads):
                continue
            now[address] = self.since.get(address, ws.last_seen)
            # Both ends are heartbeats: a worker that is only silent says nothing about its threads.
            if ws.last_seen - now[address] >= PATIENCE:
                found.append((-waiting(counts), address))
        self.since = now
        return [address for _, address in sorted(found)] if any(waits for waits, _ in found) else []

    async def replace(self, address):
        """Has a worker hand its data over and end."""
        logger.warning("worker %s executes only what nobody wants any more while tasks wait; it is replaced", address)
        call = self.scheduler.retire_workers(workers=[address], close_workers=True, remove=True)
        try:
            await asyncio.wait_for(call, HANDOVER)
        except Exception:
            logger.exception("worker %s cannot be replaced just now", address)
        self.since.pop(address, None)

    async def run(self):
        """Look, for ever."""
        while True:
            await asyncio.sleep(LOOK)
            for address in self.due():
                await self.replace(address)


def watch(scheduler):
    """Start to look after the workers of a running scheduler."""
    scheduler.caddis_abandoned = asyncio.ensure_future(Watch(scheduler).run())
