"""What Google's client finds again: `make` a history and read it in pages, `gone` after retention took it.

Everything it is led by stands in the environment. `gone` takes the state file as well, and looks into it.
"""

import sqlite3
import sys
import time

from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.cloud import dataproc_v1 as dp

HERE = {"project_id": "team-one", "region": "us-central1"}
options = {"client_options": ClientOptions(api_endpoint="us-central1-dataproc.googleapis.com:443")}
clusters, jobs = dp.ClusterControllerClient(**options), dp.JobControllerClient(**options)
PARENT = "projects/team-one/regions/us-central1/operations"


def submit(job_id):
    """A job that does nothing, once it is done."""
    path = f"{sys.path[0]}/nothing.py"
    with open(path, "w") as file:
        file.write("pass\n")
    job = {"reference": {"job_id": job_id}, "placement": {"cluster_name": "history"},
           "pyspark_job": {"main_python_file_uri": f"file://{path}"}}
    jobs.submit_job({**HERE, "job": job})
    ends = time.monotonic() + 60
    while not jobs.get_job({**HERE, "job_id": job_id}).done:
        assert time.monotonic() < ends, job_id
        time.sleep(0.05)


def page(token, **more):
    """One page of two jobs: their ids, and the token of the next."""
    # Without the pager, which would ask for the next page by itself.
    answer = next(jobs.list_jobs({**HERE, "page_size": 2, "page_token": token, **more}).pages)
    return [job.reference.job_id for job in answer.jobs], answer.next_page_token


def operations():
    """How many there are."""
    return len(list(clusters.list_operations({"name": PARENT}).operations))


def make():
    """Jobs in pages, newest first, while others come and go; then nothing but what is kept of them."""
    cluster = {"project_id": "team-one", "cluster_name": "history", "config": {"worker_config": {"num_instances": 2}}}
    clusters.create_cluster({**HERE, "cluster": cluster}).result(timeout=120)
    for job_id in ("z-first", "b", "c", "a-last"):
        submit(job_id)
    found, token = page("")
    assert (found, bool(token)) == (["a-last", "c"], True), found
    submit("m-meanwhile")
    jobs.delete_job({**HERE, "job_id": "c"})
    found, token = page(token)
    assert (found, token) == (["b", "z-first"], ""), (found, token)
    found, token = page("", filter="status.state = DONE AND labels.none = *")
    assert (found, token) == ([], ""), found
    matcher = dp.ListJobsRequest.JobStateMatcher
    assert page("", job_state_matcher=matcher.ACTIVE) == ([], "")
    assert page("", job_state_matcher=matcher.NON_ACTIVE, cluster_name="history")[0] == ["m-meanwhile", "a-last"]
    for token in ("nonsense!", "cC9yL25hbWU"):
        try:
            page(token)
        except exceptions.InvalidArgument as error:
            assert "page_token" in str(error), error
        else:
            raise AssertionError(f"`{token}` was taken")
    clusters.delete_cluster({**HERE, "cluster_name": "history"}).result(timeout=60)
    templates = dp.WorkflowTemplateServiceClient(**options)
    step = {"step_id": "only", "pyspark_job": {"main_python_file_uri": f"file://{sys.path[0]}/nothing.py"}}
    template = {"jobs": [step], "placement": {"managed_cluster": {"cluster_name": "flow", "config": {}}}}
    asked = {"parent": PARENT.removesuffix("/operations"), "template": template}
    templates.instantiate_inline_workflow_template(asked).result(timeout=120)
    assert operations() == 5, "of a cluster of the workflow's own as well"
    assert [job.reference.job_id for job in jobs.list_jobs(HERE)][1:] == ["m-meanwhile", "a-last", "b", "z-first"]
    assert [job.status.state.name for job in jobs.list_jobs(HERE)] == ["DONE"] * 5


def gone(state):
    """Nothing is found any more, and nothing is kept; the name is free."""
    assert list(jobs.list_jobs(HERE)) == [] and operations() == 0
    try:
        jobs.get_job({**HERE, "job_id": "b"})
        raise AssertionError("the job is still there")
    except exceptions.NotFound:
        pass
    with sqlite3.connect(f"file:{state}?mode=ro", uri=True) as rows:
        kept = rows.execute("SELECT kind, key FROM documents").fetchall()
    assert kept == [], kept
    submit_refused()


def submit_refused():
    """There is no cluster to submit to."""
    try:
        submit("late")
        raise AssertionError("a job was taken for a cluster that is gone")
    except exceptions.NotFound:
        pass


make() if sys.argv[1] == "make" else gone(sys.argv[2])
print("so it is")
