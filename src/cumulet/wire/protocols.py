"""The protocols by name, and what every one of them is asked: parse, serialize, serialize_error."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from cumulet.wire import cbor, json, models, query, rest, rest_json, rest_xml
from cumulet.wire.errors import AwsError
from cumulet.wire.forms import bucket_of
from cumulet.wire.message import Request, Response
from cumulet.wire.route import Route, meant
from cumulet.wire.shapes import Malformed

PROTOCOLS: dict[str, ModuleType] = {
    "json": json,
    "query": query,
    "ec2": query,
    "rest-json": rest_json,
    "rest-xml": rest_xml,
    "smithy-rpc-v2-cbor": cbor,
}

# What AWS calls bytes that do not fit the model.
MALFORMED = {"query": "MalformedInput", "ec2": "InvalidParameterValue", "rest-xml": "MalformedXML"}


def parse(route: Route, request: Request) -> dict[str, Any]:
    """The request's members as values; `AwsError` where the bytes do not fit the operation's model."""
    try:
        members: dict[str, Any] = PROTOCOLS[route.protocol].parse(route, request)
    except rest.MalformedArgument as error:
        code = "InvalidArgument" if route.protocol == "rest-xml" else "SerializationException"
        raise AwsError(code, str(error), status=400) from error
    except Malformed as error:
        raise AwsError(
            MALFORMED.get(route.protocol, "SerializationException"), str(error), status=400
        ) from error
    return members


def serialize(route: Route, result: dict[str, Any] | Response, request_id: str) -> Response:
    """The response. An operation on a hot path may return one that it wrote itself."""
    if isinstance(result, Response):
        result.headers += rest_xml.identity(route, request_id)
        return result
    response: Response = PROTOCOLS[route.protocol].serialize(route, result, request_id)
    return response


def serialize_error(route: Route | None, request: Request, error: AwsError, request_id: str) -> Response:
    """The error in the protocol of its request, or what comes nearest where we could not tell which it is."""
    protocol = route.protocol if route else spoken(request)
    response: Response = PROTOCOLS[protocol].serialize_error(route, error, request, request_id)
    if request.method == "HEAD":
        response.body = b""
    return response


def spoken(request: Request) -> str:
    """The protocol that a request speaks, as far as it shows without knowing its operation."""
    media_type = request.headers.get("content-type")
    if "smithy-protocol" in request.headers or "cbor" in media_type:
        return "smithy-rpc-v2-cbor"
    if "x-amz-target" in request.headers:
        return "json"
    if "x-www-form-urlencoded" in media_type and not (request.method == "POST" and bucket_of(request)):
        return "query"
    for name in meant(request, models.names()):
        return str(models.metadata(name)["protocol"])
    return "rest-json" if "json" in media_type else "rest-xml"
