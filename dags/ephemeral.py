"""The mission's pattern: a cluster appears, a job runs on it, the cluster is gone, whatever became of the job.

`done` stands behind both the job and the deletion: the deletion runs `all_done` and would hide a job that failed.
"""

from datetime import datetime, timedelta

from airflow.providers.google.cloud.operators.dataproc import (
    DataprocCreateClusterOperator,
    DataprocDeleteClusterOperator,
    DataprocSubmitJobOperator,
)

from caddis.airflow import MACROS, Place, python_job
from caddis.airflow.compat import DAG, EmptyOperator, dag_deadline, task_deadline

PLACE = Place.from_environment(__file__)
LABELS = PLACE.labels("ephemeral")
CLUSTER = "{{ run_name('ephemeral', run_id) }}"
WITHIN = timedelta(hours=1)
AT_MOST = timedelta(minutes=45)

with DAG(
    "ephemeral",
    description="create a cluster, run a job on it, delete it",
    schedule=None,
    start_date=datetime(2026, 1, 1),
    catchup=False,
    tags=["caddis", "dask"],
    params={"samples": 20_000_000},
    user_defined_macros=MACROS,
    default_args={
        "project_id": PLACE.project,
        "region": PLACE.region,
        "retries": 1,
        "retry_delay": timedelta(minutes=1),
        "execution_timeout": AT_MOST,
        **task_deadline(WITHIN),
    },
    **dag_deadline("ephemeral", WITHIN),
):
    create = DataprocCreateClusterOperator(
        task_id="create",
        cluster_name=CLUSTER,
        cluster_config=PLACE.cluster_config(CLUSTER, workers=2),
        labels=LABELS,
    )
    process = DataprocSubmitJobOperator(
        task_id="process",
        request_id=f"{CLUSTER}-{{{{ ti.try_number }}}}",
        job=python_job(
            CLUSTER,
            PLACE.job("pi.py"),
            ["--samples", "{{ params.samples }}"],
            job_id=f"{CLUSTER}-{{{{ ti.try_number }}}}",
            labels=LABELS,
            deadline=AT_MOST,
        ),
    )
    delete = DataprocDeleteClusterOperator(
        task_id="delete", cluster_name=CLUSTER, trigger_rule="all_done", retries=3
    )
    done = EmptyOperator(task_id="done")

    create >> process >> delete >> done
    process >> done
