"""Time series as DeepAR reads them: JSON Lines (packed or not) and Parquet.

https://docs.aws.amazon.com/sagemaker/latest/dg/deepar.html#deepar-inputoutput
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import ClientError
from .job import Channel

PACKED, COLUMNAR = b"\x1f\x8b", b"PAR1"  # what files of gzip and of Parquet begin with


@dataclass(frozen=True, slots=True)
class Series:
    start: str
    target: np.ndarray  # NaN where a value is missing
    cat: tuple[int, ...] = ()
    dynamic: np.ndarray | None = None  # a row for each feature


def read(channel: Channel) -> list[Series]:
    found = [series(given) for piece in channel.pieces() for given in _given(piece)]
    if not found:
        raise ClientError(
            f"No data in the channel {channel.name}: every file of it is empty, or there is none."
        )
    return found


def _given(piece: bytes) -> Iterator[dict[str, Any]]:
    if piece[:2] == PACKED:
        piece = gzip.decompress(piece)
    if piece[:4] == COLUMNAR:
        from pyarrow import parquet

        yield from parquet.read_table(io.BytesIO(piece)).to_pylist()
        return
    for number, line in enumerate(piece.splitlines(), 1):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError as error:
                raise ClientError(f"Line {number} of the data is not JSON: {error}") from None


def series(given: Any) -> Series:
    """What one JSON object says; a value that is missing is null or "NaN"."""
    try:
        start, target = str(given["start"]), _numbers(given["target"])
        categories, features = given.get("cat"), given.get("dynamic_feat")
        listed = categories if isinstance(categories, list) else [] if categories is None else [categories]
        dynamic = np.stack([_numbers(row) for row in features]) if features else None
        return Series(start, target, tuple(int(one) for one in listed), dynamic)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ClientError(
            f"A time series needs a start, a target of numbers, and cat and dynamic_feat as numbers where they are "
            f"given ({error}): {str(given)[:100]}"
        ) from None


def _numbers(values: Iterable[Any]) -> np.ndarray:
    return np.array([np.nan if value is None else float(value) for value in values], np.float32)
