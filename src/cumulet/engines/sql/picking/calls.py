"""Functions: those of a list of expressions, the aggregates, and those with a grammar of their own."""

from __future__ import annotations

from typing import Any

from cumulet.engines.sql.picking import casting
from cumulet.engines.sql.picking.base import Refused
from cumulet.engines.sql.picking.lexer import Token
from cumulet.engines.sql.picking.statement import Aggregate, Call, Expression, Literal
from cumulet.engines.sql.picking.words import Words

AGGREGATES = {"AVG", "COUNT", "MAX", "MIN", "SUM"}
ARITIES = {  # of the functions whose arguments are plain expressions: the fewest, the most
    "COALESCE": (1, 1000), "NULLIF": (2, 2), "CHAR_LENGTH": (1, 1), "CHARACTER_LENGTH": (1, 1), "LOWER": (1, 1),
    "UPPER": (1, 1), "TO_STRING": (2, 2), "TO_TIMESTAMP": (1, 1), "UTCNOW": (0, 0), "SIZE": (1, 1),
}  # fmt: skip
PARTS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "TIMEZONE_HOUR", "TIMEZONE_MINUTE")


class Calls(Words):
    def __init__(self, found: list[Token]) -> None:
        super().__init__(found)
        self.aggregates: list[Aggregate] | None = None  # where they may stand, those found so far

    def expression(self) -> Expression:
        raise NotImplementedError  # what stands between the brackets: `expressions`

    def call(self, name: str) -> Expression:
        if name == "CAST":
            self.expect("(", "ParseExpectedLeftParenAfterCast")
            return self.cast()
        self.expect("(", "ParseExpectedLeftParenBuiltinFunctionCall")
        if name in AGGREGATES:
            return self.aggregate(name)
        if name in ("DATE_ADD", "DATE_DIFF", "EXTRACT", "SUBSTRING", "TRIM"):
            return Call(name.lower(), getattr(self, name.lower())())
        if name not in ARITIES:
            raise Refused("UnsupportedFunction", f"Encountered an unsupported SQL function: {name}.")
        if self.next.upper == "*":
            raise Refused("ParseUnsupportedCallWithStar", f"Only COUNT takes *, not {name}.")
        arguments = self.arguments()
        fewest, most = ARITIES[name]
        if not fewest <= len(arguments) <= most:
            raise Refused("EvaluatorInvalidArguments", f"{name} does not take {len(arguments)} arguments.")
        return Call("char_length" if name == "CHARACTER_LENGTH" else name.lower(), arguments)

    def arguments(self) -> tuple[Expression, ...]:
        """Expressions up to the closing parenthesis, which is behind us then."""
        if self.accept(")"):
            return ()
        found = [self.expression()]
        while self.accept(","):
            found.append(self.expression())
        self.close()
        return tuple(found)

    def aggregate(self, name: str) -> Expression:
        if self.aggregates is None:
            raise Refused("UnsupportedSqlStructure", f"{name} is supported in the select list only.")
        if self.next.upper == "*":
            if name != "COUNT":
                raise Refused("ParseUnsupportedCallWithStar", f"Only COUNT takes *, not {name}.")
            self.take()
            self.close()
            found = Aggregate(name.lower(), None)
        else:
            if self.next.upper in ("DISTINCT", "ALL"):
                raise Refused("UnsupportedSqlOperation", f"{name} ({self.next.text} ...) is not supported.")
            outer, self.aggregates = self.aggregates, None  # none within another
            arguments = self.arguments()
            self.aggregates = outer
            if len(arguments) != 1:
                raise Refused("ParseNonUnaryAgregateFunctionCall", f"{name} takes one argument.")
            found = Aggregate(name.lower(), arguments[0])
        self.aggregates.append(found)
        return found

    def cast(self) -> Expression:
        value = self.expression()
        if not self.accept("AS"):
            code = "ParseCastArity" if self.next.upper in (",", ")") else "ParseExpectedKeyword"
            raise self.unexpected(code, "expected AS")
        if self.next.kind != "word":
            raise self.unexpected("ParseExpectedTypeName", "expected the name of a type")
        kind = self.take().upper
        if kind not in casting.TYPES:
            raise Refused("ParseExpectedTypeName", f"{kind} is not the name of a type.")
        parameters = self.type_parameters() if self.accept("(") else ()
        self.expect(")", "ParseExpectedTokenType")
        return Call("cast", (casting.checked_type(kind, parameters), value))

    def type_parameters(self) -> tuple[int, ...]:
        found = []
        while True:
            if self.next.kind != "number" or not self.next.text.isdigit():
                raise self.unexpected("ParseExpectedNumber", "expected a whole number")
            found.append(int(self.take().text))
            if not self.accept(","):
                break
        self.expect(")", "ParseExpectedTokenType")
        return tuple(found)

    def part(self) -> str:
        if self.next.upper not in PARTS:
            raise self.unexpected("ParseExpectedDatePart", f"expected one of {', '.join(PARTS)}")
        return self.take().upper

    def date_add(self) -> tuple[Any, ...]:
        return self.dated()

    def date_diff(self) -> tuple[Any, ...]:
        return self.dated()

    def dated(self) -> tuple[Any, ...]:
        part = self.part()
        self.comma()
        first = self.expression()
        self.comma()
        second = self.expression()
        self.close()
        if part.startswith("TIMEZONE"):
            raise Refused("ParseExpectedDatePart", f"{part} can only be extracted.")
        return part, first, second

    def extract(self) -> tuple[Any, ...]:
        part = self.part()
        self.expect("FROM", "ParseExpectedKeyword")
        value = self.expression()
        self.close()
        return part, value

    def substring(self) -> tuple[Any, ...]:
        text = self.expression()
        word = self.accept("FROM", ",")
        if not word:
            raise self.unexpected("ParseExpectedArgumentDelimiter", "expected FROM or a comma")
        found = [text, self.expression()]
        if self.accept("FOR" if word == "FROM" else ","):
            found.append(self.expression())
        self.close()
        return tuple(found)

    def trim(self) -> tuple[Any, ...]:
        """The side, the characters, the text."""
        side = self.accept("LEADING", "TRAILING", "BOTH")
        if side and self.accept("FROM"):
            first: Expression = Literal(" ")
            text = self.expression()
        else:
            first = self.expression()
            text = self.expression() if self.accept("FROM") else first
            first = Literal(" ") if text is first else first
        self.close()
        return side or "BOTH", first, text
