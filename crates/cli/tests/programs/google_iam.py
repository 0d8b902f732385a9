"""IAM policies on what Dataproc has. Called with `grpc` or with `rest PORT`."""

from google_steps import *

from google.iam.v1 import iam_policy_pb2 as iam
from google.iam.v1 import policy_pb2

policies, templates = dp.AutoscalingPolicyServiceClient(**options), dp.WorkflowTemplateServiceClient(**options)
region = f"projects/{PROJECT}/regions/{REGION}"
name = f"kept-{transport}"
create(name).result(timeout=120)
done = submit(name, "print(1)")
over(done)
operation = create("other").operation.name
yarn = {"graceful_decommission_timeout": {"seconds": 0}, "scale_up_factor": 1.0, "scale_down_factor": 1.0}
policies.create_autoscaling_policy({"parent": region, "policy": {
    "id": "half", "basic_algorithm": {"yarn_config": yarn}, "worker_config": {"max_instances": 4}}})
templates.create_workflow_template({"parent": region, "template": {
    "id": "daily", "placement": {"managed_cluster": {"cluster_name": "daily", "config": {}}},
    "jobs": [{"step_id": "only", "pyspark_job": {"main_python_file_uri": "file:///daily.py"}}]}})
viewer = {"role": "roles/dataproc.viewer", "members": ["user:ann@example.com"]}


def get(client, resource):
    return client.get_iam_policy(iam.GetIamPolicyRequest(resource=resource))


def put(client, resource, policy, **more):
    return client.set_iam_policy(iam.SetIamPolicyRequest(resource=resource, policy=policy_pb2.Policy(**policy), **more))


def test(client, resource, *permissions):
    asked = iam.TestIamPermissionsRequest(resource=resource, permissions=permissions)
    return list(client.test_iam_permissions(asked).permissions)


for client, resource, permission in [
    (clusters, f"{region}/clusters/{name}", "dataproc.clusters.use"),
    (jobs, f"{region}/jobs/{done}", "dataproc.jobs.get"),
    (clusters, operation, "dataproc.operations.get"),
    (policies, f"{region}/autoscalingPolicies/half", "dataproc.autoscalingPolicies.use"),
    (templates, f"{region}/workflowTemplates/daily", "dataproc.workflowTemplates.instantiate"),
]:
    first = get(client, resource)
    assert not first.bindings and first.etag, first
    second = put(client, resource, {"bindings": [viewer], "etag": first.etag})
    assert second.etag != first.etag and get(client, resource) == second, second
    # Who read the first one may not write over the second.
    refused("ABORTED", lambda: put(client, resource, {"bindings": [], "etag": first.etag}), "concurrent")
    assert put(client, resource, {"bindings": [viewer]}).etag != second.etag
    refused("INVALID_ARGUMENT", lambda: put(client, resource, {"bindings": [{**viewer, "members": ["ann"]}]}), "members")
    refused("INVALID_ARGUMENT", lambda: put(client, resource, {"bindings": [{**viewer, "role": "viewer"}]}), "role")
    assert test(client, resource, permission) == [permission]
    refused("INVALID_ARGUMENT", lambda: test(client, resource, "compute.instances.get"), "permissions")
    missing = f"{resource}-none"
    refused("NOT_FOUND", lambda: get(client, missing))
    assert test(client, missing, permission) == []
print("kept")

# Both kinds of names mean the same; another cluster of the same name begins without.
if transport == "grpc":
    for client, resource in [(policies, f"{region}/autoscalingPolicies/half"), (templates, f"{region}/workflowTemplates/daily")]:
        moved = resource.replace("regions", "locations")
        assert [binding.role for binding in get(client, moved).bindings] == ["roles/dataproc.viewer"]
    refused("INVALID_ARGUMENT", lambda: get(clusters, f"{region}/clusters/{name}".replace("regions", "locations")))
delete(name)
refused("NOT_FOUND", lambda: get(clusters, f"{region}/clusters/{name}"))
create(name).result(timeout=120)
assert not get(clusters, f"{region}/clusters/{name}").bindings
delete(name)
delete("other")
daily = f"{region}/workflowTemplates/daily"
templates.delete_workflow_template({"name": daily})
refused("NOT_FOUND", lambda: get(templates, daily))
print("forgotten")
