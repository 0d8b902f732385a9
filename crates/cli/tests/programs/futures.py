"""Futures: map, gather, completion order, failures, cancellation, retries, priorities, data that is scattered."""

import operator
import os

from connect import connect, said
from distributed import Client, CancelledError, Event, as_completed, fire_and_forget, wait


def fails(text):
    raise ValueError(text)


def deep(text):
    fails(text)


def flaky(path):
    with open(path, "a") as file:
        file.write("x")
    if os.path.getsize(path) < 3:
        raise RuntimeError("not yet")
    return os.path.getsize(path)


def frames(error):
    names, traceback = [], error.__traceback__
    while traceback is not None:
        names.append(traceback.tb_frame.f_code.co_name)
        traceback = traceback.tb_next
    return names


def main(client):
    squares = client.map(lambda x: x * x, range(20))
    print("gather", client.gather(squares))
    print("tree", client.submit(sum, squares).result())
    print("batches", sorted(f.result() for batch in as_completed(squares).batches() for f in batch)[:5])
    print("results", sorted(r for _, r in as_completed(squares, with_results=True))[-3:])
    print("nested", client.submit(lambda d: d["a"][0] + d["b"], {"a": [squares[3]], "b": squares[4]}).result())

    failed = client.submit(deep, "broken \N{SNOWMAN}", retries=0)
    try:
        failed.result()
    except ValueError as error:
        print("raised", said(error), frames(error)[-2:])
    print("status", failed.status, said(failed.exception()), failed.traceback() is not None)
    after = client.submit(operator.neg, failed)
    print("follows", said(after.exception()))
    print("skipped", client.gather([squares[1], failed, squares[2]], errors="skip"))
    wait([failed, after])
    order = [f.status for f in as_completed([failed, after], raise_errors=False)]
    print("completed", order)

    print("retries", client.submit(flaky, os.path.abspath("flaky.txt"), retries=3).result())
    os.remove("flaky.txt")

    gate = Event("gate", client=client)
    held = client.submit(lambda: Event("gate").wait(timeout=60), pure=False)
    more = client.submit(operator.not_, held)
    more.cancel()
    print("cancelled", more.cancelled())
    try:
        more.result()
    except CancelledError as error:
        print("cancel raises", type(error).__name__)
    gate.set()
    print("held", held.result())

    [data] = client.scatter([list(range(1000))])
    everywhere = client.scatter({"a": 1, "b": 2}, broadcast=True)
    print("scatter", client.submit(sum, data).result(), {k: f.result() for k, f in everywhere.items()})
    print("copies", {len(v) for v in client.who_has(list(everywhere.values())).values()})
    client.replicate([data], n=2)
    print("replicas", len(client.who_has([data])[data.key]))
    client.rebalance()

    other = Client(client.scheduler.address, security=client.security, set_as_default=False)
    client.publish_dataset(numbers=squares, label="seven")
    print("published", sorted(other.list_datasets()), other.get_dataset("label"))
    print("shared", sum(other.gather(other.get_dataset("numbers"))))
    same = other.submit(operator.add, 1, 2, key="same")
    print("by key", client.submit(operator.add, 1, 2, key="same").result(), same.key)
    other.close()
    print("survives", client.submit(sum, client.get_dataset("numbers")).result())
    client.unpublish_dataset("numbers")

    done = Event("forgotten", client=client)
    fire_and_forget(client.submit(lambda: Event("forgotten").set(), pure=False))
    print("forgotten", done.wait(timeout=60))
    print("priority", client.submit(operator.add, 1, 1, priority=10).result())
    pinned = next(iter(client.scheduler_info()["workers"]))
    where = client.submit(lambda dask_worker=None: __import__("distributed").get_worker().address, workers=[pinned])
    print("pinned", where.result() == pinned)
    print("executor", list(client.get_executor().map(abs, [-1, -2])))


if __name__ == "__main__":
    with connect() as client:
        main(client)
    print("status", client.status)
