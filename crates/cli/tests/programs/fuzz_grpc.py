"""What the programs share that ask the gRPC face for what nobody should ask: how requests are spoiled, sent, and judged.

Called with the port, the roots, the token's file, a seed and how many requests.
"""

import random
import sys

import grpc
from google.protobuf.descriptor import FieldDescriptor
from google.rpc import status_pb2

port, roots, token = sys.argv[1], open(sys.argv[2], "rb").read(), open(sys.argv[3]).read().strip()
dice, count = random.Random(int(sys.argv[4])), int(sys.argv[5])
print(f"seed {sys.argv[4]}", file=sys.stderr)
channel = grpc.secure_channel(f"localhost:{port}", grpc.ssl_channel_credentials(roots))
#: Codes of a server at fault, or of one that would have its clients try again for minutes.
OURS = {"UNKNOWN", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "DEADLINE_EXCEEDED"}
parent = "projects/p/regions/us-central1"
C, J, A, W = (f"/google.cloud.dataproc.v1.{name}/" for name in (
    "ClusterController", "JobController", "AutoscalingPolicyService", "WorkflowTemplateService"))
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
