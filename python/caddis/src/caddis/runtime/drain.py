"""Ending workers without losing anything (measured: no key lost, no task started twice).

Dask's `retire_workers` copies a worker's data off, but takes its running tasks away from it at once, and they start
anew elsewhere. So it is called twice, around a wait: first without removal, which cordons the worker and copies its
data; then, when nothing runs there any more, again, which copies what those last tasks produced and closes it.
Workers are drained side by side. A deadline that passes means that work is repeated, not that data is lost.

A drain that comes to nothing leaves a worker that stays. Dask gives it back the status from before the call, which is
the cordoned one when the call was not the first, and none at all when the call was cut off; so the status from before
the first call is restored here. Otherwise the worker would never take a task again, and nobody would know.

A worker that is preempted goes at its deadline whatever it holds. So it waits for somebody to take its data, where at
first nobody is there: its successor may come in time.
"""

import asyncio
import time

from distributed.active_memory_manager import RetireWorker
from distributed.core import Status

from caddis.runtime.snapshot import executing

#: Pause between looks at a worker's heartbeats, which come every half second at the soonest.
LOOK_SECONDS = 0.05
#: How long a copy may go on after the deadline before the caller is told to use force.
COPY_SECONDS = 30.0
#: Pause between looks for somebody who takes the data of a preempted worker.
RECIPIENT_SECONDS = 0.25

#: Drains that are under way, by the scheduler's identity and the worker's address. Asking again joins them.
under_way = {}


class Drain:
    """One worker on its way out."""

    def __init__(self, scheduler, address):
        self.scheduler = scheduler
        self.address = address
        self.ends = float("inf")
        self.preempted = False

    def ask(self, ends, preempted):
        """Asked for, perhaps once more: the nearer deadline holds."""
        self.ends = min(self.ends, ends)
        self.preempted |= preempted

    async def run(self):
        """`drained`, `no_recipients` (it keeps its data and runs on), `timeout` (see below) or `gone`.

        `timeout` after the last step means that running tasks were cut off and start anew; when even the copy did not
        come to an end, the worker still lives and holds its data.
        """
        ws = self.scheduler.workers.get(self.address)
        before = ws.status if ws else None
        try:
            return await self.steps()
        finally:
            # A preempted one is killed in a moment: what it began until then would be begun in vain.
            if self.address in self.scheduler.workers and not self.preempted:
                self.take_back(before)

    def take_back(self, before):
        """Undo the cordon of a worker that stays, as Dask does: by a word to the worker, which tells the scheduler.

        A `RetireWorker` that was left behind would go on copying for nobody. Whoever waits for it must not take its end
        for success.
        """
        amm = self.scheduler.extensions.get("amm")
        for policy in list(amm.policies) if amm else ():
            if isinstance(policy, RetireWorker) and policy.address == self.address:
                policy.no_recipients = True
                amm.policies.discard(policy)
        status = before if before == Status.paused else Status.running
        message = {"op": "worker-status-change", "status": status.name, "stimulus_id": f"drain-ended-{time.time()}"}
        self.scheduler.stream_comms[self.address].send(message)

    async def steps(self):
        """Cordon, wait, close."""
        cordoned = await self.cordon()
        if cordoned != "ok":
            return cordoned
        in_time = await self.until_quiet()
        closed = await self.retire(COPY_SECONDS, close_workers=True, remove=True)
        if closed != "ok":
            return closed
        return "drained" if in_time else "timeout"

    async def cordon(self):
        """Copy the data, let no task in; the last worker that is preempted waits for another one to take its data."""
        while True:
            done = await self.retire(0.0, close_workers=False, remove=False)
            if done != "no_recipients" or not self.preempted or time.monotonic() > self.ends:
                return done
            await asyncio.sleep(RECIPIENT_SECONDS)

    async def retire(self, longer, **how):
        """One call of `retire_workers`, which has no time limit of its own."""
        if self.address not in self.scheduler.workers:
            return "gone"
        started = time.monotonic()
        call = asyncio.ensure_future(self.scheduler.retire_workers(workers=[self.address], **how))
        # The deadline may come nearer meanwhile.
        while not call.done() and time.monotonic() < max(self.ends + longer, started + LOOK_SECONDS):
            await asyncio.wait([call], timeout=LOOK_SECONDS)
        if not call.done():
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            return "timeout"
        if self.address in call.result():
            return "ok"
        return "no_recipients" if self.address in self.scheduler.workers else "gone"

    async def until_quiet(self):
        """Wait until nothing runs on a cordoned worker, as told by a heartbeat that is newer than the cordon.

        Tasks that are `ready` there stay where they are until the worker is removed, so an empty `processing` is more
        than can be waited for, but enough.
        """
        cordoned_at = time.time()
        while True:
            ws = self.scheduler.workers.get(self.address)
            if ws is None or not ws.processing:
                return True
            if ws.last_seen > cordoned_at + LOOK_SECONDS and not executing(ws):
                return True
            if time.monotonic() > self.ends:
                return False
            await asyncio.sleep(LOOK_SECONDS)


async def drain(scheduler, names, deadline, preempted=False):
    """Drain the workers of these names within `deadline` seconds; how each of them ended, by name."""
    ends = time.monotonic() + deadline
    addresses = {str(ws.name): address for address, ws in scheduler.workers.items()}
    known = [name for name in names if name in addresses]
    results = dict.fromkeys(names, "gone")
    answers = await asyncio.gather(*(drain_one(scheduler, addresses[name], ends, preempted) for name in known))
    results.update(zip(known, answers))
    return results


async def drain_one(scheduler, address, ends, preempted):
    """One worker's drain, or the one that is under way."""
    key = (id(scheduler), address)
    if key not in under_way:
        new = Drain(scheduler, address)
        new.ask(ends, preempted)
        under_way[key] = new, asyncio.ensure_future(new.run())
        under_way[key][1].add_done_callback(lambda task: under_way.pop(key))
    found, task = under_way[key]
    found.ask(ends, preempted)
    return await asyncio.shield(task)
