"""Text to tokens."""

from __future__ import annotations

import re
from typing import NamedTuple

from cumulet.engines.sql.picking.base import Refused

TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)
    |(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<string>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")*")
    |(?P<word>[A-Za-z_$][A-Za-z0-9_$]*)
    |(?P<symbol><>|<=|>=|!=|\|\||[-+*/%=<>(),.\[\];@])
    """,
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """`kind`: number, string, quoted, word, symbol or end. `text`: without its quotes."""

    kind: str
    text: str
    at: int

    @property
    def upper(self) -> str:
        """The word in capitals, or the symbol; "" for what can be neither."""
        return self.text.upper() if self.kind in ("word", "symbol") else ""


def tokens(text: str) -> list[Token]:
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise _unreadable(text, at)
        kind = match.lastgroup or ""
        if kind != "space":
            found.append(Token(kind, _plain(kind, match[0]), at))
        at = match.end()
    return [*found, Token("end", "", len(text))]


def _plain(kind: str, text: str) -> str:
    if kind in ("string", "quoted"):
        return text[1:-1].replace(text[0] * 2, text[0])
    return text


def _unreadable(text: str, at: int) -> Refused:
    if text[at] in "'\"":
        return Refused("LexerInvalidLiteral", f"The literal that begins at position {at} does not end.")
    if text[at] == "`":
        return Refused("LexerInvalidIONLiteral", "Ion literals are not supported.")
    if text[at] in "!|&^~":
        return Refused(
            "LexerInvalidOperator", f"The expression contains an invalid operator at position {at}."
        )
    return Refused("LexerInvalidChar", f"The expression contains an invalid character at position {at}.")
