"""What DAGs share: where they run, what their clusters look like, names, labels and deadlines.

Only `caddis.airflow.compat` needs Airflow; the rest is the standard library's alone, so that it can be tested, and used
by other schedulers, without it.
"""

from caddis.airflow.cluster import ClusterConfigError, cluster_config
from caddis.airflow.jobs import python_job
from caddis.airflow.names import MACROS, cost_labels, day_of, run_name
from caddis.airflow.place import Place, PlaceError

__all__ = [
    "MACROS",
    "ClusterConfigError",
    "Place",
    "PlaceError",
    "cluster_config",
    "cost_labels",
    "day_of",
    "python_job",
    "run_name",
]
