"""Locations in S3 as Athena and Hive write them."""

from __future__ import annotations

from cumulet.services.athena.refusals import invalid


def bucket_and_key(location: str) -> tuple[str, str]:
    """s3://bucket/key (or s3a://, s3n://) taken apart."""
    scheme, _, rest = location.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme not in ("s3", "s3a", "s3n") or not bucket:
        raise invalid(f"outputLocation is not a valid S3 path: {location}")
    return bucket, key


def folder(location: str) -> tuple[str, str]:
    """A table's location: the key ends with a slash, so that `a/` does not hold what is under `ab/`."""
    bucket, key = bucket_and_key(location)
    return bucket, key if key.endswith("/") or not key else key + "/"
