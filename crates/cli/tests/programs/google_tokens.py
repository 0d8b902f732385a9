"""Signed tokens that are good, and all that only look like it: over REST, over gRPC, at the object store, and where an
assertion is exchanged for a token.

Called with the port, the roots, and the service account's key; needs Google's library. What is wrong is an assertion.
"""

import base64
import hashlib
import hmac
import http.client
import json
import ssl
import sys
import time
import urllib.parse

import grpc
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth.crypt import RSASigner
from google.cloud import dataproc_v1 as dp

port, roots, key = int(sys.argv[1]), open(sys.argv[2], "rb").read(), json.load(open(sys.argv[3]))
connection = http.client.HTTPSConnection("localhost", port, context=ssl.create_default_context(cadata=roots.decode()), timeout=30)
channel = grpc.secure_channel(f"localhost:{port}", grpc.ssl_channel_credentials(roots))
clusters = dp.ListClustersRequest.pb(dp.ListClustersRequest(project_id="p", region="us-central1")).SerializeToString()
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ours = RSASigner.from_service_account_info(key)
another = rsa.generate_private_key(65537, 2048).private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
theirs = RSASigner.from_string(another)
public = serialization.load_pem_private_key(key["private_key"].encode(), None).public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
now = int(time.time())


def part(data):
    """As a part of a token."""
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(sign=ours.sign, header=None, **claims):
    """A token that is good but for what is said."""
    wanted = {"iss": key["client_email"], "sub": key["client_email"], "aud": "https://dataproc.googleapis.com/", "iat": now, "exp": now + 3600}
    wanted = {name: value for name, value in {**wanted, **claims}.items() if value != "left out"}
    message = f"{part(header or {'alg': 'RS256', 'typ': 'JWT', 'kid': key['private_key_id']})}.{part(wanted)}"
    return f"{message}.{part(sign(message.encode()))}"


def altered(text, **claims):
    """A token whose claims were changed after it was signed."""
    header, said, signature = text.split(".")
    said = json.loads(base64.urlsafe_b64decode(said + "=" * (-len(said) % 4)))
    return f"{header}.{part({**said, **claims})}.{signature}"


def rest(verb, path, body=None, **headers):
    """Status and answer of one request."""
    connection.request(verb, path, body, headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read() or b"{}")


def over_grpc(text):
    """The code that a method answers."""
    call = channel.unary_unary("/google.cloud.dataproc.v1.ClusterController/ListClusters", request_serializer=bytes, response_deserializer=bytes)
    try:
        call(clusters, metadata=[("authorization", f"Bearer {text}")], timeout=30)
        return "OK"
    except grpc.RpcError as error:
        assert error.details(), error
        return error.code().name


def exchanged(assertion, kind=GRANT):
    """What is answered where tokens are had."""
    body = urllib.parse.urlencode({"grant_type": kind, "assertion": assertion})
    return rest("POST", "/token", body, **{"Content-Type": "application/x-www-form-urlencoded"})


GOOD = {
    "as gRPC and REST make it": token(),
    "for a method of a region": token(aud="https://us-central1-dataproc.googleapis.com/google.cloud.dataproc.v1.JobController"),
    "with a scope": token(aud="left out", scope="https://www.googleapis.com/auth/cloud-platform"),
    "for where tokens are had": token(aud="https://oauth2.googleapis.com/token"),
    "for the key's own place": token(aud=key["token_uri"]),
    "of a clock that is ahead": token(iat=now + 200, exp=now + 3800),
    "of a clock that is behind": token(iat=now - 3700, exp=now - 100),
}
BAD = {
    "expired": token(iat=now - 7200, exp=now - 3600),
    "from the future": token(iat=now + 86400, exp=now + 90000),
    "good for ever": token(exp=now + 10**9),
    "without an end": token(exp="left out"),
    "without a beginning": token(iat="left out"),
    "an end that is no number": token(exp="never"),
    "numbers out of all bounds": token(iat=-(2**63), exp=2**63 - 1),
    "of another account": token(iss="somebody@else.iam.gserviceaccount.com"),
    "of nobody": token(iss="left out"),
    "for somebody else": token(aud="https://evil.example/"),
    "for somebody else who looks like us": token(aud="https://googleapis.com.evil.example/"),
    "for nobody": token(aud=""),
    "of another key": token(theirs.sign),
    "unsigned": token(lambda _: b"", {"alg": "none"}),
    "unsigned in capitals": token(lambda _: b"", {"alg": "NONE"}),
    "signed, but not as it says": token(header={"alg": "none"}),
    "with the public key as a secret": token(lambda text: hmac.digest(public, text, hashlib.sha256), {"alg": "HS256"}),
    "with the public key as RS256's secret": token(lambda text: hmac.digest(public, text, hashlib.sha256)),
    "with a key of its own": token(theirs.sign, {"alg": "RS256", "jwk": {"kty": "RSA"}, "jku": "https://evil.example/jwks"}),
    "altered": altered(token(iat=now - 7200, exp=now - 3600), exp=now + 3600, iat=now),
    "altered into another account": altered(token(), sub="root"),
    "of three empty parts": "..", "of two parts": token().rsplit(".", 1)[0], "of four parts": f"{token()}.x",
    "cut short": token()[:-9], "with more behind it": f"{token()}AAAA",
    "two claims": f"{part({'alg': 'RS256'})}.{part(b'{} {}')}.{part(ours.sign(b'x'))}",
}
for what, text in GOOD.items():
    status, said = rest("GET", "/v1/projects/p/regions/us-central1/clusters", Authorization=f"Bearer {text}")
    assert status == 200, (what, said)
    assert over_grpc(text) == "OK", what
    status, said = rest("GET", "/storage/v1/b?project=p", Authorization=f"Bearer {text}")
    assert status == 200, (what, said)
    status, said = exchanged(text)
    assert status == 200 and said["token_type"] == "Bearer" and 0 < said["expires_in"] <= 3900, (what, said)
    status, said = rest("GET", "/storage/v1/b?project=p", Authorization=f"Bearer {said['access_token']}")
    assert status == 200, (what, said)
print("good ones are taken")
for what, text in BAD.items():
    for verb, path in [("GET", "clusters"), ("POST", "jobs:submit"), ("DELETE", "operations/x")]:
        status, said = rest(verb, f"/v1/projects/p/regions/us-central1/{path}", Authorization=f"Bearer {text}")
        error = said["error"]
        assert (status, error["code"], error["status"]) == (401, 401, "UNAUTHENTICATED") and error["message"], (what, path, said)
    assert over_grpc(text) == "UNAUTHENTICATED", what
    for verb, path in [("GET", "/storage/v1/b?project=p"), ("POST", "/upload/storage/v1/b/x/o?uploadType=media&name=y"),
                       ("GET", "/download/storage/v1/b/x/o/y?alt=media"), ("POST", "/batch/storage/v1")]:
        status, said = rest(verb, path, Authorization=f"Bearer {text}")
        error = said["error"]
        assert (status, error["code"], error["errors"][0]["reason"]) == (401, 401, "authError"), (what, path, said)
    status, said = exchanged(text)
    assert (status, said["error"]) == (400, "invalid_grant") and said["error_description"] and len(said) == 2, (what, said)
print("bad ones are refused")
# Good words in the wrong place.
for kind in ["refresh_token", "client_credentials", "authorization_code", "password", "", GRANT.upper()]:
    status, said = exchanged(token(), kind)
    assert (status, said["error"]) == (400, "unsupported_grant_type") and "access_token" not in said, (kind, said)
for body in ["", "x", "grant_type", f"grant_type={GRANT}", f"assertion={token()}", "&&&==", "%", "x" * 10_000]:
    status, said = rest("POST", "/token", body, **{"Content-Type": "application/x-www-form-urlencoded"})
    assert status == 400 and said["error"] in ("invalid_grant", "unsupported_grant_type"), (body[:50], said)
for header in [token(), f"Basic {token()}", f"Bearer{token()}", "Bearer", f"Digest Bearer {token()}"]:
    for path in ["/v1/projects/p/regions/us-central1/clusters", "/storage/v1/b?project=p"]:
        status, said = rest("GET", path, Authorization=header)
        assert status == 401, (header[:20], path, said)
for path in ["/v1/projects/p/regions/us-central1/clusters", "/storage/v1/b?project=p"]:
    for name in ["access_token", "key", "oauth_token"]:
        status, said = rest("GET", f"{path}{'&' if '?' in path else '?'}{name}={token()}")
        assert status == 401, (name, path, said)
print("the wrong place is refused")
