"""A cluster is free for others soon after the client of long tasks went, though threads cannot be interrupted."""

import pathlib
import sys
import time

from harness import SOURCES, Cluster, running, until
from programs import slow

sys.path.insert(0, str(SOURCES))

from caddis.runtime.abandoned import abandoned  # noqa: E402

HERE = [str(pathlib.Path(__file__).parent)]


def test_only_a_worker_without_anything_wanted_is_abandoned():
    assert abandoned({"cancelled": 2}, 2)
    assert abandoned({"cancelled": 2, "ready": 1, "memory": 9}, 2)
    for others in [{}, {"cancelled": 1}, {"cancelled": 1, "executing": 1}, {"cancelled": 2, "long-running": 1}]:
        counts = {"ready": 3, **others}
        assert not abandoned(counts, 2), counts


def test_the_next_one_does_not_wait_for_what_nobody_wants(keeper, certificates, tmp_path):
    cluster = Cluster(keeper, certificates, sys_path=HERE)
    for _ in range(2):
        cluster.add_worker(sys_path=HERE)
    lines = tmp_path / "lines"
    with cluster.client() as client:
        client.wait_for_workers(2)
        kept = client.map(slow, range(10), file=str(lines), seconds=0, pure=False)
        assert client.gather(kept) == list(range(10))
        with cluster.client() as cancelled:
            threads = sum(cancelled.nthreads().values())
            endless = cancelled.map(lambda n: time.sleep(600), range(threads), pure=False)
            until("all threads to be busy", lambda: sum(running(client).values()) == threads)
        del endless
        before = set(client.nthreads())
        waiting = client.submit(sum, [1, 2])
        until("a worker to go", lambda: set(client.nthreads()) < before)
        cluster.add_worker(sys_path=HERE)
        assert waiting.result(timeout=30) == 3
        # What the worker held went elsewhere, and was not made again.
        assert client.gather(kept) == list(range(10))
        assert lines.read_text().count("start") == 10
