"""A Python job as Dataproc takes one: it arrives as a PySpark job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any


def python_job(
    cluster_name: str,
    main: str,
    args: Sequence[str] = (),
    *,
    job_id: str | None = None,
    project: str | None = None,
    labels: Mapping[str, str] | None = None,
    deadline: timedelta | None = None,
    modules: Sequence[str] = (),
    files: Sequence[str] = (),
    archives: Sequence[str] = (),
) -> dict[str, Any]:
    """The `job` of `DataprocSubmitJobOperator`; every string may be a Jinja template.

    `main` and `modules` are `gs://` objects (or `file://` where the job runs on this machine). `files`, and `archives`
    unpacked, come into the script's working folder, under the name behind `#` where there is one; tasks take their
    absolute paths.

    A `job_id` keeps a repeated request from running the job twice; it has to be new for each try. Give the operator the
    same as its `request_id` (at most 40 characters): then a request whose answer was lost is answered again, where the
    id alone would be refused because it exists.

    Caddis ends a job that runs longer than its `deadline`, also while nobody in Airflow looks at it. Google has no such
    field; there it is a label like others, and the cluster's time to live is the end.
    """
    reference = {name: value for name, value in (("project_id", project), ("job_id", job_id)) if value}
    pyspark: dict[str, Any] = {"main_python_file_uri": main, "args": [str(arg) for arg in args]}
    if modules:
        pyspark["python_file_uris"] = list(modules)
    if files:
        pyspark["file_uris"] = list(files)
    if archives:
        pyspark["archive_uris"] = list(archives)
    all_labels = dict(labels or {})
    if deadline is not None:
        minutes = int(deadline.total_seconds() // 60)
        if minutes < 1:
            raise ValueError(f"`deadline={deadline}` is less than a minute")
        all_labels["caddis-deadline"] = f"{minutes}m"
    return {
        "reference": reference,
        "placement": {"cluster_name": cluster_name},
        "labels": all_labels,
        "pyspark_job": pyspark,
    }
