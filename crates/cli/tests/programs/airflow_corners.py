"""What DAGs meet beside the plain way: clusters that cannot be made, a job for which nobody waits any more, a task that is
killed; and a job that brings files of every kind.

Scripts are in the folder of jobs: `forever.py`, and `reads.py` with all that it reads.
"""

from datetime import datetime, timedelta

from airflow.providers.google.cloud.operators.dataproc import (
    DataprocCreateClusterOperator,
    DataprocDeleteClusterOperator,
    DataprocSubmitJobOperator,
)

from caddis.airflow import MACROS, Place, python_job
from caddis.airflow.compat import DAG

PLACE = Place.from_environment(__file__)
BROKEN = ["caddis-no-such-package==1.0"]
GOOD = []


def create(task_id, cluster, packages, **more):
    return DataprocCreateClusterOperator(
        task_id=task_id,
        cluster_name=cluster,
        cluster_config=PLACE.cluster_config(cluster, workers=2, packages=packages),
        polling_interval_seconds=1,
        **more,
    )


def delete(task_id, cluster):
    return DataprocDeleteClusterOperator(
        task_id=task_id, cluster_name=cluster, trigger_rule="all_done", retries=3, retry_delay=timedelta(seconds=1)
    )


def submit(task_id, job, **more):
    return DataprocSubmitJobOperator(task_id=task_id, job=job, polling_interval_seconds=1, **more)


def forever(task_id, **labels):
    return python_job(CLUSTER, PLACE.job("forever.py"), [task_id], labels={"task": task_id, **labels})


CLUSTER = "{{ run_name('corners', run_id) }}"
OTHER = "{{ run_name('deferred', run_id) }}"

with DAG(
    "corners",
    schedule="@once",
    is_paused_upon_creation=False,
    start_date=datetime(2026, 1, 1),
    catchup=False,
    user_defined_macros=MACROS,
    default_args={"project_id": PLACE.project, "region": PLACE.region, "retries": 0},
):
    # Whoever deferred it sees that it cannot be made, too.
    create("deferred", OTHER, BROKEN, deferrable=True) >> delete("delete_deferred", OTHER)

    # It stays, so that somebody can look at it. The next one finds it, deletes it, and makes its own with its second try.
    broken = create("broken", CLUSTER, BROKEN, delete_on_error=False)
    again = create("again", CLUSTER, GOOD, trigger_rule="all_failed", retries=1, retry_delay=timedelta(seconds=1))
    # One task at a time where Airflow has one worker: first those that hold none while they wait.
    reads = python_job(
        CLUSTER,
        PLACE.job("reads.py"),
        modules=[PLACE.job("beside.py")],
        files=[PLACE.job("data.csv"), PLACE.job("data.csv") + "#renamed.csv"],
        archives=[PLACE.job("pack.zip") + "#pack"],
    )
    files = submit("files", reads, deferrable=True, priority_weight=100)
    # Airflow gives up before Caddis does.
    late = submit(
        "late",
        forever("late", **{"caddis-deadline": "20s"}),
        deferrable=True,
        execution_timeout=timedelta(seconds=15),
        priority_weight=100,
    )
    killed = submit("killed", forever("killed"))
    broken >> again >> [files, late, killed] >> delete("delete", CLUSTER)
