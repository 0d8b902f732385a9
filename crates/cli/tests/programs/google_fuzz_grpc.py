"""Asks the gRPC face for what nobody should ask, and holds every answer against Google's codes.

Called with the port, the roots, the token's file, a seed and how many requests. The same seed asks the same. Says how many
answers of which code there were.
"""

import socket
import ssl
import struct
import sys
from collections import Counter

from fuzz_grpc import A, C, J, OURS, W, ask, bytes_of, count, dice, parent, plain, port, roots, token
from google.cloud import dataproc_v1 as dp
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2, field_mask_pb2

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
mask = field_mask_pb2.FieldMask(paths=["labels", "config.worker_config.num_instances"])
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
