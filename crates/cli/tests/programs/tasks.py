"""Tasks that make tasks, actors, resources of workers, and configuration that reaches them."""

import dask
from connect import connect, said
from distributed import get_client, get_worker, rejoin, secede, worker_client


def fib(n):
    if n < 2:
        return n
    client = get_client()
    futures = client.map(fib, [n - 1, n - 2])
    secede()
    total = sum(client.gather(futures))
    rejoin()
    return total


def with_worker_client(n):
    with worker_client() as client:
        return client.submit(sum, client.map(abs, range(-n, 0))).result()


def with_delayed(n):
    return sum(dask.compute(*[dask.delayed(abs)(-i) for i in range(n)]))


def double(x):
    return 2 * x


class Counter:
    total = 0

    def add(self, n):
        self.total += n
        return self.total

    def fail(self):
        raise ArithmeticError("no such sum")

    async def later(self):
        return "later"


def with_actor(counter):
    return counter.add(100).result()


def main(client):
    print("fib", client.submit(fib, 8).result())
    print("worker client", client.submit(with_worker_client, 10).result())
    print("delayed in a task", client.submit(with_delayed, 10).result())

    counter = client.submit(Counter, actor=True).result()
    print("actor", [counter.add(n).result() for n in (1, 2, 3)], counter.total, counter.later().result())
    try:
        counter.fail().result()
    except ArithmeticError as error:
        print("actor raised", said(error))
    print("actor in a task", client.submit(with_actor, counter).result(), counter.total)
    print("actor", repr(counter).partition(", key")[0])
    second = client.submit(Counter, actor=True)
    print("another", second.result().add(5).result())

    print("worker", client.submit(lambda: get_worker().state.nthreads).result())
    print("resources", client.submit(double, 4, resources={"gpu": 1}).result())
    starved = client.submit(double, 5, resources={"gpu": 7})
    try:
        starved.result(timeout=0.3)
    except Exception as error:
        print("starved", type(error).__name__, starved.status)
    starved.cancel()

    print("configured", client.submit(lambda: dask.config.get("caddis-test.answer")).result(), dask.config.get("caddis-test.answer"))


if __name__ == "__main__":
    with connect() as client:
        main(client)
