"""Expressions to functions of a record."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from cumulet.engines.sql.picking import casting, timestamps
from cumulet.engines.sql.picking.base import Refused
from cumulet.engines.sql.picking.statement import Aggregate, Call, Expression, Literal, Path
from cumulet.engines.sql.picking.timestamps import Timestamp
from cumulet.engines.sql.picking.values import MISSING, Field, absent, compare, operand, reckon, shortened

Evaluate = Callable[[Any], Any]  # a record to a value
Resolve = Callable[[Path], Evaluate]  # how this file's records are read


class Compiler:
    """`fold` stands for aggregates: what it gives is asked once all records have been seen."""

    def __init__(self, resolve: Resolve, fold: Callable[[Aggregate], Evaluate], now: Timestamp) -> None:
        self.resolve = resolve
        self.fold = fold
        self.now = now

    def compile(self, expression: Expression) -> Evaluate:
        if isinstance(expression, Literal):
            value = expression.value
            return lambda record: value
        if isinstance(expression, Path):
            return self.resolve(expression)
        if isinstance(expression, Aggregate):
            return self.fold(expression)
        return self.call(expression)

    def call(self, call: Call) -> Evaluate:
        name, arguments = call.name, call.arguments
        if name in DATED:
            act, part = DATED[name], arguments[0]
            dates = [self.compile(each) for each in arguments[1:]]
            return lambda record: act(part, *(each(record) for each in dates))
        if name == "cast":
            kind, value = arguments[0], self.compile(arguments[1])
            return lambda record: casting.cast(kind, value(record))
        if name == "utcnow":
            return lambda record: self.now
        if name == "everything":
            raise Refused(
                "ParseInvalidContextForWildcardInSelectList", "* is supported in the select list only."
            )
        compiled = [self.compile(each) for each in arguments]
        if name in LAZY:
            return LAZY[name](compiled)
        if name in ("+", "-", "*", "/", "%"):
            left, right = compiled
            return lambda record: reckon(name, left(record), right(record))
        if name in ("=", "<>", "<", "<=", ">", ">="):
            left, right = compiled
            return lambda record: compare(name, left(record), right(record))
        act = PLAIN[name]
        return lambda record: act(*(each(record) for each in compiled))


# --- those that do not look at all of their arguments


def _and(compiled: list[Evaluate]) -> Evaluate:
    left, right = compiled

    def act(record: Any) -> bool | None:
        first = truth(left(record))
        if first is False:
            return False
        second = truth(right(record))
        return False if second is False else None if first is None or second is None else True

    return act


def _or(compiled: list[Evaluate]) -> Evaluate:
    left, right = compiled

    def act(record: Any) -> bool | None:
        first = truth(left(record))
        if first is True:
            return True
        second = truth(right(record))
        return True if second is True else None if first is None or second is None else False

    return act


def _case(compiled: list[Evaluate]) -> Evaluate:
    branches, otherwise = list(zip(compiled[:-1:2], compiled[1:-1:2], strict=True)), compiled[-1]

    def act(record: Any) -> Any:
        for condition, value in branches:
            if truth(condition(record)):
                return value(record)
        return otherwise(record)

    return act


def _coalesce(compiled: list[Evaluate]) -> Evaluate:
    def act(record: Any) -> Any:
        for each in compiled:
            if not absent(value := each(record)):
                return value
        return None

    return act


def truth(value: Any) -> bool | None:
    """What a condition comes to; only true keeps a record."""
    if absent(value):
        return None
    if isinstance(value, bool):
        return value
    if isinstance(value, Field) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise Refused("IncorrectSqlFunctionArgumentType", f"{shortened(value)} is neither true nor false.")


LAZY: dict[str, Callable[[list[Evaluate]], Evaluate]] = {
    "and": _and,
    "or": _or,
    "case": _case,
    "coalesce": _coalesce,
}

# --- those of values


def _not(value: Any) -> bool | None:
    known = truth(value)
    return None if known is None else not known


def _negative(value: Any) -> Any:
    return reckon("-", 0, value)


def _positive(value: Any) -> Any:
    return reckon("+", 0, value)


def _in(value: Any, *values: Any) -> bool | None:
    found: bool | None = False
    for each in values:
        same = compare("=", value, each)
        if same:
            return True
        found = None if same is None else found
    return found


def _between(value: Any, low: Any, high: Any) -> bool | None:
    first, second = compare(">=", value, low), compare("<=", value, high)
    if first is False or second is False:
        return False
    return None if first is None or second is None else True


def _like(value: Any, pattern: Any, escape: Any) -> bool | None:
    if absent(value) or absent(pattern) or absent(escape):
        return None
    if not (isinstance(value, str) and isinstance(pattern, str) and isinstance(escape, str)):
        raise Refused("LikeInvalidInputs", "LIKE compares text with a pattern that is text.")
    return _pattern(str(pattern), str(escape)).fullmatch(value) is not None


@cache
def _pattern(pattern: str, escape: str) -> re.Pattern[str]:
    if len(escape) > 1:
        raise Refused("LikeInvalidInputs", "ESCAPE takes one character.")
    found, characters = [], iter(pattern)
    for character in characters:
        if escape and character == escape:
            escaped = next(characters, "")
            if escaped not in ("%", "_", escape) or not escaped:
                raise Refused("LikeInvalidInputs", "The escape character stands before %, _ and itself only.")
            found.append(re.escape(escaped))
        else:
            found.append({"%": ".*", "_": "."}.get(character) or re.escape(character))
    return re.compile("".join(found), re.DOTALL)


def _null_if(first: Any, second: Any) -> Any:
    return None if compare("=", first, second) else first


def _text(value: Any, function: str) -> str:
    if not isinstance(value, str):
        message = f"Incorrect type of arguments in the call of {function}: {shortened(value)} is not text."
        raise Refused("IncorrectSqlFunctionArgumentType", message)
    return str(value)


def _of_text(function: str, act: Callable[[str], Any]) -> Callable[[Any], Any]:
    return lambda value: value if absent(value) else act(_text(value, function))


def _substring(value: Any, start: Any, length: Any = None) -> Any:
    """Counting from 1; a start before the text takes from the length, as in standard SQL."""
    if any(absent(each) for each in (value, start)):
        return MISSING if MISSING in (value, start) else None
    text, first = _text(value, "SUBSTRING"), _whole(start)
    last = len(text) + 1 if length is None else first + _whole(length)
    if last < first:
        raise Refused("EvaluatorInvalidArguments", "SUBSTRING takes no negative length.")
    return text[max(first, 1) - 1 : max(last, 1) - 1]


def _whole(value: Any) -> int:
    found = operand(value)
    if int(found) != found:
        raise Refused("IncorrectSqlFunctionArgumentType", f"{found} is not a whole number.")
    return int(found)


def _trim(side: str, characters: Any, value: Any) -> Any:
    if absent(value) or absent(characters):
        return None
    text, unwanted = _text(value, "TRIM"), _text(characters, "TRIM")
    if side != "TRAILING":
        text = text.lstrip(unwanted)
    return text if side == "LEADING" else text.rstrip(unwanted)


def _timestamp(value: Any, function: str) -> Timestamp:
    if not isinstance(value, Timestamp):
        message = (
            f"Incorrect type of arguments in the call of {function}: {shortened(value)} is no timestamp."
        )
        raise Refused("IncorrectSqlFunctionArgumentType", message)
    return value


def _to_string(value: Any, pattern: Any) -> Any:
    if absent(value) or absent(pattern):
        return None
    return timestamps.written(_timestamp(value, "TO_STRING"), _text(pattern, "TO_STRING"))


def _to_timestamp(value: Any) -> Any:
    if absent(value) or isinstance(value, Timestamp):
        return value
    if (found := timestamps.parse(_text(value, "TO_TIMESTAMP"))) is None:
        raise Refused("ValueParseFailure", f"{shortened(value)} cannot be read as a timestamp.")
    return found


def _size(value: Any) -> Any:
    if absent(value):
        return value
    if not isinstance(value, list | dict):
        raise Refused(
            "IncorrectSqlFunctionArgumentType", f"SIZE counts a list or a structure, not {shortened(value)}."
        )
    return len(value)


PLAIN: dict[str, Callable[..., Any]] = {
    "not": _not,
    "negative": _negative,
    "positive": _positive,
    "in": _in,
    "between": _between,
    "like": _like,
    "is null": absent,
    "is missing": lambda value: value is MISSING,
    "nullif": _null_if,
    "char_length": _of_text("CHAR_LENGTH", len),
    "lower": _of_text("LOWER", str.lower),
    "upper": _of_text("UPPER", str.upper),
    "substring": _substring,
    "to_string": _to_string,
    "to_timestamp": _to_timestamp,
    "size": _size,
}


def _date_add(part: str, count: Any, to: Any) -> Any:
    if absent(count) or absent(to):
        return None
    return timestamps.add(part, _whole(count), _timestamp(to, "DATE_ADD"))


def _date_diff(part: str, first: Any, second: Any) -> Any:
    if absent(first) or absent(second):
        return None
    return timestamps.difference(part, _timestamp(first, "DATE_DIFF"), _timestamp(second, "DATE_DIFF"))


def _extract(part: str, value: Any) -> Any:
    return None if absent(value) else timestamps.extract(part, _timestamp(value, "EXTRACT"))


# Those whose first argument is a word.
DATED: dict[str, Callable[..., Any]] = {
    "date_add": _date_add,
    "date_diff": _date_diff,
    "extract": _extract,
    "trim": _trim,
}
