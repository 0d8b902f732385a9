"""Caddis's native API over the Unix socket of a state folder, with the standard library alone."""

import http.client
import json
import os
import socket
import time
import urllib.request
from http.cookiejar import CookieJar

import work


class Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket, reached through its opened folder: a socket's path may have at most 107 bytes."""

    def __init__(self, home):
        super().__init__("caddis", timeout=work.PATIENCE)
        self.folder = os.open(home, os.O_RDONLY | os.O_DIRECTORY)

    def connect(self):
        """A connection a request, as Caddis's own command line has it; the standard library opens it when needed."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(f"/proc/self/fd/{self.folder}/server.sock")


class Api:
    """The few calls that drivers make."""

    def __init__(self, home):
        self.connection = Connection(home)
        self.browser = None

    def ask(self, method, path, wish=None):
        """The answer; a refusal is an error with the server's own words."""
        body = None if wish is None else json.dumps(wish)
        self.connection.request(method, path, body, {"content-type": "application/json"})
        answer = self.connection.getresponse()
        found = json.loads(answer.read() or b"null")
        self.connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {found}")
        return found

    def until(self, cluster, *phases):
        """Waits for one of the phases; any other final one is an error with its reasons."""
        deadline = time.monotonic() + work.PATIENCE
        while cluster["phase"] not in phases:
            if cluster["phase"] in ("FAILED", "STOPPED") or time.monotonic() > deadline:
                raise RuntimeError(f"the cluster is {cluster['phase']}: {cluster['cause']} {cluster['reasons']}")
            since = f"after_generation={cluster['generation']}&wait_ms=5000"
            cluster = self.ask("GET", f"/v1/clusters/{cluster['id']}?{since}")
        return cluster

    def stop(self, cluster):
        """Until nothing of it is left, so that it does not burden whoever is next."""
        self.until(self.ask("POST", f"/v1/clusters/{cluster['id']}/stop"), "STOPPED", "FAILED")

    def page(self, cluster):
        """A page of the dashboard, as a browser that is logged in gets it."""
        if self.browser is None:
            self.login()
        address = f"{self.ask('GET', '/v1/server')['http']}/clusters/{cluster['id']}/status"
        with self.browser.open(address, timeout=work.PATIENCE) as answer:
            text = answer.read()
        if b"bokeh" not in text.lower():
            raise RuntimeError(f"`{address}` answered no dashboard: {text[:200]}")

    def login(self):
        """A session for all pages of this driver; not part of any time."""
        self.browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self.browser.open(self.ask("POST", "/v1/login-links", {})["url"], timeout=work.PATIENCE).read()
