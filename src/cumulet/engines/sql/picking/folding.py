"""Aggregates: one value of all records. NULL and MISSING do not take part."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from cumulet.engines.sql.picking.base import Refused
from cumulet.engines.sql.picking.statement import Aggregate
from cumulet.engines.sql.picking.timestamps import Timestamp
from cumulet.engines.sql.picking.values import Field, absent, compare, is_number, number, reckon, shortened


class Fold:
    """One aggregate on its way. `value` is of no record: it counts all that were taken in."""

    def __init__(self, aggregate: Aggregate, evaluate: Callable[[Any], Any] | None) -> None:
        self.name = aggregate.name
        self.evaluate = evaluate
        self.count = 0
        self.held: Any = None

    def take(self, record: Any) -> None:
        if self.evaluate is None:
            self.count += 1
            return
        value = self.evaluate(record)
        if absent(value):
            return
        self.count += 1
        if self.name != "count":
            self._hold(_ordered(value) if self.name in ("min", "max") else _summand(value))

    def _hold(self, value: Any) -> None:
        if self.count == 1:
            self.held = value
        elif self.name in ("sum", "avg"):
            self.held = reckon("+", self.held, value)
        else:
            known = compare("<" if self.name == "min" else ">", value, self.held)
            if known is None:
                raise Refused(
                    "IncorrectSqlFunctionArgumentType", f"{self.name.upper()} meets values of several types."
                )
            self.held = value if known else self.held

    def value(self, record: Any) -> Any:
        if self.name == "count":
            return self.count
        if self.name == "avg" and self.count:
            total = self.held if isinstance(self.held, float) else Decimal(self.held)
            return total / self.count
        return self.held


def _summand(value: Any) -> Any:
    value = _number(value)
    if not is_number(value):
        raise Refused(
            "IncorrectSqlFunctionArgumentType", f"SUM and AVG need numbers, and {shortened(value)} is none."
        )
    return value


def _ordered(value: Any) -> Any:
    value = _number(value)
    if not (is_number(value) or isinstance(value, Timestamp)):
        message = f"MIN and MAX need numbers or timestamps, and {shortened(value)} is neither."
        raise Refused("IncorrectSqlFunctionArgumentType", message)
    return value


def _number(value: Any) -> Any:
    """A field of CSV that holds a number counts as one."""
    if isinstance(value, Field) and (found := number(value)) is not None:
        return found
    return value
