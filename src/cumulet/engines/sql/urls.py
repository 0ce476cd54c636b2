"""The parts of a URL as Java's URI reads it (RFC 2396): what it would not read has no parts.

https://trino.io/docs/current/functions/url.html
"""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_plus

PARTS = re.compile(
    r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL
)
# Java takes what is not ASCII, but for blanks and control characters.
LEGAL = re.compile(r"(?:[A-Za-z0-9_.!~*'();:@&=+$,/?#\[\]-]|%[0-9A-Fa-f]{2}|[^\x00-\xa0\s])*")
PLAIN = re.compile(r"[^\[\]]*")
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
HOST = re.compile(
    rf"(?:[^@]*@)?((?:{LABEL}\.)*[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.?|(?:\d{{1,3}}\.){{3}}\d{{1,3}}"
    r"|\[[0-9A-Fa-f:.]+\])(?::(\d*))?"
)


class Url:
    """`scheme`, `host` and so on are "" where there is none."""

    def __init__(self, found: re.Match[str]) -> None:
        self.scheme, authority = found[1] or "", found[2]
        opaque = found[1] is not None and authority is None and not found[3].startswith("/")
        self.path = "" if opaque else unquote(found[3])
        self.raw_query = None if opaque else found[4]
        self.fragment = unquote(found[5] or "")
        server = HOST.fullmatch(authority or "")
        self.host = server[1] if server else ""
        self.port = int(server[2]) if server and server[2] else None


def read(text: str) -> Url | None:
    found = PARTS.fullmatch(text)
    if found is None or not LEGAL.fullmatch(text) or "#" in (found[5] or ""):
        return None
    if not PLAIN.fullmatch(found[3]) or (found[1] and found[2] is None and not found[3]):
        return None
    if text.startswith("//") and not found[2]:
        return None
    if found[2] == "" and not found[3]:
        return None
    if found[1] is None and found[2] is None and ":" in found[3].split("/")[0]:
        return None  # something before a colon that is no scheme
    return Url(found)


def part(name: str, text: str) -> str | None:
    found = read(text)
    return None if found is None else str(getattr(found, name))


def query(text: str) -> str | None:
    found = read(text)
    return None if found is None else unquote(found.raw_query or "")


def port(text: str) -> int | None:
    found = read(text)
    return None if found is None else found.port


def parameter(text: str, name: str) -> str | None:
    """The first of that name; "" where it has no value."""
    found = read(text)
    if found is None or found.raw_query is None:
        return None
    for each in found.raw_query.split("&"):
        key, _, value = each.partition("=")
        if key == name:
            return unquote_plus(value)
    return None
