"""Makes a cluster of the Dataproc face with packages beside Dask, and deletes it: their environment is kept.

Called with the address of the API, the file with the token, and the packages as `dataproc:pip.packages` takes them.
"""

import json
import sys
import time
import urllib.request

api, token, packages = sys.argv[1], open(sys.argv[2]).read().strip(), sys.argv[3]
place = f"{api}v1/projects/p/regions/us-central1"


def ask(method, url, body=None):
    """What a method answers."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=60) as said:
        return json.load(said)


def over(operation):
    """The operation once it is done, and well."""
    ends = time.monotonic() + 600
    while time.monotonic() < ends:
        operation = ask("GET", f"{api}v1/{operation['name']}")
        if operation.get("done"):
            assert "error" not in operation, operation
            return
        time.sleep(0.05)
    raise AssertionError(operation)


software = {"properties": {"dataproc:pip.packages": packages}}
config = {"workerConfig": {"numInstances": 2}, "softwareConfig": software}
over(ask("POST", f"{place}/clusters", {"clusterName": "packages", "config": config}))
over(ask("DELETE", f"{place}/clusters/packages"))
