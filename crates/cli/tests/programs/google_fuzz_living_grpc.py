"""Asks the gRPC face of things that are there for what nobody should ask. What refuses a request leaves them as they were;
what takes one changes nothing but what it is about.

Called with the port, the roots, the token's file, a seed, how many requests, and two scripts: one that waits, one that
ends. The same seed asks the same. Says how many answers of which code each kind of request had.
"""

import sys
from collections import Counter, defaultdict

from fuzz_grpc import A, C, J, OURS, W, ask, bytes_of, count, dice, parent, plain, port, roots, token
from fuzz_living import Living
from google.cloud import dataproc_v1 as dp
from google.iam.v1 import iam_policy_pb2, policy_pb2
from google.longrunning import operations_pb2
from google.protobuf import field_mask_pb2

living = Living(port, roots.decode(), token, *(f"file://{path}" for path in sys.argv[6:8]))
OPERATIONS, IAM = "/google.longrunning.Operations/", "/google.iam.v1.IAMPolicy/"
#: A name of the cluster that it does not have: what would end it is refused, unless it is spoiled just so.
ELSE = {"cluster_uuid": "00000000-0000-0000-0000-000000000000"}
here = {"project_id": "p", "region": "us-central1"}
there = {**here, "cluster_name": "living"}
cluster = dp.Cluster(labels={"of": "living", "env": "test"}, config={
    "worker_config": {"num_instances": 2}, "secondary_worker_config": {"num_instances": 1, "preemptibility": 3},
    "autoscaling_config": {"policy_uri": f"{parent}/autoscalingPolicies/none"},
    "lifecycle_config": {"idle_delete_ttl": {"seconds": 1000}, "auto_delete_ttl": {"seconds": 3600}}})
job = dp.Job(placement={"cluster_name": "living"}, labels={"a": "b"}, scheduling={"max_failures_total": 3}, pyspark_job={
    "main_python_file_uri": living.ends, "args": ["a"], "file_uris": [living.ends], "properties": {"a": "b"}})
policy = dp.AutoscalingPolicy(
    id="living", name=f"{parent}/autoscalingPolicies/living", worker_config={"min_instances": 2, "max_instances": 4}, basic_algorithm={
        "yarn_config": {"graceful_decommission_timeout": {"seconds": 60}, "scale_up_factor": 0.5, "scale_down_factor": 0.5}})
template = dp.WorkflowTemplate(
    id="living", name=f"{parent}/workflowTemplates/living", version=1, placement={"cluster_selector": {"cluster_labels": {"of": "living"}}},
    jobs=[{"step_id": "one", "pyspark_job": {"main_python_file_uri": living.ends, "args": ["a"]}}],
    parameters=[{"name": "X", "fields": ["jobs['one'].pysparkJob.args[0]"]}])
MASKS = [["labels"], ["config.worker_config.num_instances"], ["config.secondary_worker_config.num_instances", "labels"],
         ["config.autoscaling_config.policy_uri"], ["config.lifecycle_config.idle_delete_ttl", "config.lifecycle_config.auto_delete_ttl"]]
mask = field_mask_pb2.FieldMask


def name_of(kind):
    """The full name of the thing as it is now."""
    return f"{parent}/{living.paths[kind]}"


def job_id():
    """The id of the job that runs."""
    return {**here, "job_id": living.paths["job"].split("/")[1]}


#: Fields that say what is meant.
NAMES = {"name", "resource", "parent", "project_id", "region", "cluster_name", "job_id"}


def named(message):
    """The bytes of what says what is meant: behind others they are what counts."""
    copy = type(message)()
    copy.CopyFrom(message)
    for field, _ in message.ListFields():
        if field.name not in NAMES:
            copy.ClearField(field.name)
    return copy.SerializeToString()


#: The kind, the method, and what makes a request that is nearly right of the names as they are now.
ASKED = [
    ("cluster", C + "GetCluster", lambda: dp.GetClusterRequest(**there)),
    ("cluster", C + "ListClusters", lambda: dp.ListClustersRequest(**here, filter="status.state = ACTIVE AND labels.of = living", page_size=5)),
    ("cluster", C + "DeleteCluster", lambda: dp.DeleteClusterRequest(**there, **ELSE)),
    ("cluster", C + "StopCluster", lambda: dp.StopClusterRequest(**there, **ELSE)),
    ("cluster", C + "StartCluster", lambda: dp.StartClusterRequest(**there, request_id="s")),
    ("cluster", C + "DiagnoseCluster", lambda: dp.DiagnoseClusterRequest(**there, tarball_gcs_dir="gs://b", jobs=[name_of("job")])),
    *[("cluster", C + "UpdateCluster", lambda paths=paths: dp.UpdateClusterRequest(**there, cluster=cluster, update_mask=mask(paths=paths)))
      for paths in MASKS],
    ("job", J + "GetJob", lambda: dp.GetJobRequest(**job_id())), ("job", J + "CancelJob", lambda: dp.CancelJobRequest(**job_id())),
    ("job", J + "ListJobs", lambda: dp.ListJobsRequest(**here, filter="status.state = ACTIVE", cluster_name="living", job_state_matcher=1)),
    ("job", J + "UpdateJob", lambda: dp.UpdateJobRequest(**job_id(), job=job, update_mask=mask(paths=["labels"]))),
    ("job", J + "DeleteJob", lambda: dp.DeleteJobRequest(**job_id())),
    ("submit", J + "SubmitJob", lambda: dp.SubmitJobRequest(**here, job=job)),
    ("submit", J + "SubmitJobAsOperation", lambda: dp.SubmitJobRequest(**here, job=job, request_id="r")),
    ("policy", A + "GetAutoscalingPolicy", lambda: dp.GetAutoscalingPolicyRequest(name=name_of("policy"))),
    ("policy", A + "ListAutoscalingPolicies", lambda: dp.ListAutoscalingPoliciesRequest(parent=parent, page_size=1)),
    ("policy", A + "CreateAutoscalingPolicy", lambda: dp.CreateAutoscalingPolicyRequest(parent=parent, policy=policy)),
    ("policy", A + "UpdateAutoscalingPolicy", lambda: dp.UpdateAutoscalingPolicyRequest(policy=policy)),
    ("policy", A + "DeleteAutoscalingPolicy", lambda: dp.DeleteAutoscalingPolicyRequest(name=name_of("policy"))),
    ("template", W + "GetWorkflowTemplate", lambda: dp.GetWorkflowTemplateRequest(name=name_of("template"), version=1)),
    ("template", W + "ListWorkflowTemplates", lambda: dp.ListWorkflowTemplatesRequest(parent=parent, page_size=1)),
    ("template", W + "CreateWorkflowTemplate", lambda: dp.CreateWorkflowTemplateRequest(parent=parent, template=template)),
    ("template", W + "UpdateWorkflowTemplate", lambda: dp.UpdateWorkflowTemplateRequest(template=template)),
    ("template", W + "InstantiateWorkflowTemplate", lambda: dp.InstantiateWorkflowTemplateRequest(
        name=name_of("template"), version=1, request_id="r", parameters={"X": "y"})),
    ("template", W + "DeleteWorkflowTemplate", lambda: dp.DeleteWorkflowTemplateRequest(name=name_of("template"), version=9)),
    ("operation", OPERATIONS + "GetOperation", lambda: operations_pb2.GetOperationRequest(name=name_of("operation"))),
    ("operation", OPERATIONS + "ListOperations", lambda: operations_pb2.ListOperationsRequest(
        name=f"{parent}/operations", filter="clusterName = living")),
    ("operation", OPERATIONS + "CancelOperation", lambda: operations_pb2.CancelOperationRequest(name=name_of("operation"))),
    ("operation", OPERATIONS + "DeleteOperation", lambda: operations_pb2.DeleteOperationRequest(name=name_of("operation"))),
    *[(kind, IAM + "GetIamPolicy", lambda kind=kind: iam_policy_pb2.GetIamPolicyRequest(resource=name_of(kind))) for kind in living.paths],
    *[(kind, IAM + "SetIamPolicy", lambda kind=kind: iam_policy_pb2.SetIamPolicyRequest(resource=name_of(kind), policy=policy_pb2.Policy(
        etag=b"x", bindings=[policy_pb2.Binding(role="roles/x", members=["user:a"])]))) for kind in living.paths],
    *[(kind, IAM + "TestIamPermissions", lambda kind=kind: iam_policy_pb2.TestIamPermissionsRequest(
        resource=name_of(kind), permissions=["dataproc.clusters.get"])) for kind in living.paths],
]
seen = defaultdict(Counter)
for number in range(count):
    kind, path, message = ASKED[number % len(ASKED)]
    message = plain(message())
    request = bytes_of(message) + (named(message) if dice.random() < 0.6 else b"")
    asked = f"{path} {request[:500]!r}"
    code, words = ask(path, request)
    assert code not in OURS, f"{code} {words[:500]} to {asked}"
    assert code == "OK" or words, f"{code} without words to {asked}"
    seen[f"{kind} {path.rsplit('.', 1)[1]}"][code] += 1
    if code != "OK" or kind == "submit" or path.rsplit("/", 1)[1].startswith(("Get", "List")):
        living.unharmed(asked)
    else:
        living.taken(kind, asked)
# One that is too large, for every method.
for kind, path, message in ASKED:
    code, words = ask(path, plain(message()).SerializeToString() + b"\xfa\x7f\x80\x80\x80\x06" + b"x" * (12 << 20))
    assert code in ("RESOURCE_EXHAUSTED", "INVALID_ARGUMENT", "OUT_OF_RANGE"), (path, code, words)
living.unharmed("requests that are too large")
for what, answers in seen.items():
    print(f"{what}: {dict(sorted(answers.items()))}", file=sys.stderr)
    assert sum(answers.values()) >= count // len(ASKED)
every = sum(seen.values(), Counter())
assert every["OK"] > count / 10 and every["INVALID_ARGUMENT"] > count / 10 and every["NOT_FOUND"] > count / 50, every
living.end()
print("every answer was Google's")
