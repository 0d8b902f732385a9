"""A Python job as Dataproc takes one: it arrives as a PySpark job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def python_job(
    cluster_name: str,
    main: str,
    args: Sequence[str] = (),
    *,
    job_id: str | None = None,
    project: str | None = None,
    labels: Mapping[str, str] | None = None,
    modules: Sequence[str] = (),
    files: Sequence[str] = (),
) -> dict[str, Any]:
    """The `job` of `DataprocSubmitJobOperator`; every string may be a Jinja template.

    `main` and `modules` are `gs://` objects (or `file://` where the job runs on this machine), `files` come into the
    working folder. A `job_id` makes a repeated request find the first one's job; it has to be new for each try.
    """
    reference = {name: value for name, value in (("project_id", project), ("job_id", job_id)) if value}
    pyspark: dict[str, Any] = {"main_python_file_uri": main, "args": [str(arg) for arg in args]}
    if modules:
        pyspark["python_file_uris"] = list(modules)
    if files:
        pyspark["file_uris"] = list(files)
    return {
        "reference": reference,
        "placement": {"cluster_name": cluster_name},
        "labels": dict(labels or {}),
        "pyspark_job": pyspark,
    }
