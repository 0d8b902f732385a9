"""The line protocol between the orchestrator and a driver: one JSON object a line, asked and answered in turn.

Standard output belongs to the protocol alone; whatever libraries print goes to standard error, which the orchestrator
keeps in a file. A driver ends when its standard input does, so it never outlives the orchestrator.
"""

import json
import os
import sys
import traceback


def serve(actions):
    """Answer requests `{"do": name, ...}` with `{"ok": ...}` or `{"error": ...}` until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    answers.write(json.dumps({"ok": "ready"}) + "\n")
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"ok": actions[request.pop("do")](**request)}
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
