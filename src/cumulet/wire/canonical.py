"""The canonical form of a request: the text that both sides of a Version 4 signature hash.

Clients spell one request in several ways (`+` or `%20`, `%7e` or `~`), and sign what they had before they
spelt it. AWS decodes and encodes anew; `spellings` offers the form that was sent first, since most
clients sign just that, and AWS's own form next.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

from cumulet.wire.message import Headers


class Fields:
    """A request's headers as a signature sees them: each value folded, those of one name together."""

    __slots__ = ("names", "repeated")

    def __init__(self, headers: Headers) -> None:
        self.names = headers.joined
        self.repeated = headers.repeated

    def get(self, name: str) -> str:
        """The value of a header, the first where there are several."""
        if name in self.repeated:
            return self.repeated[name][0].strip()
        return self.names.get(name, "").strip()

    def all(self, name: str) -> list[str]:
        return self.repeated.get(name) or [self.names[name]]

    def canonical(self, names: Sequence[str]) -> str:
        return "".join([f"{name}:{self._folded(name)}\n" for name in names])

    def _folded(self, name: str) -> str:
        if name in self.repeated:
            return ",".join(map(_folded, self.repeated[name]))
        return _folded(self.names.get(name, ""))


def _folded(value: str) -> str:
    """Without outer blanks, and with every run of them as a single one."""
    return " ".join(value.split())


def request(method: str, path: str, query: str, fields: Fields, signed: Sequence[str], payload: str) -> str:
    return f"{method}\n{path}\n{query}\n{fields.canonical(signed)}\n{';'.join(signed)}\n{payload}"


def spellings(path: str, query: str, *, literal: bool) -> Iterator[tuple[str, str]]:
    """The canonical (path, query) pairs that a request may have been signed as, likeliest first.

    `literal` is S3's way: the path is an object's key, so it is neither normalised nor encoded twice.
    """
    seen: set[tuple[str, str]] = set()
    for plus in ("as sent", "+", " "):
        respelt = plus != "as sent"
        pair = (_path(path, literal=literal, respelt=respelt), _query(query, plus if respelt else None))
        if pair not in seen:
            seen.add(pair)
            yield pair


def _path(path: str, *, literal: bool, respelt: bool) -> str:
    if respelt:
        path = quote(unquote_to_bytes(path.encode("latin-1")), safe="/~")
    return (path or "/") if literal else _encoded(path)


@lru_cache(maxsize=256)
def _encoded(path: str) -> str:
    """Encoded once more than it was sent. A service's clients ask for hardly more than a few paths."""
    return quote(_normalised(path).encode("latin-1"), safe="/~")


def _normalised(path: str) -> str:
    """Without empty, `.` and `..` segments (RFC 3986, 5.2.4)."""
    if not path or path == "/":
        return "/"
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment and segment != ".":
            kept.append(segment)
    return f"/{'/'.join(kept)}{'/' if kept and path.endswith('/') else ''}"


def _query(query: str, plus: str | None) -> str:
    """Name and value pairs in order, without the signature itself."""
    if not query:
        return ""
    pairs = [pair.partition("=")[::2] for pair in query.split("&")]
    if plus is not None:
        pairs = [(_respelt(name, plus), _respelt(value, plus)) for name, value in pairs if name or value]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs) if name != "X-Amz-Signature")


def _respelt(text: str, plus: str) -> str:
    return quote(unquote_to_bytes(text.replace("+", plus).encode("latin-1")), safe="~")
