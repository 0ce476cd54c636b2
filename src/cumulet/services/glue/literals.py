"""The types of partition keys, and how a value's text is read as one of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from cumulet.services.glue.refusals import invalid

NULL = "__HIVE_DEFAULT_PARTITION__"
WHOLE = re.compile(r"[+-]?\d{1,38}")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
TIME = re.compile(r"(\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?")


def whole(text: str) -> int:
    if not WHOLE.fullmatch(text.strip()):
        raise ValueError(text)
    return int(text)


def decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None
    if not number.is_finite():
        raise ValueError(text)
    return number


def day(text: str) -> date:
    if not DATE.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


def moment(text: str) -> tuple[datetime, int]:
    """A timestamp and its nanoseconds; a bare date is its midnight."""
    if DATE.fullmatch(text):
        return datetime.fromisoformat(text), 0
    if (match := TIME.fullmatch(text)) is None:
        raise ValueError(text)
    return datetime.fromisoformat(match[1]), int((match[2] or "0").ljust(9, "0"))


def truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of key."""

    name: str
    parse: Callable[[str], Any]
    text: bool = False

    def read(self, value: str) -> Any:
        """A partition's value; None where it is null or not of this type."""
        if value == NULL:
            return None
        try:
            return self.parse(value)
        except ValueError:
            return None

    def literal(self, value: str) -> Any:
        """A value in an expression, which must be of this type."""
        try:
            return self.parse(value)
        except ValueError:
            raise invalid(f"{value!r} in Expression is not of type {self.name}.") from None


class AnyText(Kind):
    """Reads every value, nulls too: for IS NULL."""

    def read(self, value: str) -> Any:
        return value


INTEGERS = ("tinyint", "smallint", "int", "integer", "bigint", "long")
KINDS = {
    **{name: Kind(name, whole) for name in INTEGERS},
    **{name: Kind(name, decimal) for name in ("decimal", "double", "float")},
    **{name: Kind(name, str, text=True) for name in ("string", "char", "varchar")},
    "date": Kind("date", day),
    "timestamp": Kind("timestamp", moment),
    "boolean": Kind("boolean", truth),
    "null": AnyText("null", str),
}


def kind_of(type: str) -> Kind:
    """The kind of a column's type: `decimal(10,2)` and `varchar(20)` by the word before the bracket."""
    found = KINDS.get(type.partition("(")[0].strip().lower())
    if found is None:
        raise invalid(f"A partition key of type {type} cannot be filtered on.")
    return found
