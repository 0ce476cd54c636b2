"""format(), which runs in Python (`engines/sql/formatting.py`), and uuid()."""

from __future__ import annotations

from cumulet.engines.sql import formatting
from cumulet.engines.sql.base import NotSupported
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.functions.registry import Call, define, function
from cumulet.engines.sql.trino.printing import text
from cumulet.engines.sql.trino.typed import Typed, quote
from cumulet.engines.sql.trino.types import Type

define("uuid", "-> uuid", "uuid()")


@function("format")
def formatted(call: Call) -> Typed:
    values = call.values()
    if not values or values[0].type.base not in ("varchar", "unknown"):
        raise call.unexpected(values)
    kinds = ",".join(kind_of(call, value.type) for value in values[1:])
    texts = ", ".join(text(value.sql, value.type) for value in values[1:])
    sql = f"cumulet_format({values[0].sql}, CAST([{texts}] AS VARCHAR[]), {quote(kinds)})"
    return Typed(sql, t.VARCHAR, cost=any(value.cost for value in values))


def kind_of(call: Call, kind: Type) -> str:
    """What a value is to a format: numbers and truth values, or else a text."""
    if kind.integral:
        return formatting.WHOLE
    if kind.floating:
        return formatting.DOUBLE
    if kind.base in (formatting.EXACT, formatting.BOOLEAN):
        return kind.base
    if kind.base in ("date", "timestamp"):
        return formatting.MOMENT
    if kind.base in ("varchar", "char", "unknown"):
        return formatting.TEXT
    raise NotSupported(f"{call.to.at(call.tree)}: a {kind} as an argument of format")
