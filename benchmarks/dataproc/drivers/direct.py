"""A thin client: one connection a wire, kept open, requests made ready before the clock starts.

Over gRPC bytes go through the channel as they are; over REST the body is read and not looked at. So what is measured is
the server, with as little of a client as Python allows; answers are checked once before they are timed.
"""

import http.client
import json
import os
import random
import ssl
import sys
import time

sys.path.insert(0, os.environ["BENCH_PROTOCOL"])
import grpc
import protocol
from google.cloud import dataproc_v1 as dp

PROJECT, REGION = "bench", "us-central1"
HERE = {"project_id": PROJECT, "region": REGION}
ROOTS = os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"]
PORT = int(os.environ["BENCH_PORT"])
JOB = os.environ["BENCH_JOB"]
with open(os.environ["BENCH_TOKEN"]) as file:
    TOKEN = "Bearer " + file.read().strip()
V1 = "google.cloud.dataproc.v1"
PATIENCE = 120
#: Between two looks at something that changes.
TIGHT = 0.005


class Grpc:
    """A channel."""

    def __init__(self):
        with open(ROOTS, "rb") as file:
            credentials = grpc.ssl_channel_credentials(file.read())
        # The way that everybody else is led: not needed here.
        options = [("grpc.enable_http_proxy", 0), ("grpc.max_receive_message_length", 64 << 20)]
        self.channel = grpc.secure_channel(f"localhost:{PORT}", credentials, options)
        self.calls = {}

    def ask(self, method, request):
        """The answer's bytes."""
        call = self.calls.get(method)
        if call is None:
            call = self.calls[method] = self.channel.unary_unary(f"/{V1}.{method}")
        return call(request, metadata=[("authorization", TOKEN)])


class Rest:
    """A connection."""

    def __init__(self):
        self.connection = http.client.HTTPSConnection("localhost", PORT, context=ssl.create_default_context(cafile=ROOTS))

    def ask(self, path):
        """The answer's bytes."""
        self.connection.request("GET", f"/v1/projects/{PROJECT}/regions/{REGION}{path}", headers={"authorization": TOKEN})
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {body[:300]}")
        return body


GRPC, REST = Grpc(), Rest()


def until(method, request, kind, *states):
    """Looks until one of the states is reached; milliseconds, and the answer."""
    at = time.monotonic()
    while time.monotonic() - at < PATIENCE:
        answer = kind.deserialize(GRPC.ask(method, request))
        state = answer.status.state.name
        if state in states:
            return 1000 * (time.monotonic() - at), answer
        if state in ("ERROR", "CANCELLED"):
            raise RuntimeError(f"{state}: {answer.status}")
        time.sleep(TIGHT)
    raise TimeoutError(f"{method} never answered {states}")


def once(name, workers):
    """A cluster and a job on it, looked at closely; milliseconds from asking to the answer that says it is so."""
    config = {"worker_config": {"num_instances": workers}}
    cluster = {"project_id": PROJECT, "cluster_name": name, "config": config}
    create = dp.CreateClusterRequest.serialize(dp.CreateClusterRequest(**HERE, cluster=cluster))
    get = dp.GetClusterRequest.serialize(dp.GetClusterRequest(**HERE, cluster_name=name))
    job = {"placement": {"cluster_name": name}, "pyspark_job": {"main_python_file_uri": f"file://{JOB}"},
           "reference": {"job_id": f"job-{name}"}}
    submit = dp.SubmitJobRequest.serialize(dp.SubmitJobRequest(**HERE, job=job))
    get_job = dp.GetJobRequest.serialize(dp.GetJobRequest(**HERE, job_id=f"job-{name}"))
    delete = dp.DeleteClusterRequest.serialize(dp.DeleteClusterRequest(**HERE, cluster_name=name))
    took, at = {}, time.monotonic()
    GRPC.ask("ClusterController/CreateCluster", create)
    took["create_answer"] = 1000 * (time.monotonic() - at)
    until("ClusterController/GetCluster", get, dp.Cluster, "RUNNING")
    took["running"] = 1000 * (time.monotonic() - at)
    at = time.monotonic()
    GRPC.ask("JobController/SubmitJob", submit)
    took["submit_answer"] = 1000 * (time.monotonic() - at)
    until("JobController/GetJob", get_job, dp.Job, "DONE")
    took["done"] = 1000 * (time.monotonic() - at)
    at = time.monotonic()
    GRPC.ask("ClusterController/DeleteCluster", delete)
    while True:
        try:
            GRPC.ask("ClusterController/GetCluster", get)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.NOT_FOUND:
                raise
            break
        if time.monotonic() - at > PATIENCE:
            raise TimeoutError("the cluster was never gone")
        time.sleep(TIGHT)
    took["gone"] = 1000 * (time.monotonic() - at)
    return took


def stopped(name, job_id, workers):
    """A stopped cluster and a job that is done: the ones that all others in a full store are made from."""
    clusters = dp.ClusterControllerClient()
    jobs = dp.JobControllerClient()
    config = {"worker_config": {"num_instances": workers, "machine_type_uri": "n2-standard-4"}}
    cluster = {"project_id": PROJECT, "cluster_name": name, "config": config, "labels": {"team": "risk", "env": "prod"}}
    clusters.create_cluster({**HERE, "cluster": cluster}).result(timeout=PATIENCE)
    wish = {"placement": {"cluster_name": name}, "pyspark_job": {"main_python_file_uri": f"file://{JOB}", "args": ["a", "b"]},
            "reference": {"job_id": job_id}, "labels": {"team": "risk"}}
    jobs.submit_job({**HERE, "job": wish})
    get_job = dp.GetJobRequest.serialize(dp.GetJobRequest(**HERE, job_id=job_id))
    until("JobController/GetJob", get_job, dp.Job, "DONE")
    clusters.stop_cluster({**HERE, "cluster_name": name}).result(timeout=PATIENCE)
    return {}


def timed(count, ask):
    """Milliseconds of so many calls, after some that are not counted."""
    for _ in range(min(20, count)):
        ask()
    took = []
    for _ in range(count):
        at = time.monotonic()
        ask()
        took.append(1000 * (time.monotonic() - at))
    return took


def reads(cluster_prefix, clusters, job_prefix, jobs, count):
    """GetJob, GetCluster and lists by both wires, in pages of several sizes."""
    chance = random.Random(1)
    ids = [f"{job_prefix}-{chance.randrange(jobs):05}" for _ in range(count + 20)]
    names = [f"{cluster_prefix}-{chance.randrange(clusters):05}" for _ in range(count + 20)]
    took, sizes = {}, {}

    def measure(what, calls, asks):
        """Both wires in turn, the same requests."""
        for wire, ask in asks.items():
            turn = iter(range(10**9))
            sizes[f"{what} {wire}"] = len(ask(0))
            took[f"{what} {wire}"] = timed(calls, lambda: ask(next(turn)))

    job = [dp.GetJobRequest.serialize(dp.GetJobRequest(**HERE, job_id=one)) for one in ids]
    measure("GetJob", count, {"gRPC": lambda at: GRPC.ask("JobController/GetJob", job[at]),
                              "REST": lambda at: REST.ask(f"/jobs/{ids[at]}")})
    cluster = [dp.GetClusterRequest.serialize(dp.GetClusterRequest(**HERE, cluster_name=one)) for one in names]
    measure("GetCluster", count, {"gRPC": lambda at: GRPC.ask("ClusterController/GetCluster", cluster[at]),
                                  "REST": lambda at: REST.ask(f"/clusters/{names[at]}")})
    for size in (20, 100, 1000):
        calls = count if size < 1000 else max(20, count // 10)
        one = dp.ListClustersRequest.serialize(dp.ListClustersRequest(**HERE, page_size=size))
        got = dp.ListClustersResponse.deserialize(GRPC.ask("ClusterController/ListClusters", one))
        assert len(got.clusters) == min(size, clusters), f"{len(got.clusters)} of {clusters}"
        found = json.loads(REST.ask(f"/clusters?pageSize={size}"))["clusters"]
        assert [c["clusterName"] for c in found] == [c.cluster_name for c in got.clusters]
        measure(f"ListClusters, page of {size}", calls, {
            "gRPC": lambda at: GRPC.ask("ClusterController/ListClusters", one),
            "REST": lambda at: REST.ask(f"/clusters?pageSize={size}")})
    one = dp.ListJobsRequest.serialize(dp.ListJobsRequest(**HERE, page_size=100))
    got = dp.ListJobsResponse.deserialize(GRPC.ask("JobController/ListJobs", one))
    assert len(got.jobs) == 100
    measure("ListJobs, page of 100", count, {"gRPC": lambda at: GRPC.ask("JobController/ListJobs", one),
                                             "REST": lambda at: REST.ask("/jobs?pageSize=100")})
    active = "status.state%20%3D%20ACTIVE"
    one = dp.ListClustersRequest.serialize(dp.ListClustersRequest(**HERE, filter="status.state = ACTIVE"))
    measure("ListClusters, none of all is active", max(20, count // 10), {
        "gRPC": lambda at: GRPC.ask("ClusterController/ListClusters", one),
        "REST": lambda at: REST.ask(f"/clusters?filter={active}")})
    return {"took": took, "bytes": sizes}


protocol.serve({"once": once, "stopped": stopped, "reads": reads})
