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
RUNNABLE = ("processing", "queued", "no-worker")
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


def take(scheduler, idle_since, stranded):
    """The whole snapshot. Its cost grows with prefixes and workers, not with tasks.

    `stranded` is how often a task came to `no-worker` so far; Dask forgets that when it restarts.
    """
    prefixes = [prefix_facts(scheduler, prefix) for prefix in scheduler.task_prefixes.values()]
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
        # Another task in the place of one that was let go is another one, though they are as many.
        "stranded": stranded,
        "prefixes": named(prefixes),
        **work(prefixes),
        "running_longest": round(max((longest_running(ws) for ws in scheduler.workers.values()), default=0.0), 3),
        "threads": scheduler.total_nthreads,
        "runnable": tasks["processing"] + tasks["queued"] + tasks["no_worker"],
        "target": scheduler.adaptive_target(),
        "closable": len(scheduler.workers_to_close()),
        "clients": len(outside_clients(scheduler)),
        "idle_since": idle_since,
        "data_bytes": sum(ws.nbytes for ws in scheduler.workers.values()),
        "workers": workers,
    }


def named(prefixes):
    """The largest prefixes, and the largest ones that are to run and whose tasks nobody has measured yet."""
    largest = heapq.nlargest(MOST_PREFIXES, prefixes, key=lambda prefix: prefix["total"])
    unmeasured = [prefix for prefix in prefixes if not prefix["measured"] and unfinished(prefix)]
    unmeasured = heapq.nlargest(MOST_PREFIXES, unmeasured, key=unfinished)
    return largest + [prefix for prefix in unmeasured if not any(prefix is other for other in largest)]


def unfinished(prefix):
    """Tasks of a kind that are to run."""
    return sum(prefix["states"].get(STATES[state], 0) for state in UNFINISHED)


def work(prefixes):
    """How much there is to do, in seconds of one thread, by what is expected of each kind of task."""
    here = held = waiting = longest = longest_seen = 0.0
    unmeasured = 0
    for prefix in prefixes:
        states, expected = prefix["states"], prefix["expected"]
        here += expected * states.get("processing", 0)
        held += expected * (states.get("queued", 0) + states.get("no_worker", 0))
        waiting += expected * states.get("waiting", 0)
        runnable = sum(states.get(STATES[state], 0) for state in RUNNABLE)
        if runnable:
            longest = max(longest, expected)
            longest_seen = max(longest_seen, prefix["longest"])
            unmeasured += 0 if prefix["measured"] else runnable
    return {
        "occupancy": round(here, 3),
        "queued_seconds": round(held, 3),
        "waiting_seconds": round(waiting, 3),
        "longest": round(longest, 3),
        "longest_seen": round(longest_seen, 3),
        "unmeasured": unmeasured,
    }


def expected_seconds(scheduler, prefix, done):
    """What is expected of one task: the average of all that were measured (Dask's own follows the last few, and swings
    with them), or else what Dask expects: twice as long as one has run so far, or half a second."""
    computed = prefix.all_durations.get("compute", 0.0)
    if done and computed > 0:
        return computed / done
    if prefix.duration_average >= 0:
        return prefix.duration_average
    return 2 * prefix.max_exec_time if prefix.max_exec_time > 0 else scheduler.UNKNOWN_TASK_DURATION


def prefix_facts(scheduler, prefix):
    """One kind of task. `done` counts every time a result came in, so that progress never runs backwards."""
    states = prefix.states
    done = sum(prefix.state_counts.get(state, 0) for state in FINISHED)
    return {
        "name": prefix.name[:120],
        "states": {ours: states.get(theirs, 0) for theirs, ours in STATES.items() if states.get(theirs)},
        "done": done,
        "total": done + sum(states.get(state, 0) for state in UNFINISHED),
        "seconds": round(prefix.all_durations.get("compute", 0.0), 3),
        "expected": round(expected_seconds(scheduler, prefix, done), 6),
        "longest": round(max(prefix.max_exec_time, 0.0), 3),
        # Dask drops what it measured when a task runs much longer: then it is not known, but not unheard of either.
        "measured": prefix.duration_average >= 0 or done > 0,
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


def longest_running(ws):
    """How long the task that has run longest had been running at the worker's last heartbeat, seconds."""
    return max(ws.executing.values(), default=0.0)


def executing(ws):
    """Tasks that run on a worker at its last heartbeat, those that left the thread pool included."""
    counts = ws.metrics.get("task_counts") or {}
    return sum(counts.get(state, 0) for state in ("executing", "long-running"))
