"""What becomes of clusters: their ends, their diagnoses, their dashboards, and what is refused of them.

Called with `grpc` or with `rest PORT`; `CADDIS` in the environment is the binary.
"""

import datetime
import http.cookiejar
import io
import json
import os
import subprocess
import tarfile
import urllib.error
import urllib.request

import requests
from google_steps import *

minutes = lambda n: {"seconds": 60 * n}
now = lambda: datetime.datetime.now(datetime.timezone.utc)
name = f"care-{transport}"

# What Google would take and fail with later is refused at once, and the field named.
for config, field in [
    ({"worker_config": {"num_instances": 1}}, "worker_config.num_instances"),
    ({"worker_config": {"machine_type_uri": "n9-standard-4"}}, "worker_config.machine_type_uri"),
    ({"worker_config": {"num_instances": 4000}}, "worker_config.num_instances"),
    ({"gce_cluster_config": {"zone_uri": "europe-west1-b"}}, "gce_cluster_config.zone_uri"),
    ({"lifecycle_config": {"idle_delete_ttl": minutes(4)}}, "lifecycle_config.idle_delete_ttl"),
    ({"lifecycle_config": {"auto_delete_ttl": minutes(9)}}, "lifecycle_config.auto_delete_ttl"),
    ({"lifecycle_config": {"auto_delete_time": now()}}, "lifecycle_config.auto_delete_time"),
    ({"lifecycle_config": {"idle_stop_ttl": minutes(1)}}, "lifecycle_config.idle_stop_ttl"),
]:
    refused("INVALID_ARGUMENT", lambda: create(name, config), field)
zone = {"project_id": PROJECT, "region": "us-central1-a"}
refused("INVALID_ARGUMENT", lambda: list(clusters.list_clusters(zone)), "is a zone", "`us-central1`")
print("refused")

# Times to live.
ends = now() + datetime.timedelta(minutes=30)
lifecycle = {"idle_delete_ttl": minutes(20), "auto_delete_time": ends, "idle_stop_ttl": minutes(20)}
operation = create(name, {
    "lifecycle_config": lifecycle,
    "endpoint_config": {"enable_http_port_access": True, "http_ports": {"mine": "http://elsewhere"}},
    "initialization_actions": [{"executable_file": "gs://bucket/install.sh"}],
    "gce_cluster_config": {"metadata": {"db-password": "hunter2"}},
})
operation.result(timeout=120)
warnings = " ".join(operation.metadata.warnings)
assert "time to stop" in warnings and "gs://bucket/install.sh` was recorded and not run" in warnings, warnings
kept = cluster(name).config.lifecycle_config
assert kept.auto_delete_time == ends and kept.idle_delete_ttl.seconds == 1200 and kept.idle_stop_ttl.seconds == 1200, kept
until(lambda: cluster(name).config.lifecycle_config.idle_start_time)
succeeds(name, "print(1)")
ttl = "config.lifecycle_config.auto_delete_ttl"
refused("INVALID_ARGUMENT", lambda: update(name, [ttl], {"lifecycle_config": {"auto_delete_ttl": minutes(1)}}), "auto_delete_ttl")
changed = update(name, [ttl], {"lifecycle_config": {"auto_delete_ttl": minutes(60)}}).config.lifecycle_config
assert changed.auto_delete_ttl.seconds == 3600 and not changed.auto_delete_time, changed
why = json.loads(subprocess.check_output([os.environ["CADDIS"], "why", name, "-o", "json"]))
limit = [reason for reason in why["reasons"] if reason["code"] == "time_limited"]
assert limit and limit[0]["next"].startswith("it ends in 59 m"), why
print("limited")

# The dashboard, after a login and not before.
link = cluster(name).config.endpoint_config.http_ports
assert list(link) == ["Dask Dashboard"], link
opener = urllib.request.build_opener(
    urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
try:
    opener.open(link["Dask Dashboard"])
    raise AssertionError("it answers anybody")
except urllib.error.HTTPError as error:
    assert error.code in (401, 403), error
opener.open(subprocess.check_output([os.environ["CADDIS"], "dashboard", name], text=True).strip()).read()
assert b"Dask" in opener.open(link["Dask Dashboard"]).read()
create("plain").result(timeout=120)
assert not cluster("plain").config.endpoint_config.http_ports
print("shown")

# A diagnosis.
job = over(submit(name, "import sys\nprint('what went wrong', file=sys.stderr)\nsys.exit(3)\n", labels={"a": "b"}))
assert job.status.state.name == "ERROR", job
asked = {**here, "cluster_name": name}
refused("NOT_FOUND", lambda: clusters.diagnose_cluster({**asked, "cluster_name": "none"}), "none")
refused("INVALID_ARGUMENT", lambda: clusters.diagnose_cluster({**asked, "jobs": ["x"]}), "jobs[0]")
operation = clusters.diagnose_cluster(asked)
uri = operation.result(timeout=60).output_uri
assert operation.metadata.operation_type == "DIAGNOSE" and uri.startswith("file:///"), (operation.metadata, uri)
path = uri.removeprefix("file://")
assert os.stat(path).st_mode & 0o777 == 0o600
with tarfile.open(path) as archive:
    files = {member.name.removeprefix("diagnostic/"): archive.extractfile(member).read() for member in archive}
assert json.loads(files["cluster.json"])["clusterName"] == name and json.loads(files["why.json"]), files.keys()
assert b"job.submitted" in files["events.jsonl"] and b"cluster.running" in files["events.jsonl"]
job_id = job.reference.job_id
assert b"what went wrong" in files[f"jobs/{job_id}.stderr"] and json.loads(files[f"jobs/{job_id}.json"])["labels"]
assert any(file.startswith("logs/scheduler") for file in files) and any(file.startswith("logs/worker") for file in files)
everything = b"".join(files.values())
assert b"hunter2" not in everything and b"PRIVATE KEY" not in everything
only = clusters.diagnose_cluster({**asked, "jobs": [f"projects/{PROJECT}/regions/{REGION}/jobs/none"]})
with tarfile.open(only.result(timeout=60).output_uri.removeprefix("file://")) as archive:
    assert not [member.name for member in archive if "/jobs/" in member.name]
store = os.environ["STORAGE_EMULATOR_HOST"]
requests.post(f"{store}/storage/v1/b?project={PROJECT}", json={"name": f"tarballs-{transport}"}, timeout=10)
inside = f"gs://tarballs-{transport}/of/clusters"
refused("INVALID_ARGUMENT", lambda: clusters.diagnose_cluster({**asked, "tarball_gcs_dir": "gs://none/x"}), "tarball_gcs_dir")
refused("INVALID_ARGUMENT", lambda: clusters.diagnose_cluster({**asked, "tarball_gcs_dir": "/tmp"}), "gs://bucket/folder")
put = clusters.diagnose_cluster({**asked, "tarball_gcs_dir": inside}).result(timeout=60).output_uri
assert put.startswith(f"{inside}/") and put.endswith("/diagnostic.tar.gz"), put
bucket, object_ = put.removeprefix("gs://").split("/", 1)
got = requests.get(f"{store}/storage/v1/b/{bucket}/o/{requests.utils.quote(object_, '')}?alt=media", timeout=10)
with tarfile.open(fileobj=io.BytesIO(got.content)) as archive:
    assert any(member.name == "diagnostic/cluster.json" for member in archive)
print("diagnosed")

# A job past its deadline is ended by the server.
refused("INVALID_ARGUMENT", lambda: submit(name, "", labels={"caddis-deadline": "soon"}), "caddis-deadline")
late = over(submit(name, "import time\ntime.sleep(600)\n", labels={"caddis-deadline": "1s"}))
assert late.status.state.name == "ERROR" and "longer than its time limit" in late.status.details, late
print("ended")

# A cluster that fails says why; nothing of it is left, and its name is free after a deletion.
over(submit(name, """
import os
from dask.distributed import Client
Client().run_on_scheduler(os._exit, 7)
"""))
until(lambda: cluster(name).status.state.name == "ERROR")
assert "scheduler" in cluster(name).status.detail, cluster(name).status
refused("FAILED_PRECONDITION", lambda: submit(name, ""), "ERROR")
assert clusters.diagnose_cluster(asked).result(timeout=60).output_uri
one = clusters.delete_cluster({**asked, "request_id": f"delete-{transport}"})
two = clusters.delete_cluster({**asked, "request_id": f"delete-{transport}"})
assert one.operation.name == two.operation.name
one.result(timeout=60)
assert clusters.delete_cluster({**asked, "request_id": f"delete-{transport}"}).operation.name == one.operation.name
create(name).result(timeout=120)
# Deleting what is being deleted is no error; both operations end well.
both = [clusters.delete_cluster(asked)]
try:
    both.append(clusters.delete_cluster(asked))
except exceptions.NotFound:
    pass
for operation in both:
    operation.result(timeout=60)
refused("NOT_FOUND", lambda: cluster(name), "Not found: Cluster")
delete("plain")
print("deleted")
