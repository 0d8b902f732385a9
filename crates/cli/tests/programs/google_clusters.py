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
KEY = "projects/p/locations/us-central1/keyRings/ring/cryptoKeys/key"
QUOTA = "Multiple validation errors:\n - Insufficient 'CPUS' quota. Requested 16000.0, available "
subnetwork = "projects/p/regions/{}/subnetworks/workers"
for config, *words in [
    ({"worker_config": {"num_instances": 1}}, "worker_config.num_instances"),
    ({"worker_config": {"machine_type_uri": "n9-standard-4"}}, "worker_config.machine_type_uri"),
    ({"worker_config": {"num_instances": 4000}}, "worker_config.num_instances", QUOTA),
    ({"gce_cluster_config": {"zone_uri": "europe-west1-b"}}, "gce_cluster_config.zone_uri"),
    ({"gce_cluster_config": {"zone_uri": "us-central1-zz"}}, "gce_cluster_config.zone_uri", "`us-central1-zz` is not a zone"),
    ({"worker_config": {"num_instances": 20000}}, "worker_config.num_instances", "Insufficient 'CPUS' quota. Requested 80000.0"),
    ({"software_config": {"image_version": "latest"}}, "software_config.image_version"),
    ({"lifecycle_config": {"idle_delete_ttl": minutes(4)}}, "lifecycle_config.idle_delete_ttl"),
    ({"lifecycle_config": {"auto_delete_ttl": minutes(9)}}, "lifecycle_config.auto_delete_ttl"),
    ({"lifecycle_config": {"auto_delete_time": now()}}, "lifecycle_config.auto_delete_time"),
    ({"lifecycle_config": {"idle_stop_ttl": minutes(1)}}, "lifecycle_config.idle_stop_ttl"),
    ({"encryption_config": {"gce_pd_kms_key_name": "key"}}, "encryption_config.gce_pd_kms_key_name"),
    ({"encryption_config": {"kms_key": f"{KEY}/cryptoKeyVersions/1"}}, "encryption_config.kms_key"),
    ({"gce_cluster_config": {"service_account": "ann@example.com"}}, "gce_cluster_config.service_account"),
    ({"gce_cluster_config": {"subnetwork_uri": "networks/workers"}}, "gce_cluster_config.subnetwork_uri"),
    ({"gce_cluster_config": {"subnetwork_uri": subnetwork.format("europe-west1")}}, "gce_cluster_config.subnetwork_uri"),
    ({"gce_cluster_config": {"network_uri": "Default"}}, "gce_cluster_config.network_uri"),
    ({"gce_cluster_config": {"network_uri": "default", "subnetwork_uri": "workers"}}, "gce_cluster_config.subnetwork_uri"),
    ({"gce_cluster_config": {"tags": ["good", "Bad"]}}, "gce_cluster_config.tags[1]"),
    ({"initialization_actions": [{"executable_file": "gs://b/x.sh", "execution_timeout": {"seconds": 0}}]},
     "initialization_actions[0].execution_timeout"),
]:
    refused("INVALID_ARGUMENT", lambda: create(name, config), *words)
zone = {"project_id": PROJECT, "region": "us-central1-a"}
refused("INVALID_ARGUMENT", lambda: list(clusters.list_clusters(zone)), "is a zone", "`us-central1`")
nowhere = lambda region: {**here, "region": region, "cluster": {"project_id": PROJECT, "cluster_name": name}}
refused("INVALID_ARGUMENT", lambda: clusters.create_cluster(nowhere("mars-west9")), "region", "`mars-west9` is not a region of Google's")
refused("INVALID_ARGUMENT", lambda: list(clusters.list_clusters({**here, "region": "us-central"})), "`us-central` is not a region")
refused("INVALID_ARGUMENT", lambda: list(clusters.list_clusters({**here, "filter": "bogus = 1"})), "filter", "`bogus`")
print("refused")

# What has no meaning here comes back as it was asked for, and nothing beside it.
disk = {"boot_disk_type": "pd-ssd", "boot_disk_size_gb": 64, "num_local_ssds": 1}
machine = {"machine_type_uri": "n2-standard-8", "min_cpu_platform": "Intel Cascade Lake", "disk_config": disk,
           "image_uri": "projects/p/global/images/own"}
wanted = {
    "config_bucket": f"kept-{transport}",
    "temp_bucket": f"kept-{transport}",
    "gce_cluster_config": {
        "zone_uri": f"https://www.googleapis.com/compute/v1/projects/p/zones/{REGION}-b",
        "subnetwork_uri": subnetwork.format(REGION),
        "internal_ip_only": True,
        "service_account": "etl@p.iam.gserviceaccount.com",
        "service_account_scopes": ["https://www.googleapis.com/auth/cloud-platform"],
        "tags": ["no-external-ip", "etl"],
        "metadata": {"dask-runtime": "standalone"},
        "shielded_instance_config": {"enable_secure_boot": True},
    },
    "master_config": {**machine, "num_instances": 1, "preemptibility": "NON_PREEMPTIBLE"},
    "worker_config": {**machine, "num_instances": 2, "preemptibility": "NON_PREEMPTIBLE"},
    "secondary_worker_config": {**machine, "num_instances": 1, "preemptibility": "SPOT"},
    "software_config": {"image_version": "2.3-debian12", "properties": {"spark:spark.executor.cores": "2"}},
    "initialization_actions": [{"executable_file": "gs://bucket/install.sh", "execution_timeout": {"seconds": 90}}],
    "encryption_config": {"gce_pd_kms_key_name": KEY, "kms_key": KEY},
}
store = os.environ["STORAGE_EMULATOR_HOST"]
bucket_of = lambda name: requests.post(f"{store}/storage/v1/b?project={PROJECT}", json={"name": name}, timeout=10)
bucket_of(f"kept-{transport}").raise_for_status()
made = create("kinds", wanted).result(timeout=120)
expected = dp.ClusterConfig(wanted)
assert made.config == expected, (made.config, expected)
assert cluster("kinds").config == expected, cluster("kinds").config
assert [one.config for one in clusters.list_clusters(here)] == [expected]
print("returned")

# Primary and secondary workers are workers of one Dask, and only the secondary ones may be taken away.
def serve(many):
    """So many workers, no more and no fewer."""
    succeeds("kinds", f"""
from dask.distributed import Client
client = Client()
client.wait_for_workers({many}, timeout=60)
assert len(client.scheduler_info(n_workers=-1)["workers"]) == {many}
""")


def preemptible():
    """How many workers cannot be taken away, and how many can."""
    shown = json.loads(subprocess.check_output([os.environ["CADDIS"], "cluster", "show", "kinds", "-o", "json"]))
    assert shown["shape"]["on_demand"] == 2, shown["shape"]
    kinds = [slot["preemptible"] for slot in shown["slots"]]
    return kinds.count(False), kinds.count(True)


refused("INVALID_ARGUMENT", lambda: update("kinds", ["config.worker_config.num_instances"]), "worker_config.num_instances")
serve(3)
assert preemptible() == (2, 1), preemptible()
secondary = ["config.secondary_worker_config.num_instances"]
config = update("kinds", secondary, {"secondary_worker_config": {"num_instances": 2}}).config
assert (config.worker_config.num_instances, config.secondary_worker_config.num_instances) == (2, 2), config
serve(4)
assert preemptible() == (2, 2), preemptible()
print("kinds")

# Fewer workers, while tasks run and results are held: nothing is lost, and nothing is executed twice.
effects, ready, go = (f"{sys.path[0]}/shrinking-{transport}-{part}" for part in ("effects", "ready", "go"))
job = submit("kinds", f"""
import os, time
from dask.distributed import Client, wait
def noted(name, seconds):
    with open({effects!r}, "a") as file:
        file.write(name + "\\n")
    time.sleep(seconds)
    return name
client = Client()
client.wait_for_workers(4, timeout=60)
held = client.map(noted, [f"held-{{n}}" for n in range(12)], seconds=0)
wait(held)
running = client.map(noted, [f"running-{{n}}" for n in range(12)], seconds=1)
while not any(client.processing().values()):
    time.sleep(0.01)
open({ready!r}, "w").close()
while not os.path.exists({go!r}):
    time.sleep(0.05)
assert client.gather(held) == [f"held-{{n}}" for n in range(12)]
assert client.gather(running) == [f"running-{{n}}" for n in range(12)]
""")
until(lambda: os.path.exists(ready))
update("kinds", secondary, {"secondary_worker_config": {"num_instances": 0}})
open(go, "w").close()
assert over(job).status.state.name == "DONE", over(job)
with open(effects) as file:
    executed = sorted(file.read().split())
assert executed == sorted(f"{kind}-{n}" for kind in ("held", "running") for n in range(12)), executed
serve(2)
assert preemptible() == (2, 0), preemptible()
delete("kinds")
print("shrunk")

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
bucket_of(f"tarballs-{transport}").raise_for_status()
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
pids = f"{sys.path[0]}/pids-{transport}"
over(submit(name, f"""
import os
from dask.distributed import Client
client = Client()
ours = [os.getpid(), client.run_on_scheduler(os.getpid), *client.run(os.getpid).values()]
assert len(ours) == 4, ours
open({pids!r}, "w").write(" ".join(map(str, ours)))
client.run_on_scheduler(os._exit, 7)
"""))
until(lambda: cluster(name).status.state.name == "ERROR")
assert "scheduler" in cluster(name).status.detail, cluster(name).status
refused("FAILED_PRECONDITION", lambda: submit(name, ""), "ERROR")
refused("FAILED_PRECONDITION", lambda: update(name, ["labels"]), "ERROR")
with open(pids) as file:
    until(lambda pids=file.read().split(): not any(os.path.exists(f"/proc/{pid}") for pid in pids))
states = [status.state.name for status in cluster(name).status_history]
assert states == ["CREATING", "RUNNING", "UPDATING", "RUNNING"], states
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

# A creation that is cancelled leaves nothing.
while True:
    operation = create("never")
    clusters.cancel_operation({"name": operation.operation.name})
    clusters.cancel_operation({"name": operation.operation.name})
    until(operation.done)
    ended = clusters.get_operation({"name": operation.operation.name})
    if ended.error.code:
        break
    # It served before it could be cancelled.
    delete("never")
assert (ended.done, ended.error.code, ended.error.message) == (True, 1, "Operation was cancelled"), ended


def gone():
    """Whether it is not there any more."""
    try:
        return not cluster("never")
    except exceptions.NotFound:
        return True


until(gone)
refused("NOT_FOUND", lambda: cluster("never"), "Not found: Cluster")
again = create("never")
again.result(timeout=120)
delete("never")
print("cancelled")
