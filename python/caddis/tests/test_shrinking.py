"""Workers go while work goes on: nothing is lost or done twice, nobody is blamed. docs/SHRINKING.md has the list."""

import pathlib
import signal
import threading
import time

import pytest
from harness import Cluster, until
from programs import busy_client, slow
from test_link import Server

HERE = [str(pathlib.Path(__file__).parent)]


@pytest.fixture
def linked(keeper, certificates):
    """A cluster of three workers and the server's end of its link."""
    server = Server(keeper.folder / "link")
    cluster = Cluster(keeper, certificates, link=str(server.path), sys_path=HERE)
    server.accept()
    for _ in range(3):
        cluster.add_worker(sys_path=HERE)
    return cluster, server


def suspicious(dask_scheduler):
    """Tasks that Dask blames for the death of a worker."""
    return sum(prefix.suspicious for prefix in dask_scheduler.task_prefixes.values())


def lost(server, workers):
    """Results that went with so many workers, as the scheduler tells it."""
    gone = [m["event"] for m in server.log if m and m.get("event", {}).get("type") == "worker_removed"]
    while len(gone) < workers:
        gone.append(server.event("worker_removed"))
    return sum(event["lost_computed"] + event["lost_scattered"] for event in gone)


def test_workers_come_and_go_at_once_under_load(linked, tmp_path):
    cluster, server = linked
    lines = tmp_path / "lines"
    with cluster.client() as client:
        client.wait_for_workers(3)
        kept = client.map(lambda n: (n, b"x" * 10**5), range(30), pure=False)
        client.gather(kept)
        running = client.map(slow, range(40), file=str(lines), seconds=0.3, pure=False)
        until("some to run", lambda: lines.exists() and lines.read_text().count("start") >= 4)
        leaving = list(cluster.workers)[:2]
        for _ in range(2):
            cluster.add_worker(sys_path=HERE)
        answer = server.ask("drain", workers=leaving, deadline=30)["result"]
        assert answer == dict.fromkeys(leaving, "drained")
        assert client.gather(running) == list(range(40))
        assert [n for n, _ in client.gather(kept)] == list(range(30))
        text = lines.read_text()
        assert (text.count("start"), text.count("end")) == (40, 40)
        assert client.run_on_scheduler(suspicious) == 0
        server.snapshot("three workers", lambda s: len(s["workers"]) == 3)
        assert lost(server, 2) == 0


def test_nobody_is_blamed_for_work_that_was_cut_off(linked, tmp_path):
    cluster, server = linked
    lines = tmp_path / "lines"
    with cluster.client() as client:
        client.wait_for_workers(3)
        running = client.map(slow, range(3), file=str(lines), seconds=4, pure=False)
        until("three to run", lambda: lines.exists() and lines.read_text().count("start") >= 3)
        leaving = list(cluster.workers)[:2]
        answer = server.ask("drain", workers=leaving, deadline=0.3)["result"]
        assert answer == dict.fromkeys(leaving, "timeout")
        assert client.gather(running) == list(range(3))
        assert client.run_on_scheduler(suspicious) == 0


def test_results_are_fetched_from_a_worker_that_goes(linked):
    cluster, server = linked
    with cluster.client() as client:
        client.wait_for_workers(3)
        blocks = client.map(lambda n: bytes([n]) * 10**6, range(24), pure=False)
        client.gather(blocks)
        sums = [client.submit(lambda a, b: len(a) + len(b), blocks[i], blocks[-1 - i], pure=False) for i in range(12)]
        first, second = list(cluster.workers)[:2]
        drained = server.ask("drain", workers=[first, second], deadline=30)["result"]
        assert drained == {first: "drained", second: "drained"}
        assert client.gather(sums) == [2 * 10**6] * 12
        assert lost(server, 2) == 0


def test_a_worker_that_hangs_holds_a_drain_up_until_its_deadline_and_no_longer(linked):
    cluster, server = linked
    with cluster.client() as client:
        client.wait_for_workers(3)
        name, worker = next(iter(cluster.workers.items()))
        address = worker.until_ready()["address"]
        kept = client.submit(lambda: b"k" * 10**6, workers=[address], allow_other_workers=True, pure=False)
        kept.result()
        worker.kill(signal.SIGSTOP)
        began = time.monotonic()
        assert server.ask("drain", workers=[name], deadline=1.5)["result"] == {name: "timeout"}
        assert time.monotonic() - began < 10
        worker.kill(signal.SIGCONT)
        assert server.ask("drain", workers=[name], deadline=30)["result"] == {name: "drained"}
        assert len(kept.result()) == 10**6


def cordoned(server, name):
    """Wait until the scheduler lets no new task into this worker."""
    server.snapshot(
        f"that {name} is cordoned",
        lambda s: any(w["name"] == name and w["status"] == "closing_gracefully" for w in s["workers"]),
    )


def retiring(dask_scheduler):
    """Workers whose results are being copied away."""
    policies = dask_scheduler.extensions["amm"].policies
    return [policy.address for policy in policies if type(policy).__name__ == "RetireWorker"]


def test_a_worker_whose_recipient_dies_under_its_drain_takes_tasks_again(linked, tmp_path):
    cluster, server = linked
    lines = tmp_path / "lines"
    with cluster.client() as client:
        client.wait_for_workers(3)
        first, second, third = cluster.workers
        assert server.ask("drain", workers=[third], deadline=20)["result"] == {third: "drained"}
        address = cluster.workers[first].until_ready()["address"]
        kept = client.submit(
            slow, 3, file=str(lines), seconds=4, workers=[address], allow_other_workers=True, pure=False
        )
        until("it to run", lambda: lines.exists() and "start" in lines.read_text())
        answer = server.begin("drain", workers=[first], deadline=30)
        cordoned(server, first)
        cluster.workers[second].kill(signal.SIGKILL)
        assert answer()["result"] == {first: "no_recipients"}
        assert client.submit(int, 7, pure=False).result(timeout=10) == 7
        assert kept.result(timeout=10) == 3 and lines.read_text().count("start") == 1
        assert client.run_on_scheduler(retiring) == []
        # It may go later, as if nobody had asked before.
        cluster.add_worker(sys_path=HERE)
        client.wait_for_workers(2)
        assert server.ask("drain", workers=[first], deadline=20)["result"] == {first: "drained"}
        assert kept.result() == 3


def test_a_worker_whose_copy_did_not_end_takes_tasks_again(linked):
    cluster, server = linked
    with cluster.client() as client:
        client.wait_for_workers(3)
        first, second, third = cluster.workers
        assert server.ask("drain", workers=[third], deadline=20)["result"] == {third: "drained"}
        address = cluster.workers[first].until_ready()["address"]
        kept = client.submit(lambda: b"k" * 10**6, workers=[address], allow_other_workers=True, pure=False)
        kept.result()
        cluster.workers[second].kill(signal.SIGSTOP)
        assert server.ask("drain", workers=[first], deadline=1)["result"] == {first: "timeout"}
        here = client.submit(int, 7, workers=[address], pure=False)
        assert here.result(timeout=10) == 7
        assert client.run_on_scheduler(retiring) == []
        cluster.workers[second].kill(signal.SIGKILL)
        assert client.submit(int, 8, pure=False).result(timeout=10) == 8
        assert len(kept.result(timeout=10)) == 10**6


def test_asking_for_a_drain_again_joins_it_and_may_bring_its_end_forward(linked, tmp_path):
    cluster, server = linked
    lines = tmp_path / "lines"
    with cluster.client() as client:
        client.wait_for_workers(3)
        running = client.map(slow, range(3), file=str(lines), seconds=20, pure=False)
        until("three to run", lambda: lines.exists() and lines.read_text().count("start") >= 3)
        name = next(iter(cluster.workers))
        answers = []
        began = time.monotonic()
        server.number += 100
        line = f'{{"id": 1, "op": "drain", "workers": ["{name}"], "deadline": 60}}\n'
        server.connection.sendall(line.encode())
        answers.append(server.ask("drain", workers=[name], deadline=1, preempted=True)["result"])
        assert time.monotonic() - began < 10 and answers == [{name: "timeout"}]
        # Its task begins anew elsewhere and would run for long.
        client.cancel(running)


def test_the_last_worker_that_is_preempted_waits_for_its_successor(keeper, certificates):
    server = Server(keeper.folder / "link")
    cluster = Cluster(keeper, certificates, link=str(server.path), sys_path=HERE)
    server.accept()
    cluster.add_worker(sys_path=HERE)
    with cluster.client() as client:
        client.wait_for_workers(1)
        kept = client.map(lambda n: (n, b"x" * 10**6), range(8), pure=False)
        client.gather(kept)
        only = next(iter(cluster.workers))
        comes = threading.Timer(1.5, lambda: cluster.add_worker(sys_path=HERE))
        comes.start()
        assert server.ask("drain", workers=[only], deadline=20, preempted=True)["result"] == {only: "drained"}
        comes.join()
        assert [n for n, _ in client.gather(kept)] == list(range(8))
        assert lost(server, 1) == 0


def test_workers_in_a_shuffle_or_with_a_client_inside_are_not_to_be_closed(linked):
    cluster, server = linked
    with cluster.client() as client:
        client.wait_for_workers(3)
        nested = client.submit(busy_client, 3, pure=False)
        first = server.snapshot("a task with a client inside", lambda s: sum(w["executing"] for w in s["workers"]) > 0)
        until("it to leave the pool", lambda: len(server.ask("workers_to_close", n=3)["workers"]) == 2)
        assert first["workers"]
        assert nested.result() == 3
        until("it to end", lambda: len(server.ask("workers_to_close", n=3)["workers"]) == 3)

        total = client.compute(shuffled())
        until("the shuffle to begin", lambda: server.ask("workers_to_close", n=3)["workers"] == [])
        assert total.result() == SHUFFLED
        until("its end", lambda: len(server.ask("workers_to_close", n=3)["workers"]) == 3)


#: What the sum over `shuffled` is.
SHUFFLED = 12 * sum(range(500))


def shuffled():
    """The sum of a column after a P2P shuffle that takes a while."""
    pd, dd = pytest.importorskip("pandas"), pytest.importorskip("dask.dataframe")

    def part(n):
        time.sleep(0.4)
        return pd.DataFrame({"key": [(n * 31 + i) % 97 for i in range(500)], "value": range(500)})

    frame = dd.from_map(part, range(12), meta=pd.DataFrame({"key": [0], "value": [0]}))
    return frame.shuffle("key", shuffle_method="p2p").value.sum()


def shuffling(dask_scheduler):
    """The workers of every P2P shuffle that runs."""
    active = dask_scheduler.plugins["shuffle"].active_shuffles.values()
    return [sorted(shuffle.participating_workers) for shuffle in active]


def test_a_shuffle_that_begins_while_a_worker_is_drained_has_the_right_result(linked):
    cluster, server = linked
    with cluster.client() as client:
        client.wait_for_workers(3)
        name = next(iter(cluster.workers))
        address = cluster.workers[name].until_ready()["address"]
        # It holds the drain up, so that the worker is still there, and cordoned, when the shuffle begins. Dask gives it
        # a part in it all the same, and begins the shuffle anew when it goes.
        held = client.submit(time.sleep, 4, workers=[address], allow_other_workers=True, pure=False)
        server.snapshot("it to run", lambda s: sum(w["executing"] for w in s["workers"]) > 0)
        answer = server.begin("drain", workers=[name], deadline=30)
        cordoned(server, name)
        total = client.compute(shuffled())
        until("the shuffle to begin", lambda: client.run_on_scheduler(shuffling))
        assert answer()["result"] == {name: "drained"}
        assert total.result(timeout=60) == SHUFFLED
        held.result(timeout=10)
        assert client.run_on_scheduler(suspicious) == 0


def test_a_worker_that_is_drained_in_a_shuffle_costs_time_and_no_result(linked):
    cluster, server = linked
    with cluster.client() as client:
        client.wait_for_workers(3)
        name = next(iter(cluster.workers))
        address = cluster.workers[name].until_ready()["address"]
        total = client.compute(shuffled())
        parts = until("the shuffle to begin", lambda: client.run_on_scheduler(shuffling))
        assert address in parts[0]
        assert server.ask("drain", workers=[name], deadline=30)["result"] == {name: "drained"}
        assert total.result(timeout=60) == SHUFFLED


def test_a_worker_that_hangs_in_a_shuffle_is_given_up_and_the_result_is_right(keeper, certificates):
    server = Server(keeper.folder / "link")
    config = {"distributed.scheduler.worker-ttl": "3s"}
    cluster = Cluster(keeper, certificates, link=str(server.path), sys_path=HERE, config=config)
    server.accept()
    for _ in range(3):
        cluster.add_worker(sys_path=HERE)
    with cluster.client() as client:
        client.wait_for_workers(3)
        first = next(iter(cluster.workers.values()))
        address = first.until_ready()["address"]
        total = client.compute(shuffled())
        parts = until("the shuffle to begin", lambda: client.run_on_scheduler(shuffling))
        assert address in parts[0]
        first.kill(signal.SIGSTOP)
        assert server.event("worker_removed", 60)["name"] in cluster.workers
        assert total.result(timeout=90) == SHUFFLED
