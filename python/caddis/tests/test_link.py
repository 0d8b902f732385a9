"""The link, with this test as the server: what it says, what it does, and the lease."""

import contextlib
import itertools
import json
import os
import pathlib
import queue
import signal
import socket
import threading
import time

import pytest
from harness import SOURCES, Cluster, until
from programs import slow, stick

#: So that schedulers and workers import `programs`, as they would the modules beside a script.
HERE = [str(pathlib.Path(__file__).parent)]


class Server:
    """Listens on `link.sock` in a folder whose path is too long for a socket's address, as run folders can be."""

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "link.sock"
        self.path.unlink(missing_ok=True)
        fd = os.open(folder, os.O_PATH)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(f"/proc/self/fd/{fd}/link.sock")
        os.close(fd)
        self.listener.listen()
        self.heard = queue.Queue()
        self.log = []
        self.number = 0
        self.connection = None

    def accept(self):
        """One connection of the scheduler; a thread reads it from now on."""
        self.listener.settimeout(30)
        self.connection, _ = self.listener.accept()
        threading.Thread(target=self.read, args=(self.connection,), daemon=True).start()
        return self

    def read(self, connection):
        with contextlib.suppress(OSError), connection.makefile("rb") as lines:
            for line in lines:
                self.heard.put(json.loads(line))
        self.heard.put(None)

    def next(self, bound=20):
        """The next message; None when the connection ended."""
        message = self.heard.get(timeout=bound)
        self.log.append(message)
        return message

    def until(self, what, condition, bound=20):
        """The first message that `condition` accepts."""
        ends = time.monotonic() + bound
        while True:
            assert time.monotonic() < ends, f"the link did not say {what}"
            message = self.next(max(0.01, ends - time.monotonic()))
            assert message is not None, f"the link ended before {what}"
            if condition(message):
                return message

    def snapshot(self, what="a snapshot", condition=lambda s: True, bound=20):
        said = self.until(what, lambda m: "snapshot" in m and condition(m["snapshot"]), bound)
        return said["snapshot"]

    def event(self, kind, bound=20):
        return self.until(kind, lambda m: m.get("event", {}).get("type") == kind, bound)["event"]

    def told(self, kind):
        """The first event of a kind, heard already or still to come."""
        heard = [m["event"] for m in self.log if m and m.get("event", {}).get("type") == kind]
        return heard[0] if heard else self.event(kind)

    def ask(self, op, bound=60, **fields):
        return self.begin(op, bound, **fields)()

    def begin(self, op, bound=60, **fields):
        """Ask for something that takes its time; what comes back waits for the answer."""
        self.number += 1
        number = self.number
        self.connection.sendall((json.dumps({"id": number, "op": op, **fields}) + "\n").encode())

        def answer():
            said = self.until(f"the answer to {op}", lambda m: m.get("id") == number, bound)
            return said.get("ok", said.get("error"))

        return answer

    def cut(self):
        self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()


@pytest.fixture
def linked(keeper, certificates):
    """A cluster of two workers and the server's end of its link."""
    server = Server(keeper.folder / ("deep" * 30) / "cl_test")
    cluster = Cluster(keeper, certificates, link=str(server.path), sys_path=HERE)
    server.accept()
    cluster.add_worker(sys_path=HERE)
    cluster.add_worker(sys_path=HERE)
    return cluster, server


def test_hello_comes_first_then_a_whole_snapshot_then_changes(linked):
    cluster, server = linked
    hello = server.next()["hello"]
    ready = cluster.ready()
    assert hello["address"] == ready["address"] and hello["dashboard_port"] == ready["dashboard_port"]
    assert hello["cluster"] == "cl_test" and hello["pid"] == cluster.scheduler.pid and hello["seq"] == 0
    assert hello["versions"]["distributed"] == cluster.keeper.serving["distributed"]
    first = server.next()
    assert first["seq"] == 1 and first["snapshot"]["tasks"]["processing"] == 0
    server.event("worker_added")
    full = server.snapshot("two workers", lambda s: len(s["workers"]) == 2)
    assert {w["name"] for w in full["workers"]} == set(cluster.workers)
    assert full["threads"] == 2 and full["clients"] == 0
    numbers = [m["seq"] for m in server.log if "seq" in m]
    assert numbers == list(range(1, len(numbers) + 1))


def test_work_clients_data_and_idleness_are_told(linked):
    cluster, server = linked
    with cluster.client() as client:
        assert server.event("client_added")["client"] == client.id
        idle = server.snapshot("the client", lambda s: s["clients"] == 1)
        assert abs(idle["idle_since"] - time.time() * 1e6) < 30e6
        kept = client.submit(bytes, 10**6, key="kept-1")
        kept.result()
        futures = client.map(time.sleep, [3, 3, 3], pure=False)
        busy = server.snapshot("tasks that run", lambda s: sum(w["executing"] for w in s["workers"]) == 2)
        assert busy["idle_since"] is None and busy["data_bytes"] >= 10**6
        assert busy["tasks"]["processing"] + busy["tasks"]["queued"] == 3 and busy["runnable"] == 3
        sleeps = next(p for p in busy["prefixes"] if p["name"] == "sleep")
        assert (sleeps["done"], sleeps["total"]) == (0, 3)
        client.gather(futures)
        done = server.snapshot("the end of them", lambda s: s["done"] == 4 and s["idle_since"])
        assert done["total"] == 4
        sleeps = next(p for p in done["prefixes"] if p["name"] == "sleep")
        assert sleeps["done"] == 3 and 8 < sleeps["seconds"] < 40
        del futures
        forgotten = server.snapshot("that they are forgotten", lambda s: s["tasks"]["memory"] == 1)
        assert forgotten["done"] == 4, "progress must not run backwards"
    server.event("client_removed")


def test_the_work_at_hand_is_told_in_seconds(linked):
    cluster, server = linked
    with cluster.client() as client:
        futures = client.map(time.sleep, [0.5] * 12, pure=False)
        guessed = server.snapshot("tasks of which nothing is known", lambda s: s["tasks"]["queued"] > 0)
        assert guessed["unmeasured"] == guessed["runnable"] == 12 and guessed["longest"] >= 0.5
        sleeps = next(p for p in guessed["prefixes"] if p["name"] == "sleep")
        assert not sleeps["measured"] and sleeps["expected"] >= 0.5
        known = server.snapshot("tasks that were measured", lambda s: s["done"] >= 2 and s["tasks"]["queued"] > 0)
        assert known["unmeasured"] == 0 and 0.4 < known["longest"] < 2
        assert known["queued_seconds"] == pytest.approx(known["longest"] * known["tasks"]["queued"], rel=0.01)
        assert known["closable"] == 0, "both workers have tasks"
        reduced = client.submit(lambda results: time.sleep(0.2), futures)
        waits = server.snapshot("a task that waits for them", lambda s: s["tasks"]["waiting"] == 1)
        assert waits["waiting_seconds"] > 0
        client.gather([reduced, *futures])
        done = server.snapshot("the end of them", lambda s: s["done"] == 13)
        assert (done["queued_seconds"], done["waiting_seconds"], done["longest"], done["unmeasured"]) == (0, 0, 0, 0)
        del futures, reduced
        server.snapshot("workers that could go", lambda s: s["closable"] >= 1)


def test_a_change_is_told_at_once_and_silence_is_filled(linked):
    cluster, server = linked
    cluster.ready()
    seen = [server.snapshot() for _ in range(12)]
    gaps = [b["at"] - a["at"] for a, b in itertools.pairwise(seen)]
    assert max(gaps) < 2e6
    with cluster.client() as client:
        server.snapshot("the client", lambda s: s["clients"] == 1)
        before = time.time()
        client.submit(int, 1).result()
        said = server.snapshot("the result", lambda s: s["done"] == 1)
        assert said["at"] / 1e6 - before < 1.0


def test_errors_are_told_but_not_without_end(linked):
    cluster, server = linked
    with cluster.client() as client:
        futures = client.map(lambda n: 1 // 0, range(500), pure=False)
        said = server.event("task_erred")
        assert "ZeroDivisionError" in said["exception"] and said["key"]
        server.snapshot("all errors", lambda s: s["tasks"]["erred"] == 500, 60)
        told = sum(m.get("event", {}).get("type") == "task_erred" for m in server.log)
        assert told < 500
        del futures


def test_it_reconnects_and_tells_what_happened_meanwhile(linked):
    cluster, server = linked
    cluster.ready()
    server.snapshot("two workers", lambda s: len(s["workers"]) == 2)
    last = max(m["seq"] for m in server.log if "seq" in m)
    # First, so that nobody waits at the old one.
    server.listener.close()
    server.cut()
    name, worker = next(iter(cluster.workers.items()))
    worker.kill(signal.SIGKILL)
    until("the scheduler to see it", lambda: "Remove worker" in cluster.scheduler.output("stderr"))
    again = Server(server.path.parent)
    again.accept()
    hello = again.next()["hello"]
    assert hello["seq"] >= last
    first = again.next()
    assert first["seq"] == hello["seq"] + 1 and len(first["snapshot"]["workers"]) == 1
    assert again.event("worker_removed")["name"] == name


def test_a_server_that_does_not_read_costs_the_cluster_nothing(linked):
    cluster, server = linked
    server.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    server.heard = queue.Queue(maxsize=1)  # the reading thread blocks, then the socket is full
    with cluster.client() as client:
        for _ in range(5):
            assert client.gather(client.map(lambda n: n, range(200), pure=False)) == list(range(200))


def test_tasks_that_no_worker_can_run_are_counted_for_ever(linked):
    cluster, server = linked
    with cluster.client() as client:
        client.wait_for_workers(2)
        first = client.submit(int, 1, resources={"GPU": 1}, pure=False)
        one = server.snapshot("the first", lambda s: s["tasks"]["no_worker"] == 1)
        assert one["stranded"] == 1
        first.release()
        server.snapshot("none", lambda s: s["tasks"]["no_worker"] == 0)
        second = client.submit(int, 2, resources={"GPU": 1}, pure=False)
        two = server.snapshot("the second", lambda s: s["tasks"]["no_worker"] == 1)
        assert two["stranded"] == 2
        del second


def test_what_there_is_is_told_when_asked(linked):
    cluster, server = linked
    with cluster.client() as client:
        client.submit(int, 7).result()
        assert server.ask("snapshot")["snapshot"]["done"] == 1


def test_unknown_and_broken_commands_are_answered(linked):
    _, server = linked
    assert server.ask("ping") == {}
    assert server.ask("dance")["code"] == "unknown_op"
    assert server.ask("drain")["code"] == "failed"
    assert server.ask("ping") == {}


def test_a_drain_loses_nothing_and_starts_nothing_twice(linked, tmp_path):
    cluster, server = linked
    cluster.add_worker(sys_path=HERE)
    lines = tmp_path / "lines"
    with cluster.client() as client:
        client.wait_for_workers(3)
        victim, worker = next(iter(cluster.workers.items()))
        address = worker.until_ready()["address"]
        scattered = client.scatter(b"y" * 1000, workers=[address])
        done = client.map(lambda n: (n, b"x" * 10**6), range(12), pure=False)
        client.gather(done)
        running = client.map(slow, range(6), file=str(lines), seconds=1.5, pure=False)
        until("three to run", lambda: lines.exists() and lines.read_text().count("start") >= 3)
        assert server.ask("drain", workers=[victim], deadline=30) == {"result": {victim: "drained"}}
        assert worker.end(4) == 0
        assert sorted(client.gather(running)) == list(range(6))
        text = lines.read_text()
        assert (text.count("start"), text.count("end")) == (6, 6)
        assert client.gather(scattered) == b"y" * 1000
        assert [n for n, _ in client.gather(done)] == list(range(12))
        removed = server.told("worker_removed")
        assert removed["name"] == victim and removed["expected"]
        assert (removed["lost_computed"], removed["lost_scattered"]) == (0, 0)


def test_a_drain_with_nowhere_to_go_says_so_and_keeps_the_data(linked):
    cluster, server = linked
    with cluster.client() as client:
        client.wait_for_workers(2)
        first, last = cluster.workers
        futures = client.map(lambda n: n, range(10), pure=False)
        client.gather(futures)
        assert server.ask("drain", workers=[first, "nobody"], deadline=20)["result"] == {
            first: "drained",
            "nobody": "gone",
        }
        assert server.ask("drain", workers=[last], deadline=20)["result"] == {last: "no_recipients"}
        assert client.gather(futures) == list(range(10))
        assert client.submit(int, 7).result(timeout=10) == 7


def test_a_drain_past_its_deadline_repeats_work_but_keeps_data(linked, tmp_path):
    cluster, server = linked
    lines = tmp_path / "lines"
    with cluster.client() as client:
        client.wait_for_workers(2)
        victim, worker = next(iter(cluster.workers.items()))
        address = worker.until_ready()["address"]
        kept = client.submit(lambda: b"k" * 1000, workers=[address], allow_other_workers=True, pure=False)
        kept.result()
        running = client.submit(
            slow, 1, file=str(lines), seconds=10, workers=[address], allow_other_workers=True, pure=False
        )
        until("it to run", lambda: lines.exists())
        assert server.ask("drain", workers=[victim], deadline=3)["result"] == {victim: "timeout"}
        assert worker.end(4) == 0
        assert kept.result() == b"k" * 1000 and running.result(timeout=30) == 1


def test_workers_to_close_are_dasks_choice_by_name(linked):
    cluster, server = linked
    with cluster.client() as client:
        client.wait_for_workers(2)
        names = server.ask("workers_to_close", n=1)["workers"]
        assert len(names) == 1 and names[0] in cluster.workers


def test_close_ends_scheduler_and_workers(linked):
    cluster, server = linked
    cluster.ready()
    assert server.ask("close", reason="a test")["snapshot"]["clients"] == 0
    assert cluster.scheduler.end(4) == 0
    assert "Reason: a test" in cluster.scheduler.output("stderr")
    assert [worker.end(4) for worker in cluster.workers.values()] == [0, 0]


def test_a_lease_that_is_renewed_holds_and_one_that_is_not_ends_it(keeper, certificates):
    lease = keeper.folder / "lease"
    lease.touch()
    kept, touched = threading.Event(), []

    def renew():
        while not kept.wait(0.1):
            lease.touch()
            touched.append(time.monotonic())

    # From before the scheduler looks: a worker may take its time to start.
    renewing = threading.Thread(target=renew)
    renewing.start()
    try:
        cluster = Cluster(keeper, certificates, lease=str(lease), lease_seconds=1.5)
        worker = cluster.add_worker()
        cluster.ready()
        held_until = time.monotonic() + 3
        while time.monotonic() < held_until:
            assert not cluster.scheduler.ended()
            time.sleep(0.1)
    finally:
        kept.set()
        renewing.join()
    silent_since = touched[-1]
    assert cluster.scheduler.end(10) == 0
    assert time.monotonic() - silent_since > 1
    assert "lease was not renewed for 1.5 s" in cluster.scheduler.output("stderr")
    assert worker.end(4) == 0


def test_a_stuck_loop_does_not_save_a_cluster_from_the_end_of_its_lease(keeper, certificates):
    lease = keeper.folder / "lease"
    lease.touch()
    cluster = Cluster(keeper, certificates, lease=str(lease), lease_seconds=3, sys_path=HERE)
    with cluster.client() as client:
        client.run_on_scheduler(stick, 60)
        assert cluster.scheduler.end(20) == 0
    outcome = cluster.scheduler.outcome()
    assert outcome["forced"] and outcome["lapsed"]


@pytest.mark.parametrize("step", [-1e6, -3600, 3600, 1e6])
def test_a_step_of_the_wall_clock_ends_no_lease(tmp_path, monkeypatch, step):
    monkeypatch.syspath_prepend(str(SOURCES))
    from caddis.runtime import lease

    path = tmp_path / "lease"
    path.touch()
    held = lease.Lease(path)
    # The server touches by the old time, and the scheduler looks by the new one; then both go by the new one.
    now = time.time()
    os.utime(path, (now + 1, now + 1))
    monkeypatch.setattr(time, "time", lambda: now + step)
    assert held.age() < 60
    os.utime(path, (now + step, now + step))
    assert held.age() < 60
    path.unlink()
    assert held.age() < 60
