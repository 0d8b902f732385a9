"""What every member does before it is a scheduler, a worker or a job, forked or spawned.

A member owes nothing to the process it came from: session, streams, signals, environment, working folder, random
state and module path are its own. It prepares all that has no effect outside, then waits for the keeper's `go`; end
of file instead means that no record of it is on disk, so it leaves without having done anything.
"""

import contextlib
import ctypes
import importlib
import io
import json
import locale
import os
import random
import signal
import socket
import sys
import tempfile
import time
import types

MARKER = "CADDIS_MEMBER"
MARKER_BYTES = 120
#: Exit code of a member that Caddis itself failed to bring up (the CLI uses the same one).
BROKEN = 125
#: What an outcome may need on the disk.
RESERVED = 16384
#: The folder that holds the package `caddis`.
RUNTIME = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
#: What `ps` shows of the servers; a job keeps the interpreter's name.
NAMES_OF_ROLES = {"scheduler": "dask-scheduler", "worker": "dask-worker"}


class Member:
    """One launch, its status socket and its folder."""

    def __init__(self, launch, status):
        self.launch = launch
        self.role = launch["role"]
        self.folder = launch["folder"]
        self.began_at = None
        #: Held for as long as the process lives, by a job on a cluster that was not made for it.
        self.claim = None
        #: It closes since nobody renewed the lease of its cluster.
        self.lapsed = False
        self._status = status
        self._went = False

    def wait_go(self):
        """Block until the record of this member is on disk; leave at once if it will never be."""
        if self._went:
            return
        line = b""
        while not line.endswith(b"\n"):
            chunk = self._status.recv(64)
            if not chunk:
                os._exit(0)
            line += chunk
        self._went = True
        self.began_at = now_us()

    def ready(self, said):
        """Tell that this member serves: on disk first, since a keeper that was away reads it there."""
        self.write("ready.json", json.dumps(said))
        self.say(ready=said)

    def note(self, **said):
        """A remark that the record shows."""
        self.say(note=said)

    def say(self, **message):
        """One line to the keeper. A keeper that is gone or stuck must never hold a member up."""
        try:
            self._status.send((json.dumps(message) + "\n").encode(), socket.MSG_DONTWAIT)
        except OSError:
            pass

    def write(self, name, text):
        """A file of this member's folder, whole or not at all."""
        path = os.path.join(self.folder, name)
        with open(os.open(path + ".tmp", os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            os.fchmod(file.fileno(), 0o600)  # whatever the user's umask is, it is written again
            file.write(text.encode())
            file.truncate()
        os.rename(path + ".tmp", path)

    def reserve(self, name):
        """Have the room that a file will need, so that it can be written on a full disk too."""
        try:
            with open(os.path.join(self.folder, name + ".tmp"), "wb") as file:
                os.fchmod(file.fileno(), 0o600)
                os.posix_fallocate(file.fileno(), 0, RESERVED)
        except OSError:
            pass  # a file system that cannot reserve; writing may still work

    def outcome(self, code, **facts):
        """How this member ended, for a keeper that is not there to reap it."""
        said = {"code": code, "began_at": self.began_at, "ended_at": now_us(), **facts}
        if self.lapsed:
            said["lapsed"] = True
        try:
            self.write("outcome.json", json.dumps(said))
        except OSError as error:
            with contextlib.suppress(OSError):  # standard error may be on the same full disk
                print(f"caddis: the outcome cannot be written: {error}", file=sys.stderr)


def run(launch, status_fd, *, forked):
    """Be the member that `launch` describes. Never returns."""
    try:
        os.set_inheritable(status_fd, False)
        status = socket.socket(fileno=status_fd)
        prepare(launch, forked)
        importlib.import_module("caddis.runtime." + launch["kind"]).run(Member(launch, status))
    except BaseException:
        sys.__excepthook__(*sys.exc_info())
    finally:
        os._exit(BROKEN)


def prepare(launch, forked):
    """Become a process of its own; nothing here has an effect outside of it."""
    reset_signals()
    if forked:
        rewrite_marker(launch["key"])
    replace_environment(launch)
    os.umask(launch.get("umask", 0o22))
    os.chdir(launch["cwd"])
    set_module_path(launch)
    fresh_main()
    fresh_randomness()
    set_streams()
    name = NAMES_OF_ROLES.get(launch["kind"])
    if name:
        raise_file_limit()
        name_process(name)


def now_us():
    """Microseconds since 1970."""
    return time.time_ns() // 1000


def reset_signals():
    """As Python sets them at its start, whatever the parent ignored or blocked.

    INT ends the process until somebody is there who knows better: a job only before its script begins.
    """
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        try:
            signal.signal(number, signal.SIG_DFL)
        except (OSError, ValueError):
            pass  # the C library keeps two real-time signals to itself
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def padded(key):
    """The marker's value: of one length for all, so that it can be written over the placeholder."""
    return key.ljust(MARKER_BYTES, ".")


def rewrite_marker(key):
    """Overwrite the placeholder in the initial environment block, which `/proc/PID/environ` shows.

    Children forked without exec inherit the block; nothing else would make them visible as this member's.
    """
    with open("/proc/self/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    start, end = int(fields[47]), int(fields[48])
    name = f"{MARKER}=".encode()
    offset = (b"\0" + ctypes.string_at(start, end - start)).find(b"\0" + name)
    value = padded(key).encode()
    room = ctypes.string_at(start + offset, end - start - offset).split(b"\0", 1)[0] if offset >= 0 else b""
    if len(room) < len(name) + len(value):
        raise RuntimeError(f"the fork server was started without room for `{MARKER}`")
    ctypes.memmove(start + offset + len(name), value, len(value))


def replace_environment(launch):
    """The launch's environment and nothing else; what depends on it is told."""
    os.environ.clear()
    os.environ.update(launch["env"])
    os.environ[MARKER] = padded(launch["key"])
    time.tzset()
    tempfile.tempdir = None
    try:
        locale.setlocale(locale.LC_CTYPE, "")
    except locale.Error:
        pass


def set_module_path(launch):
    """The path that a fresh interpreter would have with this environment, our own folder last."""
    own = [entry for entry in launch["env"].get("PYTHONPATH", "").split(os.pathsep) if entry]
    sys.path[:] = [*map(os.path.abspath, own), *_inherited_path, RUNTIME]
    importlib.invalidate_caches()


def inherited_path():
    """`sys.path` at start without what `-m` and the environment added."""
    added = {os.path.abspath(e) for e in os.environ.get("PYTHONPATH", "").split(os.pathsep) if e}
    path = sys.path if getattr(sys.flags, "safe_path", False) else sys.path[1:]
    return [entry for entry in path if os.path.abspath(entry) not in added | {RUNTIME}]


def fresh_main():
    """An empty `__main__`: what the user pickles or spawns must not find ours there."""
    main = types.ModuleType("__main__")
    main.__builtins__ = sys.modules["builtins"]
    sys.modules["__main__"] = main
    multiprocessing = sys.modules.get("multiprocessing.process")
    if multiprocessing is not None:
        multiprocessing.ORIGINAL_DIR = os.getcwd()
        multiprocessing.current_process().authkey = os.urandom(32)


def fresh_randomness():
    """Forks of one process must not draw the same numbers; NumPy's old global state does not see to that itself."""
    random.seed()
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def raise_file_limit():
    """As the commands `dask scheduler` and `dask worker` do."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, hard // 2), hard))


def name_process(name):
    """What `ps` and `top` show."""
    with open("/proc/self/comm", "w", encoding="ascii") as file:
        file.write(name)


def prepare_streams():
    """Make the standard streams unbuffered before anything remembers them (logging handlers do).

    Descriptors that are closed are opened on `/dev/null`, lest a socket becomes somebody's standard output.
    """
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_RDWR), fd)
    for fd, name in ((1, "stdout"), (2, "stderr")):
        stream = io.TextIOWrapper(io.FileIO(fd, "w", closefd=False), line_buffering=True, write_through=True)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)


def set_streams():
    """Encoding and error handler of the standard streams, as this environment asks for them."""
    encoding, _, errors = os.environ.get("PYTHONIOENCODING", "").partition(":")
    plain = locale.nl_langinfo(locale.CODESET)
    c_locale = plain == "ANSI_X3.4-1968"
    encoding = encoding or ("utf-8" if c_locale else plain)
    errors = errors or ("surrogateescape" if c_locale else "strict")
    sys.stdin.reconfigure(encoding=encoding, errors=errors)
    sys.stdout.reconfigure(encoding=encoding, errors=errors)
    sys.stderr.reconfigure(encoding=encoding, errors="backslashreplace")


_inherited_path = inherited_path()
