"""What clients were told, and what a server may hence hold after a crash.

Each writer has keys of its own, of which it knows the one state that was acknowledged and, where an answer
never came, the one that may have come of it instead. Nothing else is allowed, and nothing between the two.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from .quick import GONE, Answered, Quick

MIB = 1 << 20
PLAIN, SEALED, VERSIONED = "plain", "sealed", "versioned"  # the buckets
TAGGING = "<Tagging><TagSet><Tag><Key>k</Key><Value>{}</Value></Tag></TagSet></Tagging>"
PART = "<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>"


def content(token: str, size: int) -> bytes:
    """The bytes that a token stands for: no two tokens share any stretch of them."""
    line = f"{token}\n".encode()
    return (line * (size // len(line) + 1))[:size]


@dataclass(frozen=True)
class State:
    """An object as it can be read; `None` in its place is no object."""

    token: str
    size: int
    tag: str = ""

    @property
    def content(self) -> bytes:
        return content(self.token, self.size)


@dataclass
class Register:
    """One key without versions: what was acknowledged last, and what was asked for since."""

    acknowledged: State | None = None
    pending: list[State | None] = field(default_factory=list)

    @property
    def allowed(self) -> list[State | None]:
        return [self.acknowledged, *self.pending]


@dataclass
class Shelf:
    """One key with versions: state by version id, in the order of writing (`None` is a delete marker)."""

    versions: dict[str, State | None] = field(default_factory=dict)
    added: list[State | None] = field(default_factory=list)  # asked for, without an answer
    removed: list[str] = field(default_factory=list)


@dataclass
class Open:
    """An upload in parts that was begun: what has arrived, and whether its end was asked for."""

    bucket: str
    key: str
    parts: dict[int, tuple[str, int]] = field(default_factory=dict)  # number to ETag and size
    token: str = ""
    pending: int = 0  # the part whose answer never came
    ending: State | None = None  # what completing it makes of the key, where the answer never came
    aborting: bool = False


class Contended:
    """Keys that all writers write at the same time. A write stands unless another began after its answer."""

    def __init__(self) -> None:
        self.clock = count(1)
        self.lock = threading.Lock()
        self.writes: dict[str, list[tuple[int, float, State | None]]] = {}

    def begin(self) -> int:
        with self.lock:
            return next(self.clock)

    def end(self, key: str, began: int, state: State | None, *, answered: bool) -> None:
        with self.lock:
            ended = next(self.clock) if answered else float("inf")
            self.writes.setdefault(key, [(0, 0, None)]).append((began, ended, state))

    def allowed(self, key: str) -> list[State | None]:
        writes = self.writes.get(key, [(0, 0, None)])
        last = max((began for began, ended, _ in writes if ended != float("inf")), default=0)
        return [state for _, ended, state in writes if ended >= last]

    def settle(self, found: dict[str, State | None]) -> None:
        self.writes = {key: [(0, 0, state)] for key, state in found.items()}


class Unanswered(Exception):
    """The server went while it was asked."""


class Writer:
    """A client that does everything that changes objects, and writes down what it was told."""

    def __init__(self, number: int, contended: Contended, seed: int) -> None:
        self.number = number
        self.contended = contended
        self.random = random.Random(seed * 1000 + number)
        self.tokens = count()
        self.registers: dict[tuple[str, str], Register] = {}
        self.shelves: dict[str, Shelf] = {}
        self.uploads: dict[str, Open] = {}
        self.begun = 0  # uploads that were asked for without an answer
        self.unsure: set[tuple[str, str]] = set()  # keys with a question open: left alone till the next start
        self.acknowledged = 0
        self.failure: BaseException | None = None

    def work(self, quick: Quick, killed: threading.Event) -> None:
        """Until the server is gone. A connection that breaks earlier (one worker died) is opened again."""
        self.quick, self.killed = quick, killed
        try:
            while not killed.is_set():
                act, weight = zip(*self.acts, strict=True)
                with suppress(Unanswered):
                    self.random.choices(act, weight)[0]()
        except BaseException as error:
            self.failure = error
        finally:
            quick.close()

    @property
    def acts(self) -> list[tuple[Callable[[], None], int]]:
        return [
            (self.put, 30), (self.delete, 8), (self.copy, 10), (self.tag, 6), (self.multipart, 5),
            (self.multipart_large, 1), (self.begin, 3), (self.abort, 2), (self.put_version, 10),
            (self.mark_deleted, 3), (self.delete_version, 6), (self.delete_many, 3), (self.race, 8),
        ]  # fmt: skip

    # --- what it does

    def put(self) -> None:
        where = self._key()
        if where:
            state = self._state()
            self._change(where, state, "PUT", body=state.content, headers=self._headers())

    def delete(self) -> None:
        if where := self._key():
            self._change(where, None, "DELETE")

    def copy(self) -> None:
        source, where = self._key(), self._key()
        if source and where and source != where and (there := self.registers[source].acknowledged):
            headers = {"x-amz-copy-source": f"/{source[0]}/{source[1]}"}
            self._change(where, there, "PUT", headers=headers)

    def tag(self) -> None:
        where = self._key()
        if where and (there := self.registers[where].acknowledged):
            tagged = replace(there, tag=self._token())
            self._change(where, tagged, "PUT", {"tagging": ""}, body=TAGGING.format(tagged.tag).encode())

    def multipart(self) -> None:
        self._multipart([self.random.choice((10, 5000, 2 * MIB))])

    def multipart_large(self) -> None:
        self._multipart([5 * MIB, 1000])

    def begin(self) -> None:
        """An upload that is left open."""
        if len(self.uploads) < 4 and (where := self._key()):
            upload = self._begin(where)
            self._part(upload, 1, 2000)

    def abort(self) -> None:
        sure = [id for id, each in self.uploads.items() if not (each.pending or each.ending or each.aborting)]
        if sure:
            id = self.random.choice(sure)
            upload = self.uploads[id]
            upload.aborting = True
            self._ask("DELETE", (upload.bucket, upload.key), {"uploadId": id})
            del self.uploads[id]

    def put_version(self) -> None:
        if shelf := self._shelf():
            state = self._state()
            shelf[1].added.append(state)
            answer = self._ask("PUT", (VERSIONED, shelf[0]), body=state.content, headers=self._headers())
            self._shelve(shelf[1], answer, state)

    def mark_deleted(self) -> None:
        if shelf := self._shelf():
            shelf[1].added.append(None)
            self._shelve(shelf[1], self._ask("DELETE", (VERSIONED, shelf[0])), None)

    def delete_version(self) -> None:
        found = self._shelf()
        if found and found[1].versions:
            key, shelf = found
            version = self.random.choice(list(shelf.versions))
            shelf.removed.append(version)
            self._ask("DELETE", (VERSIONED, key), {"versionId": version})
            shelf.removed.clear()
            del shelf.versions[version]

    def delete_many(self) -> None:
        wheres = {where for where in (self._key(PLAIN), self._key(PLAIN)) if where}
        for where in wheres:
            self.registers[where].pending.append(None)
            self.unsure.add(where)
        items = "".join(f"<Object><Key>{key}</Key></Object>" for _, key in wheres)
        if items:
            answer = self._ask("POST", (PLAIN, ""), {"delete": ""}, body=f"<Delete>{items}</Delete>".encode())
            assert not answer.element("Code"), answer
        for where in wheres:
            self._settled(where, None)

    def race(self) -> None:
        """Write a key that others write at this moment."""
        key = f"contended/{self.random.randrange(4)}"
        state = None if self.random.random() < 0.2 else self._state()
        began, answered = self.contended.begin(), False
        try:
            if state is None:
                self._ask("DELETE", (PLAIN, key))
            else:
                self._ask("PUT", (PLAIN, key), body=state.content)
            answered = True
        finally:
            self.contended.end(key, began, state, answered=answered)

    # --- how

    def _ask(
        self,
        method: str,
        where: tuple[str, str],
        query: dict[str, str] | None = None,
        *,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
    ) -> Answered:
        try:
            answer = self.quick.ask(method, f"/{where[0]}/{where[1]}", query, headers, body)
        except GONE:
            raise Unanswered from None
        if answer.status >= 500 and self.killed.is_set():
            raise Unanswered
        assert answer.status < 300, f"{method} {where} {query}: {answer}"
        self.acknowledged += 1
        return answer

    def _change(
        self, where: tuple[str, str], state: State | None, method: str, query: Any = None, **more: Any
    ) -> None:
        self.registers[where].pending.append(state)
        self.unsure.add(where)
        self._ask(method, where, query, **more)
        self._settled(where, state)

    def _settled(self, where: tuple[str, str], state: State | None) -> None:
        self.registers[where] = Register(state)
        self.unsure.discard(where)

    def _multipart(self, sizes: list[int]) -> None:
        if not (where := self._key()):
            return
        id = self._begin(where)
        for number, size in enumerate(sizes, 1):
            self._part(id, number, size)
        upload = self.uploads[id]
        state = State(upload.token, sum(sizes))
        upload.ending = state
        listed = "".join(PART.format(number, etag) for number, (etag, _) in upload.parts.items())
        body = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
        self._change(where, state, "POST", {"uploadId": id}, body=body)
        del self.uploads[id]

    def _begin(self, where: tuple[str, str]) -> str:
        self.begun += 1
        id = self._ask("POST", where, {"uploads": ""}).element("UploadId")
        self.begun -= 1
        self.uploads[id] = Open(*where, token=self._token())
        return id

    def _part(self, id: str, number: int, size: int) -> None:
        upload = self.uploads[id]
        start = sum(size for _, size in upload.parts.values())
        piece = content(upload.token, start + size)[start:]
        query = {"uploadId": id, "partNumber": str(number)}
        upload.pending = number
        answer = self._ask("PUT", (upload.bucket, upload.key), query, body=piece)
        upload.parts[number], upload.pending = (answer.headers["etag"], size), 0

    def _shelve(self, shelf: Shelf, answer: Answered, state: State | None) -> None:
        shelf.added.clear()
        shelf.versions[answer.headers["x-amz-version-id"]] = state

    def _key(self, bucket: str = "") -> tuple[str, str] | None:
        """One of its keys about which it knows everything; None where it has drawn another."""
        bucket = bucket or self.random.choice((PLAIN, PLAIN, SEALED))
        names = ("a", "a/b", "deep/er/c.csv", "d.parquet", "x/../y", "e f")
        where = (bucket, f"writer-{self.number}/{self.random.choice(names)}")
        self.registers.setdefault(where, Register())
        return None if where in self.unsure else where

    def _shelf(self) -> tuple[str, Shelf] | None:
        key = f"writer-{self.number}/{self.random.choice('abc')}"
        shelf = self.shelves.setdefault(key, Shelf())
        return None if shelf.added or shelf.removed else (key, shelf)

    def _state(self) -> State:
        size = self.random.choices((20, 3000, 100_000, 2 * MIB), (60, 30, 8, 2))[0]
        return State(self._token(), size)

    def _headers(self) -> dict[str, str]:
        sealed = self.random.random() < 0.15
        return {"x-amz-server-side-encryption": "AES256"} if sealed else {}

    def _token(self) -> str:
        return f"{self.number}-{next(self.tokens)}"
