"""Partition expressions: the WHERE-like filter of GetPartitions, over a table's partition keys.

    year = '2024' AND month IN (1, 2, 3) AND NOT (day BETWEEN 10 AND 12 OR region LIKE 'eu-%')

Both sides of a comparison are read as the key's type. A value that is not of its key's type (above all
`__HIVE_DEFAULT_PARTITION__`, Hive's null) satisfies no comparison and no negation of one, as in SQL; NOT is
pushed down to the comparisons while parsing, which keeps every answer a plain yes or no.
https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html#API_GetPartitions_RequestSyntax
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cumulet.services.glue.literals import Kind, kind_of
from cumulet.services.glue.refusals import invalid
from cumulet.store.partitions import Index
from cumulet.wire.errors import AwsError

Search = Callable[[Index], int]
Test = Callable[[Any], bool]

TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>'(?:[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`)
    | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<word>[^\W\d][\w$]*)
    | (?P<sign><>|!=|<=|>=|[=<>(),])
    )""",
    re.VERBOSE,
)
WORDS = frozenset(["AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "IS", "NULL"])
NULL = "__HIVE_DEFAULT_PARTITION__"
DEEPEST = 100  # brackets within brackets

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
MIRRORED = {"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="}


def search(expression: str, keys: Sequence[dict[str, Any]]) -> Search:
    """An expression as a search over the partitions of a table with these partition keys."""
    return Parser(tokens(expression), keys).whole()


def malformed(why: str) -> AwsError:
    return invalid(f"Expression cannot be read: {why}.")


@dataclass(frozen=True, slots=True)
class Token:
    kind: str  # string, quoted, number, word, sign, end
    text: str

    def is_word(self, word: str) -> bool:
        return self.kind == "word" and self.text.upper() == word


END = Token("end", "the end")


def tokens(expression: str) -> list[Token]:
    found, at, text = [], 0, expression.rstrip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise malformed(f"unexpected {text[at:].strip()[:20]!r} at position {at + 1}")
        assert match.lastgroup
        found.append(Token(match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


def unquoted(text: str) -> str:
    quote = text[0]
    return text[1:-1].replace(quote * 2, quote)


class Parser:
    """Recursive descent over OR, AND, NOT, brackets and comparisons."""

    def __init__(self, found: list[Token], keys: Sequence[dict[str, Any]]) -> None:
        self.tokens = found
        self.at = 0
        self.depth = 0
        self.columns = {key["Name"].lower(): number for number, key in enumerate(keys)}
        self.types = [key.get("Type", "string") for key in keys]

    def whole(self) -> Search:
        result = self.alternatives(negated=False)
        if self.peek() is not END:
            raise malformed(f"{self.peek().text!r} was not expected there")
        return result

    def alternatives(self, negated: bool) -> Search:
        parts = [self.conditions(negated)]
        while self.took("OR"):
            parts.append(self.conditions(negated))
        return every(parts) if negated else either(parts)

    def conditions(self, negated: bool) -> Search:
        parts = [self.condition(negated)]
        while self.took("AND"):
            parts.append(self.condition(negated))
        return either(parts) if negated else every(parts)

    def condition(self, negated: bool) -> Search:
        while self.took("NOT"):
            negated = not negated
        if self.took_sign("("):
            return self.bracket(negated)
        first = self.next()
        if first.kind in ("string", "number"):
            return self.mirrored(first, negated)
        column = self.column(first)
        negated ^= self.took("NOT")
        test, kind = self.predicate(self.types[column], negated)
        return leaf(column, kind, test)

    def bracket(self, negated: bool) -> Search:
        self.depth += 1
        if self.depth > DEEPEST:
            raise malformed(f"more than {DEEPEST} brackets within brackets")
        inner = self.alternatives(negated)
        self.expect(")")
        self.depth -= 1
        return inner

    def mirrored(self, literal: Token, negated: bool) -> Search:
        """`'2024' = year`, which is `year = '2024'`."""
        sign = MIRRORED[self.sign()]
        column = self.column(self.next())
        kind = kind_of(self.types[column])
        return leaf(column, kind, comparison(sign, kind.literal(self.value(literal)), negated))

    def predicate(self, type: str, negated: bool) -> tuple[Test, Kind]:
        """What follows a key: the test of a value, and as what the value is read."""
        kind = kind_of(type)
        if self.took("IN"):
            return self.membership(kind, negated), kind
        if self.took("BETWEEN"):
            return self.range(kind, negated), kind
        if self.took("LIKE"):
            return self.likeness(kind, negated), kind
        if self.took("IS"):
            return self.nullness(negated), kind_of("null")
        sign = self.sign()
        return comparison(sign, kind.literal(self.value(self.next())), negated), kind

    def membership(self, kind: Kind, negated: bool) -> Test:
        self.expect("(")
        values = {kind.literal(self.value(self.next()))}
        while self.took_sign(","):
            values.add(kind.literal(self.value(self.next())))
        self.expect(")")
        return (lambda value: value not in values) if negated else Exactly(frozenset(values))

    def range(self, kind: Kind, negated: bool) -> Test:
        low = kind.literal(self.value(self.next()))
        if not self.took("AND"):
            raise malformed("BETWEEN needs AND")
        high = kind.literal(self.value(self.next()))
        return lambda value: (low <= value <= high) is not negated

    def likeness(self, kind: Kind, negated: bool) -> Test:
        if not kind.text:
            raise malformed(f"LIKE does not apply to a key of type {kind.name}")
        pattern = like(self.value(self.next()))
        return lambda value: (pattern.fullmatch(value) is not None) is not negated

    def nullness(self, negated: bool) -> Test:
        negated ^= self.took("NOT")
        if not self.took("NULL"):
            raise malformed("IS needs NULL or NOT NULL")
        return lambda value: (value == NULL) is not negated

    def column(self, token: Token) -> int:
        reserved = token.kind == "word" and token.text.upper() in WORDS
        if token.kind not in ("word", "quoted") or reserved:
            raise malformed(f"a partition key was expected, not {token.text!r}")
        name = unquoted(token.text) if token.kind == "quoted" else token.text
        if name.lower() not in self.columns:
            raise malformed(
                f"{name!r} is not one of the partition keys {', '.join(self.columns) or '(none)'}"
            )
        return self.columns[name.lower()]

    def value(self, token: Token) -> str:
        """A literal's text; DATE '2024-01-01' and TIMESTAMP '...' are the strings they hold."""
        if token.is_word("DATE") or token.is_word("TIMESTAMP"):
            token = self.next()
        if token.kind == "string":
            return unquoted(token.text)
        if token.kind == "number" or token.is_word("TRUE") or token.is_word("FALSE"):
            return token.text
        raise malformed(f"a value was expected, not {token.text!r}")

    def sign(self) -> str:
        token = self.next()
        text = "<>" if token.text == "!=" else token.text
        if token.kind != "sign" or text not in COMPARE:
            raise malformed(f"a comparison was expected, not {token.text!r}")
        return text

    def peek(self) -> Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else END

    def next(self) -> Token:
        token = self.peek()
        self.at += 1
        return token

    def took(self, word: str) -> bool:
        found = self.peek().is_word(word)
        self.at += found
        return found

    def took_sign(self, sign: str) -> bool:
        found = self.peek() == Token("sign", sign)
        self.at += found
        return found

    def expect(self, sign: str) -> None:
        if not self.took_sign(sign):
            raise malformed(f"{sign!r} was expected, not {self.peek().text!r}")


def comparison(sign: str, wanted: Any, negated: bool) -> Test:
    sign = OPPOSITE[sign] if negated else sign
    if sign == "=":
        return Exactly(frozenset([wanted]))
    compare = COMPARE[sign]
    return lambda value: compare(value, wanted)


def like(pattern: str) -> re.Pattern[str]:
    """LIKE's `%` and `_`, neither of which an escape can take away here. Runs of `%` are one, and each
    but the last gives back nothing it took (`(?>...)`), so that matching stays quick on any pattern."""
    parts = [re.escape(part).replace("_", ".") for part in re.split("%+", pattern)]
    if len(parts) == 1:
        return re.compile(parts[0], re.DOTALL)
    first, *middle, last = parts
    return re.compile(first + "".join(f"(?>.*?{part})" for part in middle) + ".*" + last, re.DOTALL)


@dataclass(frozen=True, slots=True)
class Exactly:
    """The test whether a value is one of a few: those of texts are found without looking at the others."""

    values: frozenset[Any]

    def __call__(self, value: Any) -> bool:
        return value in self.values


def leaf(column: int, kind: Kind, test: Test) -> Search:
    if kind.text and isinstance(test, Exactly):
        texts = test.values - {NULL}
        return lambda index: index.holding(column, texts)

    def passes(text: str) -> bool:
        value = kind.read(text)
        return value is not None and test(value)

    return lambda index: index.matching(column, passes)


def every(parts: list[Search]) -> Search:
    def search(index: Index) -> int:
        mask = parts[0](index)
        for part in parts[1:]:
            mask &= part(index)
        return mask

    return parts[0] if len(parts) == 1 else search


def either(parts: list[Search]) -> Search:
    def search(index: Index) -> int:
        mask = parts[0](index)
        for part in parts[1:]:
            mask |= part(index)
        return mask

    return parts[0] if len(parts) == 1 else search
