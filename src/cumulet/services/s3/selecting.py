"""SelectObjectContent: some records of an object and some of their fields, by SQL, as a stream of events.

The statement is answered by a worker of the SQL engine, whose memory and time are its own; what comes of it is
sent while it grows. What goes wrong before the first record is refused as such; what does later ends the stream
with an error, as on AWS.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_SelectObjectContent.html
"""

from __future__ import annotations

import os
import shutil
import threading
import uuid
import weakref
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryFile
from typing import Any, BinaryIO, cast

from cumulet.engines.sql.picking.base import Question, Refused, Tally
from cumulet.engines.sql.picking.parser import parse
from cumulet.engines.sql.pool import Pool
from cumulet.house import House
from cumulet.services.s3 import archives, customer_keys, encryption, rot, serializations
from cumulet.services.s3.members import honours
from cumulet.services.s3.versions import Versions
from cumulet.store.objects import Entry
from cumulet.wire.errors import AwsError

POOLS: dict[Path, Pool] = {}  # by folder: a service is made anew for each call, workers are not
LOCK = threading.Lock()
PIECE = 128 << 10  # bytes of one Records event
SIGN = 2.0  # seconds without an event after which the client is told that work goes on
PATIENCE = 5.0  # seconds in which a failure can still be the answer's status


class Selecting(Versions):
    @honours(customer_keys.CUSTOMER)
    def select_object_content(
        self,
        *,
        Bucket: str,
        Key: str,
        Expression: str,
        ExpressionType: str,
        InputSerialization: dict[str, Any],
        OutputSerialization: dict[str, Any],
        RequestProgress: dict[str, Any] | None = None,
        ScanRange: dict[str, Any] | None = None,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """Answer a statement about one object. Progress is told as records are."""
        bucket = self._bucket(Bucket, "s3:GetObject", Key, owner=ExpectedBucketOwner, asked=members)
        entry = self._find(bucket, Key)
        archives.check_readable(entry, self.house.clock())
        encryption.check_readable(entry.detail, self)
        lock = customer_keys.unlocking(entry.detail, members)
        if ExpressionType.upper() != "SQL":
            message = "The ExpressionType is invalid. Only SQL expressions are supported."
            raise AwsError("InvalidExpressionType", message, status=400)
        asked = _question(Expression, InputSerialization, OutputSerialization, ScanRange, entry.size)
        rot.check(self.store.blobs, entry, 0, entry.size, lock)
        progress = bool((RequestProgress or {}).get("Enabled"))
        selection = Selection(self.house, asked, self._plain(entry, lock), progress=progress)
        return {"Payload": selection.events()}

    def _plain(self, entry: Entry, lock: bytes) -> BinaryIO:
        """The object's bytes as an open file; of an encrypted object one that has no name."""
        blobs = self.store.blobs
        if "encryption" not in entry.detail:
            blobs.settle(entry.blob)
            return blobs.open(entry.blob)
        file = cast(BinaryIO, TemporaryFile(dir=blobs.folder))  # noqa: SIM115 - closed with the answer
        file.writelines(blobs.read(entry.blob, 0, entry.size, lock))
        file.flush()
        return file


def _question(
    text: str, read: Mapping[str, Any], wanted: Mapping[str, Any], scan: Mapping[str, Any] | None, size: int
) -> dict[str, Any]:
    """What is asked, but for the places; refused where that can be told without the data."""
    source, packed = serializations.source(read), serializations.compression(read)
    told = {
        "text": text,
        "source": source,
        "answer": serializations.answer(wanted),
        "compression": packed,
        "span": serializations.span(scan, size, packed, source),
    }
    try:
        parse(text)
    except Refused as error:
        raise AwsError(error.code, error.message, status=400) from None
    return told


class Selection:
    """One statement being answered. Its worker reads the object through this process's open file, so it is the
    object as it was, and of an encrypted one no plain copy is left, however this ends. The answer grows in a
    file, so a worker does not wait for a client that reads slowly; it tells how far it has come."""

    def __init__(self, house: House, asked: dict[str, Any], file: BinaryIO, *, progress: bool) -> None:
        self.pool = workers(house)
        self.id = uuid.uuid4().hex
        self.file = file
        self.folder = self.pool.folder.parent / "answers" / self.id
        path = f"/proc/{os.getpid()}/fd/{file.fileno()}"
        self.asked = {**asked, "path": path, "now": house.clock(), "target": str(self.folder / "answer")}
        self.progress = progress
        self.news: SimpleQueue[Tally | BaseException | None] = SimpleQueue()  # None: nothing more comes

    def events(self) -> Iterator[dict[str, Any]]:
        """Begun when this returns: what is wrong before the first record (and within a while) is raised here."""
        self.folder.mkdir(parents=True, mode=0o700)
        threading.Thread(target=self._work, name="select", daemon=True).start()
        found = self._events()
        try:
            first = next(found)
        except BaseException:
            self.forget()
            raise
        return Answer(first, found, self.forget)

    def forget(self) -> None:
        self.pool.cancel(self.id)
        self.file.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _work(self) -> None:
        try:
            self.news.put(self.pool.pick(Question(**self.asked), self.id, self.news.put))
            self.news.put(None)
        except BaseException as error:
            self.news.put(error)

    def _events(self) -> Iterator[dict[str, Any]]:
        sent, tally, told = 0, Tally(), Tally()
        wait = PATIENCE
        while (news := self._next(tally, wait)) is not None:
            wait = SIGN
            if news is tally:
                yield {"Cont": {}}
                continue
            tally = news
            for piece in self._pieces(sent, tally.returned):
                yield {"Records": {"Payload": piece}}
            if self.progress and tally != told:
                yield {"Progress": {"Details": details(tally)}}
            sent, told = tally.returned, tally
        yield {"Stats": {"Details": details(tally)}}
        yield {"End": {}}

    def _pieces(self, start: int, end: int) -> Iterator[bytes]:
        """What has been answered since."""
        if end > start:
            with (self.folder / "answer").open("rb") as answer:
                answer.seek(start)
                while start < end and (piece := answer.read(min(PIECE, end - start))):
                    start += len(piece)
                    yield piece

    def _next(self, known: Tally, wait: float) -> Tally | None:
        """The next news; what is known already where there are none for a while."""
        try:
            found = self.news.get(timeout=wait)
        except Empty:
            return known
        if isinstance(found, Refused):
            raise AwsError(found.code, found.message, status=400) from None
        if isinstance(found, BaseException):
            message = f"The worker that answers the statement failed: {found}"
            raise AwsError("InternalError", message, status=500) from found
        return found


class Answer:
    """Events of which the first is there already. Whoever drops them ends the work."""

    def __init__(
        self, first: dict[str, Any], others: Iterator[dict[str, Any]], end: Callable[[], None]
    ) -> None:
        self.events = chain([first], others)
        self.close = weakref.finalize(self, end)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self

    def __next__(self) -> dict[str, Any]:
        try:
            return next(self.events)
        except BaseException:
            self.close()
            raise


def details(tally: Tally) -> dict[str, int]:
    return {
        "BytesScanned": tally.scanned,
        "BytesProcessed": tally.processed,
        "BytesReturned": tally.returned,
    }


def workers(house: House) -> Pool:
    """The workers of this process; what others have left whose process is gone is removed."""
    folder = house.config.data_dir / "select" / str(os.getpid())
    with LOCK:
        if folder not in POOLS:
            _clear(folder)
            POOLS[folder] = Pool(folder / "workers")
        return POOLS[folder]


def _clear(own: Path) -> None:
    for folder in own.parent.glob("*"):
        if folder == own or not Path(f"/proc/{folder.name}").exists():
            shutil.rmtree(folder, ignore_errors=True)
