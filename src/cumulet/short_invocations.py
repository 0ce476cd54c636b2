"""The short road of InvokeEndpoint, as `short.py` is that of a plain read.

Nearly all that an endpoint is asked names a content type, perhaps what it would have back, and no more. Many models,
containers by name and sessions take the long road, and so does whatever is wrong: there it is told in the right words.
"""

from __future__ import annotations

import io
import re
from collections.abc import Awaitable
from functools import cache
from typing import Any

from cumulet.calling import caller_of
from cumulet.house import House
from cumulet.services import Later
from cumulet.wire import hosts, models, protocols, sign
from cumulet.wire.errors import AwsError
from cumulet.wire.message import Request, Response
from cumulet.wire.route import Route

SERVICE, OPERATION = "sagemaker-runtime", "InvokeEndpoint"
TARGET = re.compile(r"/endpoints/([a-zA-Z0-9](?:-*[a-zA-Z0-9])*)/invocations", re.ASCII)
SIGNED = "/sagemaker/aws4_request"  # what the signature is for, at the end of its scope
OWN = "x-amzn-sagemaker-"
MEMBERS = {
    "content-type": "ContentType",
    "accept": "Accept",
    f"{OWN}custom-attributes": "CustomAttributes",
    f"{OWN}target-variant": "TargetVariant",
    f"{OWN}inference-id": "InferenceId",
}
USUAL = re.compile(
    r"[!-~](?:[ -~]{0,62}[!-~])?", re.ASCII
)  # a text that satisfies every one of their constraints
LONG = re.compile(r"[ -~]{0,1024}", re.ASCII)
LONGER = {"ContentType": LONG, "Accept": LONG, "CustomAttributes": LONG}
Members = dict[str, Any]

# Amazon's headers that ask for nothing, and headers that ask for something.
HARMLESS = frozenset(
    ("x-amz-content-sha256", "x-amz-date", "x-amz-security-token", "x-amz-user-agent", *MEMBERS)
)
ASKING = frozenset(("origin", "content-md5", "smithy-protocol"))


def begin(house: House, request: Request, request_id: str) -> Awaitable[Response] | None:
    """The answer to come of a model that has been asked; None where this is not for here, or anything is wrong."""
    coming = None
    try:
        if (members := _members(request)) is not None:
            coming = _ask(house, request, request_id, members)
    except AwsError:
        pass  # it is told by the long road, which meets with the same
    finally:
        if coming is None:  # that road reads the body from its beginning
            assert isinstance(request.body, io.BytesIO)
            request.body.seek(0)
    return coming


def _members(request: Request) -> Members | None:
    """What is asked for; None where that is more than is dealt with here."""
    found = TARGET.fullmatch(request.path)
    if found is None or request.method != "POST" or request.query or hosts.site(request.host):
        return None
    headers = request.headers.joined
    if SIGNED not in headers.get("authorization", "") or not ASKING.isdisjoint(headers):
        return None
    members: Members = {"EndpointName": found[1]}
    for name, value in headers.items():
        if member := MEMBERS.get(name):
            if not LONGER.get(member, USUAL).fullmatch(value):
                return None
            members[member] = value
        elif name.startswith("x-amz") and name not in HARMLESS:
            return None
    return members


def _ask(house: House, request: Request, request_id: str, members: Members) -> Awaitable[Response] | None:
    now, credentials = house.clock(), house.store.credentials
    signed = sign.authenticate(request, credentials.find, now, route_of())
    if (credential := signed.credential) is None or signed.seal.chunked:
        return None
    if not (body := _body(request, signed)):
        return None  # it is required
    members["Body"] = body
    credentials.used(credential.access_key, signed.service, signed.region, now)
    caller = caller_of(request, credential, signed.region, request_id)
    asked = house.service(SERVICE, caller).invoke_endpoint(**members)
    assert isinstance(asked, Later)  # as whoever calls this is in haste
    return _told(asked, request_id)


def _body(request: Request, signed: sign.Signature[Any]) -> bytes:
    """Where its hash was not sent, it was computed from these bytes, and signed."""
    announced = "x-amz-content-sha256" in request.headers.joined
    return (signed.guard(request.body) if announced else request.body).read()


async def _told(asked: Later, request_id: str) -> Response:
    return protocols.serialize(route_of(), await asked.coming, request_id)


@cache
def route_of() -> Route:
    return Route(SERVICE, models.service(SERVICE).operation_model(OPERATION), "rest-json")
