"""What an object carries beside its bytes: system headers and the user's own metadata.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from typing import Any

from cumulet.services.s3 import errors
from cumulet.services.s3.members import HEADERS
from cumulet.wire.errors import AwsError

USER_BYTES = 2048
SAYABLE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
METADATA_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
STORAGE_CLASSES = (
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "DEEP_ARCHIVE",
    "GLACIER_IR",
)
DEFAULT_TYPE = "binary/octet-stream"


def kept(members: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a request that is remembered with the object."""
    headers = {name: header(name, members[name]) for name in HEADERS if members.get(name) not in (None, "")}
    headers.setdefault("ContentType", DEFAULT_TYPE)
    if "ContentEncoding" in headers:
        _strip_chunked(headers)
    user = {name.lower(): _decoded(name, value) for name, value in (members.get("Metadata") or {}).items()}
    if sum(len(name.encode()) + len(value.encode()) for name, value in user.items()) > USER_BYTES:
        raise AwsError(
            "MetadataTooLarge",
            "Your metadata headers exceed the maximum allowed metadata size",
            status=400,
            MaxSizeAllowed=str(USER_BYTES),
        )
    return {"headers": headers, "metadata": user} if user else {"headers": headers}


def shown(detail: Mapping[str, Any]) -> dict[str, Any]:
    """The same as members of a GET's or HEAD's answer."""
    user = {name: _encoded(value) for name, value in detail.get("metadata", {}).items()}
    return {**detail.get("headers", {}), "Metadata": user}


def header(name: str, value: Any) -> Any:
    """A value that can be told as a header again: it came in a header, or in the query of a presigned URL."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, str) and not SAYABLE.fullmatch(value):
        message = "Header value cannot be represented using ISO-8859-1."
        raise errors.invalid_argument(message, name, value)
    return value


def storage_class(told: str | None) -> str:
    """A label: all storage classes lie on the same disk."""
    if told in ("", None):
        return "STANDARD"
    if told not in STORAGE_CLASSES:
        raise AwsError("InvalidStorageClass", "The storage class you specified is not valid", status=400)
    return told or "STANDARD"


def _decoded(name: str, value: str) -> str:
    """User metadata is Unicode text, which came as RFC 2047 has it or as bare UTF-8 (read as ISO-8859-1)."""
    if not METADATA_NAME.fullmatch(name) or CONTROL.search(value):
        raise errors.invalid_argument("Metadata cannot be told as a header.", f"x-amz-meta-{name}", value)
    try:
        found = str(make_header(decode_header(value))) if "=?" in value else value.encode("latin-1").decode()
    except (HeaderParseError, LookupError, ValueError):
        return value  # neither the one nor the other: as it is
    return value if CONTROL.search(found) else found


def _encoded(value: str) -> str:
    """For a header: what is not ASCII goes out as RFC 2047 has it, as S3 does."""
    return value if value.isascii() else f"=?UTF-8?B?{b64encode(value.encode()).decode()}?="


def _strip_chunked(headers: dict[str, Any]) -> None:
    """`aws-chunked` describes the transfer, not the object."""
    codings = headers["ContentEncoding"].split(",")
    if left := ",".join(coding for coding in codings if coding.strip() != "aws-chunked").strip():
        headers["ContentEncoding"] = left
    else:
        del headers["ContentEncoding"]
