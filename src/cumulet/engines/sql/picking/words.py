"""The tokens of a statement in order, and the names and paths that they make."""

from __future__ import annotations

from cumulet.engines.sql.picking.base import Refused
from cumulet.engines.sql.picking.lexer import Token
from cumulet.engines.sql.picking.statement import Call, Every, Expression, Name, Path, Step

RESERVED = {
    "SELECT", "FROM", "WHERE", "LIMIT", "AS", "AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "ESCAPE", "IS", "NULL",
    "MISSING", "TRUE", "FALSE", "CASE", "WHEN", "THEN", "ELSE", "END", "CAST", "GROUP", "ORDER", "HAVING", "UNION",
    "JOIN", "DISTINCT", "BY", "AT", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "OUTER", "ON", "INTERSECT", "EXCEPT",
}  # fmt: skip


class Words:
    def __init__(self, found: list[Token]) -> None:
        self.tokens = found
        self.at = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def accept(self, *words: str) -> str:
        """The next word or symbol, if it is one of these; it is behind us then."""
        upper = self.next.upper
        if upper in words:
            self.at += 1
            return upper
        return ""

    def expect(self, word: str, code: str = "ParseUnexpectedToken") -> None:
        if not self.accept(word):
            raise self.unexpected(code, f"expected {word}")

    def unexpected(self, code: str, expected: str) -> Refused:
        found = self.next.text or "the end"
        return Refused(
            code, f"Unexpected {found!r} at position {self.next.at} of the SQL expression: {expected}."
        )

    def close(self) -> None:
        self.expect(")", "ParseExpectedRightParenBuiltinFunctionCall")

    def comma(self) -> None:
        self.expect(",", "ParseExpectedArgumentDelimiter")

    def name(self, code: str) -> Name:
        if self.next.kind == "quoted":
            return Name(self.take().text, exact=True)
        if self.next.kind != "word" or self.next.upper in RESERVED:
            raise self.unexpected(code, "expected a name")
        return Name(self.take().text)

    def path(self) -> Expression:
        first = self.name("ParseUnexpectedTerm")
        steps = self.steps()
        if self.next.upper == "." and self.tokens[self.at + 1].upper == "*":
            self.at += 2
            if steps:
                raise Refused(
                    "ParseInvalidContextForWildcardInSelectList", "Only the table's own .* is supported."
                )
            return Call("everything", ())
        if any(isinstance(step, Every) for step in steps[0 if first.text.upper() != "S3OBJECT" else 1 :]):
            raise Refused(
                "ParseCannotMixSqbAndWildcardInSelectList", "[*] is supported in the FROM clause only."
            )
        return Path((first, *steps))

    def steps(self) -> tuple[Step, ...]:
        """`.name`, `["name"]`, `[3]` and `[*]`, as many as there are."""
        found: list[Step] = []
        while self.next.upper in (".", "["):
            if self.next.upper == "." and self.tokens[self.at + 1].upper == "*":
                break
            if self.take().text == ".":
                found.append(self.member())
            else:
                found.append(self.index())
                self.expect("]", "ParseExpectedTokenType")
        return tuple(found)

    def member(self) -> Name:
        """Behind a dot any word is a name, also one that means something elsewhere."""
        if self.next.kind not in ("word", "quoted"):
            raise self.unexpected("ParseExpectedMember", "expected a name")
        token = self.take()
        return Name(token.text, exact=token.kind == "quoted")

    def index(self) -> Step:
        if self.accept("*"):
            return Every()
        if self.next.kind == "number" and self.next.text.isdigit():
            return int(self.take().text)
        if self.next.kind in ("string", "quoted"):
            return Name(self.take().text, exact=True)
        raise self.unexpected("ParseExpected2TokenTypes", "expected a number, a name or *")
