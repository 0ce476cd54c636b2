"""A training job's channels: which objects they hold, in which order, and which of the hosts gets them.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Channel.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cumulet.services.sagemaker.cluster import Host
from cumulet.services.sagemaker.lake import CannotStage, name_in_channel
from cumulet.services.sagemaker.training_request import split_uri
from cumulet.wire.errors import AwsError


@dataclass(frozen=True, slots=True)
class Bytes:
    """A file of the lake."""

    path: Path
    size: int


@dataclass(frozen=True, slots=True)
class Item:
    """What a channel is shuffled and shared out by: an object, or a line of an augmented manifest."""

    name: str
    parts: tuple[Bytes | str, ...]


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel of a request, as one host gets it."""

    asked: dict[str, Any]
    mode: str
    part: int = 0  # which of how many parts of the data this host gets
    parts: int = 1

    @property
    def name(self) -> str:
        return str(self.asked["ChannelName"])

    @property
    def source(self) -> dict[str, Any]:
        return dict(self.asked["DataSource"]["S3DataSource"])

    @property
    def seed(self) -> int | None:
        seed: int | None = self.asked.get("ShuffleConfig", {}).get("Seed")
        return seed

    @property
    def wrapped(self) -> bool:
        return bool(self.asked.get("RecordWrapperType") == "RecordIO")

    @property
    def packed(self) -> bool:
        return bool(self.asked.get("CompressionType") == "Gzip")

    def items(self, s3: Any) -> list[Item]:
        """All that the channel holds, on whichever host."""
        return READERS[self.source["S3DataType"]](s3, self.source)

    def mine(self, items: Sequence[Item]) -> list[Item]:
        """This host's part of it: every n-th, of the shuffled whole where that is asked for."""
        found = list(items)
        if self.seed is not None:
            random.Random(self.seed).shuffle(found)
        return found[self.part :: self.parts]

    def config(self) -> dict[str, str]:
        """What input/config/inputdataconfig.json says of it."""
        config = {
            "TrainingInputMode": self.mode,
            "S3DistributionType": self.source.get("S3DataDistributionType", "FullyReplicated"),
            "RecordWrapperType": self.asked.get("RecordWrapperType", "None"),
        }
        kind = self.asked.get("ContentType")
        return config | ({"ContentType": kind} if kind else {})


def channels(request: dict[str, Any], host: Host, everybody: Sequence[Host]) -> list[Channel]:
    """The channels that a host gets; one may be meant for some groups of instances only."""
    mode = request["AlgorithmSpecification"].get("TrainingInputMode", "File")
    found = []
    for asked in request.get("InputDataConfig", []):
        source = asked["DataSource"]["S3DataSource"]
        wanted = source.get("InstanceGroupNames")
        sharers = [each for each in everybody if not wanted or each.group in wanted]
        if host not in sharers:
            continue
        sharded = source.get("S3DataDistributionType") == "ShardedByS3Key"
        place = (sharers.index(host), len(sharers)) if sharded else (0, 1)
        found.append(Channel(asked, asked.get("InputMode") or mode, *place))
    return found


def _prefix(s3: Any, source: dict[str, Any]) -> list[Item]:
    bucket, prefix = split_uri(source["S3Uri"])
    named = ((name_in_channel(file.key, prefix), file) for file in s3.files(Bucket=bucket, Prefix=prefix))
    return [
        Item(name, (Bytes(file.path, file.size),)) for name, file in named if name and not name.endswith("/")
    ]


def _manifest(s3: Any, source: dict[str, Any]) -> list[Item]:
    """`[{"prefix": "s3://bucket/some/"}, "a.csv", "deep/b.csv"]`: files by what stands behind the prefix."""
    uri = source["S3Uri"]
    try:
        first, *names = json.loads(_read(s3, uri))
        prefix = first["prefix"]
    except (ValueError, TypeError, KeyError):
        raise CannotStage(
            f'The manifest {uri} is not a JSON list that begins with {{"prefix": "s3://..."}}.'
        ) from None
    found = _found(s3, uri, [prefix + name for name in names])
    return [
        Item(name.lstrip("/") or prefix.rpartition("/")[2], (part,))
        for name, part in zip(names, found, strict=True)
    ]


def _augmented(s3: Any, source: dict[str, Any]) -> list[Item]:
    """JSON lines; of each the attributes that were asked for, in that order. One named `...-ref` is an object.

    https://docs.aws.amazon.com/sagemaker/latest/dg/augmented-manifest.html
    """
    uri, names = source["S3Uri"], source["AttributeNames"]
    lines = [_attributes(uri, number, line, names) for number, line in _lines(_read(s3, uri))]
    wanted = [value for line in lines for name, value in zip(names, line, strict=True) if _is_ref(name)]
    objects = iter(_found(s3, uri, wanted))
    return [
        Item("", tuple(next(objects) if _is_ref(n) else v for n, v in zip(names, line, strict=True)))
        for line in lines
    ]


READERS = {"S3Prefix": _prefix, "ManifestFile": _manifest, "AugmentedManifestFile": _augmented}


def _is_ref(attribute: str) -> bool:
    return attribute.endswith("-ref")


def _lines(text: bytes) -> Iterable[tuple[int, bytes]]:
    return ((number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip())


def _attributes(uri: str, number: int, line: bytes, names: Sequence[str]) -> list[str]:
    try:
        told = json.loads(line)
        values = [told[name] for name in names]
    except (ValueError, TypeError, KeyError):
        raise CannotStage(f"Line {number} of {uri} is no JSON object with {', '.join(names)}.") from None
    return [value if isinstance(value, str) else json.dumps(value) for value in values]


def _read(s3: Any, uri: str) -> bytes:
    (found,) = _found(s3, uri, [uri])
    return found.path.read_bytes()


def _found(s3: Any, manifest: str, uris: Sequence[str]) -> list[Bytes]:
    """The objects that a manifest names, in its order: one look at each bucket."""
    keys: dict[str, list[str]] = defaultdict(list)
    for uri in uris:
        bucket, key = split_uri(uri)
        keys[bucket].append(key)
    present = {bucket: _present(s3, bucket, wanted) for bucket, wanted in keys.items()}
    try:
        return [present[bucket][key] for bucket, key in map(split_uri, uris)]
    except KeyError as error:
        raise CannotStage(f"There is no object {error.args[0]} that {manifest} names.") from None


def _present(s3: Any, bucket: str, keys: Sequence[str]) -> dict[str, Bytes]:
    try:
        files = s3.files(Bucket=bucket, Prefix=_shared(keys))
    except AwsError as error:
        raise CannotStage(f"{bucket}: {error}") from error
    wanted = set(keys)
    return {file.key: Bytes(file.path, file.size) for file in files if file.key in wanted}


def _shared(keys: Sequence[str]) -> str:
    """With what all of them begin."""
    first, last = min(keys), max(keys)
    length = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), None)
    return first[: min(len(first), len(last)) if length is None else length]
