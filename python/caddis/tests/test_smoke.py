"""The thin path through everything, for the matrix: any interpreter, any supported line of Dask.

`CADDIS_TEST_PYTHON` names the interpreter under test. It needs Dask and nothing of the tests; pytest itself may run
in any other one, so this file talks to Dask only from inside jobs.
"""

import json
import os
import textwrap

import pytest
from harness import Cluster, Keeper

PROGRAM = """
import json, sys
import dask, distributed
from dask.distributed import Actor, Client, as_completed, get_worker

class Counter:
    n = 0
    def add(self):
        self.n += 1
        return self.n

def square(n):
    return n * n

if __name__ == "__main__":
    client = Client()
    client.wait_for_workers(2)
    counter = client.submit(Counter, actor=True).result()
    said = {
        "versions": [dask.__version__, distributed.__version__, sys.version.split()[0]],
        "squares": sum(future.result() for future in as_completed(client.map(square, range(100)))),
        "actor": [counter.add().result() for _ in range(2)],
        "run": len(client.run(lambda: 1)),
        "scattered": client.gather(client.scatter([1, 2, 3])),
        "inside": client.submit(lambda: get_worker().client.submit(square, 5).result()).result(),
        "secure": client.scheduler.address.startswith("tls://"),
    }
    print(json.dumps(said))
    sys.exit(3)
"""

FRAME = """
import pandas as pd
import dask.dataframe as dd
from dask.distributed import Client
if __name__ == "__main__":
    client = Client()
    frame = dd.from_pandas(pd.DataFrame({"k": ["a", "b"] * 500, "v": range(1000)}), npartitions=4)
    print(frame.groupby("k").v.sum().compute().to_dict())
    print(len(frame.shuffle("k").compute()))
"""


@pytest.mark.parametrize("fork", [True, False], ids=["forked", "spawned"])
def test_a_cluster_comes_up_runs_jobs_and_ends(tmp_path, certificates, fork):
    keeper = Keeper(tmp_path)
    try:
        cluster = Cluster(keeper, certificates, dashboard=True)
        cluster.add_worker(fork=fork)
        cluster.add_worker(fork=fork)
        job = cluster.job("program", textwrap.dedent(PROGRAM), fork=fork)
        assert job.end(60) == 3, job.output("stderr")
        said = json.loads(job.output())
        assert said.pop("versions") == [keeper.serving[name] for name in ("dask", "distributed", "python")]
        expected = {"squares": 328350, "actor": [1, 2], "run": 2, "scattered": [1, 2, 3], "inside": 25, "secure": True}
        assert said == expected
        assert job.outcome()["dask"]["connected"]
        if fork and not os.environ.get("CADDIS_TEST_NO_PANDAS"):
            keeper.warmed()
            frame = cluster.job("frame", textwrap.dedent(FRAME))
            assert frame.end(60) == 0, frame.output("stderr")
            assert frame.output() == "{'a': 249500, 'b': 250000}\n1000\n"
        cluster.scheduler.kill()
        assert cluster.scheduler.end(5) == 0
        assert [worker.end(5) for worker in cluster.workers.values()] == [0, 0]
        for member in [cluster.scheduler, *cluster.workers.values(), job]:
            assert "Traceback" not in without_known_noise(member.output("stderr")), member.output("stderr")
    finally:
        keeper.close()


def without_known_noise(text):
    """Dask logs a traceback when a batch was on its way as its comm was closed; stock workers do, too."""
    return "\n\n".join(
        part for part in text.split("\n\n") if "CommClosedError" not in part and "StreamClosed" not in part
    )
