"""Plays the keeper for the real runtime: socket pairs, launches, `go`, reaping. Waits on levels, with bounds."""

import array
import contextlib
import ctypes
import functools
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

SOURCES = pathlib.Path(__file__).resolve().parents[1] / "src"
#: The interpreter under test; the test process itself needs only the standard library to drive it.
PYTHON = os.environ.get("CADDIS_TEST_PYTHON", sys.executable)
WAIT = 30.0
PR_SET_CHILD_SUBREAPER = 36


def subreaper():
    """Make this process the parent of all orphans below it, as the keeper is."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def until(what, condition, bound=WAIT, pause=0.01):
    """The first true value of `condition()`; fails with `what` after `bound` seconds."""
    ends = time.monotonic() + bound
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < ends, f"waited {bound} s for {what}"
        time.sleep(pause)


def running(client):
    """How many tasks each worker runs, as the worker says it: the scheduler's `processing` counts what it has sent."""
    return client.run(lambda dask_worker: len(dask_worker.state.executing))


class Certificates:
    """A CA and one P-256 certificate for everybody, made by the `openssl` command."""

    def __init__(self, folder):
        self.folder = folder
        self.ca, self.cert, self.key = (str(folder / name) for name in ("ca.pem", "cert.pem", "key.pem"))
        new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        new += ["-days", "2"]
        ca_key = str(folder / "ca.key")
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([*new, "-subj", "/CN=test ca", "-keyout", ca_key, "-out", self.ca], **quiet)
        request = str(folder / "request.pem")
        subprocess.run(
            ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
            + ["-subj", "/CN=member", "-keyout", self.key, "-out", request],
            **quiet,
        )
        sign = ["openssl", "x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", ca_key, "-CAcreateserial"]
        subprocess.run([*sign, "-days", "2", "-out", self.cert], **quiet)

    def role(self):
        return {"ca": self.ca, "cert": self.cert, "key": self.key}


class MemberHandle:
    """One member as its keeper sees it."""

    def __init__(self, keeper, launch, status):
        self.keeper = keeper
        self.launch = launch
        self.folder = pathlib.Path(launch["folder"])
        self.status = status
        self.pid = None
        self.lines = b""
        self.wait_status = None

    def go(self):
        self.status.sendall(b"go\n")

    def until_ready(self, bound=WAIT):
        """What the member said it is; fails with its log when it ends or is silent."""
        path = self.folder / "ready.json"

        def look():
            assert not self.ended(), f"{self.launch['key']} ended {self.wait_status}: {self.output('stderr')}"
            return path.exists()

        until(f"{self.launch['key']} to be ready; its log: {self.output('stderr')}", look, bound, 0.001)
        return json.loads(path.read_text())

    def said(self):
        """Every status line so far."""
        with contextlib.suppress(BlockingIOError):
            while chunk := self.status.recv(65536, socket.MSG_DONTWAIT):
                self.lines += chunk
        return [json.loads(line) for line in self.lines.splitlines()]

    def ended(self):
        if self.wait_status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.wait_status = status
        return self.wait_status is not None

    def end(self, bound=WAIT):
        """The exit code, negative for a signal, as `subprocess` says it."""
        try:
            until(f"{self.launch['key']} to end", self.ended, bound, 0.002)
        except AssertionError:
            self.kill(signal.SIGKILL)
            raise
        return os.waitstatus_to_exitcode(self.wait_status)

    def kill(self, number=signal.SIGTERM):
        if not self.ended():
            os.kill(self.pid, number)

    def output(self, name="stdout"):
        path = pathlib.Path(self.launch[name])
        return path.read_text(errors="replace") if path.exists() else ""

    def outcome(self):
        return json.loads((self.folder / "outcome.json").read_text())


class Keeper:
    """A fork server, and the launches that it or a spawn carries out."""

    def __init__(self, folder, preload=(), env=None, python=PYTHON, bare=False):
        subreaper()
        self.folder = folder
        self.python = python
        self.members = []
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self.control = ours
        self.messages = []
        log = open(folder / "forkserver.log", "ab")
        self.process = subprocess.Popen(
            [python, "-m", "caddis.runtime.forkserver", *preload],
            env=self.environment(env or {}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=(3,),
            preexec_fn=functools.partial(os.dup2, theirs.fileno(), 3),
        )
        theirs.close()
        log.close()
        if not bare:
            self.serving = self.hear("serving", 60)

    @staticmethod
    def environment(extra):
        """What the keeper gives a fork server."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(SOURCES),
            "PYTHONHASHSEED": "6640",
            "MALLOC_TRIM_THRESHOLD_": "65536",
            "JE_ARROW_MALLOC_CONF": "background_thread:false",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            "SPT_NOENV": "1",
            "CADDIS_MEMBER": "x" * 120,
            **extra,
        }

    def hear(self, kind, bound=WAIT):
        """The next message of a kind; others are kept in `messages`."""
        ends = time.monotonic() + bound
        while True:
            self.control.settimeout(max(0.001, ends - time.monotonic()))
            data = self.control.recv(65536)
            assert data, f"the fork server is gone: {(self.folder / 'forkserver.log').read_text()}"
            message = json.loads(data)
            self.messages.append(message)
            if kind in message:
                return message[kind] if kind in ("serving", "forked", "failed", "refused") else message
            assert "failed" not in message, message

    def warmed(self):
        """Wait for all idle imports."""
        until_seen = {"bokeh", "pandas", "pyarrow", "dask.dataframe", "dask.array"}
        seen = {m["imported"] for m in self.messages if "imported" in m}
        while not until_seen <= seen:
            seen.add(self.hear("imported", 60)["imported"])

    def launch(self, kind, name, role, *, cluster="cl_test", cwd=None, env=None, stdin=None, **more):
        folder = self.folder / "members" / name
        folder.mkdir(parents=True)
        return {
            "key": f"{cluster}/{name}",
            "cluster": cluster,
            "kind": kind,
            "folder": str(folder),
            "cwd": str(cwd or self.folder),
            "umask": 0o22,
            "stdin": stdin or os.devnull,
            "stdout": str(folder / "stdout"),
            "stderr": str(folder / "stderr"),
            "env": {"PATH": os.environ["PATH"], "HOME": "/", "LANG": "C.UTF-8", **(env or {})},
            "role": role,
            **more,
        }

    def start(self, launch, *, go=True, fork=True, big=False):
        """Have a member started; with its record on disk it is told to go."""
        status, theirs = socket.socketpair()
        member = MemberHandle(self, launch, status)
        fds = [
            os.open(launch["stdin"], os.O_RDONLY),
            os.open(launch["stdout"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            os.open(launch["stderr"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            theirs.fileno(),
        ]
        member.pid = (self.fork if fork else self.spawn)(launch, fds, big)
        for fd in fds[:3]:
            os.close(fd)
        theirs.close()
        self.members.append(member)
        if go:
            member.go()
        return member

    def fork(self, launch, fds, big):
        data = json.dumps({"launch": launch}).encode()
        if big:
            fd = os.memfd_create("launch")
            os.write(fd, data)
            fds, data = [*fds, fd], b"{}"
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))
        self.control.sendmsg([data], [rights])
        if big:
            os.close(fd)
        return self.hear("forked")["pid"]

    def spawn(self, launch, fds, _big):
        line, writer = os.pipe()
        os.write(writer, json.dumps(launch).encode() + b"\n")
        os.close(writer)

        def arrange():
            spare = [os.dup(fds[3]), os.dup(line)]
            os.dup2(os.dup(spare[0]), 3)
            os.dup2(os.dup(spare[1]), 4)

        env = {**self.environment({}), **launch["env"], "PYTHONPATH": str(SOURCES)}
        env["CADDIS_MEMBER"] = launch["key"].ljust(120, ".")
        process = subprocess.Popen(
            [self.python, "-m", "caddis.runtime.spawn"],
            env=env,
            stdin=fds[0],
            stdout=fds[1],
            stderr=fds[2],
            pass_fds=(3, 4),
            preexec_fn=arrange,
        )
        os.close(line)
        process.returncode = 0  # reaped by the handle
        return process.pid

    def close(self):
        for member in self.members:
            member.kill(signal.SIGKILL)
            member.end()
        self.control.close()
        self.process.wait(10)


class Cluster:
    """A scheduler and workers of a keeper, with everything in one folder."""

    def __init__(self, keeper, certificates, name="cl_test", **scheduler):
        self.keeper = keeper
        self.tls = certificates.role()
        self.name = name
        self.folder = keeper.folder
        self.secret = "s3cret-" + name
        self.secret_file = keeper.folder / "secret"
        self.secret_file.write_text(self.secret)
        self.secret_file.chmod(0o600)
        self.workers = {}
        self.number = 0
        role = {
            "host": "127.0.0.1",
            "port": 0,
            "dashboard": False,
            "prefix": f"/clusters/{name}",
            "tls": self.tls,
            "config": {},
            "http_secret_file": str(self.secret_file),
            "sys_path": [],
            "preload": [],
            "cluster": name,
            "lease": str(keeper.folder / "lease"),  # not renewed: what a killed test run leaves ends itself
            "lease_seconds": 300,
        }
        (keeper.folder / "lease").touch()
        role.update(scheduler)
        self.scheduler = keeper.start(keeper.launch("scheduler", f"scheduler-{name}.1", role, cluster=name))

    def add_worker(self, *, fork=True, env=None, **more):
        """Start one more worker under a name of its own."""
        self.number += 1
        name = f"worker-{self.number:04}.1"
        role = {
            "scheduler_ready": str(self.scheduler.folder / "ready.json"),
            "name": f"{self.name}-{name}",
            "nthreads": 1,
            "memory_limit": 1 << 30,
            "local_directory": str(self.folder / "scratch"),
            "tls": self.tls,
            "config": {},
            "http_secret_file": str(self.secret_file),
            "sys_path": [],
            "resources": {},
            "nanny": False,
        }
        role.update(more)
        launch = self.keeper.launch("worker", f"{self.name}-{name}", role, cluster=self.name, env=env)
        worker = self.keeper.start(launch, fork=fork)
        self.workers[role["name"]] = worker
        return worker

    def ready(self):
        """The scheduler's own words, once it and all workers are there."""
        said = self.scheduler.until_ready()
        for worker in self.workers.values():
            worker.until_ready()
        return said

    def client(self, **more):
        """A real client, in the test's process."""
        from distributed import Client, Security

        security = Security(
            require_encryption=True,
            tls_ca_file=self.tls["ca"],
            tls_client_cert=self.tls["cert"],
            tls_client_key=self.tls["key"],
        )
        return Client(self.ready()["address"], security=security, set_as_default=False, timeout=20, **more)

    def job(self, name, text=None, *args, go=True, fork=True, sys_path=(), env=None, stdin=None, **role):
        """Start a job of this script text."""
        if text is not None:
            script = self.folder / f"{name}.py"
            script.write_text(text)
            role["script"] = str(script)
        role = {
            "args": list(args),
            "scheduler_ready": str(self.scheduler.folder / "ready.json"),
            "tls": self.tls,
            "config": {},
            "sys_path": list(sys_path),
            **role,
        }
        launch = self.keeper.launch("job", f"job-{name}.1", role, cluster=self.name, env=env, stdin=stdin)
        return self.keeper.start(launch, go=go, fork=fork)

    def close(self):
        for member in [*self.workers.values(), self.scheduler]:
            member.kill(signal.SIGKILL)
            member.end()
