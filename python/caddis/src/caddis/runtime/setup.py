"""A member that runs a program which sets a cluster up, of whatever language, and ends as that did.

It stands beside the program so that its outcome is written down whoever watches, and hands on the signals that are meant
for it.
"""

import errno
import os
import signal
import subprocess
import sys

from caddis.runtime.member import now_us

#: What a shell says of a program that cannot be executed.
NOT_EXECUTABLE = 126


def run(member):
    """Run the program, and leave as it left. Never returns."""
    member.wait_go()
    member.reserve("outcome.json")
    member.began_at = now_us()
    member.write("begun", str(member.began_at))
    member.say(ready={})
    code = execute(member.role["command"])
    member.outcome(code)
    os._exit(code)


def execute(command):
    """Its exit code; 128 + n when signal n ended it."""
    hold_signals()
    try:
        program = start(command)
    except OSError as error:
        sys.stderr.write(f"caddis: `{command}` cannot be executed: {error.strerror}\n")
        return NOT_EXECUTABLE
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: program.send_signal(number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM))
    code = program.wait()
    return code if code >= 0 else 128 - code


def hold_signals():
    """What comes before the program runs waits for it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))


def start(command):
    """The program's process. One without a first line that names its interpreter is a script of the shell."""

    def let_signals_through():
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM))

    options = {"stdin": subprocess.DEVNULL, "preexec_fn": let_signals_through}
    try:
        return subprocess.Popen([command], **options)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        return subprocess.Popen(["/bin/sh", command], **options)
