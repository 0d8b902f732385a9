"""Names and labels by Google's rules."""

from __future__ import annotations

import hashlib
import re
from typing import Any

_PREFIX = re.compile(r"[a-z][-a-z0-9]{0,37}")
_LABEL = re.compile(r"[-_a-z0-9]{1,63}")


def run_name(prefix: str, run_id: str) -> str:
    """A cluster's name for one run of a DAG: the same each time it is asked for, and no other run's.

    Run ids carry colons and dots, and are longer than the 51 characters that Google takes.
    """
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"`{prefix}` is not a lowercase letter, then at most 37 lowercase letters, digits and `-`")
    return f"{prefix}-{hashlib.sha256(run_id.encode()).hexdigest()[:12]}"


def day_of(dag_run: Any) -> str:
    """The day that a run is about; in Airflow 3 a run that somebody started may have no logical date."""
    date = dag_run.logical_date or dag_run.run_after
    return date.strftime("%Y-%m-%d")


# For `DAG(user_defined_macros=...)`.
MACROS = {"run_name": run_name, "day_of": day_of}


def cost_labels(*, pipeline: str, team: str, environment: str, cost_center: str) -> dict[str, str]:
    """Labels by which the bill is split, on the cluster and its VMs and on the job."""
    labels = {"pipeline": pipeline, "team": team, "environment": environment, "cost-center": cost_center}
    for key, value in labels.items():
        if not _LABEL.fullmatch(value):
            raise ValueError(f"label `{key}`: `{value}` is not 1 to 63 lowercase letters, digits, `-` and `_`")
    return labels
