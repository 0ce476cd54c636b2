"""CAST.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-select-sql-reference-data-types.html
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from cumulet.engines.sql.picking import timestamps
from cumulet.engines.sql.picking.base import Refused
from cumulet.engines.sql.picking.timestamps import Timestamp
from cumulet.engines.sql.picking.values import absent, checked, is_number, shortened

TYPES = {
    "BOOL": "boolean", "BOOLEAN": "boolean", "INT": "integer", "INTEGER": "integer", "BIGINT": "integer",
    "SMALLINT": "integer", "STRING": "string", "VARCHAR": "string", "CHAR": "string", "FLOAT": "float",
    "REAL": "float", "DOUBLE": "float", "DECIMAL": "decimal", "NUMERIC": "decimal", "TIMESTAMP": "timestamp",
}  # fmt: skip
PARAMETERS = {"DECIMAL": 2, "NUMERIC": 2, "VARCHAR": 1, "CHAR": 1, "FLOAT": 1}
DIGITS = 38


def _takes(kind: str, parameters: tuple[int, ...]) -> bool:
    return len(parameters) <= PARAMETERS.get(kind, 0)


def checked_type(kind: str, parameters: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    if not _takes(kind, parameters):
        raise Refused("ParseCastArity", f"{kind} does not take {len(parameters)} parameters.")
    if TYPES[kind] == "decimal" and parameters:
        digits, scale = (*parameters, 0)[:2]
        if not (0 < digits <= DIGITS and scale <= digits):
            raise Refused("ParseInvalidTypeParam", f"{kind} takes up to {DIGITS} digits.")
    return TYPES[kind], parameters


def cast(kind: tuple[str, tuple[int, ...]], value: Any) -> Any:
    """NULL and MISSING stay what they are."""
    if absent(value):
        return value
    name, parameters = kind
    try:
        found = CASTS[name](value)
    except (ValueError, OverflowError, InvalidOperation):
        found = None
    if found is None:
        raise Refused("CastFailed", f"Attempt to convert {shortened(value)} to {name.upper()} failed.")
    return _fitted(name, found, parameters)


def _fitted(name: str, value: Any, parameters: tuple[int, ...]) -> Any:
    if name == "string" and parameters:
        return value[: parameters[0]]
    if name == "decimal" and parameters:
        digits, scale = (*parameters, 0)[:2]
        value = round(value, scale)
        if abs(value) >= Decimal(10) ** (digits - scale):
            raise Refused("CastFailed", f"{value} does not fit into DECIMAL({digits}, {scale}).")
    return value


def _integer(value: Any) -> int | None:
    if isinstance(value, str):
        text = value.strip()
        return checked(int(text)) if "_" not in text else None
    if isinstance(value, bool) or is_number(value):
        return int(checked(int(value)))
    return None


def _float(value: Any) -> float | None:
    if isinstance(value, str) and "_" in value:
        return None
    return float(value) if isinstance(value, str | bool) or is_number(value) else None


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, float):
        value = repr(value)
    if isinstance(value, str | bool) or is_number(value):
        found = Decimal(value.strip() if isinstance(value, str) else value)
        return found if found.is_finite() else None
    return None


def _boolean(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False, "1": True, "0": False}.get(value.strip().lower())
    return value != 0 if is_number(value) else None


def _string(value: Any) -> str | None:
    return None if isinstance(value, dict | list) else text(value)


def _timestamp(value: Any) -> Timestamp | None:
    if isinstance(value, Timestamp):
        return value
    return timestamps.parse(value) if isinstance(value, str) else None


def text(value: Any) -> str:
    """A scalar, as it is written."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)


CASTS: dict[str, Callable[[Any], Any]] = {
    "integer": _integer,
    "float": _float,
    "decimal": _decimal,
    "boolean": _boolean,
    "string": _string,
    "timestamp": _timestamp,
}
