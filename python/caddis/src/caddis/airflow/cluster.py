"""The shape of an ephemeral Dask cluster, as `google.cloud.dataproc_v1.ClusterConfig` takes it.

All figures are here and nowhere else. What Google would take and fail with minutes later is refused at once, with the
argument's name.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

MACHINE_TYPE = "n2-standard-4"
# The line that follows 2.1, from which Google makes no clusters after 2026.
IMAGE_VERSION = "2.3-debian12"
DEAD_IMAGES = ("1.", "2.0", "2.1")

FEWEST_WORKERS = 2
MOST_WORKERS = 10
# Primary workers; all others are secondary and preemptible. Google takes no fewer than two.
ON_DEMAND_WORKERS = 2

BOOT_DISK_GB = 100
IDLE_DELETE = timedelta(minutes=30)
AUTO_DELETE = timedelta(hours=4)
LONGEST_TTL = timedelta(days=14)

# Google's action builds a conda environment on every node before the node joins, which takes longer than the ten
# minutes that actions get by default.
INIT_TIMEOUT = timedelta(minutes=20)
# Where that action puts the environment: the job's script has to run in it, not in Spark's own.
DASK_PYTHON = "/opt/conda/miniconda3/envs/dask/bin/python"
SCHEDULER_PORT = 8786

# How Google's images take packages: a version each, nothing else.
PACKAGES_PROPERTY = "dataproc:pip.packages"
PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9][A-Za-z0-9._-]*\])?==[0-9][A-Za-z0-9.+!*_-]*")


class ClusterConfigError(ValueError):
    """An argument that no cluster can be made of."""


def cluster_config(
    cluster_name: str,
    region: str,
    *,
    workers: int = FEWEST_WORKERS,
    most_workers: int = MOST_WORKERS,
    machine_type: str = MACHINE_TYPE,
    master_machine_type: str = MACHINE_TYPE,
    boot_disk_gb: int = BOOT_DISK_GB,
    image_version: str = IMAGE_VERSION,
    preemptibility: str = "PREEMPTIBLE",
    subnetwork: str | None = None,
    service_account: str | None = None,
    tags: tuple[str, ...] = ("dask",),
    kms_key: str | None = None,
    bucket: str | None = None,
    autoscaling_policy: str | None = None,
    idle_delete: timedelta = IDLE_DELETE,
    auto_delete: timedelta = AUTO_DELETE,
    dask_runtime: str = "standalone",
    init_action: str | None = None,
    init_timeout: timedelta = INIT_TIMEOUT,
    packages: Sequence[str] = (),
    metadata: Mapping[str, str] | None = None,
    properties: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The `cluster_config` of `DataprocCreateClusterOperator`, or `config` of `dataproc_v1.Cluster`.

    `workers` counts both groups: the first two are on demand, the rest preemptible. `cluster_name` may be a Jinja
    template; the job finds its scheduler by it. `kms_key`, `subnetwork`, `service_account` and `autoscaling_policy` are
    full resource names. `packages` are what the nodes' Python has beside Dask, `NAME==VERSION` each.
    """
    if dask_runtime != "standalone":
        raise ClusterConfigError(
            f"`dask_runtime={dask_runtime!r}`: Dask on YARN ended in 2022; hint: `standalone` is what can be had"
        )
    if image_version.startswith(DEAD_IMAGES):
        warnings.warn(f"image version {image_version} is dead or dying; {IMAGE_VERSION} follows it", stacklevel=2)
    secondary = _group(_secondary(workers, most_workers), machine_type, boot_disk_gb)
    secondary["preemptibility"] = _preemptible(preemptibility)
    config: dict[str, Any] = {
        "gce_cluster_config": {
            "internal_ip_only": True,
            "tags": list(tags),
            "shielded_instance_config": {"enable_secure_boot": True, "enable_vtpm": True},
            # Without `dask-runtime` Google's action ends the creation of the cluster.
            "metadata": {"dask-runtime": dask_runtime, "dask-worker-on-master": "false", **(metadata or {})},
        },
        "master_config": _group(1, master_machine_type, boot_disk_gb),
        "worker_config": _group(ON_DEMAND_WORKERS, machine_type, boot_disk_gb),
        "software_config": {
            "image_version": image_version,
            "properties": {**_dask_properties(cluster_name), **_packages(packages), **(properties or {})},
        },
        "initialization_actions": [
            {
                "executable_file": init_action or dask_action(region),
                "execution_timeout": _seconds(init_timeout),
            }
        ],
        "lifecycle_config": {
            "idle_delete_ttl": _ttl("idle_delete", idle_delete, timedelta(minutes=5)),
            "auto_delete_ttl": _ttl("auto_delete", auto_delete, timedelta(minutes=10)),
        },
        "endpoint_config": {"enable_http_port_access": True},
    }
    if secondary["num_instances"] or autoscaling_policy:
        config["secondary_worker_config"] = secondary
    if subnetwork:
        config["gce_cluster_config"]["subnetwork_uri"] = subnetwork
    if service_account:
        config["gce_cluster_config"]["service_account"] = service_account
    if kms_key:
        config["encryption_config"] = {"gce_pd_kms_key_name": _kms_key(kms_key)}
    if bucket:
        config["config_bucket"] = _bucket(bucket)
    if autoscaling_policy:
        config["autoscaling_config"] = {"policy_uri": autoscaling_policy}
    return config


def dask_action(region: str) -> str:
    """Google's initialization action for Dask, from the bucket of this region."""
    return f"gs://goog-dataproc-initialization-actions-{region}/dask/dask.sh"


def _dask_properties(cluster_name: str) -> dict[str, str]:
    """What makes `Client()` without arguments work on Google's nodes: the environment's Python, and the address."""
    return {
        "spark:spark.pyspark.python": DASK_PYTHON,
        "spark:spark.pyspark.driver.python": DASK_PYTHON,
        "spark-env:DASK_SCHEDULER_ADDRESS": f"tcp://{cluster_name}-m:{SCHEDULER_PORT}",
    }


def _packages(packages: Sequence[str]) -> dict[str, str]:
    if isinstance(packages, str):
        raise ClusterConfigError(f"`packages={packages!r}` is one text; hint: `[{packages!r}]`")
    for package in packages:
        if not PACKAGE.fullmatch(package):
            raise ClusterConfigError(f"`packages`: {package!r} is not of the form NAME==VERSION")
    return {PACKAGES_PROPERTY: ",".join(packages)} if packages else {}


def _secondary(workers: int, most: int) -> int:
    if isinstance(workers, bool) or not isinstance(workers, int):
        raise ClusterConfigError(f"`workers={workers!r}` is not a whole number")
    if not FEWEST_WORKERS <= workers <= most:
        raise ClusterConfigError(
            f"`workers={workers}` is not between {FEWEST_WORKERS} and {most}; hint: `most_workers` moves the upper end"
        )
    return workers - ON_DEMAND_WORKERS


def _group(instances: int, machine_type: str, boot_disk_gb: int) -> dict[str, Any]:
    return {
        "num_instances": instances,
        "machine_type_uri": machine_type,
        "disk_config": {"boot_disk_type": "pd-balanced", "boot_disk_size_gb": boot_disk_gb},
    }


def _preemptible(kind: str) -> str:
    if kind not in ("PREEMPTIBLE", "SPOT", "NON_PREEMPTIBLE"):
        raise ClusterConfigError(f"`preemptibility={kind!r}` is none of PREEMPTIBLE, SPOT, NON_PREEMPTIBLE")
    return kind


def _seconds(span: timedelta) -> dict[str, int]:
    return {"seconds": int(span.total_seconds())}


def _ttl(argument: str, span: timedelta, least: timedelta) -> dict[str, int]:
    if not least <= span <= LONGEST_TTL:
        raise ClusterConfigError(f"`{argument}={span}` is not between {least} and {LONGEST_TTL}")
    return _seconds(span)


def _kms_key(name: str) -> str:
    parts = name.split("/")
    if parts[::2] != ["projects", "locations", "keyRings", "cryptoKeys"] or len(parts) != 8 or not all(parts):
        raise ClusterConfigError(
            f"`kms_key={name!r}` is not `projects/P/locations/L/keyRings/R/cryptoKeys/K`"
        )
    return name


def _bucket(name: str) -> str:
    if "/" in name:
        raise ClusterConfigError(f"`bucket={name!r}` is not a bucket's name; hint: without `gs://` and without a path")
    return name
