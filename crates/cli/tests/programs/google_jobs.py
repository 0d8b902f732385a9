"""Jobs as Google's own client submits them: their files, retries, cancellation, ids and lists.

Called with `grpc` or with `rest PORT`; everything else that leads the client stands in the environment. What is wrong is
an assertion; each part says that it went well.
"""

import io
import os
import sys
import tarfile
import time
import zipfile

from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.cloud import dataproc_v1 as dp
from google_steps import code_of

PROJECT, REGION = "team-one", "us-central1"
transport, port = (sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")
endpoint = f"{REGION}-dataproc.googleapis.com:443" if transport == "grpc" else f"https://localhost:{port}"
options = {"client_options": ClientOptions(api_endpoint=endpoint), "transport": transport}
clusters, jobs = dp.ClusterControllerClient(**options), dp.JobControllerClient(**options)
here = {"project_id": PROJECT, "region": REGION}
name = f"jobs-{transport}"
folder = f"{sys.path[0]}/{transport}"
os.makedirs(f"{folder}/elsewhere", exist_ok=True)


def refused(call, *words, code="INVALID_ARGUMENT"):
    """The call is refused with exactly this code, in these words."""
    try:
        call()
    except exceptions.GoogleAPICallError as error:
        assert code_of(error) == code, f"{code_of(error)} is not {code}: {error}"
        for word in words:
            assert word in str(error), f"{word!r} is not in {error}"
        return
    raise AssertionError(f"it was not refused: {words}")


def file(path, content):
    """A file with this content, as a URI."""
    with open(f"{folder}/{path}", "wb") as target:
        target.write(content if isinstance(content, bytes) else content.encode())
    return f"file://{folder}/{path}"


def submit(text, job=None, request_id="", **pyspark):
    """A PySpark job of this program."""
    submit.count = getattr(submit, "count", 0) + 1
    main = text if "://" in text else file(f"main_{submit.count}.py", text)
    job = {"placement": {"cluster_name": name}, "pyspark_job": {"main_python_file_uri": main, **pyspark}, **(job or {})}
    return jobs.submit_job({**here, "job": job, "request_id": request_id})


def until(job, *states):
    """The job once it is in one of these states."""
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        job = jobs.get_job({**here, "job_id": job.reference.job_id})
        if job.status.state.name in states:
            return job
        time.sleep(0.05)
    raise AssertionError(f"{job.status}")


def done(job):
    """The job, which must succeed."""
    job = until(job, "DONE", "ERROR", "CANCELLED")
    assert job.status.state.name == "DONE", job.status
    return job


def zipped(**files):
    """A zip of these modules."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            archive.writestr(path.replace("__slash__", "/") + ".py", text)
    return target.getvalue()


def tarball(*members):
    """A compressed tar of these members and their content."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        for member, text in members:
            if isinstance(member, str):
                member = tarfile.TarInfo(member)
                member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    return target.getvalue()


clusters.create_cluster({**here, "cluster": {
    "project_id": PROJECT, "cluster_name": name, "config": {"worker_config": {"num_instances": 2}}}}).result(timeout=120)

# Files.
files = {
    "python_file_uris": [
        file("elsewhere/helper.py", "def double(x): return 2 * x\n"),
        file("packed.zip", zipped(packed__slash____init__="from .inner import VALUE\n", packed__slash__inner="VALUE = 7\n")),
        file("packed.egg", zipped(egged="VALUE = 8\n", helper="raise SystemExit('the first one is meant')\n")),
    ],
    "file_uris": [file("data.csv", "1,2"), file("elsewhere/data.csv", "3,4") + "#other.csv"],
    "archive_uris": [file("env.tar.gz", tarball(("bin/tool", b"tool"))) + "#env", file("plain.zip", zipped(inside="x = 1"))],
    "args": ["a", "b c"],
    "properties": {"spark.executor.memory": "1g"},
}
job = done(submit("""
import os, sys
import helper, packed, egged
from dask.distributed import Client
assert sys.argv[1:] == ["a", "b c"], sys.argv
assert sorted(os.listdir()) == ["data.csv", "env", "other.csv", "plain.zip"], os.listdir()
assert open("other.csv").read() == "3,4" and open("env/bin/tool").read() == "tool" and os.path.isfile("plain.zip/inside.py")
client = Client()
assert client.submit(helper.double, 21).result() == 42
there = lambda: (__import__("packed").VALUE, __import__("egged").VALUE, __import__("helper").double(1))
assert set(client.run(there).values()) == {(7, 8, 2)}
""", **files))
assert job.pyspark_job.properties["spark.executor.memory"] == "1g"
for wrong, *words in [
    ({"python_file_uris": [file("x.txt", "")]}, "python_file_uris[0]", "x.txt"),
    ({"file_uris": ["/nowhere/x", f"{folder}/data.csv"]}, "file_uris[0]", "/nowhere/x"),
    ({"file_uris": ["s3://b/x"]}, "file_uris[0]", "gs://"),
    ({"jar_file_uris": ["gs://b/x.jar"]}, "jar_file_uris", "Dask"),
    ({"archive_uris": ["gs://no-such-bucket/x.zip"]}, "archive_uris[0]", "no-such-bucket"),
    ({"archive_uris": [file("out.tar.gz", tarball(("../out", b"x")))]}, "archive_uris[0]", "leads out"),
    ({"archive_uris": [file("no.zip", "no zip")]}, "archive_uris[0]", "cannot be read"),
]:
    refused(lambda: submit("print(1)", **wrong), *words)
link = tarfile.TarInfo("link")
link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
refused(lambda: submit("print(1)", archive_uris=[file("link.tar.gz", tarball((link, b"")))]), "a link")
refused(lambda: submit(file("main.txt", "")), "main_python_file_uri", ".py")
print("files")

# An ordinary PySpark script is told what this is.
refused(lambda: submit("import sys\nfrom pyspark.sql import SparkSession\n"), "`pyspark` in line 2", "dask.distributed")
late = until(submit("def main():\n    import pyspark\nmain()\n"), "DONE", "ERROR")
assert late.status.state.name == "ERROR" and "There is no `pyspark` here" in late.status.details, late.status
assert "ModuleNotFoundError" in late.status.details, late.status
print("spark")

# Retries.
for scheduling in [{"max_failures_per_hour": 11}, {"max_failures_total": 241}, {"max_failures_total": -1}]:
    refused(lambda: submit("print(1)", {"scheduling": scheduling}), f"job.scheduling.{next(iter(scheduling))}")
again = f"import os, sys\nmark = {folder + '/tried'!r}\nif not os.path.exists(mark):\n    open(mark, 'w').close()\n    sys.exit(3)\n"
job = done(submit(again, {"scheduling": {"max_failures_per_hour": 2, "max_failures_total": 5}}))
states = [status.state.name for status in job.status_history]
assert states == ["PENDING", "SETUP_DONE", "RUNNING", "ATTEMPT_FAILURE", "SETUP_DONE", "RUNNING"], states
job = until(submit("import sys\nfor n in range(99): print('line', n, file=sys.stderr)\nsys.exit(4)\n",
                   {"scheduling": {"max_failures_per_hour": 1}}), "ERROR", "DONE")
assert [status.state.name for status in job.status_history].count("RUNNING") == 2, job.status_history
assert "code 4" in job.status.details and job.status.details.endswith("line 98") and "line 70\n" not in job.status.details
print("retries")

# Cancelled, though it does not want to end, and what it left.
stubborn = f"""
import os, signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"], start_new_session=True)
open({folder + '/child'!r}, "w").write(str(child.pid))
print("begun", flush=True)
time.sleep(600)
"""
job = until(submit(stubborn), "RUNNING")
ends = time.monotonic() + 60
while not os.path.exists(f"{folder}/child") and time.monotonic() < ends:
    time.sleep(0.02)
answer = jobs.cancel_job({**here, "job_id": job.reference.job_id})
assert answer.status.state.name in ("CANCEL_PENDING", "CANCEL_STARTED"), answer.status
job = until(job, "CANCELLED", "DONE", "ERROR")
states = [status.state.name for status in job.status_history]
assert job.status.state.name == "CANCELLED" and states[-2:] == ["CANCEL_PENDING", "CANCEL_STARTED"], job
took = job.status.state_start_time.timestamp() - job.status_history[-2].state_start_time.timestamp()
assert took < 30, f"it took {took} s"
pid = int(open(f"{folder}/child").read())
ends = time.monotonic() + 30
while os.path.exists(f"/proc/{pid}") and time.monotonic() < ends:
    time.sleep(0.05)
assert not os.path.exists(f"/proc/{pid}"), "its child lives"
assert jobs.cancel_job({**here, "job_id": job.reference.job_id}).status.state.name == "CANCELLED"
print("cancelled")

# Tasks of a cancelled job run in threads that cannot be interrupted; the next job does not wait for them.
filling = submit(f"""
import time
from dask.distributed import Client
client = Client()
tasks = client.map(lambda n: time.sleep(600), range(sum(client.nthreads().values())), pure=False)
run = lambda dask_worker: len(dask_worker.state.executing)
while sum(client.run(run).values()) < len(tasks):
    time.sleep(0.05)
open({folder + '/full'!r}, "w").close()
client.gather(tasks)
""")
ends = time.monotonic() + 60
while not os.path.exists(f"{folder}/full") and time.monotonic() < ends:
    time.sleep(0.02)
jobs.cancel_job({**here, "job_id": filling.reference.job_id})
assert until(filling, "CANCELLED", "DONE", "ERROR").status.state.name == "CANCELLED"
began = time.monotonic()
done(submit("from dask.distributed import Client\nassert Client().submit(sum, [1, 2]).result() == 3\n"))
print(f"the next job took {time.monotonic() - began:.1f} s", file=sys.stderr)
print("freed")

# Ids.
first = submit("print(1)", request_id="again")
assert submit("print(1)", request_id="again").reference.job_id == first.reference.job_id
named = {"reference": {"job_id": f"named-{transport}"}, "labels": {"team": "risk", "n": "1"}}
job = submit("print(1)", named, request_id="once")
assert job.reference.job_id == f"named-{transport}" and job.reference.project_id == PROJECT
assert submit("print(2)", named, request_id="once").job_uuid == job.job_uuid
refused(lambda: submit("print(2)", named, request_id="twice"), "Already exists", code="ALREADY_EXISTS")
refused(lambda: submit("print(2)", named), "Already exists", code="ALREADY_EXISTS")
elsewhere = {"project_id": PROJECT, "region": "europe-west1", "job": {**named, "placement": {"cluster_name": name},
             "pyspark_job": {"main_python_file_uri": "file:///none.py"}}}
refused(lambda: jobs.submit_job(elsewhere), "Already exists", f"regions/{REGION}/jobs/named-{transport}", code="ALREADY_EXISTS")
for wrong in ["x" * 101, "a/b", "a b", "é"]:
    refused(lambda: submit("print(1)", {"reference": {"job_id": wrong}}), "job.reference.job_id")
refused(lambda: submit("print(1)", request_id="x" * 41), "request_id")
done(job)
done(first)
print("ids")

# Lists.
running = until(submit("import time\ntime.sleep(600)\n", {"labels": {"team": "web"}}), "RUNNING")
found = lambda **asked: {job.reference.job_id for job in jobs.list_jobs({**here, **asked})}
everything, matcher = found(), dp.ListJobsRequest.JobStateMatcher
assert found(job_state_matcher=matcher.ACTIVE) == {running.reference.job_id}
assert found(job_state_matcher=matcher.NON_ACTIVE) == everything - {running.reference.job_id}
assert found(cluster_name=name) == everything and found(cluster_name="none") == set()
assert found(filter="labels.team = risk") == {f"named-{transport}"} == found(filter="labels.team = * AND status.state = DONE")
assert found(filter="status.state = ACTIVE") == {running.reference.job_id} == found(filter="labels.team:web")
assert found(filter="status.state = CANCELLED labels.team = *") == set()
pages = list(jobs.list_jobs({**here, "page_size": 2}).pages)
assert all(len(page.jobs) <= 2 for page in pages) and sum(len(page.jobs) for page in pages) == len(everything)
refused(lambda: found(filter="status.state"), "filter")
refused(lambda: found(filter="nonsense = 1"), "filter")
refused(lambda: jobs.delete_job({**here, "job_id": running.reference.job_id}), "active", code="FAILED_PRECONDITION")
refused(lambda: jobs.update_job({**here, "job_id": running.reference.job_id, "job": {}, "update_mask": {"paths": ["placement"]}}), "labels")
print("lists")
clusters.delete_cluster({**here, "cluster_name": name}).result(timeout=60)
over = until(running, "ERROR", "CANCELLED", "DONE")
assert over.status.state.name == "ERROR", over.status
print("gone with its cluster")

# Packages: those of the cluster, which a script's own header is held against.
for wrong in ["idna", "idna>=3", "-r==x"]:
    properties = {"software_config": {"properties": {"dataproc:pip.packages": wrong}}}
    asked = {"project_id": PROJECT, "cluster_name": "wrong", "config": properties}
    refused(lambda: clusters.create_cluster({**here, "cluster": asked}), "dataproc:pip.packages", wrong)
name = f"packages-{transport}"
properties = {"dataproc:pip.packages": "idna==3.10", "dataproc:conda.packages": "pytorch==2.7.0"}
config = {"software_config": {"properties": properties}, "worker_config": {"num_instances": 2}}
made = clusters.create_cluster({**here, "cluster": {"project_id": PROJECT, "cluster_name": name, "config": config}})
assert dict(made.result(timeout=300).config.software_config.properties) == properties
assert any("no conda here" in warning for warning in made.metadata.warnings), made.metadata
header = "# /// script\n# dependencies = ['{}', 'dask[dataframe]>=2024']\n# ///\n"
refused(lambda: submit(header.format("no-such.Package>1")), "no-such-package", "dataproc:pip.packages", "main_python_file_uri")
done(submit(header.format("IDNA") + """
import idna
import dask.dataframe, lz4, pandas, pyarrow  # packages come beside what every cluster has
from dask.distributed import Client
seen = Client().submit(lambda: __import__("idna").__version__).result()
assert (idna.__version__, seen) == ("3.10", "3.10"), (idna.__version__, seen)
"""))
clusters.delete_cluster({**here, "cluster_name": name}).result(timeout=60)
print("packages")
