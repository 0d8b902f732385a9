"""Functions that the tests run inside schedulers and workers, which import them from here."""

import asyncio
import time


def slow(number, file, seconds):
    """Runs long enough to be caught at it, and leaves a line at its start and at its end."""
    for word in ("start", "end"):
        with open(file, "a") as lines:
            lines.write(f"{number} {word}\n")
        if word == "start":
            time.sleep(seconds)
    return number


def stick(seconds):
    """Block the event loop that this runs in, a moment later."""
    asyncio.get_event_loop().call_later(0.2, time.sleep, seconds)


def busy_client(seconds):
    """A task that leaves the thread pool with a client of its own, as nested programs do."""
    from distributed import worker_client

    with worker_client():
        time.sleep(seconds)
    return seconds
