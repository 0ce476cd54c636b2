"""Every operation of every service that botocore knows, there and back: the client is the oracle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.model import OperationModel, ServiceModel, Shape

from cumulet.wire import models, protocols
from cumulet.wire.errors import AwsError
from cumulet.wire.message import Request, Response
from cumulet.wire.route import Route, route, table

from . import client
from .samples import sample

# What no request can tell: these share method, path and signing name with the operation beside them.
INDISTINCT = {
    ("s3", "ListDirectoryBuckets"): "ListBuckets",  # told apart by S3 Express's host name
    ("s3", "GetBucketLifecycle"): "GetBucketLifecycleConfiguration",
    ("s3", "PutBucketLifecycle"): "PutBucketLifecycleConfiguration",
    ("s3", "GetBucketNotification"): "GetBucketNotificationConfiguration",
    ("s3", "PutBucketNotification"): "PutBucketNotificationConfiguration",
    (
        "s3",
        "WriteGetObjectResponse",
    ): "none",  # goes to S3 Object Lambda's host, under a signing name of its own
}

UNREADABLE = {
    ("s3", "GetBucketLocation"),  # botocore reads it outside of its parser; see test_rest_xml.py
    ("s3", "GetBucketNotification"),  # two of its members share an element's name
}

# Protocols that have no words for what is there but empty: query for structures and maps, EC2's not even
# for lists, REST XML for lists without an element of their own.
WORDLESS = ("query", "ec2", "rest-xml")


@pytest.fixture(scope="module", params=models.names())
def service(request: pytest.FixtureRequest) -> Iterator[ServiceModel]:
    """A model, loaded once for its tests and then forgotten: all of them together need gigabytes."""
    yield models.service(request.param)
    models.service.cache_clear()
    table.cache_clear()


def each(service: ServiceModel) -> Iterator[tuple[OperationModel, str]]:
    for protocol in client.protocols(service.metadata):
        for name in service.operation_names:
            yield service.operation_model(name), protocol


def test_what_botocore_sends_is_what_an_operation_gets(service: ServiceModel) -> None:
    name, wrong = service.service_name, []
    for operation, protocol in each(service):
        for rich in (True, False):
            if (name, operation.name) not in INDISTINCT:
                wrong += sent(
                    name,
                    operation,
                    protocol,
                    sample(operation.input_shape, rich=rich, hollow=protocol not in WORDLESS),
                )
    assert not wrong, report(wrong)


def sent(name: str, operation: OperationModel, protocol: str, members: dict[str, Any]) -> list[Any]:
    members = {key: value for key, value in members.items() if not unsendable(operation, key)}
    request = client.send(operation, protocol, members)
    try:
        found = route(request, {name})
        parsed = received(protocols.parse(found, request))
    except AwsError as error:
        return [(protocol, operation.name, error, members)]
    if (found.service, found.operation.name, found.protocol) != (name, operation.name, protocol):
        return [(protocol, operation.name, "went to", (found.service, found.operation.name, found.protocol))]
    parsed = {
        key: value for key, value in parsed.items() if key in members or not unasked(operation, key, value)
    }
    return [] if parsed == members else [(protocol, operation.name, difference(members, parsed))]


def unsendable(operation: OperationModel, name: str) -> bool:
    """An event stream, which botocore cannot send, and a digest, of which no sample is right."""
    said = operation.input_shape.members[name].serialization
    return bool(said.get("eventstream")) or said.get("name", "").lower() == "content-md5"


def unasked(operation: OperationModel, name: str, value: Any) -> bool:
    """What a request has though its sender did not say it: an empty body, its type and its length."""
    empty = name == operation.input_shape.serialization.get("payload") and value in (b"", {})
    return empty or unsendable(operation, name) or of_body(operation.input_shape.members[name])


def of_body(shape: Shape) -> bool:
    said = shape.serialization
    return said.get("location") == "header" and said["name"].lower() in ("content-type", "content-length")


def received(members: dict[str, Any]) -> dict[str, Any]:
    """Bodies that are passed on unread are read."""
    return {key: value.read() if hasattr(value, "read") else value for key, value in members.items()}


def test_what_an_operation_returns_is_what_botocore_gets(service: ServiceModel) -> None:
    name, wrong = service.service_name, []
    for operation, protocol in each(service):
        for rich in (True, False) if (name, operation.name) not in UNREADABLE else ():
            members = sample(operation.output_shape, rich=rich)
            response = protocols.serialize(Route(name, operation, protocol), members, "id-1")
            got = client.receive(operation, protocol, response, operation.output_shape)
            metadata = got.pop("ResponseMetadata")
            expected = seen(operation, response, members)
            if got != expected or (operation.output_shape and metadata.get("RequestId") != "id-1"):
                wrong.append((protocol, operation.name, difference(expected, got), metadata))
    assert not wrong, report(wrong)


def seen(operation: OperationModel, response: Response, members: dict[str, Any]) -> dict[str, Any]:
    """What a client sees even where an operation says nothing: a status, a media type, an empty body."""
    shape = operation.output_shape
    if shape is None:
        return members
    always: dict[str, Any] = {}
    headers = {key.lower(): value for key, value in response.headers}
    for name, member in shape.members.items():
        said = member.serialization
        if said.get("location") == "statusCode":
            always[name] = response.status
        elif said.get("location") == "headers":
            prefix = said.get("name", "").lower()
            found = {key[len(prefix) :]: text for key, text in headers.items() if key.startswith(prefix)}
            members = {**members, name: found | members.get(name, {})}
        elif of_body(member) and said["name"].lower() in headers:
            always[name] = headers[said["name"].lower()]
        elif said.get("eventstream"):
            always[name] = []
        elif name == shape.serialization.get("payload") and member.type_name in ("blob", "string"):
            always[name] = b"" if operation.has_streaming_output else ""
        elif name == shape.serialization.get("payload"):
            always[name] = {}
    return always | members


def test_an_error_reaches_the_client_with_its_code_its_message_and_its_members(service: ServiceModel) -> None:
    name, wrong = service.service_name, []
    for protocol in client.protocols(service.metadata):
        operation = service.operation_model(service.operation_names[0])
        for shape in service.error_shapes:
            members = sample(shape, rich=True)
            members = {key: value for key, value in members.items() if not own(key, shape.members[key])}
            error = AwsError(shape.error_code, "Not <found> & gone")
            error.members = members
            request = Request("POST", "/")
            response = protocols.serialize_error(Route(name, operation, protocol), request, error, "id-1")
            got = client.receive(operation, protocol, response, operation.output_shape)
            body = client.receive(operation, protocol, response, shape)
            said = got["Error"]["Code"], got["Error"]["Message"], got["ResponseMetadata"].get("RequestId")
            body = {key: value for key, value in body.items() if key in members}
            if (
                said[1:] != ("Not <found> & gone", "id-1")
                or said[0] not in (shape.error_code, shape.name)
                or body != members
            ):
                wrong.append((protocol, shape.name, response.status, said, difference(members, body)))
    assert not wrong, report(wrong)


def own(name: str, shape: Shape) -> bool:
    """What the protocol itself fills in."""
    return (
        name.lower() in ("message", "code")
        or shape.serialization.get("name", "").lower() == "x-amzn-errortype"
    )


def difference(wanted: Any, got: Any, at: str = "") -> str:
    """Where two values first differ."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        for key in [*wanted, *got]:
            if key not in wanted or key not in got:
                return f"{at}.{key} {'missing' if key not in got else f'is not wanted: {got[key]!r:.80}'}"
            if wanted[key] != got[key]:
                return difference(wanted[key], got[key], f"{at}.{key}")
    if isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        for i, pair in enumerate(zip(wanted, got, strict=True)):
            if pair[0] != pair[1]:
                return difference(*pair, f"{at}[{i}]")
    return "" if wanted == got else f"{at}: {wanted!r:.200} became {got!r:.200}"


def report(wrong: list[Any]) -> str:
    return f"{len(wrong)} wrong:\n" + "\n".join(f"{case!r:.600}" for case in wrong[:8])
