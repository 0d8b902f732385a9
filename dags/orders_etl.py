"""Each day's orders: CSV as it arrives, to Parquet as it is read.

`land` stands for whatever brings the files; it makes up a day's orders where there are none. Both jobs may be run again
for the same day: they write the same.

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
LABELS = PLACE.labels("orders-etl")
CLUSTER = "{{ run_name('orders-etl', run_id) }}"
DAY = "{{ day_of(dag_run) }}"
RAW = f"{PLACE.data}/orders/raw"
PARQUET = f"{PLACE.data}/orders/parquet"
WITHIN = timedelta(hours=2)
AT_MOST = timedelta(hours=1)

with DAG(
    "orders_etl",
    description="a day's orders, CSV to Parquet",
    schedule="0 3 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    tags=["caddis", "dask"],
    user_defined_macros=MACROS,
    default_args={
        "project_id": PLACE.project,
        "region": PLACE.region,
        "retries": 2,
        "retry_delay": timedelta(minutes=5),
        "execution_timeout": AT_MOST,
        **task_deadline(WITHIN),
    },
    **dag_deadline("orders_etl", WITHIN),
):
    create = DataprocCreateClusterOperator(
        task_id="create",
        cluster_name=CLUSTER,
        cluster_config=PLACE.cluster_config(CLUSTER, workers=3),
        labels=LABELS,
        polling_interval_seconds=PLACE.polling_seconds,
    )
    land = DataprocSubmitJobOperator(
        task_id="land",
        request_id=f"{CLUSTER}-land-{{{{ ti.try_number }}}}",
        job=python_job(
            CLUSTER,
            PLACE.job("land_orders.py"),
            ["--day", DAY, "--output", RAW],
            job_id=f"{CLUSTER}-land-{{{{ ti.try_number }}}}",
            labels=LABELS,
            deadline=AT_MOST,
        ),
        polling_interval_seconds=PLACE.polling_seconds,
    )
    convert = DataprocSubmitJobOperator(
        task_id="convert",
        request_id=f"{CLUSTER}-convert-{{{{ ti.try_number }}}}",
        job=python_job(
            CLUSTER,
            PLACE.job("csv_to_parquet.py"),
            ["--day", DAY, "--input", RAW, "--output", PARQUET],
            job_id=f"{CLUSTER}-convert-{{{{ ti.try_number }}}}",
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

    create >> land >> convert >> delete >> done
    convert >> done
