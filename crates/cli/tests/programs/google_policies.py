"""Autoscaling policies, and clusters that name them. Called with `grpc` or with `rest PORT`."""

from google_steps import *

policies = dp.AutoscalingPolicyServiceClient(**options)
# Both kinds of names mean the same policies.
region, location = f"projects/{PROJECT}/regions/{REGION}", f"projects/{PROJECT}/locations/{REGION}"


def policy(id, primary=None, secondary=None, **algorithm):
    """A policy that is in order but for what is given."""
    yarn = {"graceful_decommission_timeout": {"seconds": 0}, "scale_up_factor": 1.0, "scale_down_factor": 1.0}
    more = {"secondary_worker_config": secondary} if secondary else {}
    return {"id": id, "basic_algorithm": {"yarn_config": {**yarn, **algorithm.pop("yarn", {})}, **algorithm},
            "worker_config": primary or {"min_instances": 2, "max_instances": 4}, **more}


def new(wanted, parent=region):
    return policies.create_autoscaling_policy({"parent": parent, "policy": wanted})


# What is taken, and what is not.
half = f"{region}/autoscalingPolicies/half"
refused("NOT_FOUND", lambda: policies.get_autoscaling_policy({"name": half}), "Not found: Autoscaling policy")
for id, wrong, field in [
    ("a", {}, "policy.id"),
    ("half", {"primary": {"min_instances": 1, "max_instances": 4}}, "policy.worker_config.min_instances"),
    ("half", {"primary": {"max_instances": 1}}, "policy.worker_config.max_instances"),
    ("half", {"secondary": {"min_instances": 3, "max_instances": 2}}, "policy.secondary_worker_config.max_instances"),
    ("half", {"cooldown_period": {"seconds": 60}}, "policy.basic_algorithm.cooldown_period"),
    ("half", {"yarn": {"scale_up_factor": 1.5}}, "yarn_config.scale_up_factor"),
    ("half", {"yarn": {"graceful_decommission_timeout": {"seconds": 90000}}}, "graceful_decommission_timeout"),
]:
    refused("INVALID_ARGUMENT", lambda: new(policy(id, **wrong)), field)
made = new(policy("half"))
assert (made.name, made.id) == (half, "half"), made
assert made.basic_algorithm.cooldown_period.seconds == 120 and made.worker_config.weight == 1, made
refused("ALREADY_EXISTS", lambda: new(policy("half"), location), "Already exists")
other = new(policy("other", secondary={"max_instances": 3}, cooldown_period={"seconds": 240}), location)
assert other.name == f"{location}/autoscalingPolicies/other" and other.basic_algorithm.cooldown_period.seconds == 240
assert policies.get_autoscaling_policy({"name": half.replace("regions", "locations")}).id == "half"
pages = policies.list_autoscaling_policies({"parent": location, "page_size": 1}).pages
assert [[p.name for p in page.policies] for page in pages] == [
    [f"{location}/autoscalingPolicies/half"], [f"{location}/autoscalingPolicies/other"]]
assert not list(policies.list_autoscaling_policies({"parent": f"projects/{PROJECT}/regions/europe-west1"}))
print("kept")

# Clusters that name one.
name = f"scaled-{transport}"
named = lambda uri, **config: {"autoscaling_config": {"policy_uri": uri}, **config}
missing = f"{region}/autoscalingPolicies/none"
refused("NOT_FOUND", lambda: create(name, named(missing)), "Not found: Autoscaling policy", "none")
elsewhere = half.replace(REGION, "europe-west1")
refused("INVALID_ARGUMENT", lambda: create(name, named(elsewhere)), "config.autoscaling_config.policy_uri")
many = {"worker_config": {"num_instances": 9}}
refused("INVALID_ARGUMENT", lambda: create(name, named(half, **many)), "worker_config.num_instances", "policy")
operation = create(name, named(f"https://www.googleapis.com/compute/v1/{half}"))
assert operation.result(timeout=120).config.worker_config.num_instances == 2
assert not operation.metadata.warnings, operation.metadata.warnings
refused("FAILED_PRECONDITION", lambda: policies.delete_autoscaling_policy({"name": half}), "in use", name)

# The load makes it grow to the policy's most, and its absence shrink to the fewest.
workers = lambda: cluster(name).config.worker_config.num_instances
go = f"{sys.path[0]}/scaled-{transport}-go"
busy = submit(name, f"""
import os, time
from dask.distributed import Client
client = Client()
tasks = client.map(lambda i: time.sleep(0.5), range(200), pure=False)
client.wait_for_workers(4, timeout=60)
while not os.path.exists({go!r}): time.sleep(0.05)
""")
until(lambda: workers() == 4)
open(go, "w").close()
assert over(busy).status.state.name == "DONE", over(busy)
until(lambda: workers() == 2)
print("scaled")

# A changed policy, another one, and none.
wider = {**policy("half", {"min_instances": 3, "max_instances": 5}), "name": half.replace("regions", "locations")}
assert policies.update_autoscaling_policy({"policy": wider}).worker_config.max_instances == 5
assert workers() == 3
succeeds(name, "from dask.distributed import Client\nClient().wait_for_workers(3, timeout=60)\n")
refused("INVALID_ARGUMENT", lambda: policies.update_autoscaling_policy({"policy": {**wider, "id": "no"}}), "policy.id")
refused("NOT_FOUND", lambda: policies.update_autoscaling_policy(
    {"policy": {**wider, "id": "none", "name": missing}}), "Not found")
refused("INVALID_ARGUMENT", lambda: update(
    name, ["config.worker_config.num_instances"], {"worker_config": {"num_instances": 2}}), "num_instances", "policy")
policy_uri = ["config.autoscaling_config.policy_uri"]
refused("NOT_FOUND", lambda: update(name, policy_uri, named(missing)), "none")
assert update(name, policy_uri, named(other.name)).config.autoscaling_config.policy_uri == other.name
policies.delete_autoscaling_policy({"name": half})
refused("FAILED_PRECONDITION", lambda: policies.delete_autoscaling_policy({"name": other.name}), name)
kept = workers()
assert update(name, policy_uri).config.autoscaling_config.policy_uri == ""
assert workers() == kept, (workers(), kept)
policies.delete_autoscaling_policy({"name": other.name})
refused("NOT_FOUND", lambda: policies.delete_autoscaling_policy({"name": other.name}), "Not found")
assert update(name, ["config.worker_config.num_instances"], {"worker_config": {"num_instances": 2}})
assert workers() == 2
delete(name)
print("changed")
