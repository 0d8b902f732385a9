"""The secret in front of a Dask server's HTTP routes.

Dask's own HTTP server asks nobody who he is: on loopback any user of the machine, or a page in the owner's browser,
could read the dashboard. So a rule stands before every other route, websockets and the dashboard included, and
answers 403 to whoever does not send the cluster's secret. It must be installed in the same turn of the event loop
that opens the port, so that no request is ever served without it.
"""

import hmac

from tornado import routing, web

HEADER = "X-Caddis-Secret"


@web.stream_request_body
class Denied(web.RequestHandler):
    """403, whatever the method, with nothing in it; said before a body is read, and none is kept."""

    def prepare(self):
        self.set_status(403)
        self.clear_header("Server")
        self.finish()

    def data_received(self, chunk):
        pass


class WithoutSecret(routing.Matcher):
    """Matches every request that does not carry the secret."""

    def __init__(self, secret):
        self.secret = secret

    def match(self, request):
        given = request.headers.get(HEADER, "").encode("utf-8", "replace")
        return None if hmac.compare_digest(given, self.secret) else {}


def read_secret(path):
    """The secret of a cluster; an empty one would let everybody in."""
    with open(path, "rb") as file:
        secret = file.read().strip()
    if not secret:
        raise ValueError(f"`{path}` holds no secret")
    return secret


def install(application, secret):
    """Put the rule in front of all routes of a Dask server's HTTP application, now and to come."""
    rule = routing.Rule(WithoutSecret(secret), Denied)
    application.default_router.rules.insert(0, application.default_router.process_rule(rule))
