"""Logs in as a browser does, and becomes schemathesis, which sends whatever the description allows and more."""

import http.client
import json
import os
import socket
import sys
import sysconfig
from pathlib import Path

SOCKET, FOLDER, ENVIRONMENT = sys.argv[1:]
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
CHECKS += ",response_headers_conformance"


class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(SOCKET)


def answer(connection, method, path):
    connection.request(method, path)
    answer = connection.getresponse()
    return answer, answer.read()


url = json.loads(answer(Unix("caddis"), "POST", "/v1/login-links")[1])["url"]
base, path = url[: url.index("/login")], url[url.index("/login") :]
headers = answer(http.client.HTTPConnection(base.removeprefix("http://")), "GET", path)[0].headers
secret = headers["set-cookie"].split("=", 1)[1].split(";")[0]
os.environ["SCHEMATHESIS_HOOKS"] = "api_fuzz_hooks"
os.environ["PYTHONPATH"] = str(Path(__file__).parent)
arguments = ["run", f"{base}/openapi.json", "--header", f"Authorization: Bearer {secret}", "--checks", CHECKS]
arguments += ["--phases", "examples,coverage,fuzzing", "--max-examples", "20", "--seed", "1", "--no-color"]
arguments += ["--generation-database", "none", "--request-timeout", "20", "--exclude-path", "/clusters/{reference}/{rest}"]
schemathesis = str(Path(sysconfig.get_path("scripts"), "schemathesis"))
os.execv(schemathesis, [schemathesis, *arguments])
