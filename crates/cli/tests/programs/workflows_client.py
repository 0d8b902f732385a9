"""Workflow templates as Google's own client asks for them. Everything it is led by stands in the environment.

Called with `grpc`, `rest PORT`, `begin` or `end OPERATION`. Says what it saw; what is wrong is an assertion.
"""

import os
import sys
import time

from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.cloud import dataproc_v1 as dp
from google.longrunning import operations_pb2
from google.protobuf import duration_pb2

PROJECT, REGION = "team-one", "us-central1"
mode, argument = (*sys.argv, "")[1:3]
rest, port = mode == "rest", argument
transport = "rest" if rest else "grpc"
endpoint = f"https://localhost:{port}" if rest else f"{REGION}-dataproc.googleapis.com:443"
options = {"client_options": ClientOptions(api_endpoint=endpoint), "transport": transport}
templates, clusters = dp.WorkflowTemplateServiceClient(**options), dp.ClusterControllerClient(**options)
jobs = dp.JobControllerClient(**options)
parent = f"projects/{PROJECT}/regions/{REGION}"
here = {"project_id": PROJECT, "region": REGION}
folder = os.path.dirname(os.path.abspath(__file__))
effects = os.path.join(folder, "effects")

# A step: says that it begins, waits until others have begun, works on Dask, says that it ends.
STEP = '''
import os, sys, time
name, effects, code, *others = sys.argv[1:]
def say(what):
    with open(effects, "a") as file:
        file.write(f"{what} {name} {time.time_ns()}\\n")
say("begin")
ends = time.monotonic() + 60
while not all(f"begin {other} " in open(effects).read() for other in others):
    assert time.monotonic() < ends, f"waited in vain for {others}"
    time.sleep(0.02)
from dask.distributed import Client
assert Client().submit(sum, [1, 2]).result() == 3
say("end")
sys.exit(int(code))
'''
with open(os.path.join(folder, "step.py"), "w") as file:
    file.write(STEP)


def step(step_id, needs=(), code="0", beside=(), run=""):
    """A step of that program; `run` tells the effects of several workflows apart."""
    job = {"main_python_file_uri": f"file://{folder}/step.py", "args": [run + step_id, effects, code, *beside]}
    return {"step_id": step_id, "prerequisite_step_ids": list(needs), "pyspark_job": job}


def diamond(run):
    """Four steps; the two in the middle each wait until the other has begun."""
    return [
        step("last", ["left", "right"], run=run),
        step("left", ["first"], beside=[run + "right"], run=run),
        step("right", ["first"], beside=[run + "left"], run=run),
        step("first", run=run),
    ]


def managed(name):
    """A small cluster of a workflow's own."""
    return {"managed_cluster": {"cluster_name": name, "config": {"worker_config": {"num_instances": 2}}, "labels": {"of": name}}}


def happened(run):
    """What the steps of a run wrote: when each began and ended. Each did so once."""
    seen = {}
    for line in open(effects).read().splitlines():
        what, name, at = line.split()
        if name.startswith(run):
            key = (what, name[len(run):])
            assert key not in seen, f"{key} twice"
            seen[key] = int(at)
    return seen


def in_order(run):
    """Every step of a diamond ran once, in its turn."""
    seen = happened(run)
    assert len(seen) == 8, seen
    for before, after in [("first", "left"), ("first", "right"), ("left", "last"), ("right", "last")]:
        assert seen["end", before] < seen["begin", after], seen


def nodes(metadata):
    """The graph of an operation's metadata by step."""
    return {node.step_id: node for node in metadata.graph.nodes}


def until(what, look):
    """What `look` answers once it is something."""
    ends = time.monotonic() + 90
    while time.monotonic() < ends:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited in vain for {what}")


def fails(operation, *kinds):
    """The operation's error, of one of these kinds."""
    try:
        operation.result(timeout=120)
    except kinds as error:
        return str(error)
    raise AssertionError(f"it did not fail: {operation.operation}")


def refused(kind, call, *words):
    """The call is refused with this kind of error, in these words."""
    try:
        call()
    except kind as error:
        for word in words:
            assert word in str(error), f"{word!r} is not in {error}"
        return print("refused", kind.__name__, words[0])
    raise AssertionError(f"it was not refused: {words}")


def cluster_names():
    """Clusters that are there."""
    return [cluster.cluster_name for cluster in clusters.list_clusters(here)]


def inline(template, **more):
    """Instantiates a template that is kept nowhere."""
    return templates.instantiate_inline_workflow_template({"parent": parent, "template": template, **more})


def crud():
    """Templates come, change and go."""
    name = f"{parent}/workflowTemplates/daily"
    wanted = {"id": "daily", "placement": managed("etl"), "jobs": diamond("d-"), "labels": {"team": "risk"}}
    create = lambda change=(): templates.create_workflow_template({"parent": parent, "template": {**wanted, **dict(change)}})
    bad = exceptions.BadRequest
    refused(bad, lambda: create({"id": "x"}), "template.id")
    refused(bad, lambda: inline({**wanted, "placement": {}}), "template.placement")
    refused(bad, lambda: inline({**wanted, "jobs": []}), "template.jobs")
    draft = create({"id": "draft", "placement": {}, "jobs": []}).name
    refused(bad, lambda: templates.instantiate_workflow_template({"name": draft}), "template.jobs")
    templates.delete_workflow_template({"name": draft})
    refused(bad, lambda: create({"jobs": [step("aaa", ["bbb"]), step("bbb", ["aaa"])]}), "circle")
    refused(bad, lambda: create({"jobs": [step("aaa", ["ccc"])]}), "jobs[0].prerequisite_step_ids[0]")
    refused(bad, lambda: create({"jobs": [step("aaa"), step("aaa")]}), "jobs[1].step_id")
    refused(bad, lambda: create({"dag_timeout": duration_pb2.Duration(seconds=60)}), "dag_timeout")
    refused(bad, lambda: create({"parameters": [{"name": "P", "fields": ["jobs['none'].pysparkJob.args[0]"]}]}), "no step `none`")
    refused(exceptions.NotFound, lambda: templates.get_workflow_template({"name": name}), "Not found: Workflow template")
    made = create()
    assert (made.name, made.version) == (name, 1) and made.create_time and made.update_time == made.create_time, made
    refused(exceptions.Conflict, create, "Already exists")
    elsewhere = name.replace("regions", "locations")
    assert templates.get_workflow_template({"name": elsewhere}).name == elsewhere
    made.labels["team"] = "fraud"
    changed = templates.update_workflow_template({"template": made})
    assert (changed.version, dict(changed.labels)) == (2, {"team": "fraud"}) and changed.create_time == made.create_time
    refused(bad, lambda: templates.update_workflow_template({"template": made}), "current version is 2")
    for other in ["hourly", "weekly"]:
        create({"id": other})
    page = templates.list_workflow_templates({"parent": parent, "page_size": 2})
    assert [template.id for template in page] == ["daily", "hourly", "weekly"], page
    refused(bad, lambda: templates.delete_workflow_template({"name": name, "version": 1}), "current version is 2")
    for other in ["hourly", "weekly"]:
        templates.delete_workflow_template({"name": f"{parent}/workflowTemplates/{other}"})
    assert [template.id for template in templates.list_workflow_templates({"parent": parent.replace("regions", "locations")})] == ["daily"]
    print("templates")


def a_diamond():
    """A template runs on a cluster of its own, in order, the middle side by side; asking twice runs it once."""
    name = f"{parent}/workflowTemplates/daily"
    refused(exceptions.BadRequest, lambda: templates.instantiate_workflow_template({"name": name, "version": 1}), "current version is 2")
    ask = {"name": name, "version": 2, "request_id": "once"}
    operation = templates.instantiate_workflow_template(ask)
    assert templates.instantiate_workflow_template(ask).operation.name == operation.operation.name
    begun = operation.metadata
    assert begun.template == name and begun.version == 2 and begun.start_time, begun
    assert {id: node.state.name for id, node in nodes(begun).items()}["last"] == "BLOCKED", begun
    assert list(nodes(begun)["last"].prerequisite_step_ids) == ["left", "right"]
    # What runs is what was instantiated.
    latest = templates.get_workflow_template({"name": name})
    latest.labels["team"] = "other"
    assert templates.update_workflow_template({"template": latest}).version == 3
    assert dict(templates.get_workflow_template({"name": name, "version": 2}).labels) == {"team": "fraud"}
    refused(exceptions.NotFound, lambda: templates.get_workflow_template({"name": name, "version": 1}), "version 1")
    operation.result(timeout=120)
    metadata = operation.metadata
    assert metadata.state.name == "DONE" and metadata.end_time >= metadata.start_time, metadata
    assert {node.state.name for node in metadata.graph.nodes} == {"COMPLETED"}, metadata
    assert metadata.create_cluster.done and not metadata.create_cluster.error and metadata.delete_cluster.done, metadata
    assert metadata.cluster_name.startswith("etl-") and metadata.cluster_uuid, metadata
    in_order("d-")
    assert cluster_names() == []
    job = jobs.get_job({**here, "job_id": nodes(metadata)["left"].job_id})
    assert job.placement.cluster_name == metadata.cluster_name and job.status.state.name == "DONE", job
    labels = dict(job.labels)
    assert labels["team"] == "fraud" and labels["goog-dataproc-workflow-step-id"] == "left", labels
    made = templates.get_operation(operations_pb2.GetOperationRequest(name=metadata.create_cluster.operation_id))
    assert made.done, made
    listed = templates.list_operations(operations_pb2.ListOperationsRequest(
        name=f"{parent}/operations", filter="operationType = WORKFLOW AND labels.goog-dataproc-workflow-template-id = daily"))
    assert [found.name for found in listed.operations] == [operation.operation.name], listed
    templates.delete_operation(operations_pb2.DeleteOperationRequest(name=operation.operation.name))
    refused(exceptions.NotFound, lambda: templates.get_operation(
        operations_pb2.GetOperationRequest(name=operation.operation.name)), "Not found: Operation")
    templates.delete_workflow_template({"name": name})
    refused(exceptions.NotFound, lambda: templates.instantiate_workflow_template({"name": name}), "daily")
    print("a diamond")


def a_failure():
    """A step that fails ends the workflow: nothing after it runs, what runs beside it is cancelled."""
    hangs = step("hangs", ["first"], beside=["never"], run="f-")
    broken = step("broken", ["first"], code="3", beside=["f-hangs"], run="f-")
    template = {"placement": managed("fails"), "jobs": [step("first", run="f-"), hangs, broken, step("after", ["broken"], run="f-")]}
    operation = inline(template)
    error = fails(operation, exceptions.Aborted)
    assert "broken" in error and "3" in error, error
    seen = happened("f-")
    assert set(seen) == {("begin", "first"), ("end", "first"), ("begin", "hangs"), ("begin", "broken"), ("end", "broken")}, seen
    metadata = operation.metadata
    states = {id: node.state.name for id, node in nodes(metadata).items()}
    assert states == {"first": "COMPLETED", "hangs": "FAILED", "broken": "FAILED", "after": "FAILED"}, states
    assert "broken" in nodes(metadata)["after"].error and not nodes(metadata)["after"].job_id, metadata
    assert metadata.template == "" and metadata.delete_cluster.done and cluster_names() == []
    assert jobs.get_job({**here, "job_id": nodes(metadata)["hangs"].job_id}).status.state.name == "CANCELLED"
    print("a failure")


def a_refusal():
    """What cannot be made fails the workflow and names why; nothing is left."""
    wide = {"managed_cluster": {"cluster_name": "wide", "config": {"worker_config": {"num_instances": 90000}}}}
    error = fails(inline({"placement": wide, "jobs": [step("first", run="w-")]}), exceptions.Aborted)
    assert "Error submitting create cluster request" in error, error
    gone = {"step_id": "gone", "pyspark_job": {"main_python_file_uri": f"file://{folder}/gone.py"}}
    operation = inline({"placement": managed("gone"), "jobs": [gone]})
    assert "gone.py" in fails(operation, exceptions.Aborted)
    assert operation.metadata.delete_cluster.done and cluster_names() == [] and happened("w-") == {}
    none = {"cluster_selector": {"cluster_labels": {"of": "nobody"}}}
    assert "of=nobody" in fails(inline({"placement": none, "jobs": [step("first", run="w-")]}), exceptions.Aborted)
    print("refusals")


def cancel(operation):
    """Over REST `operation.cancel()` of api-core fails before it asks: it wants a body, and Google's rule has none."""
    if rest:
        templates.cancel_operation(operations_pb2.CancelOperationRequest(name=operation.operation.name))
    else:
        operation.cancel()


def a_cancellation():
    """Cancelling the operation cancels what runs and deletes the cluster."""
    hangs = [step("hangs", beside=["never"], run="c-"), step("after", ["hangs"], run="c-")]
    operation = inline({"placement": managed("ends"), "jobs": hangs})
    until("the step", lambda: os.path.exists(effects) and ("begin", "hangs") in happened("c-"))
    refused(exceptions.BadRequest, lambda: templates.delete_operation(
        operations_pb2.DeleteOperationRequest(name=operation.operation.name)), "is not done")
    cancel(operation)
    fails(operation, exceptions.Cancelled, exceptions.ClientError)
    assert operation.operation.error.code == 1, operation.operation
    assert set(happened("c-")) == {("begin", "hangs")}
    assert operation.metadata.delete_cluster.done and cluster_names() == []
    # Before its cluster serves, unless this one is slow.
    early = inline({"placement": managed("early"), "jobs": [step("hangs", beside=["never"], run="e-")]})
    templates.cancel_operation(operations_pb2.CancelOperationRequest(name=early.operation.name))
    fails(early, exceptions.Cancelled, exceptions.ClientError)
    assert set(happened("e-")) <= {("begin", "hangs")} and cluster_names() == []
    print("cancelled")


def parameters_on_a_selected_cluster():
    """Values are checked and put in; a selector finds a cluster, and leaves it there."""
    wanted = {"project_id": PROJECT, "cluster_name": "shared", "labels": {"pool": "lab"}, "config": {"worker_config": {"num_instances": 2}}}
    clusters.create_cluster({**here, "cluster": wanted}).result(timeout=120)
    checks = [{"name": "NAME", "fields": ["jobs['only'].pysparkJob.args[0]"], "validation": {"regex": {"regexes": ["p-[a-z]+"]}}},
              {"name": "CODE", "fields": ["jobs['only'].pysparkJob.args[2]"], "validation": {"values": {"values": ["0", "3"]}}},
              {"name": "POOL", "fields": ["placement.clusterSelector.clusterLabels['pool']"]}]
    template = {"id": "asked", "jobs": [step("only")], "parameters": checks, "dag_timeout": duration_pb2.Duration(seconds=900),
                "placement": {"cluster_selector": {"cluster_labels": {"pool": "unknown"}}}}
    name = templates.create_workflow_template({"parent": parent, "template": template}).name
    ask = lambda **values: templates.instantiate_workflow_template({"name": name, "parameters": values})
    good = {"NAME": "p-values", "CODE": "0", "POOL": "lab"}
    refused(exceptions.BadRequest, lambda: ask(**{**good, "NAME": "p-values2"}), "parameters.NAME")
    refused(exceptions.BadRequest, lambda: ask(**{**good, "CODE": "1"}), "parameters.CODE")
    refused(exceptions.BadRequest, lambda: ask(NAME="p-values", CODE="0"), "parameters.POOL")
    refused(exceptions.BadRequest, lambda: ask(**good, OTHER="x"), "parameters.OTHER")
    operation = ask(**good)
    operation.result(timeout=120)
    metadata = operation.metadata
    assert dict(metadata.parameters) == good and metadata.cluster_name == "shared", metadata
    assert metadata.dag_timeout.seconds == 900 and metadata.dag_end_time >= metadata.dag_start_time, metadata
    assert not metadata.create_cluster.operation_id and not metadata.delete_cluster.operation_id, metadata
    assert set(happened("p-")) == {("begin", "values"), ("end", "values")} and cluster_names() == ["shared"]
    templates.delete_workflow_template({"name": name})
    clusters.delete_cluster({**here, "cluster_name": "shared"}).result(timeout=60)
    print("parameters")


def as_operation():
    """What an operation of a job says."""
    wanted = {"project_id": PROJECT, "cluster_name": "ops", "config": {"worker_config": {"num_instances": 2}}}
    clusters.create_cluster({**here, "cluster": wanted}).result(timeout=120)
    job = {"placement": {"cluster_name": "ops"}, "pyspark_job": step("alone", run="o-")["pyspark_job"]}
    operation = jobs.submit_job_as_operation({**here, "job": job})
    metadata = operation.metadata
    assert metadata.job_id and metadata.start_time and metadata.status.state.name in ("PENDING", "SETUP_DONE", "RUNNING"), metadata
    assert operation.result(timeout=60).reference.job_id == metadata.job_id
    assert operation.metadata.status.state.name == "DONE" and operation.metadata.start_time == metadata.start_time
    hangs = {"placement": {"cluster_name": "ops"}, "pyspark_job": step("stuck", beside=["never"], run="o-")["pyspark_job"]}
    operation = jobs.submit_job_as_operation({**here, "job": hangs})
    until("the job", lambda: ("begin", "stuck") in happened("o-"))
    cancel(operation)
    assert until("its end", operation.done)
    assert operation.metadata.status.state.name == "CANCELLED", operation.metadata
    templates.delete_operation(operations_pb2.DeleteOperationRequest(name=operation.operation.name))
    clusters.delete_cluster({**here, "cluster_name": "ops"}).result(timeout=60)
    print("operations")


if mode == "begin":
    print(inline({"placement": managed("killed"), "jobs": diamond("k-")}, request_id="killed").operation.name)
elif mode == "end":
    def ended():
        """The operation once it is done; a server that is away is asked again."""
        try:
            found = templates.get_operation(operations_pb2.GetOperationRequest(name=sys.argv[2]))
        except (exceptions.ServiceUnavailable, exceptions.Unknown):
            return None
        return found if found.done else None

    found = until("the workflow", ended)
    assert not found.HasField("error"), found
    in_order("k-")
    assert cluster_names() == []
    # Asked again after all of it: still the same one.
    assert inline({"placement": managed("killed"), "jobs": diamond("k-")}, request_id="killed").operation.name == sys.argv[2]
    print("went on")
else:
    crud()
    a_diamond()
    a_failure()
    a_refusal()
    a_cancellation()
    parameters_on_a_selected_cluster()
    as_operation()
