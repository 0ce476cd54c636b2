"""Laying a host's channels into its folder: files and pipes that share their bytes with the lake.

Nobody may change the lake by writing to its own inputs. Copies that share blocks (where the file system can
do that) are safe by themselves; else files are links, and the run sees their folder behind a shield
(`engines/run`): a writer gets a copy. Where neither is to be had for root, whom no file mode stops, the bytes are
copied.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cumulet.services.sagemaker import lake
from cumulet.services.sagemaker.channels import Bytes, Channel, Item
from cumulet.services.sagemaker.container import Container


def lay_channels(s3: Any, channels: Sequence[Channel], container: Container) -> None:
    """Files where the job looks for them; of pipes a plan for what feeds them (`toolkit/pipes.py`)."""
    pipes = [channel for channel in channels if channel.mode == "Pipe"]
    for channel in channels:
        if channel.mode != "Pipe":
            _lay_files(s3, channel, container.ml / "input/data" / channel.name)
    if pipes:
        plan = {channel.name: _lay_pipe(s3, channel, container.pipes.parent) for channel in pipes}
        container.pipes.write_text(json.dumps(plan))


def shielded(channels: Sequence[Channel], container: Container) -> list[str]:
    return [f"{container.root}/input/data/{c.name}" for c in channels if c.mode == "File"]


def read_only(channels: Sequence[Channel], container: Container) -> list[str]:
    """FastFile is a view of the bucket, on AWS too."""
    return [f"{container.root}/input/data/{c.name}" for c in channels if c.mode == "FastFile"]


def _lay_files(s3: Any, channel: Channel, folder: Path) -> None:
    small = -1 if channel.mode == "FastFile" else lake.SMALL

    def lay() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for item in channel.mine(channel.items(s3)):
            for part in _files(item):
                place = lake.inside(folder, item.name)
                lake.stage(part.path, place, part.size, small=small)

    lake.settled(channel.source["S3Uri"], folder, lay)


def _lay_pipe(s3: Any, channel: Channel, folder: Path) -> dict[str, Any]:
    """Names of our own for the objects' bytes: what is overwritten meanwhile is read as it was."""
    place = folder / f"pipe-{channel.name}"

    def lay() -> list[list[list[str]]]:
        place.mkdir(parents=True, exist_ok=True)
        return [_planned(item, number, place) for number, item in enumerate(channel.items(s3))]

    items = lake.settled(channel.source["S3Uri"], place, lay)
    return {
        "items": items,
        "seed": channel.seed,
        "part": channel.part,
        "parts": channel.parts,
        "wrapped": channel.wrapped,
        "packed": channel.packed,
    }


def _planned(item: Item, number: int, place: Path) -> list[list[str]]:
    planned = []
    for index, part in enumerate(item.parts):
        if isinstance(part, Bytes):
            target = place / f"{number}-{index}"
            lake.stage(part.path, target, part.size, small=-1)
            planned.append(["file", str(target)])
        else:
            planned.append(["text", part])
    return planned


def _files(item: Item) -> list[Bytes]:
    return [part for part in item.parts if isinstance(part, Bytes)]
