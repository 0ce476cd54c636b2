"""The short road of a small object's PUT, as `short.py` is that of a plain read.

What is asked for beside the object itself (a condition, a lock, encryption, an ACL, a copy ...) takes the long road,
and so does whatever is wrong: there it is told in the right words.
"""

from __future__ import annotations

import io
from collections.abc import Awaitable
from typing import Any

from cumulet import short
from cumulet.calling import caller_of
from cumulet.house import House
from cumulet.short import ASKING, HARMLESS, PARAMETERS
from cumulet.wire import hosts, rest, rest_xml, sign, uris
from cumulet.wire.digests import DIGESTS
from cumulet.wire.digests import HEADER as CHECKSUM
from cumulet.wire.errors import AwsError
from cumulet.wire.message import Request, Response
from cumulet.wire.route import Route

OPERATION = "PutObject"
METADATA = "x-amz-meta-"
# Headers that are members of the operation, and those that ask for something that is not dealt with here.
MEMBERS = {
    "content-type": "ContentType",
    "content-md5": "ContentMD5",
    "x-amz-sdk-checksum-algorithm": "ChecksumAlgorithm",
    **{f"{CHECKSUM}{name.lower()}": f"Checksum{name}" for name in DIGESTS},
}
ELSEWHERE = ASKING | frozenset(
    ("cache-control", "content-disposition", "content-encoding", "content-language", "expires")
)


def begin(house: House, request: Request, request_id: str) -> Awaitable[Response] | None:
    """The answer to come to a plain PUT, which is under way; None where this is no such, or anything is wrong."""
    if request.method != "PUT":
        return None
    try:
        if (target := _target(request)) and (members := _members(request)) is not None:
            return _put(house, request, request_id, target, members)
    except AwsError:  # it is told by the long road, which reads the body again
        assert isinstance(request.body, io.BytesIO)
        request.body.seek(0)
    return None


def _target(request: Request) -> tuple[str, str] | None:
    if not ELSEWHERE.isdisjoint(request.headers.joined) or hosts.site(request.host):
        return None
    if request.query and not PARAMETERS.issuperset(uris.parameters(request.query)):
        return None
    bucket, _, key = hosts.path_style(request)[1:].partition("/")
    return (bucket, rest.text_of(key)) if bucket and key and "%" not in bucket else None


def _members(request: Request) -> dict[str, Any] | None:
    """What the headers say as members of the operation; None where they say more than is dealt with here."""
    members: dict[str, Any] = {}
    told: dict[str, str] = {}
    for name, value in request.headers.joined.items():
        if name in MEMBERS:
            members[MEMBERS[name]] = value
        elif name.startswith(METADATA):
            told[name[len(METADATA) :]] = value
        elif name.startswith("x-amz-") and name not in HARMLESS:
            return None
    return {**members, "Metadata": told} if told else members


def _put(
    house: House, request: Request, request_id: str, target: tuple[str, str], members: dict[str, Any]
) -> Awaitable[Response] | None:
    now, credentials = house.clock(), house.store.credentials
    signed = sign.authenticate(request, credentials.find, now, route_of())
    if (credential := signed.credential) is None or signed.seal.chunked or request.length is None:
        return None
    credentials.used(credential.access_key, signed.service, signed.region, now)
    caller = caller_of(request, credential, signed.region, request_id)
    assert isinstance(request.body, io.BytesIO)
    body = signed.guard(request.body)
    coming = house.service("s3", caller).put_plainly(*target, body, request.length, members)
    return _told(coming, request_id) if coming else None


async def _told(coming: Awaitable[Response], request_id: str) -> Response:
    response = await coming
    response.headers += rest_xml.identity(None, request_id)
    return response


def route_of() -> Route:
    return short.route_of(OPERATION)
