"""A path's text to its tree, by descent.

A filter's brackets may hold a path or a predicate; the predicate is tried first, and where a comparison does
not follow, the brackets are read again as a path's.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cumulet.engines.sql.jsonpath import steps

TOKEN = re.compile(
    r"""\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<text>"(?:[^"\\]|\\.)*")"""
    r"""|(?P<variable>\$[A-Za-z_]\w*)|(?P<name>[A-Za-z_]\w*)"""
    r"""|(?P<mark>\.\.|==|<>|!=|<=|>=|&&|\|\||[-+*/%.,()\[\]$@?!<>]))""",
    re.VERBOSE,
)
METHODS = ("double", "ceiling", "floor", "abs", "keyvalue", "type", "size")
COMPARISONS = ("==", "<>", "!=", "<", ">", "<=", ">=")
WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}


class BadPath(ValueError):
    """A text that is no path."""


class UnwrittenPath(ValueError):
    """A path that Trino can follow and this engine cannot."""


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    start: int


def tokens(text: str) -> list[Token]:
    found, at = [], 0
    while text[at:].strip():
        match = TOKEN.match(text, at)
        if match is None:
            raise BadPath(f"unexpected character at {at}: {text[at:].strip()[:1]}")
        kind = str(match.lastgroup)
        found.append(Token(kind, match[kind], match.start(kind)))
        at = match.end()
    return found


def parse(text: str) -> steps.Path:
    return Parser(tokens(text)).path()


class Parser:
    """Reads tokens from left to right."""

    def __init__(self, found: list[Token]) -> None:
        self.found = found
        self.at = 0
        self.variables: set[str] = set()

    def path(self) -> steps.Path:
        mode = self.word("lax", "strict")
        if not mode:
            raise BadPath("a path begins with lax or strict")
        root = self.sum()
        if self.at < len(self.found):
            raise self.unexpected()
        return steps.Path(mode == "strict", root, frozenset(self.variables))

    def peek(self) -> Token:
        return self.found[self.at] if self.at < len(self.found) else Token("end", "", -1)

    def mark(self, *wanted: str) -> str:
        """The next token where it is one of these, else ''."""
        if self.peek().kind == "mark" and self.peek().text in wanted:
            self.at += 1
            return self.found[self.at - 1].text
        return ""

    def word(self, *wanted: str) -> str:
        if self.peek().kind == "name" and self.peek().text in wanted:
            self.at += 1
            return self.found[self.at - 1].text
        return ""

    def expect(self, mark: str) -> None:
        if not self.mark(mark):
            raise self.unexpected()

    def unexpected(self) -> BadPath:
        token = self.peek()
        return BadPath(f"mismatched input '{token.text or '<EOF>'}'")

    def sum(self) -> Any:
        left = self.product()
        while sign := self.mark("+", "-"):
            left = steps.Arithmetic(sign, left, self.product())
        return left

    def product(self) -> Any:
        left = self.signed()
        while sign := self.mark("*", "/", "%"):
            left = steps.Arithmetic(sign, left, self.signed())
        return left

    def signed(self) -> Any:
        if sign := self.mark("+", "-"):
            return steps.Sign(sign, self.signed())
        return self.accessed()

    def accessed(self) -> Any:
        of = self.primary()
        while True:
            if self.mark("."):
                of = self.member(of)
            elif self.mark(".."):
                of = steps.Descendant(of, self.name())
            elif self.mark("["):
                of = self.elements(of)
            elif self.mark("?"):
                self.expect("(")
                of = steps.Filter(of, self.either())
                self.expect(")")
            else:
                return of

    def member(self, of: Any) -> Any:
        if self.mark("*"):
            return steps.Member(of, None)
        quoted = self.peek().kind == "text"
        name = self.name()
        if quoted or not self.mark("("):
            return steps.Member(of, name)
        if name not in METHODS or not self.mark(")"):
            raise UnwrittenPath(f"the method {name}() in a JSON path")
        return steps.Method(of, name)

    def name(self) -> str:
        token = self.peek()
        self.at += 1
        if token.kind == "name":
            return token.text
        if token.kind == "text":
            return str(json.loads(token.text))
        self.at -= 1
        raise self.unexpected()

    def elements(self, of: Any) -> Any:
        if self.mark("*"):
            self.expect("]")
            return steps.Elements(of, [])
        places = [self.place()]
        while self.mark(","):
            places.append(self.place())
        self.expect("]")
        return steps.Elements(of, places)

    def place(self) -> tuple[Any, Any | None]:
        first = self.sum()
        return (first, self.sum()) if self.word("to") else (first, None)

    def primary(self) -> Any:
        token = self.peek()
        self.at += 1
        if token.kind == "number":
            return steps.Constant(number(token.text))
        if token.kind == "text":
            return steps.Constant(json.loads(token.text))
        if token.kind == "variable":
            self.variables.add(token.text[1:])
            return steps.Variable(token.text)
        if token.kind == "name" and token.text in WORDS:
            return steps.Constant(WORDS[token.text])
        if token.text in ("$", "@") or (token.kind, token.text) == ("name", "last"):
            return steps.Variable(token.text)
        if token.text == "(":
            inner = self.sum()
            self.expect(")")
            return inner
        self.at -= 1
        raise self.unexpected()

    def either(self) -> Any:
        left = self.both()
        while self.mark("||"):
            left = steps.Either(left, self.both())
        return left

    def both(self) -> Any:
        left = self.test()
        while self.mark("&&"):
            left = steps.Both(left, self.test())
        return left

    def test(self) -> Any:
        if self.mark("!"):
            return steps.Not(self.delimited())
        start = self.at
        if self.peek().text == "(":
            try:
                return self.delimited()
            except BadPath:
                self.at = start
        if self.peek().text == "exists":
            return self.delimited()
        left = self.sum()
        if self.word("starts"):
            if not self.word("with"):
                raise self.unexpected()
            return steps.StartsWith(left, self.primary())
        if self.peek().text == "like_regex":
            raise UnwrittenPath("like_regex in a JSON path")
        sign = self.mark(*COMPARISONS)
        if not sign:
            raise self.unexpected()
        return steps.Comparison("<>" if sign == "!=" else sign, left, self.sum())

    def delimited(self) -> Any:
        """exists(path) or (predicate), which `is unknown` may follow."""
        if self.word("exists"):
            self.expect("(")
            inner: Any = steps.Exists(self.sum())
            self.expect(")")
            return inner
        self.expect("(")
        inner = self.either()
        self.expect(")")
        if self.word("is"):
            if not self.word("unknown"):
                raise self.unexpected()
            return steps.IsUnknown(inner)
        return inner


def number(text: str) -> Any:
    """As in SQL: 1 is an integer, 1.5 a decimal, 1e0 a double."""
    if "e" in text.lower():
        return float(text)
    return Decimal(text) if "." in text else int(text)
