"""What schemathesis may not do with a server that tests want to have back soon: wait, and build environments."""

import schemathesis


@schemathesis.hook
def map_query(context, query):
    query = dict(query or {})
    if isinstance(query.get("wait_ms"), int):
        query["wait_ms"] %= 10
    if query.get("follow") not in (None, "false", False):
        query["follow"] = False
    return query


@schemathesis.hook
def map_body(context, body):
    if context.operation.path in ("/v1/jobs", "/v1/clusters") and isinstance(body, dict):
        return {**body, "environment": {"python": "/no/such/python"}}
    return body
