"""The grammar of metric math: an expression's text as a tree.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cumulet.services.cloudwatch.refusals import unfit

TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)|(?P<text>"[^"]*"|'[^']*')
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>==|!=|<=|>=|&&|\|\||[-+*/^<>()\[\],]))""",
    re.VERBOSE,
)
BINDING = (  # from the loosest to the tightest
    ("||", "OR"),
    ("&&", "AND"),
    ("==", "!=", "<", "<=", ">", ">="),
    ("+", "-"),
    ("*", "/"),
)
WORDS = {"AND": "&&", "OR": "||"}
DEEPEST = 64


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Text:
    value: str


@dataclass(frozen=True, slots=True)
class Reference:
    """The id of a metric or expression of the same request, or a word such as REPEAT."""

    name: str


@dataclass(frozen=True, slots=True)
class Array:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Operator:
    sign: str
    left: Node
    right: Node


Node = Number | Text | Reference | Array | Call | Operator


def parse(text: str) -> Node:
    parser = Parser(_tokens(text))
    found = parser.operation(0)
    if parser.left:
        raise unfit(f"The expression {text!r} cannot be read from {parser.left[0][1]!r} on.")
    return found


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, place = [], 0
    while text[place:].strip():
        found = TOKEN.match(text, place)
        if not found or not found.lastgroup:
            raise unfit(f"The expression {text!r} cannot be read from {text[place:].strip()[:20]!r} on.")
        tokens.append((found.lastgroup, found[found.lastgroup]))
        place = found.end()
    return tokens


class Parser:
    """Reads one expression, the loosest binding first."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.left = tokens
        self.depth = 0

    def operation(self, level: int) -> Node:
        if level == len(BINDING):
            return self.negation()
        found = self.operation(level + 1)
        while self.peek() in BINDING[level]:
            sign = self.take()
            found = Operator(WORDS.get(sign, sign), found, self.operation(level + 1))
        return found

    def negation(self) -> Node:
        if self.peek() == "-":
            self.take()
            return Operator("*", Number(-1.0), self.negation())
        return self.power()

    def power(self) -> Node:
        found = self.primary()
        if self.peek() == "^":
            self.take()
            return Operator("^", found, self.negation())
        return found

    def primary(self) -> Node:
        if not self.left:
            raise unfit("The expression ends too early.")
        kind, text = self.left.pop(0)
        if kind == "number":
            return Number(float(text))
        if kind == "text":
            return Text(text[1:-1])
        if kind == "name":
            return self.named(text)
        if text in "([":
            return self.enclosed(text)
        raise unfit(f"The expression has {text!r} where a value is expected.")

    def named(self, name: str) -> Node:
        if self.peek() != "(":
            return Reference(name)
        self.take()
        return Call(name, self.items(")"))

    def enclosed(self, opening: str) -> Node:
        if opening == "[":
            return Array(self.items("]"))
        self.deeper()
        found = self.operation(0)
        self.expect(")")
        self.depth -= 1
        return found

    def items(self, closing: str) -> tuple[Node, ...]:
        self.deeper()
        found: list[Node] = []
        while self.peek() != closing:
            if found:
                self.expect(",")
            found.append(self.operation(0))
        self.take()
        self.depth -= 1
        return tuple(found)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise unfit(f"The expression is nested more than {DEEPEST} deep.")

    def peek(self) -> str:
        return self.left[0][1] if self.left and self.left[0][0] != "text" else ""

    def take(self) -> str:
        return self.left.pop(0)[1]

    def expect(self, sign: str) -> None:
        if self.peek() != sign:
            raise unfit(f"The expression lacks a {sign!r}.")
        self.take()
