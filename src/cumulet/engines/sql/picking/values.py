"""What values are, how they compare and how they reckon.

NULL is `None`; what a record does not have is `MISSING`. A field of CSV is a `Field`: text that nobody has said
the type of, which takes on that of what it is held against.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, DivisionByZero, InvalidOperation, Overflow
from operator import add, eq, ge, gt, le, lt, mul, ne, sub
from typing import Any

from cumulet.engines.sql.picking import timestamps
from cumulet.engines.sql.picking.base import Refused
from cumulet.engines.sql.picking.timestamps import Timestamp


class Missing:
    """There is no value: neither one nor NULL."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


class Field(str):
    """A field of CSV."""

    __slots__ = ()


NUMBERS = (int, float, Decimal)
INTEGERS = 1 << 63  # what 64 bits hold, on either side


def absent(value: Any) -> bool:
    return value is None or value is MISSING


def is_number(value: Any) -> bool:
    return isinstance(value, NUMBERS) and not isinstance(value, bool)


def number(text: str) -> Any:
    """A number that is written so; None for other text."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def comparable(left: Any, right: Any) -> tuple[Any, Any] | None:
    """Both in types that compare; None where they do not."""
    if isinstance(left, Field) and not isinstance(right, str):
        left = _like(left, right)
    elif isinstance(right, Field) and not isinstance(left, str):
        right = _like(right, left)
    if is_number(left) and is_number(right):
        return _same_numbers(left, right)
    if isinstance(left, Timestamp) and isinstance(right, Timestamp):
        return left.moment, right.moment
    for kind in (str, bool):
        if isinstance(left, kind) and isinstance(right, kind):
            return left, right
    return None


def _like(field: Field, other: Any) -> Any:
    if is_number(other):
        return number(field)
    if isinstance(other, bool):
        return {"true": True, "false": False}.get(field.lower())
    return timestamps.parse(field) if isinstance(other, Timestamp) else None


def _same_numbers(left: Any, right: Any) -> tuple[Any, Any]:
    if isinstance(left, float) != isinstance(right, float):
        return float(left), float(right)
    return left, right


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {"=": eq, "<>": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


def compare(symbol: str, left: Any, right: Any) -> bool | None:
    """None (unknown) with NULL and MISSING. Values of types that do not compare are different, and in no order."""
    if absent(left) or absent(right):
        return None
    pair = comparable(left, right)
    if pair is None:
        if symbol in ("=", "<>"):
            return (left == right) == (symbol == "=") if type(left) is type(right) else symbol == "<>"
        return None
    return OPERATORS[symbol](*pair)


def reckon(symbol: str, left: Any, right: Any) -> Any:
    """Arithmetic; with MISSING it is MISSING, else with NULL it is NULL."""
    if left is MISSING or right is MISSING:
        return MISSING
    if left is None or right is None:
        return None
    left, right = operand(left), operand(right)
    if isinstance(left, float) or isinstance(right, float):
        left, right = float(left), float(right)
    try:
        return checked(ARITHMETIC[symbol](left, right))
    except (ZeroDivisionError, DivisionByZero, InvalidOperation):
        raise Refused("EvaluatorInvalidArguments", "A number is divided by zero.") from None
    except (Overflow, OverflowError):
        raise Refused("IntegerOverflow", "Integer overflow or underflow in the SQL expression.") from None


def operand(value: Any) -> Any:
    if is_number(value):
        return value
    if isinstance(value, Field) and (found := number(value)) is not None:
        return found
    raise Refused(
        "IncorrectSqlFunctionArgumentType", f"Arithmetic needs numbers, and {shortened(value)} is none."
    )


def checked(value: Any) -> Any:
    if isinstance(value, int) and not -INTEGERS <= value < INTEGERS:
        raise Refused("IntegerOverflow", "Integer overflow or underflow in the SQL expression.")
    return value


def shortened(value: Any) -> str:
    return repr(str(value)[:60]) if isinstance(value, str) else str(value)[:60]


def _divide(left: Any, right: Any) -> Any:
    """Of whole numbers what remains is dropped, towards zero."""
    if isinstance(left, int) and isinstance(right, int):
        whole = abs(left) // abs(right)
        return whole if (left < 0) == (right < 0) else -whole
    return left / right


def _remainder(left: Any, right: Any) -> Any:
    """It has the sign of the dividend."""
    if isinstance(left, int) and isinstance(right, int):
        return left - right * _divide(left, right)
    return left - right * int(left / right)


ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": add,
    "-": sub,
    "*": mul,
    "/": _divide,
    "%": _remainder,
}
