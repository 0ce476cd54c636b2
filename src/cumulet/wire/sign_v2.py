"""Signature Version 2 of S3: `Authorization: AWS key:signature`, and URLs with AWSAccessKeyId and Expires.

AWS has called it legacy for years, and boto3's `generate_presigned_url` still makes it by default in the
regions older than 2014, us-east-1 among them.
Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import unquote

from cumulet.wire import refusals
from cumulet.wire.canonical import Fields
from cumulet.wire.errors import AwsError
from cumulet.wire.message import Request

SKEW = 900.0
DATED = ("x-amz-date", "date")
# The parameters that name another resource than the object itself, or change what is answered.
SUBRESOURCES = frozenset(
    [
        *("accelerate", "acl", "analytics", "cors", "defaultObjectAcl", "delete", "encryption"),
        *("intelligent-tiering", "inventory", "legal-hold", "lifecycle", "location", "logging", "metrics"),
        *("notification", "object-lock", "ownershipControls", "partNumber", "policy", "policyStatus"),
        *(
            "publicAccessBlock",
            "replication",
            "requestPayment",
            "restore",
            "retention",
            "select",
            "select-type",
        ),
        *("storageClass", "tagging", "torrent", "uploadId", "uploads", "versionId", "versioning", "versions"),
        *("website", "response-cache-control", "response-content-disposition", "response-content-encoding"),
        *("response-content-language", "response-content-type", "response-expires"),
    ]
)


@dataclass(frozen=True, slots=True)
class Claim2:
    """A Version 2 signature as it was sent; `expires` is "" where it came in a header."""

    access_key: str
    signature: str
    token: str
    expires: str
    parameters: dict[str, str]


def read(fields: Fields, parameters: dict[str, str]) -> Claim2:
    if parameters:
        return _from_query(parameters)
    access_key, colon, signature = fields.get("authorization").removeprefix("AWS ").strip().rpartition(":")
    if not colon:
        raise refusals.S3.unsupported_authorization(fields.get("authorization"))
    return Claim2(access_key, signature, fields.get("x-amz-security-token"), "", {})


def _from_query(parameters: dict[str, str]) -> Claim2:
    expires = parameters.get("Expires", "")
    if not (expires and parameters.get("Signature")):
        text = "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters"
        raise AwsError("AccessDenied", text, status=403)
    if not expires.isdecimal():
        raise AwsError("AccessDenied", f"Invalid date (should be seconds since epoch): {expires}", status=403)
    lowered = {name.lower(): value for name, value in parameters.items()}
    token = lowered.get("x-amz-security-token", "")
    return Claim2(parameters["AWSAccessKeyId"], parameters["Signature"], token, expires, lowered)


def check(claimed: Claim2, request: Request, fields: Fields, path: str, secret: str, now: float) -> None:
    """Raise what S3 raises where the signature does not hold. `path` is the path-style one."""
    _check_time(claimed, fields, now)
    texts = [_string_to_sign(claimed, request, fields, resource) for resource in _resources(path)]
    for text in texts:
        computed = base64.b64encode(hmac.digest(secret.encode(), text.encode("utf-8", "replace"), "sha1"))
        if hmac.compare_digest(computed, claimed.signature.encode("utf-8", "replace")):
            return
    raise refusals.S3.wrong_signature(
        AWSAccessKeyId=claimed.access_key, StringToSign=texts[0], SignatureProvided=claimed.signature
    )


def _check_time(claimed: Claim2, fields: Fields, now: float) -> None:
    if claimed.expires:
        if int(claimed.expires) < now:
            raise refusals.S3.url_expired(float(claimed.expires), 0, now)
        return
    stamp = fields.get("x-amz-date" if "x-amz-date" in fields.names else "date")
    try:
        signed = parsedate_to_datetime(stamp).timestamp()
    except ValueError:
        raise refusals.S3.undated() from None
    if signed < 0:
        raise refusals.S3.undated()  # no client was there before 1970
    if abs(now - signed) > SKEW:
        raise refusals.S3.skewed(stamp, signed, now, SKEW)


def _string_to_sign(claimed: Claim2, request: Request, fields: Fields, resource: str) -> str:
    """In a presigned URL headers may have become parameters, under their own names."""
    md5, kind = (
        fields.get(name) or claimed.parameters.get(name, "") for name in ("content-md5", "content-type")
    )
    date = claimed.expires or ("" if fields.get("x-amz-date") else fields.get("date"))
    amz = {name: value for name, value in claimed.parameters.items() if name.startswith("x-amz-")}
    amz |= {
        name: ",".join(value.strip() for value in fields.all(name))
        for name in fields.names
        if name.startswith("x-amz-")
    }
    headers = "".join(f"{name}:{value}\n" for name, value in sorted(amz.items()))
    return f"{request.method}\n{md5}\n{kind}\n{date}\n{headers}{resource}{_subresources(request.query)}"


def _resources(path: str) -> list[str]:
    """A bucket alone is signed with or without its slash, as the client's address style has it."""
    if path.strip("/").count("/"):
        return [path]
    bare = path.rstrip("/")
    return [path, bare] if path != bare and bare else [path, f"{bare}/"] if bare else [path]


def _subresources(query: str) -> str:
    pairs = [pair.partition("=") for pair in query.split("&")]
    named = sorted((name, equals, unquote(value)) for name, equals, value in pairs if name in SUBRESOURCES)
    text = "&".join(f"{name}{equals}{value}" for name, equals, value in named)
    return f"?{text}" if text else ""
