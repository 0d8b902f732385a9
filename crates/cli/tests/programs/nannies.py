"""Nanny plugins, and workers that their nannies start again."""

import os

from connect import connect
from distributed import NannyPlugin
from distributed.diagnostics.plugin import Environ


class Notes(NannyPlugin):
    """Restarts the workers once when it comes."""

    name = "notes"
    restart = True

    def setup(self, nanny):
        nanny.env["NOTED"] = f"by a {type(nanny).__name__}"

    def teardown(self, nanny):
        nanny.env.pop("NOTED", None)


def values(client, name):
    return set(client.run(lambda: os.environ.get(name)).values())


def main(client):
    before = set(client.run(os.getpid).values())
    client.register_plugin(Environ({"COLOUR": "green"}))
    print("environ", values(client, "COLOUR"))
    client.register_plugin(Notes())
    client.wait_for_workers(2, timeout=60)
    print("notes", values(client, "NOTED"))
    print("restarted", before & set(client.run(os.getpid).values()))

    client.restart()
    print("after a restart", values(client, "COLOUR"), values(client, "NOTED"))
    print("nannies run", set(client.run(lambda dask_worker: type(dask_worker).__name__, nanny=True).values()) <= {"Nanny"})
    print("works", client.submit(sum, [1, 2]).result(), len(client.nthreads()))


if __name__ == "__main__":
    with connect() as client:
        main(client)
