"""Revenue, returns and best customers of the orders so far, from the Parquet files that `orders_etl` writes.

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
LABELS = PLACE.labels("orders-analytics")
CLUSTER = "{{ run_name('orders-analytics', run_id) }}"
DAY = "{{ day_of(dag_run) }}"
WITHIN = timedelta(hours=2)
AT_MOST = timedelta(hours=1)

with DAG(
    "orders_analytics",
    description="revenue, returns and best customers",
    schedule="0 6 * * *",
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
    **dag_deadline("orders_analytics", WITHIN),
):
    create = DataprocCreateClusterOperator(
        task_id="create",
        cluster_name=CLUSTER,
        cluster_config=PLACE.cluster_config(CLUSTER, workers=4),
        labels=LABELS,
        polling_interval_seconds=PLACE.polling_seconds,
    )
    analyse = DataprocSubmitJobOperator(
        task_id="analyse",
        request_id=f"{CLUSTER}-{{{{ ti.try_number }}}}",
        job=python_job(
            CLUSTER,
            PLACE.job("analyse_orders.py"),
            ["--input", f"{PLACE.data}/orders/parquet", "--output", f"{PLACE.data}/orders/reports/{DAY}"],
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

    create >> analyse >> delete >> done
    analyse >> done
