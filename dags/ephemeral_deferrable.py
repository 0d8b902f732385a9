"""The mission's pattern, deferrable: while the cluster starts and the job runs, no worker of Airflow's is held.

It needs a triggerer (`airflow triggerer`; Composer has one).
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
LABELS = PLACE.labels("ephemeral-deferrable")
CLUSTER = "{{ run_name('deferrable', run_id) }}"
WITHIN = timedelta(hours=1)
AT_MOST = timedelta(minutes=45)

with DAG(
    "ephemeral_deferrable",
    description="create a cluster, run a job on it, delete it, and hold no worker meanwhile",
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
    **dag_deadline("ephemeral_deferrable", WITHIN),
):
    create = DataprocCreateClusterOperator(
        task_id="create",
        cluster_name=CLUSTER,
        cluster_config=PLACE.cluster_config(CLUSTER, workers=2),
        labels=LABELS,
        deferrable=True,
        polling_interval_seconds=PLACE.polling_seconds,
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
        deferrable=True,
        polling_interval_seconds=PLACE.polling_seconds,
    )
    delete = DataprocDeleteClusterOperator(
        task_id="delete",
        cluster_name=CLUSTER,
        trigger_rule="all_done",
        retries=3,
        deferrable=True,
        polling_interval_seconds=PLACE.polling_seconds,
    )
    done = EmptyOperator(task_id="done")

    create >> process >> delete >> done
    process >> done
