"""Initialization actions that are run: what they find, what they leave, and what becomes of a cluster when one fails.

Called with `grpc`; `CADDIS` in the environment is the binary, and `STARTS` the words before a command that may start it.
"""

import os
import shlex
import signal
import subprocess

import requests
from google_steps import *

STORE = os.environ["STORAGE_EMULATOR_HOST"]


def object_(name, text):
    """An object of the bucket, as a URI."""
    url = f"{STORE}/upload/storage/v1/b/inits/o?uploadType=media&name={name}"
    requests.post(url, data=text.encode(), timeout=10).raise_for_status()
    return f"gs://inits/{name}"


def read(uri):
    """What an object holds, as the only item of a tuple; nothing while there is none."""
    bucket, name = uri.removeprefix("gs://").split("/", 1)
    answer = requests.get(f"{STORE}/storage/v1/b/{bucket}/o/{requests.utils.quote(name, '')}?alt=media", timeout=10)
    return (answer.text,) if answer.status_code == 200 else ()


def output(name, index):
    """What the action of this number wrote, once that is told."""
    made = cluster(name)
    folder = f"google-cloud-dataproc-metainfo/{made.cluster_uuid}/{name}-m"
    return until(lambda: read(f"gs://{made.config.config_bucket}/{folder}/dataproc-initialization-script-{index}_output"))[0]


def fails(name, text, *words, **more):
    """The action fails its cluster, which says so in these words and can be deleted."""
    action = {"executable_file": object_(f"{name}.sh", text), **more}
    operation = create(name, {"initialization_actions": [action]})
    try:
        operation.result(timeout=120)
        raise AssertionError("it was made")
    except exceptions.GoogleAPICallError as error:
        said = str(error)
    status = cluster(name).status
    assert status.state.name == "ERROR", status
    for word in [f"Failed action 'gs://inits/{name}.sh', see output in: gs://", *words]:
        assert word in said and word in status.detail, (word, said, status)
    wrote = output(name, 0)
    delete(name)
    return wrote


requests.post(f"{STORE}/storage/v1/b?project={PROJECT}", json={"name": "inits"}, timeout=10).raise_for_status()

# They run one after the other, as no root, beside a cluster that they reach, and what they write is told.
marker = f"{sys.path[0]}/made-by-the-first"
first = f"""#!/bin/bash
set -e
echo "uid $(id -u) in $(basename $PWD)"
python -c 'from distributed import Client; print("dask", Client().submit(sum, [1, 2]).result())'
touch {marker}
"""
second = script(f"test -e {marker} && echo 'after the first' && printf '%s' \"$CADDIS_CLUSTER\" | cut -c1-3")
actions = [
    {"executable_file": object_("a/first.sh", first)},
    {"executable_file": second, "execution_timeout": {"seconds": 60}},
]
operation = create("set-up", {"initialization_actions": actions})
made = operation.result(timeout=120)
assert not operation.metadata.warnings and made.config.initialization_actions[0].executable_file.startswith("gs://"), operation
assert made.status.state.name == "RUNNING"
wrote = output("set-up", 0)
assert "dask 3\n" in wrote and " in setup\n" in wrote and "uid 0 " not in wrote, wrote
assert output("set-up", 1) == "after the first\ncl_\n", output("set-up", 1)
succeeds("set-up", "print(1)")
delete("set-up")
print("run")

# One that fails, or takes too long, or is not there.
wrote = fails("failing", "echo reason given >&2\nexit 3\n", "failed.", "exited with code 3", "reason given")
assert wrote == "reason given\n"
fails("endless", "sleep 600 & sleep 600\n", "timed out.", "ran longer than 1.0 s", execution_timeout={"seconds": 1})
fails("no-program", "#!/nowhere/interpreter\n", "failed.", "exited with code 126")
absent = {"initialization_actions": [{"executable_file": "gs://inits/none.sh"}]}
refused("INVALID_ARGUMENT", lambda: create("absent", absent), "initialization_actions[0].executable_file", "none.sh")
print("failed")

# One that is deleted meanwhile, and a server that is killed.
def stuck(name):
    going = f"{sys.path[0]}/{name}-is-going"
    action = {"executable_file": script(f"echo begun; touch {going}; while test -e {going}; do sleep 0.05; done; echo over")}
    stuck.operation = create(name, {"initialization_actions": [action]})
    until(lambda: os.path.exists(going))
    assert cluster(name).status.state.name == "CREATING"
    return going


stuck("deleted")
creation = stuck.operation
delete("deleted")
# Whoever waits for the creation hears that it came to nothing.
assert creation.exception(timeout=60) is not None, creation
going = stuck("survives")
why = subprocess.check_output([os.environ["CADDIS"], "why", "survives"], text=True)
assert "sets it up, 1 of 1" in why, why
home = os.environ["CADDIS_HOME"].encode()
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().split(b"\0")
        with open(f"/proc/{pid}/environ", "rb") as file:
            ours = b"CADDIS_HOME=" + home in file.read().split(b"\0")
    except OSError:
        continue
    if ours and b"serve" in words:
        os.kill(int(pid), signal.SIGKILL)
subprocess.check_call([*shlex.split(os.environ["STARTS"]), os.environ["CADDIS"], "env", "python", "--json"], stdout=subprocess.DEVNULL)
until(lambda: cluster("survives").status.state.name == "CREATING")
os.remove(going)
until(lambda: cluster("survives").status.state.name == "RUNNING")
assert output("survives", 0) == "begun\nover\n", "it ran once"
delete("survives")
print("survived")
