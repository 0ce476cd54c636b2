"""Locations on S3, as Glue's resources name them."""

from __future__ import annotations

from cumulet.services.glue.refusals import invalid


def place(uri: str, member: str) -> tuple[str, str]:
    """The bucket and the key of an object's URI."""
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme not in ("s3", "s3a", "s3n") or not bucket or not key or key.endswith("/"):
        raise invalid(f"{member} {uri!r} must look like s3://bucket/key.")
    return bucket, key
