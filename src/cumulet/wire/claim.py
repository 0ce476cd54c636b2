"""What a request says about its own Version 4 signature: read here, believed by nobody yet."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import unquote_plus

from cumulet.wire.canonical import Fields
from cumulet.wire.errors import AwsError, NotImplementedByCumulet
from cumulet.wire.refusals import Refusals

ALGORITHM = "AWS4-HMAC-SHA256"
ASYMMETRIC = "AWS4-ECDSA-P256-SHA256"
WEEK = 7 * 24 * 3600
STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", re.ASCII)
USUAL = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,\s]+)/([0-9]{8})/([^/,\s]+)/([^/,\s]+)/aws4_request, ?"
    r"SignedHeaders=([^,\s]+), ?Signature=([^,\s]+)"
)
QUERY_PARTS = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature")
SCOPE = 'expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'


@dataclass(slots=True)
class Claim:
    """A Version 4 signature as it was sent. `seconds` is how long a presigned URL lives, else None."""

    access_key: str
    day: str
    region: str
    service: str
    signed: Sequence[str]
    signature: str
    stamp: str
    time: float
    token: str
    seconds: int | None = None

    @property
    def scope(self) -> str:
        return f"{self.day}/{self.region}/{self.service}/aws4_request"

    @property
    def presigned(self) -> bool:
        return self.seconds is not None


def from_header(authorization: str, fields: Fields, refuse: Refusals) -> Claim:
    """`AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...`"""
    if usual := USUAL.fullmatch(authorization):
        access_key, day, region, service, signed, signature = usual.groups()
    else:
        (access_key, day, region, service), signed, signature = _read_header(authorization, refuse)
    stamp, time = _time_of(fields, refuse)
    token = fields.get("x-amz-security-token")
    return Claim(access_key, day, region, service, _names(signed), signature, stamp, time, token)


@lru_cache(maxsize=256)
def _names(signed: str) -> Sequence[str]:
    """The headers that were signed: hardly ever others than a moment ago."""
    return tuple(signed.lower().split(";"))


def _read_header(authorization: str, refuse: Refusals) -> tuple[tuple[str, str, str, str], str, str]:
    """The same, however it is written: scope, signed headers, signature."""
    algorithm, _, rest = authorization.partition(" ")
    if algorithm == ASYMMETRIC:
        raise NotImplementedByCumulet("Signature Version 4A")
    if algorithm != ALGORITHM:
        raise refuse.unsupported_authorization(authorization)
    parts = {name.strip(): value.strip() for name, _, value in (p.partition("=") for p in rest.split(","))}
    absent = [name for name in ("Credential", "Signature", "SignedHeaders") if not parts.get(name)]
    if absent:
        raise refuse.incomplete(absent, presigned=False)
    scope = _scope(parts["Credential"], refuse, presigned=False)
    return scope, parts["SignedHeaders"], parts["Signature"]


def from_query(parameters: dict[str, str], refuse: Refusals, *, default_seconds: int | None) -> Claim:
    """A presigned URL. S3 insists on X-Amz-Expires; other services have a default."""
    algorithm = parameters.get("X-Amz-Algorithm", "")
    if algorithm.startswith(ASYMMETRIC):
        raise NotImplementedByCumulet("Signature Version 4A")
    absent = [name for name in QUERY_PARTS if not parameters.get(name)]
    if absent or (default_seconds is None and "X-Amz-Expires" not in parameters):
        raise refuse.incomplete(absent, presigned=True)
    if algorithm != ALGORITHM:
        raise refuse.malformed(
            f'X-Amz-Algorithm only supports "{ALGORITHM} and {ASYMMETRIC}"', presigned=True
        )
    access_key, day, region, service = _scope(parameters["X-Amz-Credential"], refuse, presigned=True)
    stamp = parameters["X-Amz-Date"]
    time = _seconds(stamp)
    if time is None:
        raise _undated(refuse)
    seconds = _lifetime(parameters.get("X-Amz-Expires", str(default_seconds)), refuse)
    signed = _names(parameters["X-Amz-SignedHeaders"])
    token = parameters.get("X-Amz-Security-Token", "")
    return Claim(
        access_key, day, region, service, signed, parameters["X-Amz-Signature"], stamp, time, token, seconds
    )


def from_form(fields: dict[str, str], refuse: Refusals) -> Claim:
    """The fields of a form that a browser posts. How long they hold is said by the policy that they sign."""
    if fields["x-amz-algorithm"] != ALGORITHM:
        raise refuse.malformed(f'X-Amz-Algorithm only supports "{ALGORITHM}"', presigned=True)
    access_key, day, region, service = _scope(fields["x-amz-credential"], refuse, presigned=True)
    stamp = fields["x-amz-date"]
    time = _seconds(stamp)
    if time is None:
        raise _undated(refuse)
    if service != "s3":
        raise refuse.wrong_service(service, "s3", presigned=True)
    if day != stamp[:8]:
        raise refuse.wrong_date(day, stamp, presigned=True)
    token = fields.get("x-amz-security-token", "")
    return Claim(access_key, day, region, service, (), fields["x-amz-signature"], stamp, time, token)


def parameters_of(query: str) -> dict[str, str]:
    """The decoded query; of a repeated parameter the first, as S3 takes it."""
    found: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        found.setdefault(_decoded(name), _decoded(value))
    return found


def _decoded(text: str) -> str:
    return unquote_plus(text) if "%" in text or "+" in text else text


def _scope(credential: str, refuse: Refusals, *, presigned: bool) -> tuple[str, str, str, str]:
    """Access key, day, region and service. An access key may hold slashes, the rest may not."""
    *key, day, region, service, end = ["", "", "", "", *credential.split("/")][
        -max(5, credential.count("/") + 1) :
    ]
    access_key = "/".join(key)
    if not (access_key and len(day) == 8 and day.isdigit() and region and service and end == "aws4_request"):
        where = "Error parsing the X-Amz-Credential parameter; " if presigned else ""
        raise refuse.malformed(f"{where}the Credential is mal-formed; {SCOPE}", presigned=presigned)
    return access_key, day, region, service


def _undated(refuse: Refusals) -> AwsError:
    text = "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""
    return refuse.malformed(text, presigned=True)


def _lifetime(text: str, refuse: Refusals) -> int:
    try:
        seconds = int(text)
    except ValueError:
        raise refuse.malformed("X-Amz-Expires should be a number", presigned=True) from None
    if seconds < 0:
        raise refuse.malformed("X-Amz-Expires must be non-negative", presigned=True)
    if seconds > WEEK:
        text = (
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be "
        )
        raise refuse.malformed(f"{text}less than {WEEK} seconds", presigned=True)
    return seconds


def _time_of(fields: Fields, refuse: Refusals) -> tuple[str, float]:
    """When it was signed: X-Amz-Date, even if it says nothing, or else Date; in either of its formats."""
    text = fields.get("x-amz-date" if "x-amz-date" in fields.names else "date")
    if not text:
        raise refuse.undated()
    time = _seconds(text)
    if time is not None:
        return text, time
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        raise refuse.undated() from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.strftime("%Y%m%dT%H%M%SZ"), moment.timestamp()


@lru_cache(maxsize=256)
def _seconds(stamp: str) -> float | None:
    """Epoch seconds of 20150830T123600Z; None where it is not of that form."""
    found = STAMP.fullmatch(stamp)
    if not found:
        return None
    try:
        return float(calendar.timegm((*map(int, found.groups()), 0, 0, 0)))
    except ValueError:
        return None
