"""What the programs share that ask the REST face for what nobody should ask: how requests are spoiled, sent, and judged.

Called with the port, the roots, the token's file, a seed and how many requests. Only the standard library, so that any
Python runs it.
"""

import json
import random
import socket
import ssl
import sys

port, roots, token = int(sys.argv[1]), sys.argv[2], open(sys.argv[3]).read().strip()
dice, count = random.Random(int(sys.argv[4])), int(sys.argv[5])
R = "/v1/projects/p/regions/us-central1"
print(f"seed {sys.argv[4]}", file=sys.stderr)
LEAVES = [
    None, True, -1, 0, 1, 2**31, 2**63, -(2**64), 1.5, 1e308, float("nan"), float("inf"), "", "x", "x" * 70000, "\0", "\ud800",
    "é" * 40, "../../etc/passwd", "gs://", "-1s", "1e9s", "99999999999999s", "315576000000s", "0.0000000001s", "2030-13-45T99:00:00Z",
    "9999-12-31T23:59:59.999999999Z", "10000-01-01T00:00:00Z", "0000-00-00", [], {}, [[]], [None], [{}], {"": ""}, {"@type": "x"},
    {"@type": "type.googleapis.com/google.protobuf.Any", "value": {"@type": "x"}}, "SPOT", "NO_SUCH_ENUM", "9999999999", "%", "a=b",
    {"a": {"b": {"c": {}}}}, "LS0t", "not base64!", "NaN", "-0", "0x10", " 1 ",
]
WORDS = ["status.state", "clusterName", "labels.env", "labels.", "labels", "=", ":", "AND", "OR", "NOT", "ACTIVE", "*", "\"", "\"x\"",
         "(", ")", "x" * 300, "\0", "é", "", ".", "==", "!=", "labels.a.b.c", "config.workerConfig.numInstances"]
MASKS = ["labels", "config.worker_config.num_instances", "config.workerConfig.numInstances", "config", "*", "", ",", "labels.a", "a..b",
         ".", "config.", "Labels", "config.secondaryWorkerConfig.numInstances", "x" * 9000, "\0", "é", "jobs[0]", "_", "__", "a_B"]
#: Names of the query's parameters, with what they may be given.
QUERY = {
    "updateMask": lambda: ",".join(dice.choices(MASKS, k=dice.randint(1, 4))), "update_mask": lambda: dice.choice(MASKS),
    "filter": lambda: " ".join(dice.choices(WORDS, k=dice.randint(0, 7))), "pageSize": lambda: number(), "page_size": lambda: number(),
    "pageToken": lambda: dice.choice(["x", "eA", "////", "e" * 999, "", "wyg", "_w"]), "requestId": lambda: dice.choice(["r", "é", "x" * 41, ""]),
    "gracefulDecommissionTimeout": lambda: dice.choice(["600s", "-1s", "x", "1e99s", "86401s"]), "clusterUuid": lambda: "x",
    "$alt": lambda: dice.choice(["json", "json;enum-encoding=int", "proto", "x;;"]), "alt": lambda: "media", "nonsense": lambda: "1",
    "cluster.config.workerConfig.numInstances": lambda: number(), "jobStateMatcher": lambda: dice.choice(["ACTIVE", "7", "x", "-1"]),
    "clusterName": lambda: "x", "": lambda: "", "a.b.c": lambda: "1", "labels.x": lambda: "y", "version": lambda: number(),
    "actionOnFailedPrimaryWorkers": lambda: dice.choice(["DELETE", "99"]), "parameters.x": lambda: "1", "validateOnly": lambda: "maybe",
}
#: What stands in place of a part of a path.
PARTS = ["", ".", "..", "%2e%2e", "%2F", "a%2Fb", "..%2f..%2fetc", "%00", "%ff%fe", "%", "%zz", "x" * 3000, "\xe9", "a:b", ":", "::stop",
         "none:", "none:nonsense", "*", "**", "{x}", "a;b", "a+b", "-", "_", "é".encode().hex(), "%C3%A9", "'", "~"]


def number():
    """Something where a number belongs."""
    return dice.choice(["1", "0", "-1", "999999999999999999999", "x", "1.5", "1e3", "0x1", "", "2147483647", "2147483648"])


def spoil(value, depth=0):
    """A copy with something in it that is wrong, or merely odd."""
    if isinstance(value, dict) and value and dice.random() < 0.93 - 0.1 * depth:
        copy = dict(value)
        key = dice.choice(list(copy))
        what = dice.random()
        if what < 0.72:
            copy[key] = spoil(copy[key], depth + 1)
        elif what < 0.8:
            copy[dice.choice(["nonsense", "", "é", key.upper(), snake(key), "x" * 2000, "@type"])] = copy[key]
        elif what < 0.9:
            del copy[key]
        else:
            copy[key] = dice.choice(LEAVES)
        return copy
    if isinstance(value, list) and value and dice.random() < 0.7:
        at = dice.randrange(len(value))
        return [*value[:at], spoil(value[at], depth + 1), *value[at + 1:], *([value[at]] * dice.choice([0, 0, 1, 500]))]
    return dice.choice(LEAVES)


def snake(name):
    """`workerConfig` as `worker_config`."""
    return "".join("_" + c.lower() if c.isupper() else c for c in name)


def body_of(value):
    """The bytes of a body."""
    what = dice.random()
    if value is None:
        return b"" if what < 0.8 else dice.choice([b"{}", b"[]", b"\xff", b"x" * 1000])
    for _ in range(dice.choice([0, 1, 1, 1, 2, 3])):
        value = spoil(value)
    text = json.dumps(value).encode()
    if what < 0.8:
        return text
    return dice.choice([
        lambda: text[: dice.randrange(len(text) + 1)], lambda: text + b"}", lambda: b"\xff\xfe" + text, lambda: b"[" * 50000,
        lambda: b'{"config":' * 5000, lambda: text.replace(b"{", b'{"a":1e999,', 1), lambda: b"null", lambda: b"[]", lambda: b'"x"', lambda: b"7",
        lambda: text[:1] + b" " * 100000 + text[1:], lambda: bytes(dice.randrange(256) for _ in range(64)), lambda: b"\xef\xbb\xbf" + text,
        lambda: b'{"labels":{"a":"b","a":"c"},"labels":{}}', lambda: dice.randbytes(1000),
    ])()


def target_of(path, *always):
    """The path and the query, as bytes that HTTP can carry, however odd; with these pairs in it whatever else is there."""
    if dice.random() < 0.25:
        parts = path.split("/")
        parts[dice.randrange(1, len(parts))] = dice.choice(PARTS)
        path = dice.choice(["/".join(parts)] * 4 + ["/" + path, path + "/", path + "/x/y/z", path.upper(), path + ":cancel"])
    pairs = [*always, *((name, QUERY[name]()) for name in dice.choices(list(QUERY), k=dice.choice([0, 0, 1, 1, 2, 4])))]
    query = "&".join(f"{quote(name)}={quote(text)}" for name, text in pairs)
    return path.encode("latin-1", "replace") + (b"?" + query.encode() if query else dice.choice([b"", b"", b"?", b"?=&=&&", b"?%ff=%00"]))


def plain_target(path, *pairs):
    """The path and a query of these pairs, as they should be."""
    return "?".join([path, *["&".join(f"{name}={text}" for name, text in pairs)][: len(pairs)]]).encode()


def quote(text):
    """Percent-encoded, or nearly."""
    encoded = "".join(c if c.isalnum() and c.isascii() or c in ".-_$" else "".join(f"%{b:02x}" for b in c.encode()) for c in text)
    return encoded if dice.random() < 0.95 else encoded.replace("%", "%25") + "%f"


class Connection:
    """One connection, made anew when it was closed."""

    def __init__(self):
        self.context = ssl.create_default_context(cafile=roots)
        self.stream = None

    def ask(self, verb, target, body, length=None, headers=b""):
        """The status, the headers and the body of the answer; None when the other side closed without one."""
        if self.stream is None:
            connected = self.context.wrap_socket(socket.create_connection(("127.0.0.1", port), 60), server_hostname="localhost")
            self.socket, self.stream = connected, connected.makefile("rb")
        head = b"%s %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n%s\r\n" % (
            verb.encode(), target, token.encode(), len(body) if length is None else length, headers)
        try:
            self.socket.sendall(head + body)
            if length is not None:
                self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # It answered before it had read all.
        try:
            return self.answer()
        except (OSError, ValueError, IndexError):
            self.close()
            return None

    def answer(self):
        """Reads an answer."""
        status = int(self.stream.readline().split()[1])
        headers = {}
        while line := self.stream.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        body = self.stream.read(int(headers.get("content-length", 0)))
        if headers.get("connection") == "close" or "content-length" not in headers:
            self.close()
        return status, headers, body

    def close(self):
        """The next request makes a new one."""
        if self.stream is not None:
            self.stream.close()
            self.socket.close()
        self.stream = None


def check(verb, target, body, answer):
    """One answer is as Google's would be."""
    asked = f"{verb} {target[:300]!r} {body[:2000]!r}"
    assert answer is not None, f"no answer to {asked}"
    status, headers, text = answer
    assert status < 500, f"{status} {text[:500]!r} to {asked}"
    if status in (400, 414, 431) and not text and (len(target) > 8000 or any(byte >= 127 for byte in target)):
        return status  # It is no HTTP, and not read as such.
    assert headers.get("content-type", "").startswith("application/json"), f"{headers} to {asked}"
    value = json.loads(text)
    if status >= 400:
        error = value["error"]
        assert error["code"] == status and error["status"].isupper() and error["message"], f"{value} to {asked}"
    return status
