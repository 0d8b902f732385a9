"""What a scheduler looks like at one moment, in the words of `docs/KEEPER.md`. Reads, never writes."""

import heapq
import time

#: How many task prefixes a snapshot names, the largest ones: names are the user's, so there may be any number.
MOST_PREFIXES = 20

#: Dask's names of task states, and ours.
STATES = {
    "waiting": "waiting",
    "processing": "processing",
    "memory": "memory",
    "erred": "erred",
    "released": "released",
    "queued": "queued",
    "no-worker": "no_worker",
}
UNFINISHED = ("waiting", "processing", "queued", "no-worker")
FINISHED = ("memory", "erred")


def outside_clients(scheduler):
    """Clients that people opened: not Dask's own pseudo-client, not those inside tasks."""
    own = ("fire-and-forget", "Client-worker-")
    return [key for key in scheduler.clients if not key.startswith(own)]


def signature(scheduler):
    """Cheap to compute, and different whenever a snapshot would be worth sending."""
    return (
        scheduler.transition_counter,
        len(scheduler.clients),
        tuple((address, ws.status) for address, ws in scheduler.workers.items()),
    )


def busy(scheduler):
    """Whether any task runs or wants to."""
    return bool(scheduler.queued or scheduler.unrunnable or any(ws.processing for ws in scheduler.workers.values()))


def take(scheduler, idle_since):
    """The whole snapshot. Its cost grows with prefixes and workers, not with tasks."""
    prefixes = [prefix_facts(prefix) for prefix in scheduler.task_prefixes.values()]
    tasks = dict.fromkeys(STATES.values(), 0)
    for prefix in prefixes:
        for state, count in prefix["states"].items():
            tasks[state] += count
    workers = [worker_facts(ws) for ws in scheduler.workers.values()]
    return {
        "at": time.time_ns() // 1000,
        "tasks": tasks,
        "done": sum(prefix["done"] for prefix in prefixes),
        "total": sum(prefix["total"] for prefix in prefixes),
        "prefixes": heapq.nlargest(MOST_PREFIXES, prefixes, key=lambda prefix: prefix["total"]),
        "occupancy": round(scheduler.total_occupancy, 3),
        "threads": scheduler.total_nthreads,
        "runnable": tasks["processing"] + tasks["queued"] + tasks["no_worker"],
        "target": scheduler.adaptive_target(),
        "clients": len(outside_clients(scheduler)),
        "idle_since": idle_since,
        "data_bytes": sum(ws.nbytes for ws in scheduler.workers.values()),
        "workers": workers,
    }


def prefix_facts(prefix):
    """One kind of task. `done` counts every time a result came in, so that progress never runs backwards."""
    states = prefix.states
    done = sum(prefix.state_counts.get(state, 0) for state in FINISHED)
    return {
        "name": prefix.name[:120],
        "states": {ours: states.get(theirs, 0) for theirs, ours in STATES.items() if states.get(theirs)},
        "done": done,
        "total": done + sum(states.get(state, 0) for state in UNFINISHED),
        "seconds": round(prefix.all_durations.get("compute", 0.0), 3),
    }


def worker_facts(ws):
    """One worker; what only it knows is as old as its last heartbeat."""
    metrics = ws.metrics
    spilled = metrics.get("spilled_bytes")
    return {
        "name": str(ws.name),
        "address": ws.address,
        "status": ws.status.name,
        "cpu": metrics.get("cpu", 0.0),
        "rss": metrics.get("memory", 0),
        "managed": metrics.get("managed_bytes", ws.nbytes),
        "spilled": spilled.get("disk", 0) if isinstance(spilled, dict) else 0,
        "executing": executing(ws),
        "processing": len(ws.processing),
        "keys": len(ws.has_what),
        "last_seen": int(ws.last_seen * 1e6),
        "nthreads": ws.nthreads,
        "memory_limit": ws.memory_limit,
    }


def executing(ws):
    """Tasks that run on a worker at its last heartbeat, those that left the thread pool included."""
    counts = ws.metrics.get("task_counts") or {}
    return sum(counts.get(state, 0) for state in ("executing", "long-running"))
