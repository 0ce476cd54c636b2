"""Expressions to DuckDB's SQL, as far as it certainly says the same of every record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cumulet.engines.sql.picking import terms
from cumulet.engines.sql.picking.base import Refused
from cumulet.engines.sql.picking.compiling import Compiler, _pattern
from cumulet.engines.sql.picking.statement import Aggregate, Call, Expression, Literal, Path
from cumulet.engines.sql.picking.terms import DOUBT, Term, Untold
from cumulet.engines.sql.picking.timestamps import Timestamp


class Translator:
    def __init__(self, column: Callable[[Path], Term], now: Timestamp) -> None:
        self.column = column
        self.constants = Compiler(self._none, self._none, now)

    def _none(self, _: Any) -> Any:
        raise Untold

    def term(self, expression: Expression) -> Term:
        if isinstance(expression, Path):
            return self.column(expression)
        if isinstance(expression, Aggregate):
            raise Untold
        if isinstance(expression, Literal):
            return terms.literal(expression.value)
        if not reads(expression):
            return self._constant(expression)
        return self._call(expression)

    def condition(self, expression: Expression) -> str:
        found = self.term(expression)
        if found.kind not in ("boolean", "null"):
            raise Untold
        return found.sql

    def _constant(self, call: Call) -> Term:
        try:
            return terms.literal(self.constants.compile(call)(None))
        except Refused:
            raise Untold from None  # only a record that comes to it is refused

    def _call(self, call: Call) -> Term:
        name, arguments = call.name, call.arguments
        if name == "cast":
            return terms.cast(arguments[0], self.term(arguments[1]))
        if name == "trim":
            return self._trim(*arguments)
        if name in ("=", "<>", "<", "<=", ">", ">="):
            return terms.compare(name, self.term(arguments[0]), self.term(arguments[1]))
        if name in ("+", "-", "*", "/", "%"):
            return terms.reckon(name, self.term(arguments[0]), self.term(arguments[1]))
        if (act := getattr(self, "_" + name.replace(" ", "_"), None)) is None or name not in CALLS:
            raise Untold
        found: Term = act(*arguments)
        return found

    # --- conditions

    def _and(self, first: Expression, second: Expression) -> Term:
        left, right = self.condition(first), self.condition(second)
        if DOUBT in right:  # which must not be asked of what the left has ruled out
            return Term(f"(CASE WHEN {left} IS FALSE THEN FALSE ELSE ({left} AND {right}) END)", "boolean")
        return Term(f"({left} AND {right})", "boolean")

    def _or(self, first: Expression, second: Expression) -> Term:
        left, right = self.condition(first), self.condition(second)
        if DOUBT in right:
            return Term(f"(CASE WHEN {left} IS TRUE THEN TRUE ELSE ({left} OR {right}) END)", "boolean")
        return Term(f"({left} OR {right})", "boolean")

    def _not(self, value: Expression) -> Term:
        return Term(f"(NOT {self.condition(value)})", "boolean")

    def _in(self, value: Expression, *choices: Expression) -> Term:
        held = self.term(value)
        found = [terms.compare("=", held, self.term(each)).sql for each in choices]
        return Term("(" + (" OR ".join(found) or "FALSE") + ")", "boolean")

    def _between(self, value: Expression, low: Expression, high: Expression) -> Term:
        held = self.term(value)
        first, second = terms.compare(">=", held, self.term(low)), terms.compare("<=", held, self.term(high))
        return Term(f"({first.sql} AND {second.sql})", "boolean")

    def _like(self, value: Expression, pattern: Expression, escape: Expression) -> Term:
        held = self.term(value)
        if not (held.is_text and isinstance(pattern, Literal) and isinstance(escape, Literal)):
            raise Untold
        if not (isinstance(pattern.value, str) and isinstance(escape.value, str)):
            raise Untold
        try:
            _pattern(pattern.value, escape.value)
        except Refused:
            raise Untold from None
        behind = f" ESCAPE {terms.quoted(escape.value)}" if escape.value else ""
        return Term(f"({held.sql} LIKE {terms.quoted(pattern.value)}{behind})", "boolean")

    def _is_null(self, value: Expression) -> Term:
        return Term(f"({self.term(value).sql} IS NULL)", "boolean")

    def _is_missing(self, value: Expression) -> Term:
        if not isinstance(value, Path):
            raise Untold
        self.column(value)
        return Term("FALSE", "boolean")  # rows by columns lack none

    # --- choices

    def _case(self, *arguments: Expression) -> Term:
        conditions = [self.condition(each) for each in arguments[:-1:2]]
        values = [self.term(each) for each in (*arguments[1:-1:2], arguments[-1])]
        branches = " ".join(
            f"WHEN {condition} THEN {value.sql}" for condition, value in zip(conditions, values, strict=False)
        )
        return Term(f"(CASE {branches} ELSE {values[-1].sql} END)", common(values))

    def _coalesce(self, *arguments: Expression) -> Term:
        values = [self.term(each) for each in arguments]
        return Term(f"coalesce({', '.join(value.sql for value in values)})", common(values))

    def _nullif(self, first: Expression, second: Expression) -> Term:
        left = self.term(first)
        same = terms.compare("=", left, self.term(second))
        return Term(f"(CASE WHEN {same.sql} THEN NULL ELSE {left.sql} END)", common([left]))

    # --- values

    def _negative(self, value: Expression) -> Term:
        return terms.reckon("-", terms.literal(0), self.term(value))

    def _positive(self, value: Expression) -> Term:
        return terms.reckon("+", terms.literal(0), self.term(value))

    def _text(self, value: Expression) -> str:
        found = self.term(value)
        if not found.is_text:
            raise Untold
        return found.sql

    def _char_length(self, value: Expression) -> Term:
        return Term(f"length({self._text(value)})", "integer")

    def _lower(self, value: Expression) -> Term:
        return self._cased("lower", value)

    def _upper(self, value: Expression) -> Term:
        return self._cased("upper", value)

    def _cased(self, function: str, value: Expression) -> Term:
        """Beyond ASCII there are letters of which one is two in the other case."""
        held = self._text(value)
        sql = f"(CASE WHEN strlen({held}) <> length({held}) THEN {DOUBT} ELSE {function}({held}) END)"
        return Term(sql, "text")

    def _substring(self, value: Expression, *bounds: Expression) -> Term:
        held = self._text(value)
        numbers: list[Any] = [each.value if isinstance(each, Literal) else None for each in bounds]
        if not all(type(each) is int and abs(each) < 1 << 31 for each in numbers):
            raise Untold
        first = numbers[0]
        if len(numbers) == 1:
            return Term(f"substring({held}, {max(first, 1)})", "text")
        if numbers[1] < 0:
            raise Untold
        length = max(first + numbers[1], 1) - max(first, 1)
        return Term(f"substring({held}, {max(first, 1)}, {length})", "text")

    def _trim(self, side: str, characters: Expression, value: Expression) -> Term:
        if not isinstance(characters, Literal) or not isinstance(characters.value, str):
            raise Untold
        if not characters.value or not characters.value.isascii():
            raise Untold
        function = {"LEADING": "ltrim", "TRAILING": "rtrim", "BOTH": "trim"}[side]
        return Term(f"{function}({self._text(value)}, {terms.quoted(characters.value)})", "text")


CALLS = {
    "and", "or", "not", "in", "between", "like", "is null", "is missing", "case", "coalesce", "nullif", "negative",
    "positive", "char_length", "lower", "upper", "substring",
}  # fmt: skip


def common(values: list[Term]) -> str:
    """The one kind of all values that are not NULL."""
    kinds = {value.kind for value in values} - {"null"}
    if len(kinds) != 1 or kinds & {"decimal", "json"}:
        raise Untold
    return kinds.pop()


def reads(expression: object) -> bool:
    """Whether a field is asked for."""
    if isinstance(expression, Path | Aggregate):
        return True
    return isinstance(expression, Call) and any(reads(each) for each in expression.arguments)
