"""Items of JSON: numbers as SQL has them (integers, decimals, doubles), their comparison and their arithmetic."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from cumulet.engines.sql.jsonpath.parsing import UnwrittenPath

SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


class PathError(Exception):
    """The path cannot be followed in this document: what ON ERROR is for."""


def is_number(item: Any) -> bool:
    return isinstance(item, (int, float, Decimal)) and not isinstance(item, bool)


def compared(sign: str, left: Any, right: Any) -> bool | None:
    """None where the two cannot be compared."""
    if left is None or right is None:
        return left is None and right is None and sign == "=="
    if isinstance(left, (list, dict)) or isinstance(right, (list, dict)):
        return None
    if is_number(left) and is_number(right):
        return bool(SIGNS[sign](*alike(left, right)))
    return bool(SIGNS[sign](left, right)) if type(left) is type(right) else None


def alike(left: Any, right: Any) -> tuple[Any, Any]:
    """A double makes a double of the other."""
    return (
        (float(left), float(right)) if isinstance(left, float) or isinstance(right, float) else (left, right)
    )


def calculated(sign: str, left: Any, right: Any) -> Any:
    if not is_number(left) or not is_number(right):
        raise PathError("invalid operand types for arithmetic")
    left, right = alike(left, right)
    if isinstance(left, float):
        return doubles(sign, left, right)
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        raise UnwrittenPath("arithmetic of decimals in a JSON path")
    return integers(sign, left, right)


def doubles(sign: str, left: float, right: float) -> float:
    if sign in "/%" and right == 0:
        if sign == "%" or left == 0 or math.isnan(left):
            return math.nan
        return math.copysign(math.inf, left) * math.copysign(1, right)
    if sign == "%":
        return math.fmod(left, right) if math.isfinite(left) else math.nan
    result: float = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}[sign](
        left, right
    )
    return result


def integers(sign: str, left: int, right: int) -> int:
    """Truncated as in SQL; the wider of the two types must hold the result."""
    if sign in "/%" and right == 0:
        raise PathError("division by zero")
    size = abs(left) // abs(right) if sign in "/%" else 0
    quotient = size if (left < 0) == (right < 0) else -size
    found = {
        "+": left + right,
        "-": left - right,
        "*": left * right,
        "/": quotient,
        "%": left - right * quotient,
    }
    return fitting(found[sign], max(width(left), width(right)))


def width(number: int) -> int:
    return 31 if -(2**31) <= number < 2**31 else 63


def fitting(number: int, bits: int) -> int:
    if not -(2**bits) <= number < 2**bits:
        raise PathError("numeric overflow")
    return number


def negated(item: Any) -> Any:
    if not is_number(item):
        raise PathError("invalid item type for a sign")
    return fitting(-item, width(item)) if isinstance(item, int) else -item


def doubled(item: Any) -> float:
    if is_number(item):
        return float(item)
    if not isinstance(item, str):
        raise PathError("invalid item type for double()")
    try:
        return float(item)
    except ValueError:
        raise PathError(f"cannot convert '{item}' to double") from None


def rounded(item: Any, how: Callable[[Any], Any]) -> Any:
    """ceiling() and floor(): a double stays a double."""
    if not is_number(item):
        raise PathError("invalid item type for rounding")
    if isinstance(item, float):
        return float(how(item)) if math.isfinite(item) else item
    return Decimal(how(item)) if isinstance(item, Decimal) else item


def absolute(item: Any) -> Any:
    if not is_number(item):
        raise PathError("invalid item type for abs()")
    return fitting(abs(item), width(item)) if isinstance(item, int) else abs(item)


def kind(item: Any) -> str:
    if item is None:
        return "null"
    if is_number(item):
        return "number"
    return {str: "string", bool: "boolean", list: "array", dict: "object"}[type(item)]
