"""The helper against the messages of Google's own library, which refuse fields and types that do not exist.

`python -m unittest test_cluster_config`, in any environment with google-cloud-dataproc.
"""

import unittest
import warnings
from datetime import timedelta

from google.cloud import dataproc_v1

from caddis.airflow import ClusterConfigError, Place, PlaceError, cluster_config, cost_labels, python_job, run_name

KEY = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"


def message(**arguments):
    """What Google's library makes of it."""
    config = cluster_config("etl", "us-central1", **arguments)
    return dataproc_v1.Cluster({"cluster_name": "etl", "config": config}).config


class Figures(unittest.TestCase):
    def test_the_missions_cluster(self):
        config = message()
        self.assertEqual((config.master_config.num_instances, config.worker_config.num_instances), (1, 2))
        self.assertFalse("secondary_worker_config" in config)
        for group in (config.master_config, config.worker_config):
            self.assertEqual(group.machine_type_uri, "n2-standard-4")
        self.assertTrue(config.gce_cluster_config.internal_ip_only)
        self.assertEqual(config.gce_cluster_config.metadata["dask-runtime"], "standalone")
        self.assertTrue(config.software_config.image_version.startswith("2.3"))
        self.assertTrue(config.endpoint_config.enable_http_port_access)
        self.assertEqual(config.lifecycle_config.idle_delete_ttl, timedelta(minutes=30))
        self.assertEqual(config.lifecycle_config.auto_delete_ttl, timedelta(hours=4))
        (action,) = config.initialization_actions
        self.assertEqual(action.executable_file, "gs://goog-dataproc-initialization-actions-us-central1/dask/dask.sh")
        self.assertEqual(action.execution_timeout, timedelta(minutes=20))

    def test_two_workers_are_on_demand_and_the_rest_preemptible(self):
        kind = dataproc_v1.InstanceGroupConfig.Preemptibility
        for workers in range(3, 11):
            config = message(workers=workers)
            self.assertEqual(config.worker_config.num_instances, 2)
            self.assertEqual(config.secondary_worker_config.num_instances, workers - 2)
            self.assertEqual(config.secondary_worker_config.preemptibility, kind.PREEMPTIBLE)
            self.assertEqual(config.worker_config.preemptibility, kind.PREEMPTIBILITY_UNSPECIFIED)

    def test_what_is_given_is_where_google_reads_it(self):
        config = message(
            kms_key=KEY,
            subnetwork="projects/p/regions/us-central1/subnetworks/services",
            service_account="dask@p.iam.gserviceaccount.com",
            bucket="staging",
            autoscaling_policy="projects/p/regions/us-central1/autoscalingPolicies/two-to-ten",
            metadata={"dask-cloud-logging": "true"},
            properties={"core:fs.gs.block.size": "134217728"},
            preemptibility="SPOT",
        )
        self.assertEqual(config.encryption_config.gce_pd_kms_key_name, KEY)
        self.assertTrue(config.gce_cluster_config.subnetwork_uri.endswith("/services"))
        self.assertTrue(config.gce_cluster_config.service_account.startswith("dask@"))
        self.assertEqual(config.config_bucket, "staging")
        self.assertTrue(config.autoscaling_config.policy_uri.endswith("/two-to-ten"))
        # A policy may add secondary workers to a cluster that begins with none.
        self.assertEqual(config.secondary_worker_config.num_instances, 0)
        self.assertEqual(config.secondary_worker_config.preemptibility.name, "SPOT")
        self.assertEqual(config.gce_cluster_config.metadata["dask-cloud-logging"], "true")
        self.assertEqual(config.gce_cluster_config.metadata["dask-runtime"], "standalone")
        properties = config.software_config.properties
        self.assertEqual(properties["spark-env:DASK_SCHEDULER_ADDRESS"], "tcp://etl-m:8786")
        self.assertEqual(properties["core:fs.gs.block.size"], "134217728")

    def test_what_no_cluster_can_be_made_of_names_the_argument(self):
        for argument, value in {
            "workers": 1,
            "idle_delete": timedelta(minutes=4),
            "auto_delete": timedelta(days=15),
            "kms_key": "projects/p/locations/l/keyRings/r",
            "bucket": "gs://staging",
            "preemptibility": "CHEAP",
            "dask_runtime": "yarn",
            "packages": ["gcsfs"],
        }.items():
            with self.subTest(argument), self.assertRaisesRegex(ClusterConfigError, argument):
                cluster_config("etl", "us-central1", **{argument: value})
        for packages in ("gcsfs==2026.10.1", ["gcsfs>=1"], ["-r==1"], ["a==1,b==2"], ["a==1\n"]):
            with self.subTest(packages), self.assertRaisesRegex(ClusterConfigError, "packages"):
                cluster_config("etl", "us-central1", packages=packages)
        for workers in (11, 2.0, True):
            with self.subTest(workers), self.assertRaisesRegex(ClusterConfigError, "workers"):
                cluster_config("etl", "us-central1", workers=workers)
        self.assertEqual(message(workers=40, most_workers=50).secondary_worker_config.num_instances, 38)

    def test_a_dead_image_is_taken_with_a_warning(self):
        with self.assertWarnsRegex(UserWarning, "2.1-debian11"):
            self.assertEqual(message(image_version="2.1-debian11").software_config.image_version, "2.1-debian11")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            message(image_version="2.2-debian12")

    def test_googles_library_refuses_what_it_does_not_know(self):
        """Else none of the tests above would say anything."""
        for group, field, value in [
            ("worker_config", "machines", 2),
            ("worker_config", "num_instances", "two"),
            ("gce_cluster_config", "internal_ip", True),
            ("lifecycle_config", "idle_ttl", {"seconds": 600}),
        ]:
            config = cluster_config("etl", "us-central1")
            config[group][field] = value
            with self.subTest(field), self.assertRaises((ValueError, TypeError)):
                dataproc_v1.Cluster({"config": config})


class Others(unittest.TestCase):
    def test_a_job(self):
        job = dataproc_v1.Job(
            python_job(
                "etl",
                "gs://b/jobs/etl.py",
                ["--n", 3],
                job_id="etl-1",
                labels={"team": "risk"},
                deadline=timedelta(hours=1),
                files=["gs://b/x"],
                archives=["gs://b/y.zip#y"],
            )
        )
        self.assertEqual(dict(job.labels), {"team": "risk", "caddis-deadline": "60m"})
        with self.assertRaisesRegex(ValueError, "deadline"):
            python_job("etl", "gs://b/jobs/etl.py", deadline=timedelta(seconds=30))
        self.assertEqual(list(job.pyspark_job.args), ["--n", "3"])
        self.assertEqual((job.placement.cluster_name, job.reference.job_id), ("etl", "etl-1"))
        self.assertEqual(list(job.pyspark_job.file_uris), ["gs://b/x"])
        self.assertEqual(list(job.pyspark_job.archive_uris), ["gs://b/y.zip#y"])

    def test_names(self):
        runs = ["manual__2026-01-05T00:00:00+00:00", "scheduled__2026-01-05T00:00:00+00:00"]
        names = {run_name("orders-etl", run) for run in runs}
        self.assertEqual(len(names), 2)
        self.assertEqual(run_name("orders-etl", runs[0]), run_name("orders-etl", runs[0]))
        for name in [*names, run_name("a" * 38, runs[0])]:
            self.assertRegex(name, r"\A[a-z]([-a-z0-9]{0,49}[a-z0-9])?\Z")
        for prefix in ("", "Etl", "1etl", "e_t_l", "a" * 39):
            with self.subTest(prefix), self.assertRaises(ValueError):
                run_name(prefix, runs[0])

    def test_labels(self):
        labels = cost_labels(pipeline="etl", team="risk", environment="prod", cost_center="4711")
        self.assertEqual(labels["cost-center"], "4711")
        with self.assertRaisesRegex(ValueError, "team"):
            cost_labels(pipeline="etl", team="Risk & Co", environment="prod", cost_center="4711")

    def test_a_place(self):
        place = Place.from_environment("/x/dags/etl.py", {"GOOGLE_CLOUD_PROJECT": "p"})
        self.assertEqual((place.project, place.region), ("p", "us-central1"))
        self.assertEqual(place.job("pi.py"), "file:///x/jobs/pi.py")
        told = {"GCP_PROJECT": "p", "CADDIS_DAGS_JOBS": "gs://b/jobs/", "CADDIS_DAGS_KMS_KEY": KEY}
        told["CADDIS_DAGS_PACKAGES"] = "gcsfs==2026.10.1, duckdb[all]==1.2.0,"
        place = Place.from_environment("/x/dags/etl.py", told)
        self.assertEqual(place.job("pi.py"), "gs://b/jobs/pi.py")
        config = dataproc_v1.ClusterConfig(place.cluster_config("etl", workers=4))
        self.assertEqual(config.encryption_config.gce_pd_kms_key_name, KEY)
        packages = config.software_config.properties["dataproc:pip.packages"]
        self.assertEqual(packages, "gcsfs==2026.10.1,duckdb[all]==1.2.0")
        with self.assertRaisesRegex(PlaceError, "GOOGLE_CLOUD_PROJECT"):
            Place.from_environment("/x/dags/etl.py", {})
        for text in ("0", "-1", "ten", "1.5"):
            with self.subTest(text), self.assertRaisesRegex(PlaceError, "POLLING_SECONDS"):
                Place.from_environment("x", {"GCP_PROJECT": "p", "CADDIS_DAGS_POLLING_SECONDS": text})


if __name__ == "__main__":
    unittest.main()
