"""Data in S3 as jobs name it: everything under a prefix, or what a manifest lists.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cumulet.services.sagemaker.lake import ATTEMPTS, CannotStage, name_in_channel
from cumulet.services.sagemaker.training_request import split_uri
from cumulet.wire.errors import AwsError


@dataclass(frozen=True, slots=True)
class Named:
    """One object of a source, and the name that it gets below the folder or prefix it is laid into."""

    name: str
    bucket: str
    key: str
    path: Path  # where its bytes lie; gone where the object was overwritten since it was listed
    size: int


def listed(s3: Any, uri: str, kind: str = "S3Prefix") -> list[Named]:
    """The objects of a source, in key order or in the manifest's."""
    if kind == "ManifestFile":
        return _of_manifest(s3, uri)
    bucket, prefix = split_uri(uri)
    found = [
        Named(name_in_channel(file.key, prefix), bucket, file.key, file.path, file.size)
        for file in s3.files(Bucket=bucket, Prefix=prefix)
    ]
    return [one for one in found if one.name and not one.name.endswith("/")]


def _of_manifest(s3: Any, uri: str) -> list[Named]:
    """`[{"prefix": "s3://bucket/some/"}, "a.csv", "b/c.csv"]`: each prefix and name together is an object."""
    prefix, entries = _manifest(uri, _content(s3, uri))
    return [_one(s3, prefix + name, name) for name in entries]


def _manifest(uri: str, text: bytes) -> tuple[str, list[str]]:
    try:
        first, *names = json.loads(text)
        prefix = first["prefix"]
    except (ValueError, TypeError, KeyError):
        raise CannotStage(
            f'The manifest {uri} is not a JSON list that begins with {{"prefix": "s3://..."}}.'
        ) from None
    if not isinstance(prefix, str) or not all(isinstance(name, str) for name in names):
        raise CannotStage(f"The manifest {uri} lists something that is no text.")
    return prefix, names


def _one(s3: Any, uri: str, name: str) -> Named:
    bucket, key = split_uri(uri)
    for file in s3.files(Bucket=bucket, Prefix=key):
        if file.key == key:
            return Named(name.lstrip("/"), bucket, key, file.path, file.size)
    raise CannotStage(f"There is no object {uri}, which a manifest lists.")


def _content(s3: Any, uri: str) -> bytes:
    for _ in range(ATTEMPTS):
        with contextlib.suppress(FileNotFoundError):
            return _one(s3, uri, "manifest").path.read_bytes()
    raise CannotStage(f"The manifest {uri} changes faster than it can be read.")


def exists(s3: Any, uri: str) -> bool:
    """Whether anything lies under a prefix: asked when a job is made, so that it does not fail later."""
    bucket, prefix = split_uri(uri)
    try:
        return bool(s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("Contents"))
    except AwsError as error:
        if error.code == "NoSuchBucket":
            return False
        raise


def shard(found: Sequence[Named], number: int, count: int) -> list[Named]:
    """The part of one of several instances (ShardedByS3Key): dealt out in turn, each object to one of them."""
    return list(found[number::count])
