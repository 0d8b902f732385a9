"""Asks a real server for everything once, on its socket, and holds each answer against its own description."""

import http.client
import json
import re
import socket
import sys

from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

SOCKET, FOLDER, ENVIRONMENT = sys.argv[1:]


class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(SOCKET)


def send(method, path, body=None):
    connection = Unix("caddis", timeout=60)
    body = body if body is None or isinstance(body, bytes) else json.dumps(body)
    connection.request(method, path, body)
    answer = connection.getresponse()
    return answer, answer.read()


DOCUMENT = json.loads(send("GET", "/openapi.json")[1])
OpenAPIV31SpecValidator(DOCUMENT).validate()
ASKED = set()


def operation(method, path):
    for template, methods in DOCUMENT["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", template), path.split("?")[0]):
            return template, methods[method.lower()]
    raise AssertionError(f"{path} is not described")


def ask(method, path, status, body=None):
    template, described = operation(method, path)
    if isinstance(body, dict):
        check(described["requestBody"]["content"]["application/json"]["schema"], body, f"{method} {path}")
    answer, content = send(method, path, body)
    assert answer.status == status, (method, path, answer.status, content)
    said = described["responses"][str(status)].get("content", {})
    for name in described["responses"][str(status)].get("headers", {}):
        assert name in answer.headers or "cluster" in template, (method, path, name)
    if not said:
        assert not content, (method, path, content)
        ASKED.add((method, template))
        return None
    kind = answer.headers["content-type"].split(";")[0]
    assert kind in said, (method, path, kind)
    ASKED.add((method, template))
    if kind != "application/json":
        return content
    value = json.loads(content)
    check(said[kind]["schema"], value, f"{method} {path}")
    return value


def check(schema, value, where):
    whole = {**schema, "components": DOCUMENT["components"]} if isinstance(schema, dict) else schema
    errors = [f"{error.json_path}: {error.message}" for error in Draft202012Validator(whole).iter_errors(value)]
    assert not errors, (where, errors)


def settled(path, phases):
    """The state of a job or a cluster, once it is one of these."""
    view = ask("GET", path, 200)
    while view["phase"] not in phases:
        view = ask("GET", f"{path}?after_generation={view['generation']}&wait_ms=1000", 200)
    return view


variables = {"VIRTUAL_ENV": ENVIRONMENT, "PATH": "/usr/bin:/bin"}
wish = {"name": "lab", "cwd": FOLDER, "variables": variables, "shape": {"workers": {"min": 1, "max": 1}}}
cluster = ask("POST", "/v1/clusters", 201, wish)
at = f"/v1/clusters/{cluster['id']}"
settled(at, ["RUNNING"])
wish = {"program": {"script": f"{FOLDER}/job.py"}, "cwd": FOLDER, "variables": variables, "name": "etl", "stdin": True}
wish |= {"cluster": {"existing": "lab"}}
wish |= {"tags": {"team": "risk"}, "retry": {"max": 1}, "timeout_ms": 60000, "request_key": "once"}
job = ask("POST", "/v1/jobs", 201, wish)
assert ask("POST", "/v1/jobs", 201, wish)["id"] == job["id"]
ask("POST", "/v1/jobs/etl/retry", 409)
ask("PUT", "/v1/jobs/etl/stdin", 204, b"a line\n")
ended = settled("/v1/jobs/etl", ["SUCCEEDED", "FAILED"])
assert ended["phase"] == "SUCCEEDED", ended
assert ask("GET", "/v1/jobs/etl/logs/stdout", 200) == b"a line\n"
ask("GET", "/v1/jobs/etl/logs/stderr?frames=true", 200)
assert ask("GET", "/v1/jobs?limit=10", 200)[0]["id"] == job["id"]
assert ask("GET", "/v1/jobs/etl/events", 200)
ask("POST", "/v1/jobs/etl/cancel", 200, {"hurry": True})
again = ask("POST", "/v1/jobs/etl/retry", 201)
settled(f"/v1/jobs/{again['id']}", ["SUCCEEDED", "FAILED"])
ask("GET", f"/v1/why/{again['id']}", 200)
assert ask("GET", at, 200)["dask"], "the scheduler said something"
ask("GET", "/v1/clusters?active=true", 200)
ask("GET", f"{at}/connection", 200)
assert "scheduler.1" in ask("GET", f"{at}/members", 200)
ask("GET", f"{at}/logs", 200)
ask("GET", "/clusters/lab", 307)
ask("GET", "/clusters/lab/", 307)
ask("POST", f"{at}/scale", 200, {"workers": 0})
ask("POST", f"{at}/adapt", 200, {"workers": {"min": 0, "max": 1}})
ask("GET", f"{at}/decisions", 200)
ask("POST", f"{at}/stop", 200)
settled(at, ["STOPPED"])
ask("GET", f"{at}/connection", 409)
assert ask("GET", "/v1/events?limit=5", 200)
ask("GET", "/v1/events?subject=nobody", 404)
kept = ask("GET", "/v1/environments", 200)
for one in kept:
    ask("GET", f"/v1/environments/{one['id']}", 200)
ask("DELETE", "/v1/environments/none", 404)
ask("GET", "/v1/environments/none", 404)
costs = ask("GET", "/v1/cost?by=job", 200)
assert {group["group"] for group in costs["groups"]} >= {job["id"]}, costs
ask("GET", "/v1/cost?by=tag&tag=team&everybody=true", 200)
ask("GET", "/v1/server", 200)
ask("POST", "/v1/prune", 200, {"dry_run": True})
ask("POST", "/v1/login-links", 201, {"next": "/clusters/lab"})
ask("GET", "/login?code=none", 403)
ask("POST", "/v1/google", 200)
for page in ["/", "/page.js", "/page.css", "/page.svg", "/healthz", "/readyz", "/openapi.json"]:
    ask("GET", page, 200)
ask("POST", "/v1/shutdown", 200, {"force": True})

described = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}
print("not asked:", *sorted(f"{method} {path}" for method, path in described - ASKED))
