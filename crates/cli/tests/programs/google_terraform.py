"""What Terraform's provider for Google asks over REST, in its order and its spelling: a bucket, an autoscaling policy, a
cluster that is made, read, changed, read again and removed, a job, a workflow template, an IAM policy.

The provider itself is not run. This is what its resources send (`google_storage_bucket`, `google_dataproc_autoscaling_policy`,
`google_dataproc_cluster`, `google_dataproc_job`, `google_dataproc_workflow_template`, `..._iam_member`), with nothing but the
variables of `caddis env terraform`. Only the standard library. What is wrong is an assertion.
"""

import json
import os
import re
import ssl
import sys
import time
import urllib.error
import urllib.request

dataproc, storage = os.environ["GOOGLE_DATAPROC_CUSTOM_ENDPOINT"], os.environ["GOOGLE_STORAGE_CUSTOM_ENDPOINT"]
project, region = os.environ["GOOGLE_PROJECT"], os.environ["GOOGLE_REGION"]
# The provider takes an endpoint of this form alone, and resources written by hand leave its version away.
assert re.fullmatch(r".*/[^/]+/", dataproc) and re.fullmatch(r".*/[^/]+/", storage)
by_hand = re.sub(r"v1/$", "", dataproc)
context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
script = f"file://{sys.argv[1]}"


def ask(verb, url, body=None, **query):
    """Status and answer, as Go's clients for Google ask."""
    query = "&".join(f"{name}={value}" for name, value in {"alt": "json", **query}.items())
    headers = {"Authorization": f"Bearer {os.environ['GOOGLE_OAUTH_ACCESS_TOKEN']}", "Content-Type": "application/json",
               "User-Agent": "Terraform/1.11.4 (+https://www.terraform.io) terraform-provider-google/6.30.0"}
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{url}?{query}", data, headers, method=verb), context=context) as answer:
            return answer.status, json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def good(*asked, **query):
    """What is answered to a request that is taken."""
    status, answer = ask(*asked, **query)
    assert status in (200, 204), (asked, status, answer)
    return answer


def until(look):
    """What `look` answers once it is something."""
    ends = time.monotonic() + 240
    while time.monotonic() < ends:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError("waited in vain")


def done(operation):
    """Waits for an operation, as the provider does."""
    url = f"{by_hand}v1/{operation['name']}"
    over = until(lambda: (said := good("GET", url, prettyPrint="false")).get("done") and said)
    assert "error" not in over, over
    return over


def holds(found, wanted, where="it"):
    """All that was wanted is found as it was sent: otherwise each plan would show a difference."""
    for name, value in wanted.items():
        if isinstance(value, dict):
            holds(found[name], value, f"{where}.{name}")
        else:
            assert found.get(name) == value, (f"{where}.{name}", found.get(name), value)


# google_storage_bucket
bucket = {"name": "of-terraform", "location": "US-CENTRAL1", "storageClass": "STANDARD", "labels": {"team": "risk"}}
good("POST", f"{storage}b", bucket, prettyPrint="false", project=project)
holds(good("GET", f"{storage}b/of-terraform", prettyPrint="false"), bucket)

# google_dataproc_autoscaling_policy
policies = f"{dataproc}projects/{project}/locations/{region}/autoscalingPolicies"
policy = {"id": "half", "workerConfig": {"minInstances": 2, "maxInstances": 3}, "basicAlgorithm": {"cooldownPeriod": "120s", "yarnConfig": {
    "gracefulDecommissionTimeout": "30s", "scaleUpFactor": 0.5, "scaleDownFactor": 0.5}}}
name = good("POST", policies, policy)["name"]
holds(good("GET", f"{policies}/half"), policy)
holds(good("PUT", f"{policies}/half", {**policy, "workerConfig": {"minInstances": 2, "maxInstances": 4}}), {"id": "half"})
assert good("GET", f"{policies}/half")["workerConfig"]["maxInstances"] == 4

# google_dataproc_cluster
clusters = f"{by_hand}v1/projects/{project}/regions/{region}/clusters"
cluster = {"clusterName": "of-terraform", "projectId": project, "labels": {"team": "risk", "goog-terraform-provisioned": "true"}, "config": {
    "configBucket": "of-terraform", "gceClusterConfig": {"tags": ["etl"], "internalIpOnly": True, "zoneUri": f"{region}-b"},
    "masterConfig": {"numInstances": 1, "machineTypeUri": "n2-standard-4", "diskConfig": {"bootDiskSizeGb": 100, "bootDiskType": "pd-ssd"}},
    "workerConfig": {"numInstances": 2, "machineTypeUri": "n2-standard-4", "diskConfig": {"bootDiskSizeGb": 100, "numLocalSsds": 1}},
    "secondaryWorkerConfig": {"numInstances": 1, "preemptibility": "SPOT"},
    "softwareConfig": {"imageVersion": "2.3-debian12", "properties": {"dask:x": "y"}},
    "lifecycleConfig": {"idleDeleteTtl": "1800s"}}}
done(good("POST", clusters, cluster, prettyPrint="false"))
found = good("GET", f"{clusters}/of-terraform", prettyPrint="false")
holds(found, cluster)
assert found["status"]["state"] == "RUNNING" and found["clusterUuid"], found
cluster["labels"]["team"], cluster["config"]["secondaryWorkerConfig"]["numInstances"] = "web", 0
masks = "config.secondary_worker_config.num_instances,labels"
done(good("PATCH", f"{clusters}/of-terraform", cluster, prettyPrint="false", updateMask=masks, gracefulDecommissionTimeout="60s"))
found = good("GET", f"{clusters}/of-terraform", prettyPrint="false")
assert found["labels"] == cluster["labels"] and not found["config"]["secondaryWorkerConfig"].get("numInstances"), found

# google_dataproc_job
jobs = f"{by_hand}v1/projects/{project}/regions/{region}/jobs"
job = {"reference": {"projectId": project, "jobId": "of-terraform"}, "placement": {"clusterName": "of-terraform"}, "labels": {"a": "b"},
       "pysparkJob": {"mainPythonFileUri": script, "args": ["x"], "properties": {"spark.logConf": "true"}}, "scheduling": {"maxFailuresPerHour": 1}}
good("POST", f"{jobs}:submit", {"job": job}, prettyPrint="false")
over = until(lambda: (said := good("GET", f"{jobs}/of-terraform", prettyPrint="false"))["status"]["state"] in ("DONE", "ERROR") and said)
assert over["status"]["state"] == "DONE" and over["driverOutputResourceUri"].startswith("gs://of-terraform/"), over
holds(over, job)
good("DELETE", f"{jobs}/of-terraform", prettyPrint="false")
assert ask("GET", f"{jobs}/of-terraform", prettyPrint="false")[0] == 404

# google_dataproc_cluster_iam_member
member = {"policy": {"bindings": [{"role": "roles/editor", "members": ["user:jane@example.com"]}], "etag": good(
    "POST", f"{clusters}/of-terraform:getIamPolicy", {}, prettyPrint="false").get("etag", "")}}
good("POST", f"{clusters}/of-terraform:setIamPolicy", member, prettyPrint="false")
said = good("POST", f"{clusters}/of-terraform:getIamPolicy", {}, prettyPrint="false")
assert said["bindings"] == member["policy"]["bindings"], said

# google_dataproc_workflow_template
templates = f"{dataproc}projects/{project}/locations/{region}/workflowTemplates"
template = {"id": "daily", "labels": {"team": "risk"}, "placement": {"managedCluster": {"clusterName": "daily", "config": cluster["config"]}},
            "jobs": [{"stepId": "one", "pysparkJob": {"mainPythonFileUri": script}}]}
good("POST", templates, template)
holds(good("GET", f"{templates}/daily"), {"id": "daily", "labels": {"team": "risk"}})
good("DELETE", f"{templates}/daily")

# All is removed, and what is not there any more is read as 404: the provider takes it out of its state.
done(good("DELETE", f"{clusters}/of-terraform", prettyPrint="false"))
good("DELETE", f"{policies}/half")
for page in good("GET", f"{storage}b/of-terraform/o", prettyPrint="false").get("items", []):
    good("DELETE", f"{storage}b/of-terraform/o/{urllib.request.quote(page['name'], '')}", prettyPrint="false")
good("DELETE", f"{storage}b/of-terraform", prettyPrint="false")
for gone in (f"{clusters}/of-terraform", f"{policies}/half", f"{templates}/daily", f"{storage}b/of-terraform"):
    status, said = ask("GET", gone, prettyPrint="false")
    assert status == said["error"]["code"] == 404, (gone, said)
print("as Terraform asks")
