"""A job is `python job.py`: each program here runs under both, and must look the same from outside."""

import json
import os
import re
import signal
import subprocess
import textwrap

import pytest
from harness import PYTHON, until

# Each program's name, text and arguments. `{0}` in expected output is the path of the script.
PROGRAMS = {
    "falls_off_the_end": "print('hello')",
    "exit_none": "import sys; sys.exit()",
    "exit_zero": "import sys; sys.exit(0)",
    "exit_three": "import sys; sys.exit(3)",
    "exit_256": "import sys; sys.exit(256)",
    "exit_minus_one": "import sys; sys.exit(-1)",
    "exit_true": "import sys; sys.exit(True)",
    "exit_text": "import sys; sys.exit('went wrong')",
    "exit_tuple": "raise SystemExit((1, 'x'))",
    "exit_from_function": "def f():\n    raise SystemExit(7)\nf()",
    "os_exit": "import os; os._exit(9)",
    "aborts": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "exception": "def deep(n):\n    return deep(n - 1) if n else 1 / 0\n\ndeep(2)",
    "chained": "try:\n    {}['a']\nexcept KeyError as e:\n    raise ValueError('b') from e",
    "syntax_error": "x = 1\nif x\n    pass\n",
    "missing_import": "import no_such_package_at_all",
    "keyboard_interrupt": "raise KeyboardInterrupt",
    "own_interrupt": "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(5)",
    "excepthook": "import sys\nsys.excepthook = lambda *a: print('mine', a[0].__name__)\n1/0",
    "excepthook_fails": "import sys\ndef hook(*a):\n    raise KeyError('in hook')\nsys.excepthook = hook\n1/0",
    "atexit": "import atexit\natexit.register(print, 'first')\natexit.register(print, 'second')\nprint('body')",
    "atexit_after_exit": "import atexit, sys\natexit.register(print, 'bye')\nsys.exit(4)",
    "atexit_fails": "import atexit\natexit.register(lambda: 1 / 0)",
    "joins_threads": "import threading, time\nt = threading.Thread(target=lambda: (time.sleep(.3), print('late')))\n"
    "t.start()\nprint('main done')",
    "thread_fails": "import threading\ndef f():\n    1 / 0\nt = threading.Thread(target=f, name='mine'); t.start(); t.join()",
    "unclosed_file": "f = open('left_open.txt', 'w')\nf.write('kept')\n",
    "finalizer": "class A:\n    def __del__(self):\n        print('finalized')\na = A()\n",
    "weak_finalizer": "import weakref\nclass A: pass\na = A()\nweakref.finalize(a, print, 'weakly')\n",
    "argv": "import sys; print(sys.argv[1:])",
    "main_guard": "print(__name__)\nif __name__ == '__main__':\n    print('guarded')",
    "main_facts": "import sys\nm = sys.modules['__main__']\n"
    "print(m.__file__, m.__spec__, m.__doc__, m.__package__, m.__loader__.name, m.__dict__ is globals())\n"
    "print(sorted(k for k in globals()))",
    "docstring": '"""My own words."""\nprint(__doc__)',
    "path_zero": "import sys, os; print(sys.path[0] == os.path.dirname(os.path.abspath(__file__)), sys.argv[0] == __file__)",
    "annotations": "x: int = 3\nprint(__annotations__)",
    "get_source": "import inspect\ndef f():\n    return 'me'\nprint(inspect.getsource(f), inspect.getfile(f))",
    "caught_traceback": "import traceback\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    traceback.print_exc()",
    "unbuffered": "import sys, os\nsys.stdout.write('a'); os.write(1, b'b'); sys.stdout.write('c')\nsys.stderr.write('d')",
    "stdout_bytes": "import sys, os\nsys.stdout.buffer.write(b'a'); os.write(1, b'b'); sys.stdout.buffer.write(b'\\xff')",
    "unicode": "print('größe ☃')",
    "closed_stdout": "import sys\nsys.stdout.close()",
    "broken_pipe": "import os\nr, w = os.pipe()\nos.close(r)\nos.write(w, b'x')",
    "spawn_pool": "import multiprocessing as mp\ndef f(x):\n    return x + 1\n"
    "if __name__ == '__main__':\n    with mp.get_context('spawn').Pool(1) as p:\n        print(p.map(f, [1, 2]))",
    "fork_child_fails": "import os\npid = os.fork()\nif pid == 0:\n    os._exit(3)\nprint(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))",
    "recursion": "def f():\n    f()\ntry:\n    f()\nexcept RecursionError:\n    print('deep')",
    "warning": "import warnings\nwarnings.warn('careful')",
    "default_hook": "import sys\nprint(sys.excepthook is sys.__excepthook__, sys.stdout is sys.__stdout__)",
    "logging_default": "import logging\nlogging.warning('to stderr')\nprint(len(logging.getLogger().handlers))",
    "signals": "import signal\nprint([signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE)],"
    " signal.getsignal(signal.SIGINT) is signal.default_int_handler, signal.pthread_sigmask(signal.SIG_BLOCK, []))",
    "module_beside": "import beside\nprint(beside.VALUE)",
    "no_caddis": "import sys\nprint([m for m in sys.modules if m.startswith('caddis')])",
}


def plainly(arguments, folder, stdin=None):
    """The same program without Caddis: (code, stdout, stderr)."""
    env = {"PATH": os.environ["PATH"], "HOME": "/", "LANG": "C.UTF-8", "PYTHONHASHSEED": "6640"}
    done = subprocess.run([PYTHON, "-u", *arguments], cwd=folder, env=env, stdin=stdin, capture_output=True)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    where = tmp_path_factory.mktemp("programs")
    (where / "beside.py").write_text("VALUE = 'from beside'\n")
    package = where / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "inner.py").write_text("def fail():\n    1 / 0\n")
    (package / "program.py").write_text(
        "import sys\nfrom . import inner\nprint(__name__, __spec__.name, sys.argv[1:], sys.path[0])\ninner.fail()\n"
    )
    return where


def start(keeper, folder, name, stdin=None, **role):
    role = {"args": [], "scheduler": "tls://127.0.0.1:1", **role}
    return keeper.start(keeper.launch("job", f"job-{name}.1", role, cwd=folder, stdin=stdin))


def finish(job):
    """(code, stdout, stderr), as `plainly` tells them."""
    code = job.end()
    with open(job.launch["stdout"], "rb") as out, open(job.launch["stderr"], "rb") as err:
        return code, out.read(), err.read()


def without_addresses(ended):
    """Objects lie elsewhere in every process."""
    return ended[0], *(re.sub(rb"0x[0-9a-f]+", b"0x", text) for text in ended[1:])


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_looks_like_python_from_outside(keeper, folder, name):
    script = folder / f"{name}.py"
    script.write_text(PROGRAMS[name])
    expected = plainly([str(script), "a", "b c"], folder)
    left = folder / "left_open.txt"
    left.unlink(missing_ok=True)
    job = start(keeper, folder, name, script=str(script), args=["a", "b c"])
    assert without_addresses(finish(job)) == without_addresses(expected)
    if name == "unclosed_file":
        assert left.read_text() == "kept"
    if name not in ("os_exit", "aborts"):
        code = job.outcome()["code"]
        assert code == (expected[0] if expected[0] >= 0 else 128 - expected[0])
    else:
        assert not (job.folder / "outcome.json").exists()


@pytest.mark.parametrize("module", ["package.program", "beside", "no_such_module", "package"])
def test_a_module_looks_like_python_m(keeper, folder, module):
    expected = plainly(["-m", module, "x"], folder)
    assert finish(start(keeper, folder, f"m-{module}", module=module, args=["x"])) == expected


def test_a_script_that_is_not_there_is_pythons_own_error(keeper, folder):
    expected = plainly([str(folder / "missing.py")], folder)
    assert finish(start(keeper, folder, "missing", script=str(folder / "missing.py"))) == expected


def test_a_script_behind_a_symlink_finds_its_siblings(keeper, folder, tmp_path):
    link = tmp_path / "link.py"
    (folder / "siblings.py").write_text("import beside; print(beside.VALUE, __file__)")
    link.symlink_to(folder / "siblings.py")
    expected = plainly([str(link)], tmp_path)
    assert finish(start(keeper, tmp_path, "link", script=str(link))) == expected


def test_standard_input_reaches_the_script(keeper, folder, tmp_path):
    script = folder / "asks.py"
    script.write_text("import sys\nname = input('who? ')\nprint('hello', name)\nprint(sys.stdin.read().upper())\n")
    given = tmp_path / "given"
    given.write_text("bär\nrest\nof it")
    with open(given) as file:
        expected = plainly([str(script)], folder, stdin=file)
    assert finish(start(keeper, folder, "asks", script=str(script), stdin=str(given))) == expected


def test_the_encoding_is_the_environments(keeper, folder):
    script = folder / "latin.py"
    script.write_text("import sys\nprint('ä', sys.stdout.encoding, sys.stderr.errors)")
    launch = keeper.launch(
        "job",
        "job-latin.1",
        {"args": [], "script": str(script), "scheduler": "tls://127.0.0.1:1"},
        env={"PYTHONIOENCODING": "latin-1:replace"},
    )
    job = keeper.start(launch)
    assert finish(job)[1] == b"\xe4 latin-1 backslashreplace\n"


def test_an_interrupt_is_a_keyboard_interrupt_and_then_a_signal(keeper, folder):
    script = folder / "waits.py"
    script.write_text("import atexit, time\natexit.register(print, 'cleaned up')\nprint('begun')\ntime.sleep(60)\n")
    job = start(keeper, folder, "waits", script=str(script))
    until("the script to begin", lambda: "begun" in job.output())
    job.kill(signal.SIGINT)
    assert job.end() == -signal.SIGINT
    assert job.output() == "begun\ncleaned up\n"
    assert "KeyboardInterrupt" in job.output("stderr") and "caddis" not in job.output("stderr")
    assert job.outcome()["code"] == 130


def test_an_interrupt_before_the_script_begins_leaves_no_trace(keeper, folder, tmp_path):
    job = start(keeper, folder, "early", script="/x.py", scheduler=None, scheduler_ready=str(tmp_path / "never"))
    until("the job to wait", lambda: "caddis" not in job.output("stderr") and job.pid)
    job.kill(signal.SIGINT)
    assert job.end() == -signal.SIGINT
    assert job.output("stderr") == "" and not (job.folder / "begun").exists()


def test_exit_functions_have_a_deadline_and_the_code_survives_it(keeper, folder):
    script = folder / "hangs.py"
    script.write_text("import atexit, sys, time\natexit.register(time.sleep, 600)\nsys.exit(5)\n")
    job = start(keeper, folder, "hangs", script=str(script), exit_seconds=1.5)
    assert job.end() == 5
    assert job.outcome()["code"] == 5 and job.outcome()["exit_functions"] == "timeout"
    assert "exit functions took more than 1.5 s" in job.output("stderr")


def test_the_outcome_names_the_last_frame_of_the_users_own_code(keeper, folder):
    text = """
    import json

    def read(text):
        return json.loads(text)  # here

    read("{")
    """
    script = folder / "reads.py"
    script.write_text(textwrap.dedent(text))
    job = start(keeper, folder, "reads", script=str(script))
    assert job.end() == 1
    said = job.outcome()["exception"]
    assert (said["type"], said["module"]) == ("JSONDecodeError", "json.decoder")
    assert said["last_frame"] == {
        "file": str(script),
        "line": 5,
        "function": "read",
        "source": "return json.loads(text)  # here",
    }
    assert said["traceback_tail"].startswith("Traceback") and "caddis" not in said["traceback_tail"]


def test_the_outcome_names_a_missing_module_and_a_syntax_error(keeper, folder):
    (folder / "wants.py").write_text("import numpyy.linalg")
    (folder / "torn.py").write_text("def f(:\n")
    jobs = [start(keeper, folder, name, script=str(folder / f"{name}.py")) for name in ("wants", "torn")]
    assert [job.end() for job in jobs] == [1, 1]
    assert jobs[0].outcome()["exception"]["missing_module"] == "numpyy"
    syntax = jobs[1].outcome()["exception"]["syntax"]
    assert (syntax["file"], syntax["line"], syntax["source"]) == (str(folder / "torn.py"), 1, "def f(:")


@pytest.mark.parametrize("module", ["no_such_module", "package"])
def test_the_outcome_names_a_module_that_cannot_be_run(keeper, folder, module):
    job = start(keeper, folder, f"unfound-{module}", module=module)
    assert job.end() == 1 and job.outcome()["exception"]["missing_module"] == module


def test_an_unknown_encoding_is_a_syntax_error(keeper, folder):
    """Only its wording differs: Python reads a script by another door than `compile` does."""
    (folder / "odd.py").write_text("# -*- coding: no-such-thing -*-\n")
    job = start(keeper, folder, "odd", script=str(folder / "odd.py"))
    assert job.end() == 1 and "no-such-thing" in job.output("stderr")
    assert job.outcome()["exception"]["type"] == "SyntaxError"


def test_times_are_told(keeper, folder):
    (folder / "short.py").write_text("pass")
    job = start(keeper, folder, "short", script=str(folder / "short.py"))
    assert job.end() == 0
    outcome = job.outcome()
    assert 0 < outcome["began_at"] <= outcome["ended_at"]
    assert int((job.folder / "begun").read_text()) == outcome["began_at"]
    assert outcome["dask"] == {"connected": False, "own_local_cluster": False}
    assert {"ready": {}} in job.said() and json.dumps(outcome)
