"""Who asks? Checks a request's signature against the secret that its access key stands for.

Version 4 in headers and in presigned URLs, for every service; Version 2 for S3, whose presigned URLs boto3
still signs that way in older regions (`sign_v2`). What is accepted here is only who the caller is: the
body is not read (where it can be large), but guarded, see `guard`.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, Protocol, TypeVar

from cumulet.wire import canonical, chunked, claim, guard, refusals, sign_v2
from cumulet.wire.canonical import Fields
from cumulet.wire.claim import Claim
from cumulet.wire.errors import AwsError
from cumulet.wire.message import Body, Request
from cumulet.wire.refusals import Refusals
from cumulet.wire.route import Route

SKEW = 300.0  # seconds that a client's clock may be off
SKEW_S3 = 900.0
EXEMPT = ("x-amz-content-sha256", "x-amz-date")  # headers of S3's own that need not be signed
DEFAULT_SECONDS = 900  # how long a presigned URL lives that does not say (other services than S3)


class Credential(Protocol):
    """What the store knows of an access key, as far as a signature needs it."""

    @property
    def access_key(self) -> str: ...
    @property
    def secret(self) -> str: ...
    @property
    def token(self) -> str: ...
    @property
    def expires(self) -> float | None: ...
    @property
    def active(self) -> bool: ...


C = TypeVar("C", bound=Credential)
Find = Callable[[str], C | None]


@dataclass(slots=True)
class Signature(Generic[C]):
    """Who signed (nobody: None), for which region and service, and the guard for the body."""

    credential: C | None
    region: str
    service: str
    seal: guard.Seal

    def guard(self, body: Body) -> guard.Guarded:
        """The body as its reader should see it: verified and decoded while it is read."""
        if self.seal.chunked:
            return chunked.Chunked(body, self.seal)
        if guard.DIGEST.fullmatch(self.seal.payload):
            return guard.Hashed(body, self.seal)
        return guard.Guarded(body, self.seal.length)


def authenticate(request: Request, find: Find[C], now: float, route: Route) -> Signature[C]:
    """The signer of a request; an AwsError in the service's own words where the signature does not hold."""
    refuse = refusals.of(route)
    fields = Fields(request.headers)
    authorization = fields.get("authorization")
    parameters = claim.parameters_of(request.query) if _signed_by_query(request.query) else {}
    if authorization and parameters:
        raise refuse.two_mechanisms(authorization)
    if route.service == "s3" and (authorization.startswith("AWS ") or "AWSAccessKeyId" in parameters):
        return _version_2(request, fields, parameters, find, now, route)
    if authorization:
        claimed = claim.from_header(authorization, fields, refuse)
    elif parameters:
        default = None if route.service == "s3" else DEFAULT_SECONDS
        claimed = claim.from_query(parameters, refuse, default_seconds=default)
    else:
        return Signature(None, "", "", guard.unsigned(request, fields, refuse))
    return _version_4(request, fields, parameters, claimed, find, now, route)


def missing_credentials(route: Route) -> AwsError:
    """What an unsigned request is told."""
    return refusals.of(route).missing()


def _signed_by_query(query: str) -> bool:
    return "X-Amz-Algorithm=" in query or "X-Amz-Signature=" in query or "AWSAccessKeyId=" in query


def _version_4(
    request: Request,
    fields: Fields,
    parameters: dict[str, str],
    claimed: Claim,
    find: Find[C],
    now: float,
    route: Route,
) -> Signature[C]:
    refuse = refusals.of(route)
    credential = holder(claimed.access_key, claimed.token, find, now, refuse)
    _check_scope(claimed, route, refuse)
    _check_time(claimed, now, route, refuse)
    _check_coverage(claimed, fields, route, refuse)
    payload = guard.payload_of(request, fields, route, presigned=parameters)
    key = signing_key(credential.secret, claimed.day, claimed.region, claimed.service)
    _check_signature(request, fields, claimed, key, payload, route, refuse)
    chain = {"key": key, "stamp": claimed.stamp, "scope": claimed.scope, "signature": claimed.signature}
    seal = guard.seal_of(request, fields, payload, refuse, **chain)
    return Signature(credential, claimed.region, claimed.service, seal)


def _version_2(
    request: Request, fields: Fields, parameters: dict[str, str], find: Find[C], now: float, route: Route
) -> Signature[C]:
    refuse = refusals.S3
    claimed = sign_v2.read(fields, parameters)
    credential = holder(claimed.access_key, claimed.token, find, now, refuse)
    sign_v2.check(claimed, request, fields, route.path, credential.secret, now)
    return Signature(credential, "", "s3", guard.unsigned(request, fields, refuse))


def holder(access_key: str, token: str, find: Find[C], now: float, refuse: Refusals) -> C:
    """The credential behind an access key, if it is in force and its session token came with it."""
    credential = find(access_key)
    if credential is None or not credential.active or (credential.token and not token):
        raise refuse.unknown_key(access_key)
    if not hmac.compare_digest(credential.token.encode(), token.encode("utf-8", "replace")):
        raise refuse.bad_token(token)
    if credential.expires is not None and credential.expires <= now:
        raise refuse.expired_token(token)
    return credential


def _check_scope(claimed: Claim, route: Route, refuse: Refusals) -> None:
    right = route.operation.service_model.signing_name
    if claimed.service != right:
        raise refuse.wrong_service(claimed.service, right, presigned=claimed.presigned)
    if claimed.day != claimed.stamp[:8]:
        raise refuse.wrong_date(claimed.day, claimed.stamp, presigned=claimed.presigned)


def _check_time(claimed: Claim, now: float, route: Route, refuse: Refusals) -> None:
    allowed = SKEW_S3 if route.service == "s3" else SKEW
    if claimed.time > now + allowed or (claimed.seconds is None and claimed.time < now - allowed):
        raise refuse.skewed(claimed.stamp, claimed.time, now, allowed)
    if claimed.seconds is not None and claimed.time + claimed.seconds < now:
        raise refuse.url_expired(claimed.time, claimed.seconds, now)


def _check_coverage(claimed: Claim, fields: Fields, route: Route, refuse: Refusals) -> None:
    """The host must be signed, or a request could be carried elsewhere; S3 wants its own headers as well."""
    uncovered = ["host"] if "host" not in claimed.signed else []
    if route.service == "s3":
        named = [name for name in fields.names if name.startswith("x-amz-")]
        uncovered += [name for name in named if name not in claimed.signed and name not in EXEMPT]
    if uncovered:
        raise refuse.unsigned_headers(uncovered)


def _check_signature(
    request: Request, fields: Fields, claimed: Claim, key: bytes, payload: str, route: Route, refuse: Refusals
) -> None:
    provided = claimed.signature.encode("utf-8", "replace")
    to_sign = f"{claim.ALGORITHM}\n{claimed.stamp}\n{claimed.scope}\n"
    evidence: tuple[str, str] | None = None
    for path, query in canonical.spellings(request.path, request.query, literal=route.service == "s3"):
        asked = canonical.request(request.method, path, query, fields, claimed.signed, payload)
        digest = hashlib.sha256(asked.encode("latin-1", "replace")).hexdigest()
        text = to_sign + digest
        if hmac.compare_digest(guard.signature(key, text).encode(), provided):
            return
        evidence = evidence or (text, asked)
    assert evidence
    raise refuse.wrong_signature(
        AWSAccessKeyId=claimed.access_key,
        StringToSign=evidence[0],
        SignatureProvided=claimed.signature,
        CanonicalRequest=evidence[1],
    )


@lru_cache(maxsize=4096)
def signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    """The key of one day, region and service: four HMACs that need not be repeated for each request."""
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
