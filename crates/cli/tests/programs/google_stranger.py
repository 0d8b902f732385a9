"""Somebody without credentials, on every way in, for every method: nothing but refusals.

Called with the API's port, the proxy's port, and the roots (`-` where they cannot be read); with a fourth argument also
over gRPC, which needs Google's library. What is wrong is an assertion.
"""

import base64
import http.client
import json
import socket
import ssl
import sys
import time

port, proxy, roots = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
R = "/v1/projects/p/regions/us-central1"
#: One of each kind, in the words of Google's documents; what is not served is refused in the same way.
PATHS = [
    "/", "/v1", "/v1/nonsense", "/token", "/healthz", "/metrics", "/openapi.json", "/$discovery/rest", "/batch",
    f"{R}/clusters", f"{R}/clusters/x", f"{R}/clusters/x:stop", f"{R}/clusters/x:start", f"{R}/clusters/x:diagnose",
    f"{R}/clusters/x:getIamPolicy", f"{R}/jobs", f"{R}/jobs:submit", f"{R}/jobs:submitAsOperation", f"{R}/jobs/x",
    f"{R}/jobs/x:cancel", f"{R}/operations", f"{R}/operations/x", f"{R}/operations/x:cancel", f"{R}/autoscalingPolicies",
    f"{R}/autoscalingPolicies/x", f"{R}/workflowTemplates", f"{R}/workflowTemplates/x:instantiate",
    f"{R}/workflowTemplates:instantiateInline", "/storage/v1/b", "/storage/v1/b?project=p", "/storage/v1/b/x", "/storage/v1/b/x/o",
    "/storage/v1/b/x/o/y", "/storage/v1/b/x/o/y?alt=media", "/storage/v1/b/x/o/y/compose", "/download/storage/v1/b/x/o/y?alt=media",
    "/upload/storage/v1/b/x/o?uploadType=multipart", "/upload/storage/v1/b/x/o?uploadType=resumable&name=y",
    "/upload/storage/v1/b/x/o?uploadType=resumable&upload_id=1", "/resumable/upload/storage/v1/b/x/o", "/batch/storage/v1", "/x/y",
]
context = ssl.create_default_context(cafile=roots) if roots != "-" else ssl._create_unverified_context()


def rest(path, token=None, verb="GET", body=None, **headers):
    """Status, headers and body of one request."""
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    connection.request(verb, path, body, headers)
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read()


def closed(path, *rest_of, **more):
    """The request is refused for want of credentials, and says nothing else."""
    status, headers, body = rest(path, *rest_of, **more)
    said = b"UNAUTHENTICATED" in body or b"authError" in body  # the object store's word for it
    # What a page of somebody else's asks of the object store is refused before anybody looks for credentials.
    refused = status == 401 and said or status == 403 and "Origin" in more and "storage" in path
    assert refused or path.startswith(OAUTH) and status in (400, 401), (path, status, body)
    assert b"access_token" not in body and b"project" not in body.replace(path.encode(), b""), (path, body)
    assert not any(name.lower().startswith("access-control-allow") for name in headers), (path, headers)


def part(data):
    """As a part of a token."""
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


#: Where a signed assertion is exchanged for a token; it answers as RFC 6749 says.
OAUTH = "/token"
connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=30)
now = int(time.time())
claims = {"iss": "caddis@caddis-local.iam.gserviceaccount.com", "iat": now, "exp": now + 3600}
unsigned = f"{part({'alg': 'none'})}.{part(claims)}."
forged = f"{part({'alg': 'RS256'})}.{part(claims)}.{part('nothing')}"
for path in PATHS:
    for verb in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]:
        closed(path, None, verb)
for token in ["x", "caddis.", "", unsigned, forged]:
    for verb, path in [("GET", PATHS[9]), ("POST", PATHS[16]), ("GET", PATHS[28]), ("POST", PATHS[36]), ("DELETE", PATHS[32]), ("GET", "/")]:
        closed(path, token, verb)
print("rest is closed")

# A name that was made to lead here, and a page of somebody else's: the browser has no token, and gets no leave to ask.
for host in ["evil.example", f"evil.example:{port}", "localhost.evil.example", "us-central1-dataproc.googleapis.com", ""]:
    for origin in ["https://evil.example", "null", f"https://localhost:{port}"]:
        for path in ["/", PATHS[9], PATHS[16], PATHS[28], PATHS[36]]:
            for verb in ["GET", "POST", "OPTIONS"]:
                closed(path, None, verb, Host=host, Origin=origin, Cookie="caddis=x",
                       **{"Access-Control-Request-Method": "POST", "Sec-Fetch-Mode": "cors"})
print("pages are closed")

# What a key would be exchanged at gives nothing for one that is not ours.
for assertion in [unsigned, forged, "", "x", "a.b.c"]:
    grant = f"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}"
    closed(OAUTH, None, "POST", grant, **{"Content-Type": "application/x-www-form-urlencoded"})
print("the exchange is closed")

for target, expected in [("storage.googleapis.com:443", b"403"), ("127.0.0.1:22", b"403"), (f"127.0.0.1:{port}", b"403"),
                         ("localhost:443", b"403"), ("us-central1-dataproc.googleapis.com:443", b"200")]:
    with socket.create_connection(("127.0.0.1", proxy), 30) as asked:
        asked.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        assert asked.recv(64).split()[1] == expected, target
for line in ["GET http://127.0.0.1/ HTTP/1.1", "GET / HTTP/1.1", "POST / HTTP/1.1", "nonsense"]:
    with socket.create_connection(("127.0.0.1", proxy), 30) as asked:
        asked.sendall(f"{line}\r\nHost: x\r\n\r\n".encode())
        assert asked.recv(64).split()[1] == b"405", line
print("the proxy leads here alone")


def every_method():
    """The full names of the methods that Google's library knows."""
    import importlib
    import inspect
    import re

    services = ["cluster_controller", "job_controller", "autoscaling_policy_service", "workflow_template_service"]
    services += ["batch_controller", "node_group_controller", "session_controller", "session_template_controller"]
    for service in services:
        module = importlib.import_module(f"google.cloud.dataproc_v1.services.{service}.transports.grpc")
        yield from sorted(set(re.findall(r'"(/google\.[\w.]+/\w+)"', inspect.getsource(module))))


if len(sys.argv) > 4:
    import grpc

    with open(roots, "rb") as file:
        channel = grpc.secure_channel(f"localhost:{port}", grpc.ssl_channel_credentials(file.read()))
    asked = 0
    for name in [*every_method(), "/nonsense/Method", "/google.storage.v2.Storage/GetBucket"]:
        for metadata in [[], [("authorization", "Bearer x")], [("authorization", f"Bearer {forged}")]]:
            call = channel.unary_unary(name, request_serializer=bytes, response_deserializer=bytes)
            try:
                call(b"", metadata=metadata, timeout=30)
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.UNAUTHENTICATED, (name, error)
                asked += 1
            else:
                raise AssertionError(f"{name} was answered")
    assert asked > 100, asked
    print("grpc is closed")
