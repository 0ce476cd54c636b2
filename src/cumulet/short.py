"""The short road: what a plain GET or HEAD of an object needs of `app.STEPS`, and nothing else.

Most requests that a lake ever gets are such. On the long road each passes hundreds of functions, which find
out that it is no form, no copy, no other version ... Here a glance at its query and its headers tells as much.
The signature is checked by the same code as ever; and whatever is out of the ordinary, be it a wrong
signature, takes the long road, where it is told in the right words.
"""

from __future__ import annotations

from functools import cache

from cumulet.calling import caller_of
from cumulet.house import House
from cumulet.services import Caller
from cumulet.wire import guard, hosts, models, rest, rest_xml, sign, uris
from cumulet.wire.errors import AwsError
from cumulet.wire.message import Request, Response
from cumulet.wire.route import Route

OPERATIONS = {"GET": "GetObject", "HEAD": "HeadObject"}
CHECKSUM = "x-amz-checksum-mode"
# Headers that ask for nothing, or for what is dealt with here.
HARMLESS = frozenset(
    {
        *("x-amz-content-sha256", "x-amz-date", "x-amz-security-token", "x-amz-user-agent", CHECKSUM),
        *("host", "authorization", "range", "user-agent", "accept", "accept-encoding", "connection"),
        *("amz-sdk-invocation-id", "amz-sdk-request"),
    }
)
# Those that ask for something, beside S3's own.
ASKING = frozenset(("if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "origin"))
# What a presigned URL says, and SDKs say for their own purposes.
PARAMETERS = frozenset(
    f"X-Amz-{name}"
    for name in ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature", "Security-Token")
) | {"x-id"}


def answer(house: House, request: Request, request_id: str) -> Response | None:
    """The answer to a plain read; None where this is no such, or anything is wrong with it."""
    try:
        if (target := _target(request)) and (caller := _caller(house, request, request_id)):
            return _read(house, caller, target, request)
    except (AwsError, OSError):
        pass  # it is told by the long road, which meets with the same
    return None


def _read(house: House, caller: Caller, target: tuple[str, str], request: Request) -> Response | None:
    headers = request.headers.joined
    found: Response | None = house.service("s3", caller).plainly(
        *target,
        span=headers.get("range", ""),
        checksum=headers.get(CHECKSUM) == "ENABLED",
        bodiless=request.method == "HEAD",
    )
    if found:
        found.headers += rest_xml.identity(None, caller.request_id)
    return found


def _target(request: Request) -> tuple[str, str] | None:
    """The bucket and the key, if nothing is asked for but the object itself."""
    others = request.headers.joined.keys() - HARMLESS
    if any(name in ASKING or name.startswith("x-amz-") for name in others):
        return None
    if request.query and not PARAMETERS.issuperset(uris.parameters(request.query)):
        return None
    bucket, _, key = hosts.path_style(request)[1:].partition("/")
    if not (bucket and key) or "%" in bucket or hosts.site(request.host):
        return None
    return bucket, rest.text_of(key)


def _caller(house: House, request: Request, request_id: str) -> Caller | None:
    """Who has signed the request, if all is well with the signature."""
    now, credentials = house.clock(), house.store.credentials
    signed = sign.authenticate(request, credentials.find, now, route_of(OPERATIONS[request.method]))
    if (credential := signed.credential) is None or signed.seal.payload not in (guard.UNSIGNED, guard.EMPTY):
        return None
    credentials.used(credential.access_key, signed.service, signed.region, now)
    return caller_of(request, credential, signed.region, request_id)


@cache
def route_of(operation: str) -> Route:
    return Route("s3", models.service("s3").operation_model(operation), "rest-xml")
