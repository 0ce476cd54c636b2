"""Values as the text that Trino's casts and Athena's results show."""

from __future__ import annotations

import re

from cumulet.engines.sql.base import NotSupported
from cumulet.engines.sql.trino.typed import quote
from cumulet.engines.sql.trino.types import Type

OFFSET = re.compile(r"([+-])(\d{1,2})(?::(\d{2}))?")
COMMA = " || ', ' || "


def text(sql: str, kind: Type) -> str:
    """SQL of type VARCHAR that shows a value; NULL stays NULL."""
    match kind.base:
        case "varchar" | "json":
            return sql
        case "char":
            return f"rpad({sql}, {kind.numbers[0]}, ' ')"
        case "double" | "real":
            return f"cumulet_{kind.base}({sql})"
        case "timestamp" | "timestamp with time zone":
            return moment(sql, kind)
        case "time":
            return time_of_day(sql, kind)
        case "decimal" if kind.numbers[0] == kind.numbers[1]:
            return rf"regexp_replace(CAST({sql} AS VARCHAR), '^(-?)\.', '\10.')"  # DuckDB: .5
        case "varbinary":
            return f"trim(regexp_replace(lower(hex({sql})), '(..)', '\\1 ', 'g'))"
        case "interval day to second":
            return f"cumulet_days({sql})"
        case "interval year to month":
            return f"cumulet_months({sql})"
        case "array":
            return (
                f"('[' || array_to_string(list_transform({sql}, lambda e: "
                f"{shown('e', kind.parts[0])}), ', ') || ']')"
            )
        case "map":
            return mapping(sql, kind)
        case "row":
            return fields(sql, kind)
        case "geometry" | "sphericalgeography":
            return f"cumulet_st_astext_0({sql})"
        case "hyperloglog":
            raise NotSupported(f"A {kind} as a result (cardinality() tells how many it has seen)")
    return f"CAST({sql} AS VARCHAR)"


def shown(sql: str, kind: Type) -> str:
    """A value inside another one: NULL is a word there."""
    return f"coalesce({text(sql, kind)}, 'null')"


def moment(sql: str, kind: Type) -> str:
    digits = kind.numbers[0] if kind.numbers else 3
    local = sql if kind.zone == "UTC" else local_time(sql, kind)
    if digits == 3:
        found = f"strftime({local}, '%Y-%m-%d %H:%M:%S.%g')"
    else:
        length = 19 + (1 + digits if digits else 0)
        found = f"rpad(left(strftime({local}, '%Y-%m-%d %H:%M:%S.%f'), {length}), {length}, '0')"
    return (
        f"({found} || {quote(' ' + shown_zone(kind.zone))})"
        if kind.base == "timestamp with time zone"
        else found
    )


def shown_zone(zone: str) -> str:
    """A distance from UTC has hours and minutes, however it was written."""
    minutes = offset(zone)
    if minutes is None:
        return zone
    return (
        f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}" if minutes else "UTC"
    )


def time_of_day(sql: str, kind: Type) -> str:
    """DuckDB shows only the digits of a second that there are."""
    digits = kind.numbers[0] if kind.numbers else 3
    plain = f"CAST({sql} AS VARCHAR)"
    point = f"(CASE WHEN length({plain}) = 8 THEN '.' ELSE '' END)"
    return f"left({plain} || {point} || '{'0' * max(digits, 1)}', {8 + (1 + digits if digits else 0)})"


def local_time(sql: str, kind: Type) -> str:
    """The wall clock of a timestamp with time zone, which DuckDB holds as a TIMESTAMP in UTC."""
    if (minutes := offset(kind.zone)) is not None:
        return f"({sql} + to_minutes({minutes}))"
    return sql if kind.zone == "UTC" else f"timezone({quote(kind.zone)}, timezone('UTC', {sql}))"


def instant(sql: str, zone: str) -> str:
    """A wall clock in a zone, as a TIMESTAMP in UTC."""
    if (minutes := offset(zone)) is not None:
        return f"({sql} - to_minutes({minutes}))"
    return sql if zone == "UTC" else f"timezone('UTC', timezone({quote(zone)}, {sql}))"


def offset(zone: str) -> int | None:
    """The minutes of a zone that is a distance from UTC: +02:00, -5; None of one that has a name."""
    if (found := OFFSET.fullmatch(zone)) is None:
        return None
    minutes = int(found[2]) * 60 + int(found[3] or 0)
    return -minutes if found[1] == "-" else minutes


def mapping(sql: str, kind: Type) -> str:
    key, value = kind.parts
    pairs = f"lambda e: {shown('e.key', key)} || '=' || {shown('e.value', value)}"
    return f"('{{' || array_to_string(list_transform(map_entries({sql}), {pairs}), ', ') || '}}')"


def fields(sql: str, kind: Type) -> str:
    parts = [
        f"{quote((label or f'field{i}') + '=')} || {shown(f'({sql}).{slot}', part)}"
        for i, (label, slot, part) in enumerate(zip(kind.names, kind.slots, kind.parts, strict=True))
    ]
    return f"CASE WHEN {sql} IS NOT NULL THEN '{{' || {COMMA.join(parts)} || '}}' END"
