"""The fixture that `crates/replay` holds its port of Dask's Adaptive against, and that the installed classes agree with.

Run as a program it writes the fixture anew: from random states, and from recorded ones on standard input (see
`crates/replay/tests/adaptive.rs`).
"""

import asyncio
import json
import pathlib
import random
import sys
import types

import distributed
from distributed.deploy import Adaptive
from distributed.scheduler import Scheduler

FIXTURE = pathlib.Path(__file__).resolve().parents[3] / "crates/replay/tests/fixtures/adaptive.json"


class FakeScheduler:
    """As much of a scheduler as its scaling methods look at; they themselves are the real ones."""

    adaptive_target = Scheduler.adaptive_target
    workers_to_close = Scheduler.workers_to_close

    def __init__(self, state):
        self.plugins = {}
        self.total_occupancy = state["occupancy"]
        held, first = state["held"], state["first_seconds"]
        each = first / min(held, 100) if held else 0.0
        tasks = [types.SimpleNamespace(prefix=each, number=number) for number in range(held)]
        self.queued, self.unrunnable = tasks, {}
        self.workers = {worker["name"]: fake_worker(worker) for worker in state["workers"]}

    def _get_prefix_duration(self, prefix):
        return prefix

    def first_seconds(self):
        """The sum as the scheduler makes it, which rounds differently from a product."""
        total = 0.0
        for task in self.queued[:100]:
            total += task.prefix
        return total


def fake_worker(worker):
    return types.SimpleNamespace(
        name=worker["name"],
        address=worker["name"],
        processing=range(worker["processing"]),
        nthreads=worker["threads"],
        memory_limit=worker["memory_limit"],
        nbytes=worker["nbytes"],
        long_running=() if worker["may_close"] else ("task",),
    )


class FakeComm:
    """The scheduler as its cluster reaches it."""

    def __init__(self, scheduler):
        self.scheduler = scheduler

    async def adaptive_target(self, target_duration):
        return self.scheduler.adaptive_target(target_duration)

    async def workers_to_close(self, target, key, attribute):
        return self.scheduler.workers_to_close(target=target, key=key, attribute=attribute)


class Names(set):
    """A set whose difference keeps an order: which of the workers that are on their way is let go first is an accident
    of a set's insides otherwise."""

    def __init__(self, names):
        super().__init__(names)
        self.names = list(names)

    def __sub__(self, other):
        return [name for name in self.names if name not in other]


def fake_cluster(scheduler, state):
    everybody = Names([*scheduler.workers, *state["not_arrived"]])
    observed, comm = set(scheduler.workers), FakeComm(scheduler)
    return types.SimpleNamespace(plan=everybody, requested=everybody, observed=observed, scheduler_comm=comm, loop=None)


def answers(sequence):
    """Drives one real `Adaptive` through the states of a sequence; answers the steps with what it said."""
    adaptive = Adaptive(None, minimum=sequence["minimum"], maximum=sequence["maximum"])
    assert (adaptive.wait_count, adaptive.target_duration) == (3, 5)
    steps = []
    for state in sequence["states"]:
        scheduler = FakeScheduler(state)
        adaptive.cluster = fake_cluster(scheduler, state)
        state = {**state, "first_seconds": scheduler.first_seconds()}
        recommendation = asyncio.run(recommend(adaptive))
        if "workers" in recommendation:
            recommendation["workers"] = sorted(recommendation["workers"])
        steps.append(
            {
                "state": state,
                "target_duration": adaptive.target_duration,
                "target": scheduler.adaptive_target(adaptive.target_duration),
                "closable": scheduler.workers_to_close(),
                "recommendation": recommendation,
            }
        )
    adaptive.cluster = None
    return steps


async def recommend(adaptive):
    return dict(await adaptive.recommendations(await adaptive.safe_target()))


def random_sequence(dice):
    """Workers that come, work and fall idle; every state much like the one before."""
    limit, threads = dice.choice([1 << 30, 14_000_000_000]), dice.randint(1, 4)
    names, awaited, states = list(range(dice.randint(0, 8))), [], []
    busy = dice.random()
    for _ in range(dice.randint(4, 12)):
        if dice.random() < 0.2:
            busy = dice.choice([0.0, 0.1, 0.5, 1.0])
        if awaited and dice.random() < 0.4:
            names.append(awaited.pop(0))
        if dice.random() < 0.2:
            awaited += range(100 * len(states) + 50, 100 * len(states) + 50 + dice.randint(1, 5))
        if names and dice.random() < 0.1:
            names.pop(dice.randrange(len(names)))
        held = dice.choice([0, 0, 0, 1, 7, 99, 100, 101, 350]) if busy > 0.4 else 0
        workers = [random_worker(dice, name, threads, limit, busy) for name in names]
        states.append(
            {
                "held": held,
                "first_seconds": round(dice.uniform(0.01, 20) * min(held, 100), 3),
                "occupancy": round(sum(worker["processing"] for worker in workers) * dice.uniform(0.1, 30), 3),
                "workers": workers,
                "not_arrived": list(awaited),
            }
        )
    minimum = dice.choice([0, 0, 1, 2])
    return {"minimum": minimum, "maximum": minimum + dice.choice([1, 4, 10, 1000]), "states": states}


def random_worker(dice, name, threads, limit, busy):
    return {
        "name": name,
        "processing": dice.randint(1, 2 * threads) if dice.random() < busy else 0,
        "threads": threads,
        "memory_limit": limit,
        "nbytes": int(limit * dice.choice([0, 0, 0.05, 0.2, 0.5, 0.9])),
        "may_close": dice.random() < 0.85,
    }


def written():
    with open(FIXTURE) as file:
        return json.load(file)


def test_the_installed_classes_still_say_what_the_fixture_says():
    for number, sequence in enumerate(written()["sequences"]):
        states = [step["state"] for step in sequence["steps"]]
        again = answers({"minimum": sequence["minimum"], "maximum": sequence["maximum"], "states": states})
        for said, step in zip(again, sequence["steps"], strict=True):
            # Summed up anew from the average, the first hundred may differ in the last bit.
            said["state"]["first_seconds"] = step["state"]["first_seconds"]
            assert said == step, f"sequence {number}"


def main():
    dice = random.Random(2026)
    sequences = [random_sequence(dice) for _ in range(80)]
    for line in sys.stdin:
        if line.startswith("state "):
            sequences.append({"minimum": 1, "maximum": 6, "states": json.loads(line.removeprefix("state "))})
    kept = [{"minimum": s["minimum"], "maximum": s["maximum"], "steps": answers(s)} for s in sequences]
    fixture = {"distributed": distributed.__version__, "sequences": kept}
    FIXTURE.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
