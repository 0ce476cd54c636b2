"""A training job as an algorithm sees it: the container contract's files, and its lines in the log.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import ClientError

IGNORED = (".", "_")  # what begins so is no data
MANIFEST = "-manifest"


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel's data: a folder of files, or (input mode Pipe) a pipe with all of them in a row."""

    name: str
    folder: Path
    content_type: str
    pipe: Path | None = None

    @property
    def files(self) -> list[Path]:
        """All files below the folder, in order of their names."""
        found = [self.folder] if self.folder.is_file() else sorted(self.folder.rglob("*"))
        return [path for path in found if path.is_file() and not path.name.startswith(IGNORED)]

    def pieces(self) -> Iterator[bytes]:
        """The content of each file; of a pipe, all at once."""
        if self.pipe:
            with self.pipe.open("rb") as stream:
                yield stream.read()
            return
        for path in self.files:
            yield path.read_bytes()


class Job:
    def __init__(self, base: Path, version: str) -> None:
        self.base = base
        self.version = version
        self.hyperparameters: dict[str, str] = self._config("hyperparameters.json")
        self.resources = self._config("resourceconfig.json")
        self.model = base / "model"
        self.output = base / "output/data"
        self.checkpoints = base / "checkpoints"
        self.host: str = self.resources.get("current_host", "algo-1")
        self.hosts: list[str] = self.resources.get("hosts", [self.host])

    def _config(self, name: str) -> dict[str, Any]:
        path = self.base / "input/config" / name
        return json.loads(path.read_text()) if path.exists() else {}

    def channels(self, required: tuple[str, ...], optional: tuple[str, ...]) -> dict[str, Channel]:
        """The job's channels by name; those that the algorithm does not know are refused."""
        given = self._config("inputdataconfig.json")
        if missing := [name for name in required if name not in given]:
            raise ClientError(
                f"Unable to initialize the algorithm. Failed to validate input data configuration. (caused by "
                f"ValidationError)\n\nCaused by: '{missing[0]}' is a required property"
            )
        if unknown := sorted(set(given) - {*required, *optional, "code"}):
            raise ClientError(
                "Unable to initialize the algorithm. Failed to validate input data configuration. (caused by "
                f"ValidationError)\n\nCaused by: Additional properties are not allowed ('{unknown[0]}' was "
                "unexpected)"
            )
        return {name: self._channel(name, config) for name, config in given.items() if name != "code"}

    def _channel(self, name: str, config: dict[str, str]) -> Channel:
        folder = self.base / "input/data" / name
        pipe = folder.with_name(f"{name}_0") if config.get("TrainingInputMode") == "Pipe" else None
        return Channel(name, folder, config.get("ContentType", ""), pipe)

    def check_alone(self) -> None:
        """Where hosts do not train together, each would see a part of the data only, and the model of one would
        be the job's."""
        if len(self.hosts) > 1:
            raise ClientError(
                f"Cumulet trains this algorithm on one instance, and the job has {len(self.hosts)}: set the "
                "instance count to 1."
            )

    # What is told

    def say(self, line: str) -> None:
        """A line of the log, as the containers begin theirs."""
        now = time.strftime("%m/%d/%Y %H:%M:%S", time.gmtime())
        print(f"[{now} INFO {os.getpid()}] {line}", flush=True)

    def quality(self, where: str, name: str, value: float, kind: str = "loss") -> None:
        """A metric of the model, in the form that the algorithm's own regexes catch."""
        self.say(f"#quality_metric: host={self.host}, {where} {name} <{kind}>={value}")

    def progress(self, done: int, wanted: int) -> None:
        share = round(100 * done / max(wanted, 1))
        self.say(f"#progress_metric: host={self.host}, completed {share} % of epochs")


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric that the tuner may know: its name and the regex that catches it."""

    name: str
    regex: str


def qualities(where: tuple[str, ...], names: dict[str, str]) -> tuple[Metric, ...]:
    """The metrics of lines that `Job.quality` writes; `names` has "loss" or "score" for each."""
    return tuple(
        Metric(f"{place}:{name}", rf"#quality_metric: host=\S+, {place} {name} <{kind}>=(\S+)")
        for place in where
        for name, kind in names.items()
    )
