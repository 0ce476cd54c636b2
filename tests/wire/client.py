"""botocore as a client without a network: its serializers and its parsers, beside our own wire."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import create_request_object, prepare_request_dict
from botocore.eventstream import EventStream
from botocore.model import OperationModel, Shape
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from cumulet.wire.message import FileSpan, Headers, Request, Response

SPOKEN = ("json", "rest-json", "rest-xml", "smithy-rpc-v2-cbor", "query", "ec2")


def protocols(metadata: dict[str, Any]) -> list[str]:
    """Every protocol that a service's model names."""
    return [protocol for protocol in metadata.get("protocols", [metadata["protocol"]]) if protocol in SPOKEN]


def send(operation: OperationModel, protocol: str, parameters: dict[str, Any]) -> Request:
    """The request that botocore would put on the wire."""
    serializer = create_serializer(protocol, include_validation=False)
    described = serializer.serialize_to_request(parameters, operation)
    service = operation.service_model
    prepare_request_dict(described, f"https://{service.endpoint_prefix}.us-east-1.amazonaws.com", {}, "test")
    prepared = create_request_object(described).prepare()
    url = urlsplit(prepared.url)
    body = prepared.body or b""
    body = body.encode() if isinstance(body, str) else bytes(body)
    scope = f"AKIDEXAMPLE/20240229/us-east-1/{service.signing_name}/aws4_request"
    headers = Headers(
        [
            *(
                (name, value.decode() if isinstance(value, bytes) else str(value))
                for name, value in prepared.headers.items()
            ),
            ("Host", url.netloc),
            ("Authorization", f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"),
        ]
    )
    return Request(prepared.method, url.path or "/", url.query, headers, io.BytesIO(body), len(body))


class Raw(io.BytesIO):
    """What botocore's event stream reads from."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


def receive(
    operation: OperationModel, protocol: str, response: Response, shape: Shape | None
) -> dict[str, Any]:
    """What botocore makes of our response; `shape` is the output's or an error's."""
    body = body_of(response)
    streamed = operation.has_streaming_output or operation.has_event_stream_output
    if streamed and response.status < 300:
        body = Raw(body)
    described = {
        "headers": CaseInsensitive((name.lower(), value) for name, value in response.headers),
        "status_code": response.status,
        "body": body,
        "context": {"operation_name": operation.name},
    }
    parsed: dict[str, Any] = create_parser(protocol).parse(described, shape)
    return {name: settled(value) for name, value in parsed.items()}


def settled(value: Any) -> Any:
    """Streams read to their end."""
    if isinstance(value, EventStream):
        return list(value)
    return value.read() if isinstance(value, Raw) else value


def body_of(response: Response) -> bytes:
    if isinstance(response.body, FileSpan):
        return response.body.read()
    return response.body if isinstance(response.body, bytes) else b"".join(response.body)


class CaseInsensitive(dict[str, str]):
    """Headers as urllib3 gives them to botocore."""

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)
