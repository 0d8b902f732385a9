"""A job of the Dataproc face whose script and worker reach the object store by what they find in their environment.

Called with the address of the API, the file with the token, and the job's script.
"""

import json
import sys
import time
import urllib.request

api, token, script = sys.argv[1], open(sys.argv[2]).read().strip(), sys.argv[3]
place = f"{api}v1/projects/p/regions/us-central1"


def ask(method, url, body=None):
    """What a method answers."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=60) as said:
        return json.load(said)


def until(url, done):
    """What stands there once this holds of it."""
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        found = ask("GET", url)
        if done(found):
            return found
        time.sleep(0.05)
    raise AssertionError(found)


ask("POST", f"{api}storage/v1/b", {"name": "team-jobs"})
cluster = {"clusterName": "store", "config": {"workerConfig": {"numInstances": 2}}}
operation = ask("POST", f"{place}/clusters", cluster)
until(f"{api}v1/{operation['name']}", lambda operation: operation.get("done"))
job = {"placement": {"clusterName": "store"}, "pysparkJob": {"mainPythonFileUri": f"file://{script}"}}
job = ask("POST", f"{place}/jobs:submit", {"job": job})
over = until(f"{place}/jobs/{job['reference']['jobId']}", lambda job: job["status"]["state"] in ("DONE", "ERROR"))
assert over["status"]["state"] == "DONE", over["status"]
ask("DELETE", f"{place}/clusters/store")
print("the job saw the store")
