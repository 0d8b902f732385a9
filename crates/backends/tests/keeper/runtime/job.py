"""Stands in for every role: runs the Python text that the launch brings."""

import os
import sys
import time


def run(member):
    """Wait for `go`, then run `role.python`, and end with its code."""
    member.wait_go()
    effects = os.path.join(member.folder, "effects")
    with open(effects, "a") as file:
        file.write(f"{os.getpid()}\n")
    open(os.path.join(member.folder, "begun"), "w").close()
    scope = {"member": member, "os": os, "sys": sys, "time": time, "__name__": "__main__"}
    code = 0
    try:
        exec(member.role["python"], scope)
    except SystemExit as end:
        code = end.code or 0
    member.outcome(code)
    os._exit(code)
