"""Smithy's RPC v2 with CBOR bodies: POST /service/<name>/operation/<name>.

Source: https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

from cumulet.wire import bodies, cbor_items, eventstream, failures, models, texts, times
from cumulet.wire.errors import AwsError
from cumulet.wire.message import Request, Response
from cumulet.wire.route import Route
from cumulet.wire.shapes import Malformed, Shape

MEDIA_TYPE = "application/cbor"


def parse(route: Route, request: Request) -> dict[str, Any]:
    shape = models.plan(route.operation).input
    body = bodies.inflate(request, bodies.read(request))
    found: dict[str, Any] = parse_value(shape, cbor_items.decode(body)) if shape and body else {}
    return found


def serialize(route: Route, result: dict[str, Any], request_id: str) -> Response:
    plan = models.plan(route.operation)
    headers = _headers(request_id)
    if plan.output and plan.output.stream:
        pieces = eventstream.answer(plan.output, result, encode, MEDIA_TYPE)
        return Response(200, [("Content-Type", eventstream.MEDIA_TYPE), *headers], pieces)
    body = encode(plan.output, result) if plan.output else b""
    return Response(200, [("Content-Type", MEDIA_TYPE), *headers], body)


def serialize_error(route: Route | None, error: AwsError, request: Request, request_id: str) -> Response:
    status, members, failure = failures.describe(route, error)
    shape = failure.shape if failure else None
    called = "Message" if shape and "Message" in shape.by_wire else "message"
    body = {"__type": failure.name if failure else error.code, called: error.message}
    if shape:
        body |= plain(shape, members)
    compatible = failures.query_compatible(route, request, error, status)
    headers = [("Content-Type", MEDIA_TYPE), *_headers(request_id), *compatible]
    return Response(status, headers, cbor_items.encode(body))


def _headers(request_id: str) -> list[tuple[str, str]]:
    return [("smithy-protocol", "rpc-v2-cbor"), ("x-amzn-RequestId", request_id)]


def encode(shape: Shape, value: Any) -> bytes:
    return cbor_items.encode(plain(shape, value))


# CBOR's items to values


def parse_value(shape: Shape, value: Any) -> Any:
    if shape.type in NESTED:
        return NESTED[shape.type](shape, value)
    if shape.type in texts.RANGES:
        return texts.in_range(shape.type, _whole(value))
    if type(value) not in SCALARS[shape.type]:
        raise Malformed(f"A {type(value).__name__} can not be converted to {shape.type.capitalize()}.")
    if shape.type == "timestamp" and not isinstance(value, datetime):
        return times.from_epoch(value)
    return float(value) if shape.type in ("float", "double") else value


def _whole(value: Any) -> int:
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        value = int(value)
    if type(value) is not int:
        raise Malformed(f"A {type(value).__name__} can not be converted to an integer.")
    return value


SCALARS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "blob": (bytes,),
    "boolean": (bool,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (datetime, int, float),
}


def _structure(shape: Shape, value: Any) -> Any:
    if shape.document:
        return value
    if not isinstance(value, dict):
        raise Malformed(f"{shape.name} must be a map.")
    known = shape.by_wire
    found = {}
    for key, item in value.items():
        if item is not None and isinstance(key, str) and (use := known.get(key)):
            found[use[0]] = parse_value(use[1], item)
    if shape.union and len(found) != 1:
        raise Malformed(f"{shape.name} is a union: exactly one of its members must be set.")
    return found


def _list(shape: Shape, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Malformed(f"{shape.name} must be a list.")
    return [_element(shape, shape.member, item) for item in value]


def _map(shape: Shape, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise Malformed(f"{shape.name} must be a map with strings as keys.")
    return {key: _element(shape, shape.value, item) for key, item in value.items()}


def _element(shape: Shape, member: Shape, item: Any) -> Any:
    if item is None:
        if not shape.sparse:
            raise Malformed(f"null is not allowed in {shape.name}.")
        return None
    return parse_value(member, item)


NESTED: dict[str, Callable[[Shape, Any], Any]] = {"structure": _structure, "list": _list, "map": _map}


# Values to CBOR's items


def plain(shape: Shape, value: Any) -> Any:
    """A value with its members' wire names; times as datetimes, which CBOR tags."""
    kind = shape.type
    if kind == "structure" and not shape.document:
        known = shape.members
        return {
            known[name].wire or name: plain(known[name], item)
            for name, item in value.items()
            if item is not None and name in known
        }
    if kind == "list":
        return [None if item is None else plain(shape.member, item) for item in value]
    if kind == "map":
        return {key: None if item is None else plain(shape.value, item) for key, item in value.items()}
    if kind == "timestamp":
        return times.moment(value)
    if kind in ("float", "double"):
        return float(value)
    return value.encode() if kind == "blob" and isinstance(value, str) else value
