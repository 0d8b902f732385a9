"""Workers that are started again, retired and killed."""

import os

from connect import connect
from distributed import KilledWorker, WorkerPlugin


class Mark(WorkerPlugin):
    name = "mark"

    def setup(self, worker):
        worker.mark = "here"


def main(client):
    client.register_plugin(Mark())
    before = set(client.run(os.getpid).values())
    lost = client.submit(lambda: 1, pure=False)
    lost.result()
    client.restart()
    after = set(client.run(os.getpid).values())
    print("restarted", len(before), len(after), before & after, lost.status)
    print("plugins again", set(client.run(lambda dask_worker: dask_worker.mark).values()))
    print("works", client.submit(sum, [1, 2]).result())

    again = client.map(lambda x: x + 1, range(10))
    print("computed", client.gather(again))

    kept = client.map(lambda x: x * 2, range(20))
    client.gather(kept)
    client.retire_workers(list(client.nthreads())[:1])
    print("after retiring", sum(client.gather(kept)))
    client.wait_for_workers(1, timeout=60)

    try:
        client.submit(os._exit, 1).result()
    except KilledWorker as error:
        print("killed", type(error).__name__)
    client.wait_for_workers(1, timeout=60)
    print("recovered", client.submit(sum, [3, 4]).result())


if __name__ == "__main__":
    with connect() as client:
        main(client)
