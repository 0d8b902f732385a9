"""Google's own library, as a program that its user writes: a cluster, a job on it, and the end of both.

Led here by what `caddis env python` says. What the user waits for is timed by CLOCK_MONOTONIC; what the server needed is
told by its own times of the states, which every answer carries.
"""

import os
import sys
import threading
import time

sys.path.insert(0, os.environ["BENCH_PROTOCOL"])
import protocol
from google.api_core.client_options import ClientOptions
from google.cloud import dataproc_v1 as dp

PROJECT, REGION = "bench", "us-central1"
HERE = {"project_id": PROJECT, "region": REGION}
OPTIONS = {"client_options": ClientOptions(api_endpoint=f"{REGION}-dataproc.googleapis.com:443")}
JOB = os.environ["BENCH_JOB"]
#: Airflow looks every ten seconds, Google's samples every second; this is often enough not to be what is measured.
LOOK = 0.1
PATIENCE = 600


def config(workers):
    """A cluster of so many workers; none is a single node, which works itself."""
    if workers == 0:
        return {"software_config": {"properties": {"dataproc:dataproc.allow.zero.workers": "true"}}}
    return {"worker_config": {"num_instances": workers}}


def since(message, wanted):
    """When a state began, in seconds, of the history and the present."""
    for status in [*message.status_history, message.status]:
        if status.state.name == wanted:
            return status.state_start_time.timestamp()
    raise RuntimeError(f"it never was {wanted}: {message.status}")


class User:
    """A user with clients of their own."""

    def __init__(self):
        self.clusters = dp.ClusterControllerClient(**OPTIONS)
        self.jobs = dp.JobControllerClient(**OPTIONS)

    def loop(self, name, workers):
        """Create, submit, delete; milliseconds of each."""
        took = {}
        at = time.monotonic()
        cluster = {"project_id": PROJECT, "cluster_name": name, "config": config(workers)}
        operation = self.clusters.create_cluster({**HERE, "cluster": cluster})
        took["create_answer"] = 1000 * (time.monotonic() - at)
        operation.result(timeout=PATIENCE)
        took["create_seen"] = 1000 * (time.monotonic() - at)
        made = self.clusters.get_cluster({**HERE, "cluster_name": name})
        took["create_server"] = 1000 * (since(made, "RUNNING") - since(made, "CREATING"))
        at = time.monotonic()
        wish = {"placement": {"cluster_name": name}, "pyspark_job": {"main_python_file_uri": f"file://{JOB}"}}
        job = self.jobs.submit_job({**HERE, "job": wish})
        took["submit_answer"] = 1000 * (time.monotonic() - at)
        while not job.done:
            if time.monotonic() - at > PATIENCE:
                raise TimeoutError(f"{job.status}")
            time.sleep(LOOK)
            job = self.jobs.get_job({**HERE, "job_id": job.reference.job_id})
        took["job_seen"] = 1000 * (time.monotonic() - at)
        if job.status.state.name != "DONE":
            raise RuntimeError(f"the job ended {job.status.state.name}: {job.status.details}")
        took["job_server"] = 1000 * (since(job, "DONE") - since(job, "PENDING"))
        at = time.monotonic()
        self.clusters.delete_cluster({**HERE, "cluster_name": name}).result(timeout=PATIENCE)
        took["delete_seen"] = 1000 * (time.monotonic() - at)
        return took


def users(prefix, count, loops, workers):
    """So many at once, each with loops of their own; what each loop took, and what failed."""
    took, failures, lock = [], [], threading.Lock()

    def work(number):
        user = User()
        for turn in range(loops):
            try:
                found = user.loop(f"{prefix}-{number}-{turn}", workers)
                with lock:
                    took.append(found)
            except Exception as error:
                with lock:
                    failures.append(f"{type(error).__name__}: {error}"[:500])
                return

    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"took": took, "failures": failures}


protocol.serve({"users": users})
