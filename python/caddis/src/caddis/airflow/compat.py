"""One DAG file for Airflow 2 and 3: the same names, wherever this Airflow keeps them.

Deadlines differ most: Airflow 2 has SLAs, a time for each task after its interval, and Airflow 3 has deadlines, a
time for the whole run. Both only tell; what ends a task that is late is its `execution_timeout`, and what ends a
cluster that nobody deleted is its time to live. `dagrun_timeout` is not used on purpose: it skips the tasks that are
left, the one that deletes the cluster among them.
"""

from __future__ import annotations

import logging
import sys
from datetime import timedelta
from typing import Any

from airflow import __version__ as _version

AIRFLOW = int(_version.partition(".")[0])

if AIRFLOW >= 3:
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG
else:
    from airflow import DAG
    from airflow.operators.empty import EmptyOperator

__all__ = ["AIRFLOW", "DAG", "EmptyOperator", "dag_deadline", "late", "late_tasks", "task_deadline"]

_log = logging.getLogger(__name__)


def late_tasks(dag: Any, task_list: str, blocking_task_list: str, slas: Any, blocking_tis: Any) -> None:
    """What Airflow 2 calls when tasks missed their SLA."""
    _log.error("dag `%s` is late: %s; it waits for: %s", dag.dag_id, task_list, blocking_task_list or "nothing")


async def late(dag_id: str, minutes: int, **context: Any) -> None:
    """What Airflow 3 calls, in its triggerer, when a run missed its deadline."""
    run = context.get("context", {}).get("dag_run", {})
    run_id = run.get("run_id", run.get("dag_run_id", "")) if isinstance(run, dict) else run
    _log.error("dag `%s` is late: run `%s` was not done after %s minutes", dag_id, run_id, minutes)


def dag_deadline(dag_id: str, within: timedelta) -> dict[str, Any]:
    """Arguments of `DAG`: somebody is told when a run is not done `within` this time of being asked for."""
    if AIRFLOW < 3:
        return {"sla_miss_callback": late_tasks}
    if sys.argv[1:3] == ["dags", "test"]:
        # There a run that succeeds ends with an error in 3.3: it looks for the alerts of a DAG that it never stored.
        return {}
    from airflow.sdk import AsyncCallback, DeadlineAlert, DeadlineReference

    minutes = int(within.total_seconds() // 60)
    alert = DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=within,
        callback=AsyncCallback(late, kwargs={"dag_id": dag_id, "minutes": minutes}),
    )
    return {"deadline": alert}


def task_deadline(within: timedelta) -> dict[str, Any]:
    """The same for the `default_args` of its tasks: Airflow 2 knows no other way."""
    return {"sla": within} if AIRFLOW < 3 else {}
