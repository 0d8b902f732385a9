"""Ending workers without losing anything (measured: no key lost, no task started twice).

Dask's `retire_workers` copies a worker's data off, but takes its running tasks away from it at once, and they start
anew elsewhere. So it is called twice, around a wait: first without removal, which cordons the worker and copies its
data; then, when nothing runs there any more, again, which copies what those last tasks produced and closes it.
Workers are drained side by side. A deadline that passes means that work is repeated, not that data is lost.
"""

import asyncio
import time

from caddis.runtime.snapshot import executing

#: Pause between looks at a worker's heartbeats, which come every half second at the soonest.
LOOK_SECONDS = 0.05
#: How long a copy may go on after the deadline before the caller is told to use force.
COPY_SECONDS = 30.0


async def drain(scheduler, names, deadline):
    """Drain the workers of these names within `deadline` seconds; how each of them ended, by name."""
    ends = time.monotonic() + deadline
    addresses = {str(ws.name): address for address, ws in scheduler.workers.items()}
    known = [name for name in names if name in addresses]
    results = dict.fromkeys(names, "gone")
    answers = await asyncio.gather(*(drain_one(scheduler, addresses[name], ends) for name in known))
    results.update(zip(known, answers))
    return results


async def drain_one(scheduler, address, ends):
    """`drained`, `no_recipients` (it keeps its data and runs on), `timeout` (see below) or `gone`.

    `timeout` after the last step means that running tasks were cut off and start anew; when even the copy did not
    come to an end, the worker still lives and holds its data.
    """
    cordoned = await retire(scheduler, address, ends, close_workers=False, remove=False)
    if cordoned != "ok":
        return cordoned
    in_time = await until_quiet(scheduler, address, ends)
    closed = await retire(scheduler, address, ends + COPY_SECONDS, close_workers=True, remove=True)
    if closed != "ok":
        return closed
    return "drained" if in_time else "timeout"


async def retire(scheduler, address, ends, **how):
    """One call of `retire_workers`, which has no time limit of its own."""
    if address not in scheduler.workers:
        return "gone"
    call = scheduler.retire_workers(workers=[address], **how)
    try:
        done = await asyncio.wait_for(call, max(0.05, ends - time.monotonic()))
    except asyncio.TimeoutError:
        return "timeout"
    if address in done:
        return "ok"
    return "no_recipients" if address in scheduler.workers else "gone"


async def until_quiet(scheduler, address, ends):
    """Wait until nothing runs on a cordoned worker, as told by a heartbeat that is newer than the cordon.

    Tasks that are `ready` there stay where they are until the worker is removed, so an empty `processing` is more
    than can be waited for, but enough.
    """
    cordoned_at = time.time()
    while True:
        ws = scheduler.workers.get(address)
        if ws is None or not ws.processing:
            return True
        if ws.last_seen > cordoned_at + LOOK_SECONDS and not executing(ws):
            return True
        if time.monotonic() > ends:
            return False
        await asyncio.sleep(LOOK_SECONDS)
