"""Data capture: requests and answers as SageMaker's JSON lines in S3, at the rate that the configuration says.

A request only leaves what was asked and answered behind, in memory. One thread writes that to a file beside the
endpoint a moment later, many records in one go, and the files go to S3 every few seconds. What is noted before a
deployment ends is delivered; a server that is killed loses the last moment, and the next one finds the files.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
"""

from __future__ import annotations

import logging
import os
import random
import threading
import time
import uuid
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from cumulet.engines.serve import Answered
from cumulet.services.sagemaker.asking import Ask
from cumulet.services.sagemaker.capture_records import Note, Records
from cumulet.services.sagemaker.training_request import split_uri

EVERY = 5.0  # seconds between two deliveries
MOMENT = 0.1  # seconds between a note and its writing
ROOM = 32 << 20  # bytes of bodies that may wait to be written; a disk that is slower than that loses records

log = logging.getLogger(__name__)


class Capture:
    """What one deployment captures. Safe to use from any thread."""

    def __init__(self, config: dict[str, Any], endpoint: str, folder: Path) -> None:
        self.config = config
        self.endpoint = endpoint
        self.folder = folder
        self.rate = config["InitialSamplingPercentage"] / 100
        self.records = Records(config)
        self.noting, self.writing = threading.Lock(), threading.Lock()
        self.notes: list[Note] = []
        self.held = 0  # bytes of their bodies
        self.lost = 0  # records, since the last that could be written
        folder.mkdir(parents=True, exist_ok=True)

    def note(self, variant: str, ask: Ask, answered: Answered, request_id: str, now: float) -> None:
        """Keep a request that went well, if its turn has come. A full disk costs the record, not the request."""
        if not 200 <= answered.status < 300 or random.random() >= self.rate:
            return
        size = len(ask.body) + len(answered.body)
        with self.noting:
            fits = self.held + size <= ROOM or not self.notes
            if fits:
                self.notes.append(Note(variant, ask, answered, request_id or str(uuid.uuid4()), now))
                self.held += size
            first = fits and len(self.notes) == 1
        if first:
            _scribe.write_soon(self)
        if not fits:
            self._lose(1, "the disk does not keep up")

    def write(self) -> None:
        """Put everything that was noted into files."""
        with self.writing:
            self._write()

    def _write(self) -> None:
        with self.noting:
            notes, self.notes, self.held = self.notes, [], 0
        files: dict[str, list[str]] = {}
        for note in notes:
            files.setdefault(f"{note.variant}@{hour(note.at)}.jsonl", []).append(self.records.line(note))
        for name, lines in files.items():
            self._append(self.folder / name, lines)

    def _append(self, path: Path, lines: list[str]) -> None:
        try:
            append(path, "".join(lines).encode())
        except OSError as error:
            self._lose(len(lines), str(error))
        else:
            self._say_lost()

    def _lose(self, count: int, reason: str) -> None:
        if not self.lost:
            log.error("captured data of endpoint %s is lost: %s", self.endpoint, reason)
        self.lost += count

    def _say_lost(self) -> None:
        lost, self.lost = self.lost, 0
        if lost:
            log.error("captured data of endpoint %s is kept again; %d records are lost", self.endpoint, lost)

    def deliver(self, s3: Any) -> None:
        """What has come since the last time, as one object for each variant and hour."""
        with self.writing:
            self._write()
            for path in sorted(self.folder.glob("*.jsonl")):
                path.rename(path.with_name(f"{path.name}.{uuid.uuid4().hex}.closed"))
        for path in sorted(self.folder.glob("*.closed")):
            self._put(s3, path)

    def _put(self, s3: Any, path: Path) -> None:
        variant, _, written_in = path.name.partition(".jsonl")[0].rpartition("@")
        bucket, prefix = split_uri(self.config["DestinationS3Uri"])
        written = time.gmtime(path.stat().st_mtime)
        name = f"{time.strftime('%M-%S', written)}-{int(path.stat().st_mtime % 1 * 1000):03}-{uuid.uuid4()}.jsonl"
        parts = [prefix.rstrip("/"), self.endpoint, variant, written_in.replace("-", "/"), name]
        s3.put_object(Bucket=bucket, Key="/".join(filter(None, parts)), Body=path.read_bytes())
        path.unlink()


class Scribe:
    """The thread that writes for all endpoints."""

    def __init__(self) -> None:
        self.waiting: SimpleQueue[Capture] = SimpleQueue()
        self.starting = threading.Lock()
        self.thread: threading.Thread | None = None

    def write_soon(self, capture: Capture) -> None:
        self.waiting.put(capture)
        if self.thread is None:
            self._start()

    def _start(self) -> None:
        with self.starting:
            if self.thread is None:
                self.thread = threading.Thread(target=self._work, name="captured data", daemon=True)
                self.thread.start()

    def _work(self) -> None:
        while True:
            some = [self.waiting.get()]
            time.sleep(MOMENT)  # what comes meanwhile is written together
            while True:
                try:
                    some.append(self.waiting.get_nowait())
                except Empty:
                    break
            for capture in some:
                _try_to_write(capture)


_scribe = Scribe()


def _try_to_write(capture: Capture) -> None:
    try:
        capture.write()
    except Exception:
        log.exception("captured data of endpoint %s was not written", capture.endpoint)


def append(path: Path, data: bytes) -> None:
    """All of it or nothing: a line that a full disk cut off would spoil the one behind it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        before, rest = os.fstat(descriptor).st_size, memoryview(data)
        try:
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        except OSError:
            with suppress(OSError):
                os.ftruncate(descriptor, before)
            raise
    finally:
        os.close(descriptor)


def hour(at: float) -> str:
    return time.strftime("%Y-%m-%d-%H", time.gmtime(at))
