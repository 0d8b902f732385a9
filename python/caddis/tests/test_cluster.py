"""Schedulers and workers: real Dask, with what Caddis adds around it."""

import http.client
import os
import signal
import socket
import ssl
import textwrap
import time

import pytest
from harness import Cluster, running, until
from programs import end_children

HERE = [os.path.dirname(__file__)]

WS = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


def ports_of(member):
    """Every TCP port that a process listens on, with its address, as the kernel tells it."""
    inodes = set()
    for fd in os.listdir(f"/proc/{member.pid}/fd"):
        try:
            link = os.readlink(f"/proc/{member.pid}/fd/{fd}")
        except OSError:
            continue
        if link.startswith("socket:["):
            inodes.add(link[8:-1])
    found = {}
    for table in ("tcp", "tcp6"):
        with open(f"/proc/{member.pid}/net/{table}") as file:
            for line in list(file)[1:]:
                words = line.split()
                if words[3] == "0A" and words[9] in inodes:
                    address, port = words[1].split(":")
                    found[int(port, 16)] = address
    return found


def get(port, path, headers=None, method="GET", body=None):
    """(status, body) of one plain HTTP request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_nothing_answers_without_secret_or_certificate(keeper, certificates):
    cluster = Cluster(keeper, certificates, dashboard=True)
    cluster.add_worker()
    ready = cluster.ready()
    comms = 0
    for member in [cluster.scheduler, *cluster.workers.values()]:
        ports = ports_of(member)
        assert len(ports) == 2 and set(ports.values()) == {"0100007F"}, ports
        comms += sum(refuses_strangers(port, cluster.secret) for port in ports)
    assert comms == 2
    secret = {"X-Caddis-Secret": cluster.secret}
    port, prefix = ready["dashboard_port"], "/clusters/cl_test"
    assert get(port, f"{prefix}/health", secret) == (200, b"ok")
    assert get(port, f"{prefix}/metrics", secret)[0] == 200
    assert get(port, f"{prefix}/health", {"X-Caddis-Secret": cluster.secret + "x"})[0] == 403


def refuses_strangers(port, secret):
    """Whether a port is a TLS comm (which must refuse us); an HTTP port must answer 403 to everything."""
    try:
        get(port, "/")
    except (OSError, http.client.HTTPException):
        assert hear_as_stranger(port) == b""
        return True
    for path in ("/", "/health", "/metrics", "/clusters/cl_test/status", "/clusters/cl_test/eventstream", "/nothing"):
        for headers in ({}, {"X-Caddis-Secret": ""}, {"X-Caddis-Secret": "x"}, WS, {"Cookie": f"secret={secret}"}):
            assert get(port, path, headers) == (403, b""), (path, headers)
    for method in ("POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"):
        assert get(port, "/clusters/cl_test/api/v1/retire_workers", method=method, body=b"{}")[0] == 403
    return False


def hear_as_stranger(port):
    """What a TLS client without a certificate is told after its handshake."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection(("127.0.0.1", port), 10) as plain, context.wrap_socket(plain) as comm:
            return comm.recv(1)
    except (ssl.SSLError, ConnectionError):
        return b""


def test_the_dashboard_is_there_when_somebody_looks(keeper, certificates):
    cluster = Cluster(keeper, certificates, dashboard=True, allow_websocket_origin=["gateway.example"])
    cluster.add_worker()
    port, secret = cluster.ready()["dashboard_port"], {"X-Caddis-Secret": cluster.secret}
    assert get(port, "/clusters/cl_test/status")[0] == 403
    for _ in range(2):
        status, page = get(port, "/clusters/cl_test/status", secret)
        assert status == 200 and b"bokeh" in page.lower()
    assert get(port, "/", secret)[0] in (301, 302)
    assert get(port, "/clusters/cl_test/info/main/workers.html", secret)[0] == 200
    assert get(port, "/clusters/cl_test/no-such-page", secret)[0] == 404
    for origin, expected in (("evil.example", 403), ("gateway.example", 101)):
        headers = {**secret, **WS, "Origin": f"https://{origin}"}
        assert get(port, "/clusters/cl_test/status/ws", headers)[0] == expected


def test_an_empty_secret_is_no_secret(keeper, certificates):
    cluster = Cluster(keeper, certificates, http_secret_file=os.devnull)
    assert cluster.scheduler.end() == 1
    assert "holds no secret" in cluster.scheduler.output("stderr")


BESIDE = (
    "class Thing:\n    def __init__(self, n):\n        self.n = n\n\ndef twice(thing):\n    return Thing(thing.n * 2)\n"
)
USES_BESIDE = """
from dask.distributed import Client, Event
import beside

def local(thing):
    return thing.n + 1

if __name__ == "__main__":
    client = Client()
    future = client.submit(beside.twice, beside.Thing(21))
    print(future.result().n, client.submit(local, beside.Thing(1)).result())
    print(client.run_on_scheduler(lambda: __import__("beside").__file__ == {path!r}))
    print(client.submit(lambda: __name__).result())
"""


def test_modules_beside_the_script_import_everywhere(keeper, certificates, tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "beside.py").write_text(BESIDE)
    cluster = Cluster(keeper, certificates, sys_path=[str(folder)])
    cluster.add_worker(sys_path=[str(folder)])
    script = folder / "main.py"
    script.write_text(USES_BESIDE.format(path=str(folder / "beside.py")))
    job = cluster.job("main", script=str(script))
    assert job.end() == 0, job.output("stderr")
    assert job.output() == "42 2\nTrue\n__main__\n"
    assert job.outcome()["dask"] == {"connected": True, "own_local_cluster": False}


def test_a_script_with_its_own_cluster_is_told_apart(cluster):
    text = """
    from dask.distributed import Client, LocalCluster
    if __name__ == "__main__":
        own = LocalCluster(processes=False, n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0")
        with Client(own) as client:
            print(client.submit(sum, [1, 2]).result())
    """
    job = cluster.job("own", textwrap.dedent(text))
    assert job.end() == 0, job.output("stderr")
    assert job.output() == "3\n"
    assert job.outcome()["dask"] == {"connected": False, "own_local_cluster": True}


def test_workers_have_the_variables_that_a_nanny_would_give_them(keeper, certificates):
    cluster = Cluster(keeper, certificates)
    cluster.add_worker(env={"MKL_NUM_THREADS": "3"})
    with cluster.client() as client:
        [seen] = client.run(lambda: dict(__import__("os").environ)).values()
    assert (seen["OMP_NUM_THREADS"], seen["MKL_NUM_THREADS"]) == ("1", "3")
    assert "PYTHONHASHSEED" not in seen and "PYTHONPATH" not in seen


def test_the_jobs_environment_and_configuration_reach_dask(cluster):
    text = """
    import dask
    print(dask.config.get("array.chunk-size"), dask.config.get("distributed.comm.retry.count"))
    print(dask.config.get("distributed.comm.timeouts.connect"), dask.config.get("distributed.comm.timeouts.tcp"))
    """
    config = {"distributed": {"comm": {"retry": {"count": 7}}}, "array.chunk-size": "1MiB"}
    env = {"DASK_ARRAY__CHUNK_SIZE": "2MiB"}
    job = cluster.job("configured", textwrap.dedent(text), config=config, env=env)
    assert job.end() == 0, job.output("stderr")
    assert job.output() == "2MiB 7\n30s 30s\n"


def test_client_restart_works_when_somebody_replaces_workers(cluster):
    """What the keeper does: a worker that ended is started anew under a new name."""
    from threading import Event, Thread

    stop = Event()

    def replace():
        while not stop.wait(0.005):
            for name, worker in list(cluster.workers.items()):
                if worker.ended():
                    del cluster.workers[name]
                    cluster.add_worker()

    with cluster.client() as client:
        client.wait_for_workers(2)
        before = set(client.scheduler_info(n_workers=-1)["workers"])
        thread = Thread(target=replace)
        thread.start()
        try:
            started = time.monotonic()
            client.restart(timeout=20)
            assert time.monotonic() - started < 5
        finally:
            stop.set()
            thread.join()
        after = set(client.scheduler_info(n_workers=-1)["workers"])
        assert len(after) == 2 and not before & after
        assert client.submit(sum, [1, 2]).result(timeout=10) == 3


def test_a_worker_that_runs_something_still_ends_in_time_when_closed(cluster):
    with cluster.client() as client:
        client.wait_for_workers(2)
        futures = client.map(time.sleep, [60, 61])
        until("both to run", lambda: sum(running(client).values()) == 2)
        cluster.scheduler.kill()
        assert cluster.scheduler.end(4) == 0
        for worker in cluster.workers.values():
            assert worker.end(4) == 0
        del futures


def test_workers_end_when_the_scheduler_is_killed(cluster):
    cluster.ready()
    cluster.scheduler.kill(signal.SIGKILL)
    for worker in cluster.workers.values():
        assert worker.end(5) == 0
        assert worker.outcome()["reason"] == "closed"


@pytest.mark.parametrize("both_first", [False, True])
def test_a_signal_that_races_with_the_schedulers_close_never_hangs(keeper, certificates, both_first):
    """Stock workers hang for ever in one of six of these."""
    for attempt in range(10):
        cluster = Cluster(keeper, certificates, name=f"cl_race{attempt}")
        worker = cluster.add_worker()
        cluster.ready()
        for member in [cluster.scheduler, worker] if both_first else [worker, cluster.scheduler]:
            member.kill()
        assert worker.end(4) == 0, worker.output("stderr")
        assert cluster.scheduler.end(4) == 0


def test_processes_that_a_task_forks_end_as_any_process_does(keeper, certificates):
    """A pool ends its processes with TERM; one that closed the worker instead would live on, and speak for it."""
    cluster = Cluster(keeper, certificates, sys_path=HERE)
    worker = cluster.add_worker(sys_path=HERE)
    with cluster.client() as client:
        client.wait_for_workers(1)
        ends, interrupts, closes, held_back = client.submit(end_children).result(timeout=30)
        assert (ends, interrupts) == ({-signal.SIGTERM}, {"default_int_handler"})
        assert (closes, held_back) == ("on_signal", set())
        assert not (worker.folder / "outcome.json").exists()


def test_a_second_signal_ends_it_on_the_spot(cluster):
    with cluster.client() as client:
        client.wait_for_workers(2)
        futures = []
        for worker in cluster.workers.values():
            address = worker.until_ready()["address"]
            futures.append(client.submit(time.sleep, 60, workers=[address], pure=False))
            until("it to run", lambda address=address: running(client)[address])
            first = time.monotonic()
            worker.kill()
            until("the first signal to be heard", lambda worker=worker: "Stopping worker" in worker.output("stderr"))
            second = time.monotonic()
            worker.kill()
            code = worker.end(4)
            # After two seconds it would end by itself: a second signal that comes so late shows nothing.
            if second - first < 1:
                break
        assert second - first < 1, "the test itself was held up, twice"
        assert code == 128 + signal.SIGTERM
        assert time.monotonic() - second < 1.5
        del futures


def test_with_a_nanny_nanny_plugins_work(keeper, certificates):
    cluster = Cluster(keeper, certificates)
    worker = cluster.add_worker(nanny=True)
    with cluster.client() as client:
        from distributed.diagnostics.plugin import Environ

        client.wait_for_workers(1)
        client.register_plugin(Environ({"FROM_PLUGIN": "yes"}))
        seen = client.run(lambda: (__import__("os").environ.get("FROM_PLUGIN"), __import__("os").getpid()))
        [(value, pid)] = seen.values()
        assert value == "yes" and pid != worker.pid
        [status] = [get(port, "/health")[0] for port in http_ports(pid)]
        assert status == 403
        with open(f"/proc/{pid}/environ", "rb") as file:
            assert worker.launch["key"].encode() in file.read()
        client.restart(timeout=20)
        assert client.submit(sum, [1, 2]).result(timeout=10) == 3
    worker.kill()
    assert worker.end(4) == 0


def http_ports(pid):
    """The ports of a process that speak plain HTTP."""

    class Process:
        pass

    Process.pid = pid
    found = []
    for port in ports_of(Process):
        try:
            get(port, "/health")
            found.append(port)
        except (OSError, http.client.HTTPException):
            pass
    return found


def test_a_killed_workers_replacement_is_quick(cluster):
    """A level of sanity, not a benchmark: the whole way from the kill to a registered worker."""
    with cluster.client() as client:
        client.wait_for_workers(2)
        name, worker = next(iter(cluster.workers.items()))
        started = time.monotonic()
        worker.kill(signal.SIGKILL)
        worker.end()
        del cluster.workers[name]
        cluster.add_worker().until_ready()
        assert time.monotonic() - started < 2


def test_a_worker_that_waits_for_its_scheduler_can_be_stopped(keeper, certificates, tmp_path):
    """The wait is bounded by 60 s; here a signal cuts it short."""
    cluster = Cluster(keeper, certificates)
    worker = cluster.add_worker(scheduler_ready=str(tmp_path / "never.json"))
    until("the worker to wait", lambda: "caddis-await-scheduler" in worker.output("stderr"))
    worker.kill()
    assert worker.end(4) == -signal.SIGTERM
    assert not (worker.folder / "ready.json").exists()
