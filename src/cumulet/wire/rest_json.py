"""REST JSON: members in path, query and headers; the rest is a JSON object.

Source: https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
"""

from __future__ import annotations

from typing import Any

from cumulet.wire import bodies, failures, json, json_values, models, rest
from cumulet.wire.bindings import unbound
from cumulet.wire.errors import AwsError
from cumulet.wire.message import Request, Response
from cumulet.wire.route import Route
from cumulet.wire.shapes import Shape

MEDIA_TYPE = "application/json"
OWN = ("content-type", "x-amzn-errortype")  # an error's headers that are the protocol's, modeled or not


def parse(route: Route, request: Request) -> dict[str, Any]:
    shape = models.plan(route.operation).input
    if shape is None:
        bodies.read(request)
        return {}
    return rest.parse(shape, route, request, _read)


def _read(shape: Shape, body: bytes) -> Any:
    return json_values.parse_value(shape, json_values.decode(body))


def _encode(shape: Shape, value: Any) -> bytes:
    return json_values.encode(_unbound(shape, value))


def _unbound(shape: Shape, value: Any) -> Any:
    """What travels in the body."""
    return json_values.plain(shape, value if shape.document else unbound(shape, value))


def serialize(route: Route, result: dict[str, Any], request_id: str) -> Response:
    plan = models.plan(route.operation)
    response = rest.serialize(plan.output, result, plan.status, _encode, MEDIA_TYPE)
    response.headers.append(("x-amzn-RequestId", request_id))
    return response


def serialize_error(route: Route | None, error: AwsError, request: Request, request_id: str) -> Response:
    status, members, failure = failures.describe(route, error)
    code = failure.name if failure else error.code
    shape = failure.shape if failure else None
    response = rest.serialize(shape, members, status, _encode, MEDIA_TYPE)
    body = unbound(shape, members) if shape else members
    response.status = status
    response.body = json_values.encode(json.error_body(shape, error, body))
    response.headers = [pair for pair in response.headers if pair[0].lower() not in OWN]
    response.headers += [
        ("Content-Type", MEDIA_TYPE),
        ("x-amzn-RequestId", request_id),
        ("x-amzn-ErrorType", code),
        *failures.query_compatible(route, request, error, status),
    ]
    return response
