"""What holds for every DAG here, under whichever Airflow runs this: `python -m unittest test_dags`.

The folder of DAGs is in `DAGS`.
"""

import logging
import os
import unittest
from datetime import timedelta
from types import SimpleNamespace

from google.cloud import dataproc_v1

from caddis.airflow.compat import AIRFLOW

if AIRFLOW >= 3:
    from airflow.dag_processing.dagbag import DagBag
else:
    from airflow.models import DagBag

EXPECTED = ["ephemeral", "ephemeral_deferrable", "orders_analytics", "orders_etl", "returns_training"]
LABELS = ["cost-center", "environment", "pipeline", "team"]


class Dags(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        logging.disable(logging.INFO)
        more = {} if AIRFLOW >= 3 else {"include_examples": False, "read_dags_from_db": False}
        cls.bag = DagBag(dag_folder=os.environ["DAGS"], **more)

    def test_all_are_there_without_an_error(self):
        self.assertEqual(self.bag.import_errors, {})
        self.assertEqual(sorted(self.bag.dags), EXPECTED)

    def test_a_cluster_is_deleted_whatever_became_of_the_job(self):
        for dag in self.bag.dags.values():
            with self.subTest(dag.dag_id):
                create, delete, done = (dag.get_task(name) for name in ("create", "delete", "done"))
                self.assertEqual(delete.trigger_rule, "all_done")
                self.assertEqual(delete.cluster_name, create.cluster_name)
                self.assertIn("delete", create.get_flat_relative_ids(upstream=False))
                self.assertIsNone(dag.dagrun_timeout, "it would skip the deletion")
                lifecycle = create.cluster_config["lifecycle_config"]
                self.assertIn("auto_delete_ttl", lifecycle)

    def test_a_job_that_failed_fails_the_run(self):
        for dag in self.bag.dags.values():
            with self.subTest(dag.dag_id):
                self.assertEqual([task.task_id for task in dag.leaves], ["done"])
                done = dag.get_task("done")
                self.assertEqual(done.trigger_rule, "all_success")
                jobs = [task for task in dag.tasks if task.task_type == "DataprocSubmitJobOperator"]
                self.assertTrue(jobs)
                last = {task.task_id for task in jobs if "delete" in task.downstream_task_ids}
                self.assertEqual(done.upstream_task_ids, last | {"delete"})

    def test_each_has_retries_deadlines_and_labels(self):
        for dag in self.bag.dags.values():
            with self.subTest(dag.dag_id):
                work = [task for task in dag.tasks if task.task_id != "done"]
                for task in work:
                    self.assertGreaterEqual(task.retries, 1)
                    self.assertLessEqual(task.execution_timeout, timedelta(hours=2))
                self.assertEqual(sorted(dag.get_task("create").labels), LABELS)
                for task in work:
                    if hasattr(task, "job"):
                        self.assertEqual(sorted(task.job["labels"]), ["caddis-deadline", *LABELS])
                if AIRFLOW >= 3:
                    self.assertEqual(len(dag.deadline), 1)
                else:
                    self.assertTrue(all(task.sla for task in dag.tasks) and dag.sla_miss_callback)

    def test_what_is_sent_is_what_google_takes(self):
        for dag in self.bag.dags.values():
            with self.subTest(dag.dag_id):
                create = dag.get_task("create")
                dataproc_v1.Cluster({"config": create.cluster_config, "labels": create.labels})
                for task in dag.tasks:
                    if hasattr(task, "job"):
                        dataproc_v1.Job(task.job)

    def test_a_request_that_is_sent_twice_is_one(self):
        """An answer can be lost: Google's client asks again, and a job's id alone would be ALREADY_EXISTS."""
        for dag in self.bag.dags.values():
            for task in dag.tasks:
                with self.subTest(dag.dag_id, task=task.task_id):
                    if hasattr(task, "job"):
                        self.assertEqual(task.request_id, task.job["reference"]["job_id"])
                        names = {"run_id": "manual__2026-01-05", "ti": SimpleNamespace(try_number=12)}
                        rendered = dag.get_template_env().from_string(task.request_id).render(**names)
                        self.assertRegex(rendered, r"\A[a-z0-9-]{1,40}\Z")
                        self.assertTrue(rendered.endswith("-12"))

    def test_deferrable_ones_say_so_and_others_follow_the_setting(self):
        wanted = os.environ.get("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "false") == "true"
        for dag in self.bag.dags.values():
            with self.subTest(dag.dag_id):
                deferrable = wanted or dag.dag_id == "ephemeral_deferrable"
                operators = [task for task in dag.tasks if task.task_type.startswith("Dataproc")]
                self.assertEqual({task.deferrable for task in operators}, {deferrable})


if __name__ == "__main__":
    unittest.main()
