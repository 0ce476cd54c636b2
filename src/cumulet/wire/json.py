"""AWS JSON 1.0 and 1.1: one POST, the operation in X-Amz-Target, a JSON object each way.

Source: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
"""

from __future__ import annotations

from typing import Any

from cumulet.wire import bodies, eventstream, failures, models
from cumulet.wire.errors import AwsError
from cumulet.wire.json_values import decode, encode, parse_value, plain
from cumulet.wire.message import Request, Response
from cumulet.wire.route import Route
from cumulet.wire.shapes import Shape


def parse(route: Route, request: Request) -> dict[str, Any]:
    shape = models.plan(route.operation).input
    body = bodies.inflate(request, bodies.read(request))
    return parse_value(shape, decode(body)) if shape and body.strip() else {}


def serialize(route: Route, result: dict[str, Any], request_id: str) -> Response:
    plan = models.plan(route.operation)
    headers = [("x-amzn-RequestId", request_id)]
    if plan.output and plan.output.stream:
        pieces = eventstream.answer(plan.output, result, encode_event, "application/json")
        return Response(200, [("Content-Type", eventstream.MEDIA_TYPE), *headers], pieces)
    body = encode(plain(plan.output, result) if plan.output else {})
    return Response(200, [("Content-Type", media_type(route)), *headers], body)


def serialize_error(route: Route | None, error: AwsError, request: Request, request_id: str) -> Response:
    status, members, failure = failures.describe(route, error)
    code = failure.name if failure else error.code
    headers = [
        ("Content-Type", media_type(route)),
        ("x-amzn-RequestId", request_id),
        ("x-amzn-ErrorType", code),
        *failures.query_compatible(route, request, error, status),
    ]
    shape = failure.shape if failure else None
    return Response(status, headers, encode({"__type": code, **error_body(shape, error, members)}))


def error_body(shape: Shape | None, error: AwsError, members: dict[str, Any]) -> dict[str, Any]:
    """An error's members; its message is called `message`, or `Message` where the model says so."""
    called = "Message" if shape and "Message" in shape.by_wire else "message"
    body = {called: error.message} if error.message or not shape or called in shape.by_wire else {}
    return {**body, **(plain(shape, members) if shape else {})}


def media_type(route: Route | None) -> str:
    version = route.operation.service_model.metadata.get("jsonVersion", "1.1") if route else "1.1"
    return f"application/x-amz-json-{version}"


def encode_event(shape: Shape, value: Any) -> bytes:
    return encode(plain(shape, value))
