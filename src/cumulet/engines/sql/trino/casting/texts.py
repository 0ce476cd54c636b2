"""Casts to texts, truth values and bytes. A char(n) is held without the spaces at its end, as in Trino."""

from __future__ import annotations

from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.casting.base import leads_to, refused
from cumulet.engines.sql.trino.printing import text
from cumulet.engines.sql.trino.typed import fail, trimmed
from cumulet.engines.sql.trino.types import Type


@leads_to("varchar")
def to_varchar(sql: str, source: Type, kind: Type) -> str:
    if source.base == "varchar":
        return f"left({sql}, {kind.numbers[0]})" if kind.numbers and source.numbers != kind.numbers else sql
    if source.base == "char":
        return to_varchar(text(sql, source), t.VARCHAR, kind)
    if source.base == "json":
        return json_to_varchar(sql)
    if source.parts or source.base == "varbinary":
        raise refused(source, kind)
    shown = text(sql, source)
    if not kind.numbers:
        return shown
    message = f"'Value ' || {shown} || ' cannot be represented as {kind}'"
    return (
        f"(CASE WHEN length({shown}) > {kind.numbers[0]} THEN "
        f"{fail('INVALID_CAST_ARGUMENT', message, kind)} ELSE {shown} END)"
    )


@leads_to("char")
def to_char(sql: str, source: Type, kind: Type) -> str:
    if not source.textual:
        raise refused(source, kind)
    return trimmed(sql, kind)


def json_to_varchar(sql: str) -> str:
    bad = fail("INVALID_CAST_ARGUMENT", f"'Cannot cast ' || {sql} || ' to varchar'", t.VARCHAR)
    return f"(CASE WHEN json_type({sql}) IN ('ARRAY', 'OBJECT') THEN {bad} ELSE json_extract_string({sql}, '$') END)"


@leads_to("boolean")
def to_boolean(sql: str, source: Type, kind: Type) -> str:
    if source.numeric:
        return f"({sql} <> 0)"
    if source.base != "varchar":
        raise refused(source, kind)
    bad = fail("INVALID_CAST_ARGUMENT", f"'Cannot cast ''' || {sql} || ''' to BOOLEAN'", kind)
    return (
        f"(CASE WHEN {sql} IS NULL THEN NULL WHEN lower({sql}) IN ('t', 'true', '1') THEN TRUE "
        f"WHEN lower({sql}) IN ('f', 'false', '0') THEN FALSE ELSE {bad} END)"
    )


@leads_to("uuid")
def to_uuid(sql: str, source: Type, kind: Type) -> str:
    if source.base != "varchar":
        raise refused(source, kind)
    message = f"'Invalid UUID string length: ' || length({sql})"
    bad = fail("INVALID_CAST_ARGUMENT", message, kind)
    whole = f"regexp_full_match({sql}, '[0-9a-fA-F]{{8}}(-[0-9a-fA-F]{{4}}){{3}}-[0-9a-fA-F]{{12}}')"
    return f"(CASE WHEN {sql} IS NULL THEN NULL WHEN {whole} THEN CAST({sql} AS UUID) ELSE {bad} END)"


@leads_to("varbinary")
def to_binary(sql: str, source: Type, kind: Type) -> str:
    if source.base == "varchar":
        return f"encode({sql})"
    raise refused(source, kind)
