"""A little of everything that a version of Python or Dask may break."""

import sys

import dask.dataframe as dd
import pandas as pd
from dask.distributed import Client, WorkerPlugin


class Marks(WorkerPlugin):
    name = "marks"

    def setup(self, worker):
        worker.mark = "here"


class Counter:
    total = 0

    def add(self, n):
        self.total += n
        return self.total


def main(client):
    versions = client.get_versions(check=True)
    nodes = [versions["client"], versions["scheduler"], *versions["workers"].values()]
    [line] = {node["packages"]["distributed"] for node in nodes}
    print(f"python {sys.version_info.major}.{sys.version_info.minor} dask {line}")
    table = pd.DataFrame({"key": list("ab") * 100, "value": range(200)})
    table = dd.from_pandas(table, npartitions=4).shuffle("key")
    print("groupby", {key: int(value) for key, value in table.groupby("key")["value"].sum().compute().sort_index().items()})
    counter = client.submit(Counter, actor=True).result()
    print("actor", [counter.add(n).result() for n in (1, 2, 3)])
    client.register_plugin(Marks())
    print("plugin", list(client.run(lambda dask_worker: dask_worker.mark).values()))
    client.restart()
    print("restarted", len(client.nthreads()))


if __name__ == "__main__":
    with Client() as client:
        client.wait_for_workers(2, timeout=60)
        main(client)
