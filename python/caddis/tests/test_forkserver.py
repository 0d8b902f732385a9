"""The fork server itself: what it promises before, while and after it forks."""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time

import pytest
from harness import PYTHON, SOURCES, WAIT, Cluster, until

RANDOM = """
import json, random, tempfile, uuid
import numpy
print(json.dumps([random.random(), numpy.random.rand(), str(uuid.uuid4()), next(tempfile._get_candidate_names())]))
"""

THREADED = "import threading, time\nthreading.Thread(target=time.sleep, args=(1e6,), daemon=True).start()\n"


def environ(pid):
    """The initial environment block of a process, as the kernel shows it."""
    with open(f"/proc/{pid}/environ", "rb") as file:
        return dict(entry.split(b"=", 1) for entry in file.read().split(b"\0") if b"=" in entry)


def test_it_is_single_threaded_after_every_import(shared_keeper):
    told = [m for m in shared_keeper.messages if "imported" in m]
    assert {m["imported"] for m in told} == {"bokeh", "pandas", "pyarrow", "dask.dataframe", "dask.array"}
    assert all(m["threads"] == 1 and "error" not in m for m in told)
    assert len(os.listdir(f"/proc/{shared_keeper.process.pid}/task")) == 1


def test_an_import_that_leaves_a_thread_is_left_out(own_keeper, tmp_path):
    (tmp_path / "threaded.py").write_text(THREADED)
    keeper = own_keeper(
        preload=["threaded", "no_such_module"],
        env={"PYTHONPATH": f"{tmp_path}:{SOURCES}"},
    )
    pid = keeper.serving["pid"]
    told = keeper.hear("imported", 60)
    assert told["imported"] == "threaded" and told["threads"] == 2 and told["left_out"]
    again = keeper.hear("serving", 60)
    assert again["pid"] == pid and again["left_out"] == ["threaded"]
    assert len(os.listdir(f"/proc/{pid}/task")) == 1
    assert "ModuleNotFoundError" in keeper.hear("imported", 60)["error"]


def test_a_base_with_a_thread_is_refused(own_keeper, tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(THREADED)
    keeper = own_keeper(env={"PYTHONPATH": f"{SOURCES}:{site}"}, bare=True)
    assert keeper.hear("failed", 60)["code"] == "threads"


def test_an_environment_without_distributed_says_so(own_keeper, tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    (site / "dask.py").write_text("raise ModuleNotFoundError(\"No module named 'dask'\", name='dask')\n")
    keeper = own_keeper(env={"PYTHONPATH": f"{site}:{SOURCES}"}, bare=True)
    assert keeper.hear("failed", 60)["code"] == "no_distributed"


def test_the_marker_is_visible_in_the_member_and_in_all_it_starts(cluster):
    text = """
    import os, subprocess, sys, time
    child = os.fork()
    if child == 0:
        os.setsid()
        time.sleep(60)
        os._exit(0)
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    print(os.getpid(), child, other.pid, os.environ["CADDIS_MEMBER"], flush=True)
    time.sleep(60)
    """
    job = cluster.job("marked", textwrap.dedent(text))
    words = until("the job's line", lambda: job.output().split(), WAIT)
    assert len(words) == 4
    key = job.launch["key"].encode()
    try:
        for pid in map(int, words[:3]):
            until(f"exec of {pid}", lambda pid=pid: b"xxx" not in environ(pid).get(b"CADDIS_MEMBER", b"xxx"))
            assert environ(pid)[b"CADDIS_MEMBER"] == key.ljust(120, b".")
        assert int(words[0]) == job.pid
    finally:
        for pid in map(int, words[:3]):
            os.kill(pid, signal.SIGKILL)


def test_the_members_parent_is_the_keeper(cluster):
    cluster.ready()
    for member in [cluster.scheduler, *cluster.workers.values()]:
        with open(f"/proc/{member.pid}/stat") as file:
            assert int(file.read().rpartition(")")[2].split()[1]) == os.getpid()
        assert os.getsid(member.pid) == member.pid


def test_end_of_file_before_go_means_that_nothing_is_done(cluster):
    cluster.ready()
    witness = cluster.folder / "witness"
    job = cluster.job("unborn", f"open({str(witness)!r}, 'w')\n", go=False)
    scheduler = cluster.keeper.start(
        cluster.keeper.launch("scheduler", "scheduler-never.1", cluster.scheduler.launch["role"]), go=False
    )
    for member in (job, scheduler):
        member.status.close()
        assert member.end() == 0
        assert sorted(os.listdir(member.folder)) == ["stderr", "stdout"]
        assert member.output("stderr") == ""
    assert not witness.exists()


def test_a_keeper_that_dies_after_go_is_not_missed(cluster):
    job = cluster.job("orphan", "import time; time.sleep(0.5); print('done')")
    until("the job to begin", lambda: (job.folder / "begun").exists())
    job.status.close()
    assert job.end() == 0 and job.output() == "done\n"


def test_two_forks_draw_different_numbers(cluster):
    cluster.ready()
    jobs = [cluster.job(f"random{i}", RANDOM) for i in range(3)]
    drawn = []
    for job in jobs:
        assert job.end() == 0, job.output("stderr")
        drawn.append(json.loads(job.output()))
    for values in zip(*drawn):
        assert len(set(values)) == 3


def test_a_launch_longer_than_a_packet_travels_as_a_descriptor(keeper, cluster):
    cluster.ready()
    role = {"script": str(keeper.folder / "big.py"), "args": ["x" * 100_000] * 20, "scheduler": "tls://127.0.0.1:1"}
    (keeper.folder / "big.py").write_text("import sys; print(sum(map(len, sys.argv[1:])))")
    job = keeper.start(keeper.launch("job", "job-big.1", role), big=True)
    assert job.end() == 0 and job.output() == "2000000\n"


def test_environment_umask_and_folder_are_the_launchs_alone(cluster, tmp_path):
    cluster.ready()
    text = "import os, json; os.close(os.open('made', os.O_CREAT, 0o666)); print(json.dumps(dict(os.environ)))"
    script = cluster.folder / "environment.py"
    script.write_text(text)
    role = {"script": str(script), "args": [], "scheduler": "tls://127.0.0.1:1"}
    launch = cluster.keeper.launch("job", "job-env.1", role, cwd=tmp_path, env={"ONLY": "this"})
    launch["umask"] = 0o077
    job = cluster.keeper.start(launch)
    assert job.end() == 0, job.output("stderr")
    seen = json.loads(job.output())
    assert seen.pop("CADDIS_MEMBER").rstrip(".") == launch["key"]
    assert seen == {**launch["env"], "DASK_SCHEDULER_ADDRESS": "tls://127.0.0.1:1"}
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o600


def test_members_hold_no_descriptor_of_the_fork_server(cluster):
    text = "import os, json; print(json.dumps([os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd')"
    job = cluster.job("descriptors", text + " if os.path.exists(f'/proc/self/fd/{n}')]))")
    assert job.end() == 0, job.output("stderr")
    kinds = [link.split(":")[0] for link in json.loads(job.output())]
    assert kinds.count("socket") == 1, kinds  # the status socket
    assert "pipe" not in kinds


def test_quit_ends_the_server_and_its_standbys_but_no_member(own_keeper, certificates):
    keeper = own_keeper(env={"CADDIS_MEMBER": "y" * 120})
    keeper.warmed()
    cluster = Cluster(keeper, certificates)
    cluster.ready()
    standbys = until("four standbys", lambda: (found := standbys_of(keeper)) and len(found) == 4 and found)
    keeper.control.send(json.dumps({"quit": {}}).encode())
    assert keeper.process.wait(10) == 0
    for pid in standbys:
        until(f"standby {pid} to end", lambda pid=pid: os.waitpid(pid, os.WNOHANG)[0] == pid)
    assert not cluster.scheduler.ended()


def standbys_of(keeper):
    """Children of this process with the placeholder of one fork server; between its two forks there is one more."""
    ps = subprocess.run(["ps", "-o", "pid=", "--ppid", str(os.getpid())], capture_output=True, text=True)
    found = []
    for pid in set(map(int, ps.stdout.split())) - {keeper.process.pid}:
        try:
            if environ(pid).get(b"CADDIS_MEMBER", b"").startswith(b"yyy"):
                found.append(pid)
        except OSError:
            pass
    return found


def test_a_refused_launch_leaves_the_server_serving(keeper, cluster):
    cluster.ready()
    role = {"script": "/nonexistent.py", "args": [], "scheduler": "tls://127.0.0.1:1"}
    broken = keeper.start({**keeper.launch("job", "job-broken.1", role), "cwd": "/nonexistent"})
    assert broken.end() == 125
    assert "FileNotFoundError" in broken.output("stderr")
    assert cluster.job("after", "print('well')").end() == 0


@pytest.mark.parametrize("kind", ["job", "worker", "scheduler"])
def test_the_same_members_can_be_spawned(keeper, certificates, kind):
    cluster = Cluster(keeper, certificates)
    if kind == "scheduler":
        launch = keeper.launch("scheduler", "scheduler-spawned.1", cluster.scheduler.launch["role"])
        spawned = keeper.start(launch, fork=False)
        assert spawned.until_ready()["address"].startswith("tls://127.0.0.1:")
        spawned.kill()
        assert spawned.end() == 0
        return
    cluster.add_worker(fork=kind != "worker")
    text = "from dask.distributed import Client\nprint(Client().submit(sum, [1, 2]).result())"
    job = cluster.job("spawned", text, fork=kind != "job")
    assert job.end() == 0, job.output("stderr")
    assert job.output() == "3\n"


def test_the_first_word_of_a_silent_keeper_is_not_waited_for(own_keeper):
    """A keeper that never reads must not stop the fork server from ending with it."""
    keeper = own_keeper()
    keeper.control.shutdown(socket.SHUT_RDWR)
    started = time.monotonic()
    assert keeper.process.wait(20) == 0
    assert time.monotonic() - started < 20


def test_the_interpreter_under_test_is_told(shared_keeper, capsys):
    with capsys.disabled():
        said = {name: shared_keeper.serving[name] for name in ("python", "distributed", "dask")}
        print(f"\n  interpreter {PYTHON}: {said}", file=sys.stderr)
