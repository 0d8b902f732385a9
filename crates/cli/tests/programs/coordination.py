"""What tasks and clients coordinate with: variables, queues, locks, events, semaphores, topics, metadata."""

import time

from connect import connect, said
from distributed import Event, Lock, MultiLock, Queue, Semaphore, Variable, get_client, get_worker


def count(name):
    with Lock("counter"):
        client = get_client()
        value = Variable(name, client=client)
        value.set(value.get() + 1)


def exclusive(i):
    with MultiLock(["left", "right"]):
        return i


def leased(i):
    with Semaphore(max_leases=1, name="one"):
        return i * 2


def tell(topic, value):
    get_worker().log_event(topic, {"value": value})


def main(client):
    Variable("total").set(0)
    client.gather(client.map(count, ["total"] * 12, pure=False))
    print("variable", Variable("total").get())
    Variable("future").set(client.submit(sum, [1, 2, 3]))
    print("future in a variable", Variable("future").get().result())
    try:
        Variable("never").get(timeout="100ms")
    except Exception as error:
        print("variable", type(error).__name__)

    queue = Queue("work", maxsize=3)
    for item in ("a", {"b": 1}, client.submit(abs, -4)):
        queue.put(item)
    try:
        queue.put("full", timeout="100ms")
    except Exception as error:
        print("queue", type(error).__name__)
    print("queue", queue.qsize(), queue.get(), queue.get(), queue.get().result())

    lock = Lock("mine")
    print("lock", lock.acquire(), lock.locked(), Lock("mine").acquire(timeout=0.1))
    lock.release()
    print("multi", client.gather(client.map(exclusive, range(4))))
    print("semaphore", client.gather(client.map(leased, range(4))), Semaphore(max_leases=1, name="one").get_value())
    print("event", Event("flag").is_set(), Event("flag").wait(timeout=0.1))

    heard = []
    client.subscribe_topic("readings", lambda event: heard.append(event[1]["value"]))
    client.gather(client.map(tell, ["readings"] * 5, range(5)))
    client.log_event("readings", {"value": 99})
    until = time.monotonic() + 60
    while len(heard) < 6 and time.monotonic() < until:
        time.sleep(0.01)
    print("topic", sorted(heard), len(client.get_events("readings")))
    client.unsubscribe_topic("readings")

    client.set_metadata(["run", "name"], "nightly")
    print("metadata", client.get_metadata(["run"]), client.get_metadata("absent", default=None))
    try:
        client.get_metadata("absent")
    except KeyError as error:
        print("metadata", said(error))


if __name__ == "__main__":
    with connect() as client:
        main(client)
