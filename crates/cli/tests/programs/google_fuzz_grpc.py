"""Asks the gRPC face for what nobody should ask, and holds every answer against Google's codes.

Called with the port, the roots, the token's file, a seed and how many requests. The same seed asks the same. Says how many
answers of which code there were.
"""

import random
import socket
import ssl
import struct
import sys
from collections import Counter

import grpc
from google.cloud import dataproc_v1 as dp
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2, field_mask_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.rpc import status_pb2

port, roots, token = sys.argv[1], open(sys.argv[2], "rb").read(), open(sys.argv[3]).read().strip()
dice, count = random.Random(int(sys.argv[4])), int(sys.argv[5])
channel = grpc.secure_channel(f"localhost:{port}", grpc.ssl_channel_credentials(roots))
#: Codes of a server at fault, or of one that would have its clients try again for minutes.
OURS = {"UNKNOWN", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "DEADLINE_EXCEEDED"}

#: INTERNAL (13) and UNKNOWN (2) as HPACK has them: plain, and in Huffman's code.
AT_FAULT = (b"\x0213", b"\x82\x0b\x3f", b"\x012", b"\x81\x17")

cluster = dp.Cluster(project_id="p", cluster_name="fuzz", labels={"env": "test"}, config={
    "config_bucket": "b", "gce_cluster_config": {"zone_uri": "us-central1-a", "metadata": {"a": "b"}},
    "worker_config": {"num_instances": 1, "preemptibility": 3}, "software_config": {"properties": {"dask:x": "y"}},
    "initialization_actions": [{"executable_file": "gs://b/x.sh", "execution_timeout": {"seconds": 600}}],
    "lifecycle_config": {"idle_delete_ttl": {"seconds": 600}, "auto_delete_time": {"seconds": 1_900_000_000}},
})
job = dp.Job(reference={"job_id": "fuzz"}, placement={"cluster_name": "none"}, labels={"a": "b"}, scheduling={"max_failures_total": 3},
             pyspark_job={"main_python_file_uri": "file:///nowhere/x.py", "archive_uris": ["gs://b/d.tgz#e"], "properties": {"a": "b"}})
policy = dp.AutoscalingPolicy(id="fuzz", worker_config={"min_instances": 2, "max_instances": 10}, basic_algorithm={
    "yarn_config": {"graceful_decommission_timeout": {"seconds": 9}, "scale_up_factor": 0.5, "scale_down_factor": 0.5}})
template = dp.WorkflowTemplate(id="fuzz", placement={"managed_cluster": {"cluster_name": "t"}},
                               jobs=[{"step_id": "one", "pyspark_job": job.pyspark_job, "prerequisite_step_ids": ["one"]}])
here, none = {"project_id": "p", "region": "us-central1"}, {"project_id": "p", "region": "us-central1", "cluster_name": "none"}
parent, mask = "projects/p/regions/us-central1", field_mask_pb2.FieldMask(paths=["labels", "config.worker_config.num_instances"])
C, J, A, W = (f"/google.cloud.dataproc.v1.{name}/" for name in (
    "ClusterController", "JobController", "AutoscalingPolicyService", "WorkflowTemplateService"))
ASKED = [
    (C + "CreateCluster", dp.CreateClusterRequest(**here, cluster=cluster, request_id="r")),
    (C + "UpdateCluster", dp.UpdateClusterRequest(**none, cluster=cluster, update_mask=mask)),
    (C + "DeleteCluster", dp.DeleteClusterRequest(**none)), (C + "GetCluster", dp.GetClusterRequest(**none)),
    (C + "ListClusters", dp.ListClustersRequest(**here, filter="status.state = ACTIVE", page_size=5, page_token="eA")),
    (C + "StopCluster", dp.StopClusterRequest(**none)), (C + "StartCluster", dp.StartClusterRequest(**none)),
    (C + "DiagnoseCluster", dp.DiagnoseClusterRequest(**none, tarball_gcs_dir="gs://b", jobs=["x"])),
    (J + "SubmitJob", dp.SubmitJobRequest(**here, job=job, request_id="r")),
    (J + "SubmitJobAsOperation", dp.SubmitJobRequest(**here, job=job)),
    (J + "GetJob", dp.GetJobRequest(**here, job_id="none")), (J + "CancelJob", dp.CancelJobRequest(**here, job_id="none")),
    (J + "ListJobs", dp.ListJobsRequest(**here, filter="labels.a = b", job_state_matcher=1, page_size=-1)),
    (J + "UpdateJob", dp.UpdateJobRequest(**here, job_id="none", job=job, update_mask=mask)),
    (J + "DeleteJob", dp.DeleteJobRequest(**here, job_id="none")),
    (A + "CreateAutoscalingPolicy", dp.CreateAutoscalingPolicyRequest(parent=parent, policy=policy)),
    (A + "UpdateAutoscalingPolicy", dp.UpdateAutoscalingPolicyRequest(policy=policy)),
    (A + "GetAutoscalingPolicy", dp.GetAutoscalingPolicyRequest(name=f"{parent}/autoscalingPolicies/none")),
    (A + "ListAutoscalingPolicies", dp.ListAutoscalingPoliciesRequest(parent=parent)),
    (A + "DeleteAutoscalingPolicy", dp.DeleteAutoscalingPolicyRequest(name=f"{parent}/autoscalingPolicies/none")),
    (W + "CreateWorkflowTemplate", dp.CreateWorkflowTemplateRequest(parent=parent, template=template)),
    (W + "GetWorkflowTemplate", dp.GetWorkflowTemplateRequest(name=f"{parent}/workflowTemplates/none", version=7)),
    (W + "InstantiateWorkflowTemplate", dp.InstantiateWorkflowTemplateRequest(name=f"{parent}/workflowTemplates/none", parameters={"A": "b"})),
    (W + "InstantiateInlineWorkflowTemplate", dp.InstantiateInlineWorkflowTemplateRequest(parent=parent, template=template)),
    (W + "UpdateWorkflowTemplate", dp.UpdateWorkflowTemplateRequest(template=template)),
    (W + "ListWorkflowTemplates", dp.ListWorkflowTemplatesRequest(parent=parent)),
    (W + "DeleteWorkflowTemplate", dp.DeleteWorkflowTemplateRequest(name=f"{parent}/workflowTemplates/none")),
    ("/google.longrunning.Operations/GetOperation", operations_pb2.GetOperationRequest(name=f"{parent}/operations/none")),
    ("/google.longrunning.Operations/ListOperations", operations_pb2.ListOperationsRequest(name=f"{parent}/operations", filter="x = y")),
    ("/google.longrunning.Operations/CancelOperation", operations_pb2.CancelOperationRequest(name=f"{parent}/operations/none")),
    ("/google.longrunning.Operations/DeleteOperation", operations_pb2.DeleteOperationRequest(name=f"{parent}/operations/none")),
    ("/google.cloud.dataproc.v1.BatchController/ListBatches", empty_pb2.Empty()), ("/nonsense", empty_pb2.Empty()),
]
TEXTS = ["", "x", "x" * 70000, "\0", "\u00e9" * 40, "../../etc/passwd", "gs://", "gs://b", "projects/p", f"{parent}/clusters/../x", "*", "a..b", ",",
         "status.state = ", "labels.a = b AND", "= = =", '"', "config", "Labels", "none", "a/b", "%00", "us-central1-a", "\n", " ", "\u202e", "-"]
NUMBERS = [0, 1, -1, 2, 7, 99, 2**31 - 1, -(2**31)]


def plain(message):
    """The message of the protobuf library under one of proto-plus."""
    return type(message).pb(message) if hasattr(type(message), "pb") else message


def spoil(message, depth=0):
    """Puts something wrong, or merely odd, into one of its fields."""
    fields = list(message.DESCRIPTOR.fields)
    if not fields:
        return
    field = dice.choice([f for f, _ in message.ListFields()] or fields) if dice.random() < 0.8 else dice.choice(fields)
    repeated, inner = field.is_repeated, field.message_type
    try:
        if inner and inner.GetOptions().map_entry:
            getattr(message, field.name)[dice.choice(TEXTS)] = dice.choice(TEXTS)
        elif inner and repeated:
            below = getattr(message, field.name)
            spoil(below.add() if not below or dice.random() < 0.3 else dice.choice(below), depth + 1)
        elif inner:
            getattr(message, field.name).SetInParent()
            spoil(getattr(message, field.name), depth + 1)
        else:
            value = {FieldDescriptor.CPPTYPE_STRING: lambda: dice.choice(TEXTS), FieldDescriptor.CPPTYPE_BOOL: lambda: True,
                     FieldDescriptor.CPPTYPE_DOUBLE: lambda: dice.choice([float("nan"), float("inf"), -1.0, 1e308])}
            value = value.get(field.cpp_type, lambda: dice.choice([*NUMBERS, 2**62, -(2**62)] if "64" in str(field.cpp_type) else NUMBERS))()
            if field.type == FieldDescriptor.TYPE_BYTES:
                value = dice.randbytes(9)
            getattr(message, field.name).extend([value] * dice.choice([1, 1, 300])) if repeated else setattr(message, field.name, value)
    except (ValueError, TypeError):
        pass  # The library takes no such value; bytes are spoiled below.


def bytes_of(message):
    """The bytes of a request."""
    copy = type(message)()
    copy.CopyFrom(message)
    for _ in range(dice.choice([0, 1, 1, 2, 3, 6])):
        spoil(copy)
    text, what = copy.SerializeToString(), dice.random()
    if what < 0.7:
        return text
    at = dice.randrange(len(text) + 1)
    return dice.choice([
        lambda: text[:at], lambda: text[at:], lambda: text[:at] + dice.randbytes(3) + text[at:], lambda: dice.randbytes(40),
        lambda: text + text, lambda: text[:at] + bytes([dice.randrange(256)]) + text[at + 1:], lambda: b"\x0a" * 5000,
        lambda: b"\x0b" * 300, lambda: text + b"\xa0\x38\x07", lambda: b"\x0a\xff\xff\xff\xff\x0f" + text, lambda: b"\xff" * 20,
    ])()


def ask(path, request, metadata=None):
    """The code of the answer, and its words."""
    call = channel.unary_unary(path, request_serializer=bytes, response_deserializer=bytes)
    try:
        call(request, timeout=60, metadata=metadata or [("authorization", f"Bearer {token}")])
        return "OK", ""
    except grpc.RpcError as error:
        details = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin")
        if details:
            assert status_pb2.Status.FromString(details).message == error.details(), error
        return error.code().name, error.details()


def frame(kind, flags, stream, payload):
    """One frame of HTTP/2."""
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value):
    """A header field that no table knows."""
    short = lambda text: bytes([len(text)]) if len(text) < 127 else b"\x7f" + varint(len(text) - 127)
    return b"\x00" + short(name) + name + short(value) + value


def varint(number):
    """HPACK's, seven bits at a time."""
    return bytes([number]) if number < 128 else bytes([number % 128 | 128]) + varint(number // 128)


def raw(body, extra=()):
    """All bytes that come back for a body that no gRPC library would send."""
    context = ssl.create_default_context(cadata=roots.decode())
    context.set_alpn_protocols(["h2"])
    headers = [(b":method", b"POST"), (b":scheme", b"https"), (b":path", (C + "ListClusters").encode()), (b":authority", b"localhost"),
               (b"content-type", b"application/grpc"), (b"te", b"trailers"), (b"authorization", b"Bearer " + token.encode()), *extra]
    with context.wrap_socket(socket.create_connection(("127.0.0.1", int(port)), 60), server_hostname="localhost") as stream:
        stream.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b""))
        stream.sendall(frame(1, 4, 1, b"".join(literal(*pair) for pair in headers)) + frame(0, 1, 1, body))
        said = b""
        while b"grpc-status" not in said and (piece := stream.recv(65536)):
            said += piece
            if headers_end(said):
                break
    return said


def headers_end(said):
    """Whether a frame that ends the stream has come whole."""
    while len(said) >= 9:
        length, kind, flags = int.from_bytes(said[:3], "big"), said[3], said[4]
        if len(said) < 9 + length:
            return False
        if kind in (1, 0) and flags & 1 or kind in (3, 7):
            return True
        said = said[9 + length:]
    return False


seen = Counter()
for _ in range(count):
    path, message = dice.choice(ASKED)
    request = bytes_of(plain(message))
    code, words = ask(path, request)
    assert code not in OURS, f"{code} {words[:500]} to {path} {request[:500]!r}"
    assert code == "OK" or words, f"{code} without words to {path} {request[:500]!r}"
    seen[code] += 1
# One that is too large, ones that are cut or say that they are packed, and whoever has no credentials.
code, words = ask(C + "GetCluster", b"\x0a" + b"\x80\x80\x80\x06" + b"x" * (12 << 20))
assert code in ("RESOURCE_EXHAUSTED", "INVALID_ARGUMENT", "OUT_OF_RANGE"), (code, words)
assert ask(C + "GetCluster", b"", [("a", "b")])[0] == "UNAUTHENTICATED"
for body in (b"", b"\0", b"\0\0\0\0\x09abc", b"\x01\0\0\0\x01x", b"\xff" * 5, b"\0\xff\xff\xff\xff", b"\0\0\0\0\0\0\0\0\0\0"):
    for extra in ((), ((b"grpc-encoding", b"gzip"),), ((b"grpc-encoding", b"nonsense"),), ((b"grpc-timeout", b"xx"),)):
        said = raw(body, extra)
        assert said and not any(status in said for status in AT_FAULT), (body, extra, said)
assert ask(C + "ListClusters", plain(dp.ListClustersRequest(**here)).SerializeToString())[0] == "OK", "it is well"
assert seen["OK"] > count / 100 and seen["INVALID_ARGUMENT"] > count / 10 and seen["NOT_FOUND"] > count / 50, seen
print(f"{sum(seen.values())} answers: {dict(sorted(seen.items()))}", file=sys.stderr)
print("every answer was Google's")
