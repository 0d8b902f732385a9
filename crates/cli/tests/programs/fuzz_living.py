"""Real things that the programs strike which ask for what nobody should ask: a cluster that serves, a job that runs on it,
an autoscaling policy, a workflow template and an operation.

They are made over REST, in well-formed requests, whichever wire is struck. After a request that was refused each of them
must be what it was (`unharmed`); after one that was taken (`taken`) what it was about may have changed, is waited for, and is made
anew where it is gone, and nothing else may have changed.
"""

import http.client
import json
import ssl
import sys
import time

PLACE = "projects/p/regions/us-central1"
POLICY = {"id": "living", "workerConfig": {"minInstances": 2, "maxInstances": 4}, "basicAlgorithm": {"cooldownPeriod": "120s", "yarnConfig": {
    "gracefulDecommissionTimeout": "60s", "scaleUpFactor": 0.5, "scaleDownFactor": 0.5}}}
#: What a request about the one changes of the other: a job ends with its cluster, and an operation of it may be another one.
WITH = {"cluster": {"cluster", "job"}, "job": {"job"}, "policy": {"policy"}, "template": {"template"}, "operation": {"operation"}}
#: How long a thing may take to become what it was asked to be.
SECONDS = 240


def until(what, look):
    """What `look` answers once it is something."""
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited in vain for {what}")


class Living:
    """One of each kind, and what each was like when it was last well."""

    def __init__(self, port, roots, token, waits, ends):
        """`waits` is a script that never ends by itself, `ends` one that ends at once: URIs."""
        self.context, self.address, self.token = ssl.create_default_context(cadata=roots), ("localhost", int(port)), token
        self.connection, self.waits, self.ends = None, waits, ends
        self.renewed, self.jobs = 0, 0
        self.template = {"id": "living", "placement": {"clusterSelector": {"clusterLabels": {"of": "living"}}},
                         "jobs": [{"stepId": "one", "pysparkJob": {"mainPythonFileUri": ends, "args": ["a"]}}],
                         "parameters": [{"name": "X", "fields": ["jobs['one'].pysparkJob.args[0]"]}]}
        self.paths = {"cluster": "clusters/living", "policy": "autoscalingPolicies/living", "template": "workflowTemplates/living"}
        self.make_cluster()
        self.good("POST", "autoscalingPolicies", POLICY)
        self.good("POST", "workflowTemplates", self.template)
        self.make_operation()
        self.remember()

    def ask(self, verb, path, body=None):
        """The status and the answer of one request."""
        text = None if body is None else json.dumps(body)
        for again in (True, False):
            try:
                self.connection = self.connection or http.client.HTTPSConnection(*self.address, context=self.context, timeout=60)
                self.connection.request(verb, f"/v1/{PLACE}/{path}", text, {"Authorization": f"Bearer {self.token}"})
                answer = self.connection.getresponse()
                return answer.status, json.loads(answer.read())
            except (http.client.HTTPException, ConnectionError):
                self.connection = None  # The server closes what nobody asks on for long.
                assert again

    def good(self, verb, path, body=None):
        """What is answered to a request that is taken."""
        status, value = self.ask(verb, path, body)
        assert status == 200, (verb, path, status, value)
        return value

    def look(self, kind):
        """The thing as it is, without what changes by itself; nothing when it is not there."""
        status, value = self.ask("GET", self.paths[kind])
        if status == 404:
            return None
        assert status == 200, (kind, status, value)
        if kind == "cluster":
            value.pop("metrics", None)
            value.get("config", {}).get("lifecycleConfig", {}).pop("idleStartTime", None)
        return value

    def remember(self):
        """All of them as they are now."""
        self.was = {kind: self.look(kind) for kind in self.paths}
        assert all(self.was.values()), self.was
        assert self.was["cluster"]["status"]["state"] == self.was["job"]["status"]["state"] == "RUNNING", self.was

    def unharmed(self, asked, kinds=None):
        """Each is what it was."""
        for kind in kinds or self.paths:
            now = self.look(kind)
            assert now == self.was[kind], f"the {kind} changed from\n{self.was[kind]}\nto\n{now}\nby {asked}"

    def taken(self, kind, asked):
        """A request about this one was taken: the others are what they were, and it is well again."""
        self.unharmed(asked, set(self.paths) - WITH[kind])
        self.well(kind)
        self.remember()

    def well(self, kind):
        """Waits until it is well, or makes it anew."""
        if kind == "cluster":
            return self.well_cluster()
        now = self.look(kind)
        if kind == "job" and (now is None or now["status"]["state"] != "RUNNING"):
            return self.make_job()
        if kind == "operation" and now is None:
            return self.make_operation()
        if kind in ("policy", "template") and now != self.was[kind]:
            self.renewed += 1
            body = POLICY if kind == "policy" else self.template
            if now is None:
                return self.good("POST", self.paths[kind].split("/")[0], body)
            return self.good("PUT", self.paths[kind], {**body, **({"version": now["version"]} if kind == "template" else {})})

    def well_cluster(self):
        """It serves, and the job runs on it."""
        def settled():
            now = self.look("cluster")
            state = now["status"]["state"] if now else "GONE"
            assert state not in ("ERROR", "UNKNOWN"), now
            return state if state in ("GONE", "RUNNING", "STOPPED") else None

        state = until("the cluster", settled)
        if state == "GONE":
            return self.make_cluster()
        if state == "STOPPED":
            self.renewed += 1
            self.good("POST", "clusters/living:start", {})
            until("a cluster that was started", lambda: settled() == "RUNNING")
        self.well("job")

    def make_cluster(self):
        """A cluster with a job on it."""
        self.renewed += 1
        asked = {"clusterName": "living", "projectId": "p", "labels": {"of": "living"}, "config": {"workerConfig": {"numInstances": 2}}}
        self.good("POST", "clusters", asked)
        until("a cluster", lambda: self.look("cluster")["status"]["state"] == "RUNNING")
        self.make_job()

    def make_job(self):
        """A job that runs until it is told not to."""
        self.renewed, self.jobs = self.renewed + 1, self.jobs + 1
        job = {"reference": {"jobId": f"living-{self.jobs}"}, "placement": {"clusterName": "living"}, "labels": {"a": "b"},
               "pysparkJob": {"mainPythonFileUri": self.waits}}
        self.good("POST", "jobs:submit", {"job": job})
        self.paths["job"] = f"jobs/living-{self.jobs}"
        until("a job", lambda: self.look("job")["status"]["state"] == "RUNNING")

    def make_operation(self):
        """An operation that is done: another one of the cluster's labels."""
        self.renewed += 1
        labels = self.look("cluster").get("labels", {})
        made = self.good("PATCH", "clusters/living?updateMask=labels", {"labels": labels})
        self.paths["operation"] = made["name"].removeprefix(f"{PLACE}/")
        until("an operation", lambda: self.look("operation").get("done"))

    def end(self):
        """Nothing is left of them; says how often one had to be made."""
        self.good("DELETE", "clusters/living")
        until("the end of the cluster", lambda: self.look("cluster") is None)
        print(f"things were made {self.renewed} times", file=sys.stderr)
