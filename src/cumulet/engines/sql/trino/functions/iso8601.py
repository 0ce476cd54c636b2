"""ISO 8601: dates and times as the standard writes them."""

from __future__ import annotations

from cumulet.engines.sql.date_reading import iso
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.functions.dates import moment
from cumulet.engines.sql.trino.functions.registry import Call, function
from cumulet.engines.sql.trino.printing import local_time
from cumulet.engines.sql.trino.typed import Typed, cast, coerce, quote
from cumulet.engines.sql.trino.types import Type

COMMON = r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,6})?Z?)?"


@function("from_iso8601_timestamp")
def from_timestamp(call: Call) -> Typed:
    """The zone is that of the text where that is written out. Texts of rows must be in UTC: else each row would
    have a zone of its own; as instants (AT TIME ZONE, to_unixtime, a comparison) they may have any."""
    given = call.to(call.arguments[0])
    value = coerce(given, t.VARCHAR).sql
    if given.text is not None:
        zone = zone_of(given.text)
        asked = f"make_timestamp(cumulet_iso_instant({value}))"
        return Typed(asked, Type("timestamp with time zone", (3,), zone=zone))
    usual = f"TRY_CAST(CASE WHEN regexp_full_match({value}, {quote(COMMON)}) THEN rtrim({value}, 'Z') END AS TIMESTAMP)"
    found = [
        f"coalesce(date_trunc('millisecond', {usual}), make_timestamp(cumulet_{name}({value})))"
        for name in ("iso_in_utc", "iso_instant")
    ]
    return Typed(found[0], t.TIMESTAMP_TZ, instant=found[1])


def zone_of(text: str) -> str:
    try:
        away = iso(text)[1]
    except ValueError:
        return "UTC"  # the query says what is wrong, when it runs
    return f"{'-' if away < 0 else '+'}{abs(away) // 60:02}:{abs(away) % 60:02}" if away else "UTC"


@function("from_iso8601_date")
def from_date(call: Call) -> Typed:
    value = coerce(call.to(call.arguments[0]), t.VARCHAR).sql
    usual = rf"TRY_CAST(CASE WHEN regexp_full_match({value}, '\d{{4}}-\d\d-\d\d') THEN {value} END AS DATE)"
    return Typed(
        f"coalesce({usual}, CAST(make_timestamp(cumulet_iso_date({value})) AS DATE))",
        t.DATE,
    )


@function("to_iso8601")
def to_text(call: Call) -> Typed:
    value = moment(call, call.to(call.arguments[0]))
    if value.type == t.DATE:
        return Typed(cast(value.sql, t.VARCHAR), t.VARCHAR)
    local = local_time(value.sql, value.type)
    found = f"strftime({local}, '%Y-%m-%dT%H:%M:%S.%g')"
    if value.type.base == "timestamp with time zone":
        zone = quote(value.type.zone)
        away = (
            "'Z'" if value.type.zone == "UTC" else f"cumulet_format_datetime(epoch_us({local}), 'ZZ', {zone})"
        )
        found = f"({found} || {away})"
    return Typed(found, t.VARCHAR)
