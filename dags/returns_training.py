"""Each week a model that says which orders will come back, from the Parquet files that `orders_etl` writes.

The job fails, and with it the run, when the model is no better than guessing: a bad model is never left behind.

Deferrable where Airflow says so (`[operators] default_deferrable`).
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
LABELS = PLACE.labels("returns-training")
CLUSTER = "{{ run_name('returns-training', run_id) }}"
DAY = "{{ day_of(dag_run) }}"
WITHIN = timedelta(hours=3)
AT_MOST = timedelta(hours=2)

with DAG(
    "returns_training",
    description="a model of which orders come back",
    schedule="0 7 * * 1",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    tags=["caddis", "dask"],
    params={"steps": 30},
    user_defined_macros=MACROS,
    default_args={
        "project_id": PLACE.project,
        "region": PLACE.region,
        "retries": 1,
        "retry_delay": timedelta(minutes=5),
        "execution_timeout": AT_MOST,
        **task_deadline(WITHIN),
    },
    **dag_deadline("returns_training", WITHIN),
):
    create = DataprocCreateClusterOperator(
        task_id="create",
        cluster_name=CLUSTER,
        cluster_config=PLACE.cluster_config(CLUSTER, workers=4),
        labels=LABELS,
        polling_interval_seconds=PLACE.polling_seconds,
    )
    train = DataprocSubmitJobOperator(
        task_id="train",
        request_id=f"{CLUSTER}-{{{{ ti.try_number }}}}",
        job=python_job(
            CLUSTER,
            PLACE.job("train_returns.py"),
            [
                "--input",
                f"{PLACE.data}/orders/parquet",
                "--output",
                f"{PLACE.data}/models/returns/{DAY}.json",
                "--steps",
                "{{ params.steps }}",
            ],
            job_id=f"{CLUSTER}-{{{{ ti.try_number }}}}",
            labels=LABELS,
            deadline=AT_MOST,
        ),
        polling_interval_seconds=PLACE.polling_seconds,
    )
    delete = DataprocDeleteClusterOperator(
        task_id="delete",
        cluster_name=CLUSTER,
        trigger_rule="all_done",
        retries=3,
        polling_interval_seconds=PLACE.polling_seconds,
    )
    done = EmptyOperator(task_id="done")

    create >> train >> delete >> done
    train >> done
