"""Writes into an object store whose disk is full: each refusal is Google's 507, and nothing of what was refused is there.

Called with the store's address and the roots. Only the standard library, so that any Python runs it.
"""

import json
import ssl
import sys
import urllib.error
import urllib.request

base, roots = sys.argv[1], sys.argv[2]
context = ssl.create_default_context(cafile=roots)
LARGE = b"x" * (3 << 20)


def ask(verb, path, body=b"", headers=()):
    """The status of the answer, its headers, and its body."""
    url = path if path.startswith("https://") else base + path
    request = urllib.request.Request(url, body or None, dict(headers), method=verb)
    try:
        with urllib.request.urlopen(request, context=context, timeout=60) as said:
            return said.status, said.headers, said.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def put(name, content):
    """The status of an upload in one piece."""
    return ask("POST", f"/upload/storage/v1/b/full/o?uploadType=media&name={name}", content)


def full(answer):
    """It was refused, in Google's words."""
    status, _, body = answer
    error = json.loads(body)["error"]
    assert status == 507 and error["code"] == 507 and error["errors"][0]["reason"] == "insufficientStorage", answer


def names():
    """What is there."""
    return [item["name"] for item in json.loads(ask("GET", "/storage/v1/b/full/o")[2]).get("items", [])]


assert ask("POST", "/storage/v1/b?project=p", b'{"name": "full"}')[0] == 200

# Uploads of each kind that do not fit.
full(put("media", LARGE))
parts = b'--b\r\nContent-Type: application/json\r\n\r\n{"name": "multi"}\r\n--b\r\nContent-Type: text/plain\r\n\r\n' + LARGE + b"\r\n--b--\r\n"
full(ask("POST", "/upload/storage/v1/b/full/o?uploadType=multipart", parts, {"Content-Type": "multipart/related; boundary=b"}))
status, headers, _ = ask("POST", "/upload/storage/v1/b/full/o?uploadType=resumable&name=resumed", b"{}")
session = headers["Location"]
full(ask("PUT", session, LARGE, {"Content-Range": f"bytes 0-{len(LARGE) - 1}/{len(LARGE)}"}))
status, headers, _ = ask("PUT", session, headers={"Content-Range": f"bytes */{len(LARGE)}", "Content-Length": "0"})
received = int((headers["Range"] or "bytes=0--1").rpartition("-")[2]) + 1 if headers["Range"] else 0
assert status == 308 and received < len(LARGE), (status, headers["Range"])
assert ask("DELETE", session)[0] == 499
assert names() == [], names()
print("uploads")

# What is there stays as it is, whatever is to be put over it.
assert put("kept", b"k" * (1 << 20))[0] == 200
full(put("kept", LARGE))
compose = b'{"sourceObjects": [{"name": "kept"}, {"name": "kept"}]}'
full(ask("POST", "/storage/v1/b/full/o/both/compose", compose))
assert ask("GET", "/storage/v1/b/full/o/kept?alt=media")[2] == b"k" * (1 << 20)
count = 0
while (answer := put(f"small-{count:04}", b"s" * 4096))[0] == 200:
    count += 1
full(answer)
full(put("kept", b"other" * 1000))
full(ask("PATCH", "/storage/v1/b/full/o/kept", json.dumps({"metadata": {"a": "b" * 5000}}).encode()))
assert ask("GET", "/storage/v1/b/full/o/kept?alt=media")[2] == b"k" * (1 << 20)
assert names() == ["kept", *(f"small-{number:04}" for number in range(count))], names()
assert json.loads(ask("GET", "/storage/v1/b/full/o/kept")[2]).get("metadata") is None
print("kept")

# Removing makes room on a full disk too.
for name in names():
    assert ask("DELETE", f"/storage/v1/b/full/o/{name}")[0] == 204, name
assert put("again", b"a" * (1 << 20))[0] == 200
assert ask("DELETE", "/storage/v1/b/full/o/again")[0] == 204 and ask("DELETE", "/storage/v1/b/full")[0] == 204
print("room again")
