"""Somebody without credentials, on every way in. Called with the port, the proxy's port and the roots."""

import base64
import http.client
import json
import socket
import ssl
import sys
import time

import grpc
from google.cloud import dataproc_v1 as dp
from google.cloud.dataproc_v1.services.cluster_controller.transports import ClusterControllerGrpcTransport

port, proxy, roots = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
PATH = "/v1/projects/p/regions/us-central1/clusters"


def rest(path, token=None, verb="GET"):
    """Status and body of one request."""
    connection = http.client.HTTPSConnection("localhost", port, context=ssl.create_default_context(cafile=roots))
    connection.request(verb, path, headers={"Authorization": f"Bearer {token}"} if token else {})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def part(data):
    """As a part of a token."""
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


now = int(time.time())
claims = {"iss": "caddis@caddis-local.iam.gserviceaccount.com", "iat": now, "exp": now + 3600}
unsigned = f"{part({'alg': 'none'})}.{part(claims)}."
forged = f"{part({'alg': 'RS256'})}.{part(claims)}.{part('nothing')}"
for token in [None, "x", "caddis.", unsigned, forged]:
    for verb, path in [("GET", PATH), ("POST", PATH), ("DELETE", f"{PATH}/x"), ("GET", "/"), ("GET", "/v1/nonsense")]:
        status, body = rest(path, token, verb)
        assert status == 401 and body["error"]["status"] == "UNAUTHENTICATED", (status, body)
print("rest is closed")

with open(roots, "rb") as file:
    channel = grpc.secure_channel(f"localhost:{port}", grpc.ssl_channel_credentials(file.read()))
clusters = dp.ClusterControllerClient(transport=ClusterControllerGrpcTransport(channel=channel))
try:
    clusters.get_cluster({"project_id": "p", "region": "us-central1", "cluster_name": "x"})
except Exception as error:
    assert error.grpc_status_code == grpc.StatusCode.UNAUTHENTICATED, error
else:
    raise AssertionError("it was answered")
print("grpc is closed")

for target, expected in [("storage.googleapis.com:443", b"403"), ("127.0.0.1:22", b"403"),
                         ("us-central1-dataproc.googleapis.com:443", b"200")]:
    with socket.create_connection(("127.0.0.1", proxy)) as asked:
        asked.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        assert asked.recv(64).split()[1] == expected, target
print("the proxy leads here alone")
