"""Aggregates carried on by what DuckDB finds in a portion of the records."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from cumulet.engines.sql.picking.base import Doubt
from cumulet.engines.sql.picking.folding import Fold
from cumulet.engines.sql.picking.terms import DOUBT, SURE, Term, Untold, exponent
from cumulet.engines.sql.picking.values import INTEGERS, number

NEAR = (18, 6)  # digits of most numbers, and those behind the point
FINE = 18  # digits behind the point that are summed
EXACT = 27  # digits that a sum may have before it is rounded
SUMMAND = r"[+-]?[0-9]+(?:\.[0-9]+)?"
First = Callable[[str, str], Any]  # the first of some values that fulfils a condition


class Sum:
    """One aggregate: what is asked of a portion, and how it goes on from there."""

    def __init__(self, fold: Fold, term: Term) -> None:
        self.fold = fold
        self.term = term
        self.sql = term.sql
        self.parts = self._parts()

    def _parts(self) -> list[str]:
        if self.fold.evaluate is None:
            return ["count(*)"]
        counted = f"count({self.sql})"
        if self.fold.name == "count":
            return [counted]
        if self.fold.name in ("min", "max"):
            return [counted, *self._extreme()]
        return [counted, *self._total()]

    def _extreme(self) -> list[str]:
        if self.term.kind == "integer":
            return [f"{self.fold.name}({self.sql})"]
        if self.term.kind == "field":
            return [f"{self.fold.name}({self._short()})"]
        raise Untold  # of doubles the first of several NaNs decides

    def _short(self) -> str:
        """A field as a number that a double holds without loss."""
        return (
            rf"CASE WHEN length({self.sql}) <= {SURE + 1} AND regexp_full_match({self.sql}, '{SUMMAND}')"
            f" THEN {self.sql}::DOUBLE WHEN {self.sql} IS NOT NULL THEN {DOUBT} END"
        )

    def _total(self) -> list[str]:
        if self.term.kind == "integer":
            return [f"sum({self.sql})", f"sum(abs({self.sql}::HUGEINT))"]
        if self.term.kind == "float":
            return [f"list({self.sql}) FILTER ({self.sql} IS NOT NULL)"]
        if self.term.kind != "field":
            raise Untold
        digits = f"(CASE WHEN contains({self.sql}, '.') THEN length({self.sql}) - instr({self.sql}, '.') END)"
        near = f"length({self.sql}) <= {NEAR[0]} AND coalesce({digits}, 0) <= {NEAR[1]}"
        return [self._exact("", near), self._exact("abs", near), f"max({digits})"]

    def _exact(self, function: str, near: str) -> str:
        """A sum of fields; most have few digits, and DuckDB takes a hundred times as long for the others."""
        whole = f"{function}({self.sql}::DECIMAL({NEAR[0]}, {NEAR[1]}))"
        fine = f"{function}({self.sql}::DECIMAL(33, {FINE}))"
        certain = f"length({self.sql}) <= {FINE + 2} AND regexp_full_match({self.sql}, '{SUMMAND}')"
        return (
            f"(coalesce(sum(CASE WHEN NOT ({certain}) THEN {DOUBT} WHEN {near} THEN {whole} END), 0)"
            f"::DECIMAL(38, {FINE})"
            f" + coalesce(sum(CASE WHEN NOT ({near}) THEN {fine} END), 0)::DECIMAL(38, {FINE}))"
        )

    def carried(self, found: list[Any], first: First) -> tuple[int, Any]:
        """The count and the value with those of a portion."""
        fold, count = self.fold, found[0]
        if count == 0 or fold.name == "count":
            return fold.count + count, fold.held
        extreme = fold.name in ("min", "max")
        held = self._further(found[1], first) if extreme else self._added(*found[1:])
        return fold.count + count, held

    def _further(self, value: Any, first: First) -> Any:
        if self.term.kind == "field":
            value = number(first(self.sql, f"{self._short()} = ({value!r})::DOUBLE"))
        held = self.fold.held
        if held is None:
            return value
        return value if (value < held if self.fold.name == "min" else value > held) else held

    def _added(self, total: Any, size: Any = None, digits: int | None = None) -> Any:
        if self.term.kind == "float":
            return self._summed(total)
        held = self.fold.held or 0
        if abs(held) + size >= INTEGERS:
            raise Doubt
        if digits is None and isinstance(held, int):
            return held + int(total)
        return _exactly(Decimal(held), Decimal(total), size, digits or 0)

    def _summed(self, values: list[float]) -> float:
        """In the order of the records: that of sums of doubles matters."""
        held = self.fold.held
        for value in values:
            held = value if held is None else held + value
        return float(held or 0.0)


def _exactly(held: Decimal, total: Decimal, size: Decimal, digits: int) -> Decimal:
    """A sum with as many digits behind the point as the most exact number has."""
    scale = max(digits, -exponent(held))
    if total == 0 or len(str(int(size + abs(held)))) + scale > EXACT:
        raise Doubt
    return held + total.quantize(Decimal(1).scaleb(-digits))
