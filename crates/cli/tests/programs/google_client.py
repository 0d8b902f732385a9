"""Google's own client, as its quickstarts use it: everything it is led by stands in the environment.

Called with `grpc` or with `rest PORT`. Says each thing that it saw; what is wrong is an assertion.
"""

import sys
import time

import google.auth
from google.auth.transport.requests import AuthorizedSession
from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.cloud import dataproc_v1 as dp
from google.longrunning import operations_pb2
from google.protobuf import unknown_fields
from google_steps import code_of

PROJECT, REGION = "team-one", "us-central1"
transport, port = (sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")
endpoint = f"{REGION}-dataproc.googleapis.com:443" if transport == "grpc" else f"https://localhost:{port}"
options = {"client_options": ClientOptions(api_endpoint=endpoint), "transport": transport}
clusters, jobs = dp.ClusterControllerClient(**options), dp.JobControllerClient(**options)
here = {"project_id": PROJECT, "region": REGION}
name = f"etl-{transport}"
cluster = {
    "project_id": PROJECT,
    "cluster_name": name,
    "labels": {"env": "staging"},
    "config": {
        "worker_config": {"num_instances": 2, "machine_type_uri": "n2-standard-4"},
        "software_config": {"image_version": "2.1-debian11", "properties": {"dask:x": "y"}},
        "gce_cluster_config": {"internal_ip_only": True, "zone_uri": "us-central1-b"},
    },
}


def refused(code, call, *words):
    """The call is refused with exactly this code, in these words."""
    try:
        call()
    except exceptions.GoogleAPICallError as error:
        assert code_of(error) == code, f"{code_of(error)} is not {code}: {error}"
        for word in words:
            assert word in str(error), f"{word!r} is not in {error}"
        return print("refused", code)
    raise AssertionError(f"it was not refused: {words}")


def until(job_id, *states):
    """The job once it is in one of these states."""
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        job = jobs.get_job({**here, "job_id": job_id})
        if job.status.state.name in states:
            return job
        time.sleep(0.05)
    raise AssertionError(f"{job.status}")


def script(text, at=[0]):
    """A file with this program, as a URI."""
    at[0] += 1
    path = f"{sys.path[0]}/job_{transport}_{at[0]}.py"
    with open(path, "w") as file:
        file.write(text)
    return f"file://{path}"


def submit(text, **more):
    """A PySpark job of this program."""
    job = {"placement": {"cluster_name": name}, "pyspark_job": {"main_python_file_uri": script(text), **more}}
    return jobs.submit_job({**here, "job": job})


kept = {}


def begun(kind, call, request_id):
    """What the call makes of this, asked for twice at once: one operation of this kind, which is remembered."""
    operation = call(request_id)
    assert call(request_id).operation.name == operation.operation.name
    kept[operation.operation.name] = kind
    return operation


def ended(kind, call, request_id):
    """The same, once it is done: asked for once more it is still the same one."""
    operation = begun(kind, call, request_id)
    result = operation.result(timeout=120)
    assert call(request_id).operation.name == operation.operation.name
    still_done()
    return result


def still_done():
    """Every operation that was remembered is done and ended well, whatever became of the cluster since."""
    for of, kind in kept.items():
        operation = clusters.get_operation(operations_pb2.GetOperationRequest(name=of))
        metadata = dp.ClusterOperationMetadata.deserialize(operation.metadata.value)
        assert operation.done and operation.WhichOneof("result") == "response", operation
        assert (metadata.operation_type, metadata.status.state.name) == (kind, "DONE"), metadata
        assert [status.state.name for status in metadata.status_history] == ["PENDING", "RUNNING"], metadata
        times = [status.state_start_time for status in [*metadata.status_history, metadata.status]]
        assert times == sorted(times), metadata


def history():
    """All states of the cluster so far, the present one last."""
    now = clusters.get_cluster({**here, "cluster_name": name})
    states = [*now.status_history, now.status]
    times = [status.state_start_time for status in states]
    assert times == sorted(times), states
    return [status.state.name for status in states]


def change(wanted, *paths):
    """What updates the cluster so, by the id of a request."""
    asked = {**here, "cluster_name": name, "cluster": wanted, "update_mask": {"paths": list(paths)}}
    return lambda request_id="": clusters.update_cluster({**asked, "request_id": request_id})


# A field that is newer than the protos here is kept over gRPC; in JSON nobody knows what its name stands for.
newer = {**cluster, "config": {**cluster["config"], "cluster_type": "STANDARD"}}
if transport == "rest":
    refused("INVALID_ARGUMENT", lambda: clusters.create_cluster({**here, "cluster": newer}), "clusterType")
else:
    cluster = newer
    print("refused INVALID_ARGUMENT")

# A cluster.
refused("NOT_FOUND", lambda: clusters.get_cluster({**here, "cluster_name": name}), "Not found: Cluster")
one = {**cluster, "config": {"worker_config": {"num_instances": 1}}}
refused("INVALID_ARGUMENT", lambda: clusters.create_cluster({**here, "cluster": one}), "num_instances")
asked = {**here, "cluster": cluster, "request_id": f"once-{transport}"}
operation = clusters.create_cluster(asked)
assert clusters.create_cluster(asked).operation.name == operation.operation.name
made = operation.result(timeout=120)
assert made.status.state.name == "RUNNING" and made.cluster_uuid, made
assert operation.metadata.cluster_name == name and operation.metadata.operation_type == "CREATE", operation.metadata
assert any("2.1" in warning for warning in operation.metadata.warnings), operation.metadata
kept[operation.operation.name] = "CREATE"
print("created", made.cluster_name)
refused("ALREADY_EXISTS", lambda: clusters.create_cluster({**here, "cluster": cluster}), "Already exists")
got = clusters.get_cluster({**here, "cluster_name": name})
assert got.status.state.name == "RUNNING" and history() == ["CREATING", "RUNNING"], got
assert got.config.gce_cluster_config.internal_ip_only and got.config.gce_cluster_config.zone_uri == "us-central1-b"
assert got.config.software_config.properties["dask:x"] == "y" and got.config.config_bucket
assert got.config.master_config.num_instances == 1 and got.config.worker_config.num_instances == 2
if transport == "grpc":
    listed = list(clusters.list_clusters(here))
    assert [one.config.cluster_type.name for one in [got, *listed]] == ["STANDARD", "STANDARD"], (got, listed)
if transport == "rest":
    # Enums are numbers for those who ask so, and names for all others.
    session = AuthorizedSession(google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])[0])
    url = f"{endpoint}/v1/projects/{PROJECT}/regions/{REGION}/clusters/{name}"
    kinds = lambda of: (of["status"]["state"], of["statusHistory"][0]["state"], of["config"]["workerConfig"]["preemptibility"])
    assert kinds(session.get(url, params={"$alt": "json;enum-encoding=int"}, timeout=10).json()) == (2, 1, 1)
    assert kinds(session.get(url, params={"alt": "json"}, timeout=10).json()) == ("RUNNING", "CREATING", "NON_PREEMPTIBLE")
found = lambda text: [c.cluster_name for c in clusters.list_clusters({**here, "filter": text})]
assert found("status.state = ACTIVE AND labels.env = staging") == [name]
assert found("labels.env = prod") == [] and found("") == [name]
refused("INVALID_ARGUMENT", lambda: list(clusters.list_clusters({**here, "filter": "status.state"})), "filter")

# Jobs.
adds = "import sys\nfrom dask.distributed import Client\nprint(Client().submit(sum, [1, 2]).result(), *sys.argv[1:])\n"
job = submit(adds, args=["a", "b c"])
done = until(job.reference.job_id, "DONE", "ERROR")
assert done.status.state.name == "DONE" and done.done, done
states = [status.state.name for status in done.status_history]
assert states == ["PENDING", "SETUP_DONE", "RUNNING"], states
assert done.driver_output_resource_uri.startswith("gs://") and done.placement.cluster_uuid == made.cluster_uuid
print("done", done.reference.job_id != "")
job = submit("import sys\nprint('what went wrong', file=sys.stderr)\nraise KeyError('the key')\n")
failed = until(job.reference.job_id, "DONE", "ERROR")
assert failed.status.state.name == "ERROR" and "what went wrong" in failed.status.details, failed
assert "the key" in failed.status.details, failed
job = submit("import time\nprint('begun', flush=True)\ntime.sleep(600)\n")
until(job.reference.job_id, "RUNNING")
jobs.cancel_job({**here, "job_id": job.reference.job_id})
assert until(job.reference.job_id, "CANCELLED", "DONE", "ERROR").status.state.name == "CANCELLED"
refused("INVALID_ARGUMENT", lambda: jobs.submit_job({**here, "job": {
    "placement": {"cluster_name": name}, "spark_job": {"main_class": "org.example.Main"}}}), "Python on Dask")
refused("NOT_FOUND", lambda: jobs.submit_job({**here, "job": {
    "placement": {"cluster_name": "none"}, "pyspark_job": {"main_python_file_uri": script("")}}}), "clusters/none")
named = {"reference": {"job_id": f"named-{transport}"}, "placement": {"cluster_name": name},
         "pyspark_job": {"main_python_file_uri": script("print('named')")}, "labels": {"a": "b"}}
if transport == "grpc":
    # So is one of a job, which nobody knows yet: number 900.
    named = dp.Job.pb(dp.Job(named))
    named.MergeFromString(b"\xa0\x38\x07")
newer = lambda job: [(f.field_number, f.data) for f in unknown_fields.UnknownFieldSet(dp.Job.pb(job))]
as_operation = lambda: jobs.submit_job_as_operation(dp.SubmitJobRequest(**here, job=named, request_id=f"job-{transport}"))
submitted = as_operation()
assert as_operation().operation.name == submitted.operation.name
done = submitted.result(timeout=60)
assert as_operation().operation.name == submitted.operation.name
assert done.status.state.name == "DONE"
refused("ALREADY_EXISTS", lambda: jobs.submit_job(dp.SubmitJobRequest(**here, job=named)), "Already exists")
changed = jobs.update_job({**here, "job_id": f"named-{transport}", "job": {"labels": {"c": "d"}},
                           "update_mask": {"paths": ["labels"]}})
assert dict(changed.labels) == {"c": "d"}, changed
if transport == "grpc":
    listed = [job for job in jobs.list_jobs(here) if job.reference.job_id == "named-grpc"]
    all_of_it = [done, changed, *listed, jobs.get_job({**here, "job_id": "named-grpc"})]
    assert [newer(job) for job in all_of_it] == [[(900, 7)]] * 4, all_of_it
ids = [j.reference.job_id for j in jobs.list_jobs({**here, "cluster_name": name, "filter": "status.state = DONE"})]
assert f"named-{transport}" in ids and len(ids) == 2, ids
jobs.delete_job({**here, "job_id": f"named-{transport}"})
refused("NOT_FOUND", lambda: jobs.get_job({**here, "job_id": f"named-{transport}"}), "Not found: Job")

# Changes. Each is asked for three times with one id: it is one operation, and one turn of the cluster.
workers = "config.worker_config.num_instances"
wanted = {"config": {"worker_config": {"num_instances": 3}}, "labels": {"env": "prod"}}
updated = ended("UPDATE", change(wanted, workers, "labels"), f"more-{transport}")
assert updated.config.worker_config.num_instances == 3 and dict(updated.labels) == {"env": "prod"}, updated
assert updated.status.state.name == "RUNNING", updated
assert history() == ["CREATING", "RUNNING", "UPDATING", "RUNNING"], history()
refused("INVALID_ARGUMENT", change(wanted, "config.config_bucket"), "config_bucket")
print("updated", updated.config.worker_config.num_instances)
# A worker that dies and is replaced changes neither the state nor what was done.
dying = submit("""
import os, time
from dask.distributed import Client
client = Client()
client.wait_for_workers(3, timeout=60)
before = set(client.run(os.getpid).values())
os.kill(min(before), 9)
while len(after := set(client.run(os.getpid, on_error="ignore").values())) != 3 or after == before:
    time.sleep(0.1)
""").reference.job_id
while not jobs.get_job({**here, "job_id": dying}).done:
    still_done()
    assert history() == ["CREATING", "RUNNING", "UPDATING", "RUNNING"], history()
assert until(dying, "DONE", "ERROR").status.state.name == "DONE", until(dying, "DONE", "ERROR")
ended("UPDATE", change({"config": {"worker_config": {"num_instances": 2}}}, workers), f"fewer-{transport}")
ended("UPDATE", change({"labels": {"env": "last"}}, "labels"), f"labels-{transport}")
lived = ["CREATING", *["RUNNING", "UPDATING"] * 3, "RUNNING"]
assert history() == lived, history()
stop = lambda request_id: clusters.stop_cluster({**here, "cluster_name": name, "request_id": request_id})
assert ended("STOP", stop, f"stop-{transport}").status.state.name == "STOPPED"
assert history() == [*lived, "STOPPING", "STOPPED"], history()
refused("FAILED_PRECONDITION", lambda: submit("print(1)"), "STOPPED")
refused("FAILED_PRECONDITION", change({"labels": {}}, "labels"), "STOPPED")
start = lambda request_id: clusters.start_cluster({**here, "cluster_name": name, "request_id": request_id})
assert ended("START", start, f"start-{transport}").status.state.name == "RUNNING"
assert history() == [*lived, "STOPPING", "STOPPED", "STARTING", "RUNNING"], history()
refused("FAILED_PRECONDITION", lambda: start(""), "RUNNING")
assert until(submit("print(1)").reference.job_id, "DONE", "ERROR").status.state.name == "DONE"
print("started again")

# The end.
refused("NOT_FOUND", lambda: clusters.delete_cluster({**here, "cluster_name": name, "cluster_uuid": "other"}))
delete = lambda request_id: clusters.delete_cluster({**here, "cluster_name": name, "request_id": request_id})
ended("DELETE", delete, f"delete-{transport}")
refused("NOT_FOUND", lambda: clusters.get_cluster({**here, "cluster_name": name}))
refused("NOT_FOUND", lambda: clusters.delete_cluster({**here, "cluster_name": name}))
assert found("") == []
print("deleted")
