"""Asks the REST face of things that are there for what nobody should ask. What refuses a request leaves them as they were;
what takes one changes nothing but what it is about.

Called with the port, the roots, the token's file, a seed, how many requests, and two scripts: one that waits, one that
ends. The same seed asks the same. Says how many answers of which status each kind of request had.
"""

import sys
from collections import Counter, defaultdict

from fuzz_living import POLICY, Living
from fuzz_rest import Connection, R, body_of, check, count, dice, plain_target, port, roots, target_of, token

living = Living(port, open(roots).read(), token, *(f"file://{path}" for path in sys.argv[6:8]))
#: A name of the cluster that it does not have: what would end it is refused, unless it is spoiled just so.
ELSE = ("clusterUuid", "00000000-0000-0000-0000-000000000000")
CLUSTER = {"labels": {"of": "living", "env": "test"}, "config": {
    "workerConfig": {"numInstances": 2}, "secondaryWorkerConfig": {"numInstances": 1, "preemptibility": "SPOT"},
    "autoscalingConfig": {"policyUri": "projects/p/regions/us-central1/autoscalingPolicies/none"},
    "lifecycleConfig": {"idleDeleteTtl": "1000s", "autoDeleteTtl": "3600s"}}}
JOB = {"placement": {"clusterName": "living"}, "labels": {"a": "b"}, "scheduling": {"maxFailuresPerHour": 1, "maxFailuresTotal": 3},
       "pysparkJob": {"mainPythonFileUri": living.ends, "args": ["a"], "fileUris": [living.ends], "properties": {"a": "b"}}}
IAM = {"policy": {"bindings": [{"role": "roles/x", "members": ["user:a"]}], "etag": "eA=="}}
INSTANTIATE = {"requestId": "r", "version": 1, "parameters": {"X": "y"}}
MASKS = ["labels", "config.workerConfig.numInstances", "config.secondary_worker_config.num_instances,labels",
         "config.autoscalingConfig.policyUri", "config.lifecycleConfig.idleDeleteTtl,config.lifecycle_config.auto_delete_ttl"]
#: The kind, the verb, what stands behind its path, the body, and what is always in the query.
ASKED = [
    ("cluster", "GET", "", None), ("cluster", "DELETE", "", None, ELSE), ("cluster", "POST", ":stop", {ELSE[0]: ELSE[1]}),
    ("cluster", "POST", ":start", {"requestId": "s"}), ("cluster", "POST", ":diagnose", {"tarballGcsDir": "gs://b", "jobs": ["living"]}),
    *[("cluster", "PATCH", "", CLUSTER, ("updateMask", mask)) for mask in MASKS],
    ("job", "GET", "", None), ("job", "PATCH", "", JOB, ("updateMask", "labels")), ("job", "POST", ":cancel", {"nonsense": 1}),
    ("job", "DELETE", "", None), ("job", "submit", "jobs:submit", {"job": JOB}), ("job", "submit", "jobs:submitAsOperation", {"job": JOB}),
    ("policy", "GET", "", None), ("policy", "PUT", "", POLICY), ("policy", "DELETE", "", None),
    ("template", "GET", "", None), ("template", "PUT", "", {**living.template, "version": 1}), ("template", "DELETE", "", None, ("version", "9")),
    ("template", "POST", ":instantiate", INSTANTIATE), ("operation", "GET", "", None), ("operation", "POST", ":cancel", {}),
    ("operation", "DELETE", "", None),
    *[(kind, "POST", what, IAM) for kind in living.paths for what in (":setIamPolicy", ":getIamPolicy")],
    *[(kind, "POST", ":testIamPermissions", {"permissions": ["x.y"]}) for kind in living.paths],
    *[(kind, "GET", "list", None) for kind in living.paths],
]


def path_of(kind, verb, behind):
    """Where the thing is, or what lists its kind."""
    path = living.paths[kind]
    if verb == "submit":
        return f"{R}/{behind}"
    return f"{R}/{path.split('/')[0]}" if behind == "list" else f"{R}/{path}{behind}"


def judged(kind, verb, asked, answer):
    """Holds an answer against the model, and the things against what they were."""
    status = check(verb, *asked, answer)
    if verb == "GET" or status >= 400:
        living.unharmed(asked, [kind] if verb == "GET" else None)
    elif verb == "submit":
        living.unharmed(asked)
    else:
        living.taken(kind, asked)
    return status


connection, seen = Connection(), defaultdict(Counter)
for number in range(count):
    kind, verb, behind, body, *always = ASKED[number % len(ASKED)]
    # A wrong query hides what is wrong in a body: half of the requests have none.
    target = dice.choice([target_of, plain_target])(path_of(kind, verb, behind), *always)
    asked = target, body_of(body)
    answer = connection.ask(verb.replace("submit", "POST"), *asked)
    seen[f"{kind} {verb}{behind}"][judged(kind, verb, asked, answer)] += 1
# Bodies that never end as they said, and ones that are too large, for whatever takes a body.
connection.close()
for kind, verb, behind, body, *always in ASKED:
    if body is None or "Iam" in behind:
        continue
    asked = plain_target(path_of(kind, verb, behind), *always)
    connection.ask(verb.replace("submit", "POST"), asked, b'{"labels": {"x": "y', 1000)
    connection.close()
    answer = connection.ask(verb.replace("submit", "POST"), asked, b'{"labels": {"x": "' + b"x" * (11 << 20) + b'"}}')
    assert answer is None or answer[0] in (400, 413), answer
    connection.close()
    living.unharmed(asked)
for what, answers in seen.items():
    print(f"{what}: {dict(sorted(answers.items()))}", file=sys.stderr)
    assert sum(answers.values()) >= count // len(ASKED)
every = sum(seen.values(), Counter())
assert every[200] > count / 10 and every[400] > count / 5 and every[404] > count / 50, every
living.end()
print("every answer was Google's")
