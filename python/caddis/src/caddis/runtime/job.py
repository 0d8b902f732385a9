"""A member that runs the user's script as `python -u job.py ARGS` or `python -u -m MODULE ARGS` would.

`__main__` is a new module with nothing of ours in it, tracebacks show no frame of ours, and the end follows Python's
own order: threads are joined, exit functions run, the script's objects are let go, the streams are flushed. What
differs on purpose: exit functions have a deadline, and how it ended is written to `outcome.json`.
"""

import atexit
import builtins
import gc
import importlib.machinery
import json
import os
import runpy
import signal
import sys
import threading
import time

from caddis.runtime import beside, daskconfig, outcome
from caddis.runtime.member import BROKEN, now_us

#: Seconds that exit functions and finalizers may take, where the role does not say it.
EXIT_SECONDS = 10.0
CONNECT_SECONDS = 60.0
#: What Python itself exits with when the last flush of its streams failed.
FLUSH_FAILED = 120


def run(member):
    """Wait for the scheduler, run the script, and leave as it left. Never returns."""
    role = member.role
    daskconfig.configure(role)
    member.wait_go()
    address = role.get("scheduler") or wait_for_scheduler(member, role["scheduler_ready"])
    os.environ["DASK_SCHEDULER_ADDRESS"] = address
    daskconfig.reach(address, role.get("tls"))
    if role.get("beside"):
        member.claim = beside.claim(role, member.launch["key"])
    frozen = set(sys.modules) - hide_ourselves()
    member.began_at = now_us()
    member.reserve("outcome.json")
    member.write("begun", str(member.began_at))
    member.say(ready={})
    code, error = execute(role)
    leave(member, address, frozen, code, error)


def wait_for_scheduler(member, path):
    """The address of a scheduler that is still starting; without one no user code is run."""
    deadline = time.monotonic() + CONNECT_SECONDS
    while time.monotonic() < deadline:
        try:
            with open(path, encoding="utf-8") as file:
                return json.load(file)["address"]
        except FileNotFoundError:
            time.sleep(0.002)
    member.note(failed=f"no scheduler after {CONNECT_SECONDS:.0f} s")
    os._exit(BROKEN)


def hide_ourselves():
    """Let `import caddis` in the script find what is installed there; the names that were taken out."""
    ours = {name for name in sys.modules if name == "caddis" or name.startswith("caddis.")}
    for name in ours:
        sys.modules.pop(name)
    return ours


def execute(role):
    """Run the user's code; (exit code, exception or None). The exception has been printed as Python prints it."""
    error = None
    try:
        body = prepare_module(role) if role.get("module") else prepare_script(role)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        body()
    except BaseException as caught:
        error = strip(caught)
    # Outside of the `except`: what the user's hook raises has no context of ours.
    if error is None:
        return 0, None
    if isinstance(error, SystemExit):
        return code_of(error), unfound(role, error)
    return report(error), error


def unfound(role, error):
    """The import error behind the exit of `python -m` when `runpy` could not find the module; else None."""
    if role.get("module") and isinstance(error.__context__, runpy._Error):
        return ModuleNotFoundError(str(error.__context__), name=role["module"])
    return None


def strip(error):
    """The exception without the frames of this file that lead its traceback."""
    return error.with_traceback(without_ours(error.__traceback__))


def without_ours(traceback):
    """The traceback from the first frame that is not of this file."""
    while traceback is not None and traceback.tb_frame.f_code.co_filename == __file__:
        traceback = traceback.tb_next
    return traceback


def prepare_module(role):
    """As `python -m`: the working folder leads the path, and `runpy` does the rest, its frames included."""
    sys.argv[:] = ["-m", *role["args"]]
    sys.orig_argv[:] = [sys.executable, "-u", "-m", role["module"], *role["args"]]
    lead_path(role, os.getcwd())
    return lambda: runpy._run_module_as_main(role["module"])


def prepare_script(role):
    """As `python FILE`: the folder of the file leads the path."""
    script = role["script"]
    sys.argv[:] = [script, *role["args"]]
    sys.orig_argv[:] = [sys.executable, "-u", script, *role["args"]]
    lead_path(role, os.path.dirname(os.path.realpath(script)))
    main = sys.modules["__main__"]
    main.__file__ = script
    main.__cached__ = None
    main.__spec__ = None
    main.__builtins__ = builtins
    if sys.version_info < (3, 14):
        main.__annotations__ = {}
    main.__loader__ = importlib.machinery.SourceFileLoader("__main__", script)
    return lambda: exec(compiled(script), main.__dict__)


def lead_path(role, folder):
    """Position 0 of `sys.path`, and the role's own folders behind it."""
    lead = [] if os.environ.get("PYTHONSAFEPATH") else [folder]
    sys.path[:0] = [*lead, *(role.get("sys_path") or [])]


def compiled(script):
    """The script's code object. A file that is not there is Python's own error, exit code 2."""
    try:
        with open(script, "rb") as file:
            source = file.read()
    except OSError as error:
        reason = f"[Errno {error.errno}] {error.strerror}"
        sys.stderr.write(f"{sys.executable}: can't open file {script!r}: {reason}\n")
        sys.exit(2)
    return compile(source, script, "exec", dont_inherit=True)


def code_of(error):
    """The exit code that Python makes of a SystemExit."""
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    sys.stderr.write(f"{error.code}\n")
    return 1


def report(error):
    """Print an uncaught exception through the user's `sys.excepthook`; the exit code."""
    kind, traceback, second = type(error), error.__traceback__, None
    sys.last_type, sys.last_value, sys.last_traceback = kind, error, traceback
    sys.last_exc = error
    try:
        sys.excepthook(kind, error, traceback)
    except BaseException as caught:
        second = strip(caught)
    if isinstance(second, SystemExit):
        return code_of(second)
    if second is not None:
        sys.stderr.write("Error in sys.excepthook:\n")
        sys.__excepthook__(type(second), second, second.__traceback__)
        sys.stderr.write("\nOriginal exception was:\n")
        sys.__excepthook__(kind, error, traceback)
    return 128 + signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1


def leave(member, address, frozen, code, error):
    """End as Python ends, and say how."""
    facts = {"exception": outcome.describe(error) if error is not None else None, "dask": dask_facts(address)}
    join_threads()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # from here on a second INT ends it for good
    deadline = Deadline(member.role.get("exit_seconds", EXIT_SECONDS), member, code, facts)
    atexit._run_exitfuncs()
    let_go(frozen)
    code = flush(code)
    deadline.stop()
    member.outcome(code, **facts)
    if isinstance(error, KeyboardInterrupt) and code == 128 + signal.SIGINT:
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(code)


class Deadline:
    """Ends a job whose exit functions do not come to an end, with the code that it had before them."""

    def __init__(self, seconds, member, code, facts):
        self._done = threading.Event()
        self._seconds = seconds
        arguments = (member, code, facts)
        threading.Thread(target=self._wait, args=arguments, daemon=True, name="caddis-deadline").start()

    def stop(self):
        """The end was reached in time."""
        self._done.set()

    def _wait(self, member, code, facts):
        if not self._done.wait(self._seconds):
            sys.stderr.write(f"caddis: exit functions took more than {self._seconds:g} s, the job ends now\n")
            member.outcome(code, exit_functions="timeout", **facts)
            os._exit(code)


def join_threads():
    """Wait for threads that are not daemons, without a limit, as Python does; a second INT ends that."""
    try:
        threading._shutdown()
    except BaseException as error:
        sys.__excepthook__(type(error), strip(error), error.__traceback__)


def let_go(frozen):
    """Drop what the script holds, in Python's order: its open files are written out, its finalizers run.

    Only modules that came after the fork are emptied; the rest goes with the process, which saves 100 ms.
    """
    threading.excepthook = lambda _: None  # daemon threads would be stopped by now
    main = sys.modules.get("__main__")
    theirs = [module for name, module in list(sys.modules.items()) if name not in frozen and module is not main]
    for module in [main, *reversed(theirs)]:
        names = getattr(module, "__dict__", None)
        if names is not None and is_script(module):
            empty(names)
    gc.collect()


def is_script(module):
    """Whether a module is the user's own; installed packages may still be needed by a finalizer."""
    file = getattr(module, "__file__", None)
    return getattr(module, "__name__", "") == "__main__" or (isinstance(file, str) and outcome.is_users(file))


def empty(names):
    """Names with one underscore first, as Python does it, and the builtins last."""
    for private in (True, False):
        for name in list(names):
            if name != "__builtins__" and (name[:1] == "_" and name[1:2] != "_") == private:
                names[name] = None


def flush(code):
    """Write out the standard streams; a reader that has gone makes it 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except Exception as error:
            code = FLUSH_FAILED
            try:
                sys.stderr.write(f"Exception ignored in: {stream!r}\n{type(error).__name__}: {error}\n")
            except Exception:
                pass
    return code


def dask_facts(address):
    """What the job did with Dask, as far as it can still be seen: objects that it dropped are gone."""
    client = sys.modules.get("distributed.client")
    deploy = sys.modules.get("distributed.deploy.spec")
    clients = list(client.Client._instances) if client else []
    clusters = list(deploy.SpecCluster._instances) if deploy else []
    return {
        "connected": any(reached(one) == address for one in clients),
        "own_local_cluster": any(type(one).__name__ == "LocalCluster" for one in clusters),
    }


def reached(client):
    """The address that a client is connected to, or was when it was closed."""
    return getattr(client.scheduler, "address", None) or getattr(client, "_start_arg", None)
