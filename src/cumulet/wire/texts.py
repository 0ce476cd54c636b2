"""Values that travel as text: in headers, labels, query strings, form bodies and XML."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from typing import Any

from cumulet.wire import times
from cumulet.wire.shapes import Malformed, Shape

INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
FLOAT = re.compile(r"[+-]?([0-9]{1,400}(\.[0-9]{0,400})?|\.[0-9]{1,400})([eE][+-]?[0-9]{1,5})?")
SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
RANGES = {"integer": 1 << 31, "long": 1 << 63}


def parse(shape: Shape, text: str, form: str = "iso8601") -> Any:
    """A scalar from text; `form` is how the place writes timestamps where the model does not say."""
    kind = shape.type
    if kind == "string":
        return _jsonvalue(text) if shape.jsonvalue and shape.location == "header" else text
    if kind in RANGES:
        return _integer(kind, text)
    if kind == "boolean":
        return _boolean(text)
    if kind == "timestamp":
        return times.from_text(text, shape.timestamp or form)
    if kind == "blob":
        return blob(text)
    if kind in ("float", "double"):
        return _float(text)
    if kind == "character":
        return text
    raise Malformed(f"A {kind} cannot be written here.")


def _integer(kind: str, text: str) -> int:
    text = text.strip()
    if not INTEGER.fullmatch(text):
        raise Malformed(f"{text!r:.60} is not an integer.")
    return in_range(kind, int(text))


def in_range(kind: str, value: int) -> int:
    """AWS's integers have 32 bits, its longs 64."""
    if not -RANGES[kind] <= value < RANGES[kind]:
        raise Malformed(f"{value!s:.60} is outside the range of {kind}.")
    return value


def _float(text: str) -> float:
    text = text.strip()
    if text in SPECIAL:
        return SPECIAL[text]
    if not FLOAT.fullmatch(text):
        raise Malformed(f"{text!r:.60} is not a number.")
    return float(text)


def _boolean(text: str) -> bool:
    lowered = text.strip().lower()
    if lowered not in ("true", "false"):
        raise Malformed(f"{text!r:.60} is not a boolean: true or false.")
    return lowered == "true"


def blob(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("A blob must be base64.") from error


def _jsonvalue(text: str) -> Any:
    try:
        return json.loads(blob(text))
    except (ValueError, RecursionError) as error:
        raise Malformed("The header must be JSON in base64.") from error


def write(shape: Shape, value: Any, form: str = "iso8601") -> str:
    """A scalar as text."""
    kind = shape.type
    if kind == "string":
        return _write_jsonvalue(value) if shape.jsonvalue and shape.location == "header" else str(value)
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "timestamp":
        return times.to_text(value, shape.timestamp or form)
    if kind == "blob":
        return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()
    if kind in ("float", "double"):
        return number(value)
    if kind in RANGES:
        return str(int(value))
    return str(value)


def number(value: float) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return str(value)


def _write_jsonvalue(value: Any) -> str:
    return base64.b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()
