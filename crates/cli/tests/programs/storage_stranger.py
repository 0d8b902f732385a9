"""Whoever has no credentials, or wrong ones, and whoever sends what nobody should: refused, and nothing breaks.

Called with the port and the true address of the object store.
"""

import json
import random
import socket
import ssl
import sys

port, endpoint = int(sys.argv[1]), sys.argv[2]
secret = endpoint.rpartition("/")[2]
context = ssl.create_default_context()


def send(raw, cut=False):
    """The status that bytes are answered with; nothing when the connection is closed without a word."""
    with socket.create_connection(("localhost", port), timeout=20) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as wire:
            try:
                wire.sendall(raw)
                if cut:
                    return None
                said = b""
                while b"\r\n" not in said:
                    got = wire.recv(65536)
                    if not got:
                        return None
                    said += got
            except OSError:
                return None
    return int(said.split(b" ", 2)[1])


def ask(method, path, body=b"", length=None, **headers):
    """A request of any kind, and the status of its answer."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", f"Content-Length: {len(body) if length is None else length}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return send("\r\n".join(lines).encode() + b"\r\n\r\n" + body, cut=length is not None)


paths = ["/storage/v1/b", "/storage/v1/b/x/o/y?alt=media", "/upload/storage/v1/b/x/o?uploadType=media&name=a", "/batch/storage/v1"]
for prefix in ["", "/emulator/", "/emulator/x", f"/emulator/{secret[:-1]}", f"/emulator/{secret}x", f"/emulator/{secret.lower()}"]:
    for path in paths:
        for token in ["", "Bearer x", f"Bearer {secret}", f"Basic {secret}"]:
            for method in ["GET", "POST", "PUT", "DELETE"]:
                assert ask(method, prefix + path, Authorization=token) == 401, (method, prefix, path, token)
assert ask("GET", f"/emulator/{secret}/storage/v1/b", Origin="https://evil.example") == 403
assert ask("POST", "/token", b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a.b.c") == 400
assert ask("POST", "/token", b"x" * 100_000) in (400, None)
print("strangers get nothing")

base = f"/emulator/{secret}"
assert ask("POST", f"{base}/storage/v1/b", json.dumps({"name": "fuzz-data"}).encode()) == 200
assert ask("POST", f"{base}/upload/storage/v1/b/fuzz-data/o?uploadType=media&name=kept", b"so that the bucket stays") == 200
dice = random.Random(7)
values = [None, True, -1, 1.5, 2**70, "", "x", "\x00", [], {}, [[]], {"a": None}, "y" * 9000]
keys = ["name", "metadata", "contentType", "customTime", "sourceObjects", "destination", "lifecycle", "labels", "location", "temporaryHold"]
queries = ["", "uploadType=media", "uploadType=multipart", "uploadType=resumable", "generation=x", "ifGenerationMatch=9" * 9, "fields=((", "maxResults=-1",
           "pageToken=%FF", "alt=media", "name=%00", "name=..", "upload_id=../../x", "matchGlob=" + "{a,b}" * 20]
places = ["/storage/v1/b", "/storage/v1/b/fuzz-data", "/storage/v1/b/fuzz-data/o", "/storage/v1/b/fuzz-data/o/a", "/storage/v1/b/fuzz-data/o/..%2f..",
          "/storage/v1/b/fuzz-data/o/a/compose", "/storage/v1/b/fuzz-data/o/a/rewriteTo/b/fuzz-data/o/b", "/upload/storage/v1/b/fuzz-data/o",
          "/batch/storage/v1", "/storage/v1/b/%FF%FE", "/fuzz-data/a"]
ranges = ["bytes=0-", "bytes=9-1", "bytes=-0", "bytes=0-99999999999999999999", "bytes=a-b", "lines=1-2"]
for round in range(600):
    body = json.dumps({dice.choice(keys): dice.choice(values) for _ in range(3)}).encode()
    body = dice.choice([body, body[: len(body) // 2], dice.randbytes(50), b"--x\r\n\r\n{\r\n--x\r\n\r\nabc", b""])
    where = f"{base}{dice.choice(places)}?{dice.choice(queries)}"
    headers = {"Content_Type": dice.choice(["application/json", "multipart/related; boundary=x", "multipart/mixed; boundary=x", ""]),
               "Range": dice.choice(ranges), "Content_Range": dice.choice(["bytes */*", "bytes 0-5/3", "bytes 5-9/*", "bytes 0-18446744073709551615/*"])}
    status = ask(dice.choice(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]), where, body, **headers)
    assert status is not None and status < 500, (status, where, headers, body)
assert ask("POST", f"{base}/storage/v1/b", b" " * (3 << 20)) in (400, None), "no body is taken into memory whole"
for size in [10, 100_000]:
    ask("POST", f"{base}/upload/storage/v1/b/fuzz-data/o?uploadType=media&name=half", b"x" * size, length=10_000_000)
assert send(b"\x00\xff" * 500) in (400, None)
assert ask("GET", f"{base}/storage/v1/b/fuzz-data/o/half") == 404
assert ask("GET", f"{base}/storage/v1/b/fuzz-data") == 200
print("nothing breaks")
