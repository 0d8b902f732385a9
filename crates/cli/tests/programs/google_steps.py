"""What the programs that drive Google's own clients share.

Called with `grpc` or with `rest PORT`: everything else that leads the clients stands in the environment.
"""

import sys
import time

from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.cloud import dataproc_v1 as dp

PROJECT, REGION = "team-one", "us-central1"
transport, port = (sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")
endpoint = f"{REGION}-dataproc.googleapis.com:443" if transport == "grpc" else f"https://localhost:{port}"
options = {"client_options": ClientOptions(api_endpoint=endpoint), "transport": transport}
clusters, jobs = dp.ClusterControllerClient(**options), dp.JobControllerClient(**options)
here = {"project_id": PROJECT, "region": REGION}


def code_of(error):
    """Google's word for an error: the code of gRPC, or the one in the body of an answer over REST."""
    if transport == "grpc":
        return error.grpc_status_code.name
    return error.response.json()["error"]["status"]


def refused(code, call, *words):
    """The call is refused with exactly this code, in these words."""
    try:
        call()
    except exceptions.GoogleAPICallError as error:
        assert code_of(error) == code, f"{code_of(error)} is not {code}: {error}"
        for word in words:
            assert word in str(error), f"{word!r} is not in {error}"
        return
    raise AssertionError(f"it was not refused: {words}")


def until(what, seconds=60):
    """What `what()` answers once that is true."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


def cluster(name):
    """The cluster of this name as it is."""
    return clusters.get_cluster({**here, "cluster_name": name})


def create(name, config=None, **more):
    """The operation that makes a cluster."""
    asked = {"project_id": PROJECT, "cluster_name": name, "config": config or {}, **more}
    return clusters.create_cluster({**here, "cluster": asked})


def update(name, mask, config=None, **more):
    """The cluster after a change."""
    wanted = {"config": config or {}, **more}
    asked = {**here, "cluster_name": name, "cluster": wanted, "update_mask": {"paths": mask}}
    return clusters.update_cluster(asked).result(timeout=60)


def delete(name):
    """Deletes a cluster and waits for its end."""
    clusters.delete_cluster({**here, "cluster_name": name}).result(timeout=60)


def script(text, at=[0]):
    """A file with this program, as a URI."""
    at[0] += 1
    path = f"{sys.path[0]}/steps_{transport}_{at[0]}.py"
    with open(path, "w") as file:
        file.write(text)
    return f"file://{path}"


def submit(name, text, **more):
    """A PySpark job of this program on the cluster of this name."""
    job = {"placement": {"cluster_name": name}, "pyspark_job": {"main_python_file_uri": script(text)}, **more}
    return jobs.submit_job({**here, "job": job}).reference.job_id


def over(job_id, seconds=60):
    """The job once it is over."""
    one = lambda: jobs.get_job({**here, "job_id": job_id})
    return until(lambda: (job := one()).done and job, seconds)


def succeeds(name, text):
    """A job of this program ends well."""
    job = over(submit(name, text))
    assert job.status.state.name == "DONE", job
