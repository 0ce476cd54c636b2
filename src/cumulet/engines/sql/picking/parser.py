"""Tokens to a statement, by recursive descent; every refusal says what was expected where.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-select-sql-reference.html
"""

from __future__ import annotations

from cumulet.engines.sql.picking.base import Refused
from cumulet.engines.sql.picking.expressions import Expressions
from cumulet.engines.sql.picking.lexer import tokens
from cumulet.engines.sql.picking.statement import (
    Aggregate,
    Call,
    Item,
    Name,
    Path,
    Statement,
    Step,
)
from cumulet.engines.sql.picking.words import RESERVED

CLAUSES = {
    "GROUP",
    "ORDER",
    "HAVING",
    "UNION",
    "JOIN",
    "INNER",
    "LEFT",
    "RIGHT",
    "FULL",
    "CROSS",
    "INTERSECT",
    "EXCEPT",
}
LONGEST = 256 << 10  # bytes of an expression


def parse(text: str) -> Statement:
    if len(text.encode()) > LONGEST:
        raise Refused(
            "ExpressionTooLong", "The SQL expression is too long: The maximum byte-length is 256 KB."
        )
    try:
        return Parser(tokens(text)).statement()
    except RecursionError:
        raise too_deep() from None


def too_deep() -> Refused:
    return Refused("UnsupportedSqlStructure", "The SQL expression is nested too deeply.")


class Parser(Expressions):
    def statement(self) -> Statement:
        self.expect(
            "SELECT", "ParseUnsupportedSelect" if self.next.kind == "word" else "ParseExpectedKeyword"
        )
        self.aggregates = []
        items = self.items()
        found, self.aggregates = self.aggregates, None
        if not self.accept("FROM"):
            code = "ParseSelectMissingFrom" if self.next.kind == "end" else "ParseUnexpectedToken"
            raise self.unexpected(code, "expected FROM")
        source, alias = self.source()
        where = self.expression() if self.accept("WHERE") else None
        limit = self.limit() if self.accept("LIMIT") else None
        self.accept(";")
        self.check_end()
        _check_items(items, found)
        return Statement(tuple(items), source, alias, where, limit, tuple(found))

    def check_end(self) -> None:
        if self.next.upper in CLAUSES or self.next.upper == ",":
            raise Refused(
                "UnsupportedSqlStructure", f"{self.next.text} is not supported. Check the SQL Reference."
            )
        if self.next.kind != "end":
            raise self.unexpected("ParseUnexpectedToken", "expected the end")

    def items(self) -> list[Item]:
        if self.next.upper in ("FROM", "") and self.next.kind in ("word", "end"):
            raise self.unexpected("ParseEmptySelect", "nothing is selected")
        if self.next.upper in ("DISTINCT", "ALL"):
            raise Refused("UnsupportedSqlOperation", f"SELECT {self.next.text} is not supported.")
        if self.accept("*"):
            if self.next.upper == ",":
                raise Refused(
                    "ParseAsteriskIsNotAloneInSelectList", "Other expressions are not allowed beside *."
                )
            return []
        found = [self.item()]
        while self.accept(","):
            found.append(self.item())
        everything = [item for item in found if item.expression == Call("everything", ())]
        if everything and len(found) > 1:
            raise Refused(
                "ParseAsteriskIsNotAloneInSelectList", "Other expressions are not allowed beside *."
            )
        return [] if everything else found

    def item(self) -> Item:
        if self.next.upper == "*":
            raise Refused(
                "ParseAsteriskIsNotAloneInSelectList", "Other expressions are not allowed beside *."
            )
        expression = self.expression()
        if self.accept("AS"):
            return Item(expression, self.name("ParseExpectedIdentForAlias").text)
        if self.next.kind == "quoted" or (self.next.kind == "word" and self.next.upper not in RESERVED):
            return Item(expression, self.take().text)
        return Item(expression)

    def source(self) -> tuple[tuple[Step, ...], Name]:
        if self.next.upper != "S3OBJECT":
            raise self.unexpected("InvalidDataSource", "the only data source is S3Object")
        alias = Name(self.take().text)
        steps = self.steps()
        if self.next.upper == "AT":
            raise Refused("UnsupportedSyntax", "AT is not supported in the FROM clause.")
        if self.accept("AS"):
            return steps, self.name("ParseExpectedIdentForAlias")
        if self.next.kind == "quoted" or (self.next.kind == "word" and self.next.upper not in RESERVED):
            return steps, self.name("ParseExpectedIdentForAlias")
        last = steps[-1] if steps else None
        return steps, last if isinstance(last, Name) else alias

    def limit(self) -> int:
        if self.accept("-"):
            raise Refused("EvaluatorNegativeLimit", "LIMIT must not be negative.")
        if self.next.kind != "number" or not self.next.text.isdigit():
            raise self.unexpected("ParseExpectedNumber", "expected a whole number")
        return int(self.take().text)


def _check_items(items: list[Item], aggregates: list[Aggregate]) -> None:
    """Either all of the list comes of aggregates, or none."""
    if aggregates and any(_reads(item.expression) for item in items):
        raise Refused("UnsupportedSqlStructure", "Without GROUP BY, fields cannot stand beside aggregates.")


def _reads(expression: object) -> bool:
    """Whether a field is read outside of an aggregate."""
    if isinstance(expression, Path):
        return True
    return isinstance(expression, Call) and any(_reads(each) for each in expression.arguments)
