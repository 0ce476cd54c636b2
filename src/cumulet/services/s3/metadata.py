"""What an object carries beside its bytes: system headers and the user's own metadata.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cumulet.services.s3.members import HEADERS
from cumulet.wire.errors import AwsError

USER_BYTES = 2048
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
    headers = {name: _plain(members[name]) for name in HEADERS if members.get(name) not in (None, "")}
    headers.setdefault("ContentType", DEFAULT_TYPE)
    if "ContentEncoding" in headers:
        _strip_chunked(headers)
    user = {name.lower(): value for name, value in (members.get("Metadata") or {}).items()}
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
    return {**detail.get("headers", {}), "Metadata": detail.get("metadata", {})}


def storage_class(told: str | None) -> str:
    """A label: all storage classes lie on the same disk."""
    if told in ("", None):
        return "STANDARD"
    if told not in STORAGE_CLASSES:
        raise AwsError("InvalidStorageClass", "The storage class you specified is not valid", status=400)
    return told or "STANDARD"


def _plain(value: Any) -> Any:
    return value.timestamp() if isinstance(value, datetime) else value


def _strip_chunked(headers: dict[str, Any]) -> None:
    """`aws-chunked` describes the transfer, not the object."""
    codings = [coding.strip() for coding in headers["ContentEncoding"].split(",")]
    if left := ",".join(coding for coding in codings if coding != "aws-chunked"):
        headers["ContentEncoding"] = left
    else:
        del headers["ContentEncoding"]
