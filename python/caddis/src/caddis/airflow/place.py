"""Where DAGs run, from the environment of Airflow's processes: all that differs between a laptop and Google."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from caddis.airflow.cluster import cluster_config
from caddis.airflow.names import cost_labels


class PlaceError(ValueError):
    """A variable that is missing or makes no sense."""


@dataclass(frozen=True)
class Place:
    """A project's region, and what is in it for DAGs."""

    project: str
    region: str = "us-central1"
    jobs: str = ""
    data: str = ""
    bucket: str | None = None
    subnetwork: str | None = None
    service_account: str | None = None
    kms_key: str | None = None
    autoscaling_policy: str | None = None
    packages: tuple[str, ...] = ()
    team: str = "data"
    environment: str = "dev"
    cost_center: str = "none"
    polling_seconds: int = 10

    @classmethod
    def from_environment(cls, dag_file: str, environ: Mapping[str, str] = os.environ) -> Place:
        """Reads `GOOGLE_CLOUD_PROJECT` (on Composer `GCP_PROJECT`) and `CADDIS_DAGS_*`; docs are in dags/README.md.

        Without `CADDIS_DAGS_JOBS` jobs are those beside the folder of `dag_file`, without `CADDIS_DAGS_DATA` data is in
        the user's home: right on a laptop, and nowhere else.
        """
        project = environ.get("GOOGLE_CLOUD_PROJECT") or environ.get("GCP_PROJECT")
        if not project:
            raise PlaceError(
                "neither GOOGLE_CLOUD_PROJECT nor GCP_PROJECT is set; "
                'hint: `eval "$(caddis env airflow)"` before Airflow is started'
            )

        def told(name: str) -> str | None:
            return environ.get(f"CADDIS_DAGS_{name}") or None

        beside = Path(dag_file).resolve().parent.parent / "jobs"
        return cls(
            project=project,
            region=told("REGION") or cls.region,
            jobs=(told("JOBS") or beside.as_uri()).rstrip("/"),
            data=(told("DATA") or (Path.home() / "caddis-data").as_uri()).rstrip("/"),
            bucket=told("BUCKET"),
            subnetwork=told("SUBNETWORK"),
            service_account=told("SERVICE_ACCOUNT"),
            kms_key=told("KMS_KEY"),
            autoscaling_policy=told("AUTOSCALING_POLICY"),
            packages=tuple(one.strip() for one in (told("PACKAGES") or "").split(",") if one.strip()),
            team=told("TEAM") or cls.team,
            environment=told("ENVIRONMENT") or cls.environment,
            cost_center=told("COST_CENTER") or cls.cost_center,
            polling_seconds=_seconds(told("POLLING_SECONDS") or str(cls.polling_seconds)),
        )

    def job(self, name: str) -> str:
        """The address of a job's script."""
        return f"{self.jobs}/{name}"

    def cluster_config(self, cluster_name: str, **figures: Any) -> dict[str, Any]:
        """`caddis.airflow.cluster_config` in this place."""
        own = {
            "subnetwork": self.subnetwork,
            "service_account": self.service_account,
            "kms_key": self.kms_key,
            "bucket": self.bucket,
            "autoscaling_policy": self.autoscaling_policy,
            "packages": self.packages,
        }
        return cluster_config(cluster_name, self.region, **{**own, **figures})

    def labels(self, pipeline: str) -> dict[str, str]:
        """The labels of a pipeline's clusters and jobs."""
        return cost_labels(
            pipeline=pipeline, team=self.team, environment=self.environment, cost_center=self.cost_center
        )


def _seconds(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise PlaceError(f"CADDIS_DAGS_POLLING_SECONDS: `{text}` is not a whole number of seconds above 0")
    return int(text)
