"""A job of `jobs/` as the DAGs submit it, its script and a module of it in the object store, as on Composer.

Called with `grpc`; `JOBS` in the environment is the folder of the jobs, and `PYTHONPATH` holds `caddis.airflow`.
"""

import os

import requests
from caddis.airflow import python_job
from google_steps import *

STORE = os.environ["STORAGE_EMULATOR_HOST"]
requests.post(f"{STORE}/storage/v1/b?project={PROJECT}", json={"name": "dags"}, timeout=10).raise_for_status()


def put(name, content):
    """An object of the bucket, as a URI."""
    url = f"{STORE}/upload/storage/v1/b/dags/o?uploadType=media&name={requests.utils.quote(name, '')}"
    requests.post(url, data=content, timeout=10).raise_for_status()
    return f"gs://dags/{name}"


with open(f"{os.environ['JOBS']}/pi.py", "rb") as file:
    main = put("jobs/pi.py", file.read())
module = put("modules/beside.py", b"HERE = True\n")
create("dags").result(timeout=120)
job = python_job("dags", main, ["--samples", 200000], job_id="pi-1", labels={"pipeline": "pi"}, modules=[module])
jobs.submit_job({**here, "job": job})
done = over("pi-1")
assert done.status.state.name == "DONE", done
bucket, prefix = done.driver_output_resource_uri.removeprefix("gs://").split("/", 1)
url = f"{STORE}/storage/v1/b/{bucket}/o/{requests.utils.quote(prefix + '.000000000', '')}?alt=media"
said = until(lambda: "pi is about" in (answer := requests.get(url, timeout=10)).text and answer.text)
assert "from 200,000 points on 2 workers" in said, said
delete("dags")
print("pi")
