"""The commands `dask scheduler` and `dask worker`, all started at once, as somebody would from a script."""

import os
import subprocess
import threading

import protocol
import work
from work import Marks

PATIENCE = work.PATIENCE


class Command:
    """One command, and the moment at which its log says a phrase."""

    def __init__(self, words, phrase):
        self.words = words
        self.said = threading.Event()
        self.process = subprocess.Popen(
            ["dask", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        threading.Thread(target=self.listen, args=(phrase,), daemon=True).start()

    def listen(self, phrase):
        """Reads to the end, so that the command never blocks on a full pipe."""
        for line in self.process.stdout:
            if phrase in line:
                self.said.set()

    def wait(self):
        """Until it said it."""
        if not self.said.wait(PATIENCE):
            raise TimeoutError(f"`dask {' '.join(self.words)}` was not ready after {PATIENCE} s")

    def end(self):
        """Politely, then not."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def cluster(defaults=True):
    """From the first command to both results."""
    port = work.free_port()
    scheduler = ["scheduler", "--host", "127.0.0.1", "--port", str(port), "--dashboard-address", "127.0.0.1:0"]
    worker = ["worker", f"tcp://127.0.0.1:{port}", "--nthreads", str(work.THREADS), "--memory-limit", str(work.MEMORY)]
    scheduler += [] if defaults else ["--no-dashboard"]
    worker += [] if defaults else ["--no-nanny", "--no-dashboard"]
    marks, started = Marks(), []
    marks.take("asked")
    try:
        started.append(Command(scheduler, "Scheduler at:"))
        started += [Command([*worker, "--name", f"worker-{n}"], "Registered to:") for n in range(work.WORKERS)]
        for command in started:
            command.wait()
        marks.take("ready")
        with work.connect(marks, f"tcp://127.0.0.1:{port}") as client:
            work.compute(client, marks)
    finally:
        for command in reversed(started):
            command.end()
    return marks


if __name__ == "__main__":
    os.chdir(os.environ["TMPDIR"])
    work.imported()
    protocol.serve({"cluster": cluster})
