"""Casts to numbers: what a text must look like, and how values round."""

from __future__ import annotations

from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.casting.base import checked, leads_to, refused
from cumulet.engines.sql.trino.printing import text
from cumulet.engines.sql.trino.typed import cast, fail
from cumulet.engines.sql.trino.types import Type

INTEGER_TEXT = r"^[+-]?[0-9]+$"
NUMBER_TEXT = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$|^\s*[+-]?(NaN|Infinity)\s*$"
DECIMAL_TEXT = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
SPOKEN = {
    "integer": "INT",
    "bigint": "BIGINT",
    "smallint": "SMALLINT",
    "tinyint": "TINYINT",
    "double": "DOUBLE",
    "real": "REAL",
}
LIMITS = {"tinyint": 2**7, "smallint": 2**15, "integer": 2**31, "bigint": 2**63}


@leads_to("real", "double", "decimal", *t.INTEGERS)
def to_number(sql: str, source: Type, kind: Type) -> str:
    if source.base == "varchar":
        pattern = INTEGER_TEXT if kind.integral else DECIMAL_TEXT if kind.base == "decimal" else NUMBER_TEXT
        if kind.base == "decimal":
            message = (
                f"'Cannot cast VARCHAR ''' || {sql} || ''' to DECIMAL({kind.numbers[0]}, {kind.numbers[1]})'"
            )
        else:
            message = f"'Cannot cast ''' || {sql} || ''' to {SPOKEN[kind.base]}'"
        return checked(sql, pattern, message, kind)
    if source.base == "boolean":
        return cast(sql, kind)
    if not source.numeric:
        raise refused(source, kind)
    if kind.integral:
        return to_integer(sql, source, kind)
    if kind.base == "decimal":
        bad = fail(
            "INVALID_CAST_ARGUMENT",
            f"'Cannot cast {source.base.upper()} ''' || {text(sql, source)} || ''' to "
            f"DECIMAL({kind.numbers[0]}, {kind.numbers[1]})'",
            kind,
        )
        # Trino rounds the digits that are shown: 1.005 is 1.01, though the double is a little less.
        given = f"CAST({sql} AS VARCHAR)" if source.floating else sql
        return (
            f"(CASE WHEN {sql} IS NOT NULL AND TRY_CAST({given} AS {kind.duck}) IS NULL THEN "
            f"{bad} ELSE CAST({given} AS {kind.duck}) END)"
        )
    return cast(sql, kind)


def to_integer(sql: str, source: Type, kind: Type) -> str:
    """Rounded half away from zero (DuckDB rounds doubles half to even)."""
    if source.integral and LIMITS[source.base] <= LIMITS[kind.base]:
        return cast(sql, kind)
    rounded = f"round({sql})" if source.floating else sql
    if source.floating:
        name, message = (
            "INVALID_CAST_ARGUMENT",
            f"'Cannot cast ''' || {text(sql, source)} || ''' to {SPOKEN[kind.base]}'",
        )
        if kind.base == "bigint":
            message = f"'Unable to cast ' || {text(sql, source)} || ' to bigint'"
        message = f"'Out of range for {kind}: ' || {text(sql, source)}"
    else:
        name, message = "NUMERIC_VALUE_OUT_OF_RANGE", f"'Out of range for {kind}: ' || CAST({sql} AS VARCHAR)"
    return (
        f"(CASE WHEN {sql} IS NOT NULL AND TRY_CAST({rounded} AS {kind.duck}) IS NULL THEN {fail(name, message, kind)} "
        f"ELSE CAST({rounded} AS {kind.duck}) END)"
    )
