"""Requests signed by botocore, and what our side is given of them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.session import Session

from cumulet.wire import sign
from cumulet.wire.message import Headers, Request
from cumulet.wire.route import Route

LOADER = Session()
OPERATIONS = {
    "s3": ("PutObject", "rest-xml"),
    "glue": ("GetTable", "json"),
    "sts": ("GetCallerIdentity", "query"),
    "sagemaker-runtime": ("InvokeEndpoint", "rest-json"),
    "logs": ("PutLogEvents", "smithy-rpc-v2-cbor"),
}


@dataclass(frozen=True)
class Key:
    """What a store would know of an access key."""

    access_key: str = "AKIAIOSFODNN7EXAMPLE"
    secret: str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    token: str = ""
    expires: float | None = None
    active: bool = True

    def credentials(self) -> Credentials:
        return Credentials(self.access_key, self.secret, self.token or None)


KEY = Key()


def route(service: str, path: str = "/") -> Route:
    operation, protocol = OPERATIONS[service]
    return Route(service, LOADER.get_service_model(service).operation_model(operation), protocol, path)


def asked(
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    path: str | None = None,
) -> tuple[AWSRequest, str]:
    """A request for a botocore signer, and its path in the path style."""
    request = AWSRequest(method, url, headers=dict(headers or {}), data=body)
    request.auth_path = path or urlsplit(url).path
    request.context["payload_signing_enabled"] = True
    return request, request.auth_path


def received(request: AWSRequest) -> Request:
    """The request as it comes off the wire; botocore's HTTP client adds the host."""
    url = urlsplit(request.url)
    pairs = [(name, value) for name, value in request.headers.items()]
    if "host" not in {name.lower() for name, _ in pairs}:
        pairs.append(("Host", url.netloc))
    pairs = [(name, value.decode() if isinstance(value, bytes) else value) for name, value in pairs]
    body = request.body or b""
    return Request(request.method, url.path or "/", url.query, Headers(pairs), io.BytesIO(body), len(body))


def check(request: Request, service: str, now: float, key: Any = KEY, path: str = "/") -> sign.Signature[Any]:
    keys = {key.access_key: key}
    return sign.authenticate(request, keys.get, now, route(service, path))
