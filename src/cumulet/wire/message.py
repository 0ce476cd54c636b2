"""What comes in and what goes out: a request, a response, and the bodies that stream through them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from cumulet.wire.forms import Form


class Headers:
    """HTTP headers in the order they came, looked up without regard to case."""

    __slots__ = ("joined", "pairs", "repeated")

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._take([(name.lower(), value) for name, value in pairs])

    @classmethod
    def of(cls, raw: Iterable[tuple[bytes, bytes]]) -> Headers:
        """From the bytes of a parser, whose names are in lower case."""
        found = cls.__new__(cls)
        found._take([(str(name, "latin-1"), str(value, "latin-1")) for name, value in raw])
        return found

    def _take(self, pairs: list[tuple[str, str]]) -> None:
        self.pairs = pairs
        self.joined = dict(pairs)
        self.repeated: dict[str, list[str]] = {}
        if len(self.joined) < len(self.pairs):
            self._join()

    def _join(self) -> None:
        found: dict[str, list[str]] = {}
        for name, value in self.pairs:
            found.setdefault(name, []).append(value)
        self.repeated = {name: values for name, values in found.items() if len(values) > 1}
        self.joined |= {name: ",".join(values) for name, values in self.repeated.items()}

    def get(self, name: str, default: str = "") -> str:
        """The value of a header; repeated ones are joined by commas, as RFC 9110 allows."""
        return self.joined.get(name.lower(), default)

    def all(self, name: str) -> list[str]:
        name = name.lower()
        return [value for key, value in self.pairs if key == name]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self.joined

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.pairs)


class Body(Protocol):
    """A request's body: read once, in pieces, from a worker thread. `read()` takes all that is left."""

    def read(self, size: int = -1, /) -> bytes: ...


def fill(body: Body, room: memoryview) -> int:
    """Fill a buffer from a body, without another copy where it knows how; short only at its end."""
    into = getattr(body, "read_into", None)
    count = 0
    while count < len(room):
        if into is not None:
            more = into(room[count:])
        else:
            piece = body.read(len(room) - count)
            more = len(piece)
            room[count : count + more] = piece
        if not more:
            break
        count += more
    return count


@dataclass(slots=True)
class Request:
    """One HTTP request. `path` and `query` are raw: percent-encoded just as the client sent them."""

    method: str
    path: str
    query: str = ""
    headers: Headers = field(default_factory=Headers)
    body: Body = field(default_factory=io.BytesIO)
    length: int | None = 0  # the declared Content-Length; None where the body is chunked
    secure: bool = False
    client: str = ""
    form: Form | None = None  # what a browser posted, where this request was read out of a form

    @property
    def host(self) -> str:
        return self.headers.get("host")


@dataclass(slots=True)
class FileSpan:
    """Bytes of an open file, sent without passing through Python where the server can do that.

    The file is open so that what was looked up is what is sent, even if the name is replaced meanwhile.
    Whoever sends it closes it.
    """

    file: BinaryIO
    start: int
    length: int

    def read(self) -> bytes:
        with self.file:
            self.file.seek(self.start)
            return self.file.read(self.length)

    def chunks(self, size: int = 1 << 18) -> Iterator[bytes]:
        with self.file:
            self.file.seek(self.start)
            left = self.length
            while left > 0 and (piece := self.file.read(min(size, left))):
                left -= len(piece)
                yield piece

    def close(self) -> None:
        self.file.close()


@dataclass(slots=True)
class Response:
    """One HTTP response. An iterator as body is streamed as it yields (and closed if the client leaves)."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | FileSpan | Iterator[bytes] = b""

    @property
    def untold_length(self) -> int | None:
        """What Content-Length must still say; None where it is said, forbidden or unknown."""
        if self.status in (204, 304) or isinstance(self.body, Iterator):
            return None
        if any(name.lower() == "content-length" for name, _ in self.headers):
            return None
        return len(self.body) if isinstance(self.body, bytes) else self.body.length
