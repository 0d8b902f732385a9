"""A member in a fresh interpreter: where forking cannot serve, and for environments without a fork server.

The keeper executes `PYTHON -m caddis.runtime.spawn` with the status socket as descriptor 3 and the launch, one JSON
line, readable on descriptor 4. Standard streams, session and the import-time variables are already the member's own.
"""

import json
import os

from caddis.runtime import member

STATUS_FD = 3
LAUNCH_FD = 4


def main():
    """Read the launch and be the member. Never returns."""
    with os.fdopen(LAUNCH_FD, "rb") as file:
        launch = json.loads(file.readline())
    if os.getsid(0) != os.getpid():
        try:
            os.setsid()
        except PermissionError:
            pass  # a process group leader that the keeper made: its own group is what matters
    member.prepare_streams()
    member.run(launch, STATUS_FD, forked=False)


if __name__ == "__main__":
    # As in the fork server: `__main__` will be somebody else.
    from caddis.runtime import spawn

    spawn.main()
