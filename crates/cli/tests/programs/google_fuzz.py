"""Asks the REST face for what nobody should ask, and holds every answer against Google's error model.

Called with the port, the roots, the token's file, a seed and how many requests. The same seed asks the same. Only the
standard library, so that any Python runs it. Says how many answers of which status there were.
"""

import sys
from collections import Counter

from fuzz_rest import Connection, R, body_of, check, count, dice, target_of

#: Bodies that are nearly right; what is done to them is what is tested.
CLUSTER = {
    "projectId": "p", "clusterName": "fuzz", "labels": {"env": "test"},
    "config": {
        "configBucket": "b", "gceClusterConfig": {"zoneUri": "us-central1-a", "metadata": {"a": "b"}, "internalIpOnly": True},
        "masterConfig": {"numInstances": 1, "machineTypeUri": "n2-standard-4"},
        "workerConfig": {"numInstances": 1, "preemptibility": "SPOT", "diskConfig": {"bootDiskSizeGb": 1}},
        "softwareConfig": {"imageVersion": "2.3", "properties": {"dask:x": "y"}, "optionalComponents": ["JUPYTER", 9]},
        "initializationActions": [{"executableFile": "gs://b/x.sh", "executionTimeout": "600s"}],
        "lifecycleConfig": {"idleDeleteTtl": "600s", "autoDeleteTime": "2030-01-01T00:00:00Z"},
        "autoscalingConfig": {"policyUri": "projects/p/regions/us-central1/autoscalingPolicies/x"},
    },
}
JOB = {
    "reference": {"jobId": "fuzz"}, "placement": {"clusterName": "none"}, "labels": {"a": "b"},
    "pysparkJob": {"mainPythonFileUri": "file:///nowhere/x.py", "args": ["a"], "pythonFileUris": ["gs://b/c.zip"],
                   "archiveUris": ["gs://b/d.tgz#e"], "properties": {"spark.x": "y"}, "loggingConfig": {"driverLogLevels": {"root": "INFO"}}},
    "scheduling": {"maxFailuresPerHour": 1, "maxFailuresTotal": 3},
}
POLICY = {"id": "fuzz", "basicAlgorithm": {"yarnConfig": {"gracefulDecommissionTimeout": "3600s", "scaleUpFactor": 0.5,
                                                          "scaleDownFactor": 0.5}, "cooldownPeriod": "120s"},
          "workerConfig": {"minInstances": 2, "maxInstances": 10}}
TEMPLATE = {"id": "fuzz", "placement": {"managedCluster": {"clusterName": "t", "config": {}}},
            "jobs": [{"stepId": "one", "pysparkJob": JOB["pysparkJob"], "prerequisiteStepIds": ["one"]}],
            "parameters": [{"name": "X", "fields": ["jobs['one'].pysparkJob.args[0]"]}]}
IAM = {"policy": {"bindings": [{"role": "roles/x", "members": ["user:a"]}], "etag": "eA=="}, "permissions": ["x.y"]}
ASKED = [
    ("POST", f"{R}/clusters", CLUSTER), ("GET", f"{R}/clusters", None), ("GET", f"{R}/clusters/none", None),
    ("PATCH", f"{R}/clusters/none", CLUSTER), ("DELETE", f"{R}/clusters/none", None),
    ("POST", f"{R}/clusters/none:stop", {}), ("POST", f"{R}/clusters/none:start", {"clusterUuid": "x"}),
    ("POST", f"{R}/clusters/none:diagnose", {"tarballGcsDir": "gs://b", "diagnosisInterval": {"startTime": "2030-01-01T00:00:00Z"}}),
    ("POST", f"{R}/jobs:submit", {"job": JOB, "requestId": "r"}), ("POST", f"{R}/jobs:submitAsOperation", {"job": JOB}),
    ("GET", f"{R}/jobs", None), ("GET", f"{R}/jobs/none", None), ("PATCH", f"{R}/jobs/none", JOB),
    ("POST", f"{R}/jobs/none:cancel", {}), ("DELETE", f"{R}/jobs/none", None),
    ("GET", f"{R}/operations", None), ("GET", f"{R}/operations/none", None), ("POST", f"{R}/operations/none:cancel", {}),
    ("DELETE", f"{R}/operations/none", None),
    ("POST", f"{R}/autoscalingPolicies", POLICY), ("GET", f"{R}/autoscalingPolicies", None),
    ("PUT", f"{R}/autoscalingPolicies/fuzz", POLICY), ("DELETE", f"{R}/autoscalingPolicies/none", None),
    ("POST", f"{R}/workflowTemplates", TEMPLATE), ("GET", f"{R}/workflowTemplates", None),
    ("PUT", f"{R}/workflowTemplates/fuzz", TEMPLATE), ("POST", f"{R}/workflowTemplates/none:instantiate", {"version": 1}),
    ("POST", f"{R}/workflowTemplates:instantiateInline", TEMPLATE), ("DELETE", f"{R}/workflowTemplates/none", None),
    ("POST", f"{R}/clusters/none:getIamPolicy", IAM), ("POST", f"{R}/clusters/none:setIamPolicy", IAM),
    ("POST", f"{R}/jobs/none:testIamPermissions", IAM),
]

connection, seen = Connection(), Counter()
for _ in range(count):
    verb, path, value = dice.choice(ASKED)
    if dice.random() < 0.03:
        verb = dice.choice(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "NONSENSE"])
    target, body = target_of(path), body_of(value)
    answer = connection.ask(verb, target, body)
    if verb == "HEAD":
        connection.close()
        continue
    seen[check(verb, target, body, answer)] += 1
# A body that never ends as it said, one that is too large, and ones in pieces that are none.
connection.close()
for length in (1000, 10**9):
    connection.ask("POST", f"{R}/clusters".encode(), b'{"clusterName": "x', length)
    connection.close()
huge = b'{"clusterName": "' + b"x" * (11 << 20) + b'"}'
answer = connection.ask("POST", f"{R}/clusters".encode(), huge)
assert answer is None or answer[0] in (400, 413), answer
connection.close()
connection.ask("POST", f"{R}/clusters".encode(), b"zz\r\nnonsense\r\n", headers=b"Transfer-Encoding: chunked\r\n")
connection.close()
# It is well.
seen[check("GET", f"{R}/clusters".encode(), b"", connection.ask("GET", f"{R}/clusters".encode(), b""))] += 1
assert seen[200] > count / 100 and seen[400] > count / 5 and seen[404] > count / 50, seen
print(f"{sum(seen.values())} answers: {dict(sorted(seen.items()))}", file=sys.stderr)
print("every answer was Google's")
