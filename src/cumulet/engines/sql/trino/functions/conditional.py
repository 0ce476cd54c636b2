"""COALESCE, NULLIF, IF, TRY, GREATEST, LEAST and TYPEOF."""

from __future__ import annotations

from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.comparisons import pair
from cumulet.engines.sql.trino.functions.registry import Call, function
from cumulet.engines.sql.trino.nan import numbers
from cumulet.engines.sql.trino.typed import Typed, quote


@function("coalesce")
def coalesce(call: Call) -> Typed:
    values = call.to.unified(call.arguments, "All COALESCE operands")
    return Typed(f"coalesce({', '.join(v.sql for v in values)})", values[0].type)


@function("nullif")
def nullif(call: Call) -> Typed:
    first, second = call.arguments
    one, other = pair(call.to, call.tree, first, second, "=")
    return Typed(
        f"(CASE WHEN {one.sql} = {other.sql} THEN NULL ELSE {call.to(first).sql} END)", call.to(first).type
    )


@function("if")
def if_(call: Call) -> Typed:
    condition = call.to.boolean(call.arguments[0], "IF condition")
    values = call.to.unified(call.arguments[1:], "Result types for IF")
    otherwise = f" ELSE {values[1].sql}" if len(values) > 1 else ""
    return Typed(f"(CASE WHEN {condition.sql} THEN {values[0].sql}{otherwise} END)", values[0].type)


@function("try")
def try_(call: Call) -> Typed:
    value = call.to(call.arguments[0])
    return Typed(f"TRY({value.sql})", value.type)


@function("greatest", "least")
def extreme(call: Call) -> Typed:
    """NULL where any argument is: DuckDB's own leave NULLs out."""
    values = call.to.unified(call.arguments, f"All {call.name.upper()} operands")
    nulls = " OR ".join(f"{v.sql} IS NULL" for v in values)
    found = f"{call.name}({', '.join(v.sql for v in values)})"
    if call.name == "greatest" and values[0].type.floating:
        found = f"coalesce(greatest({', '.join(numbers(v.sql, v.type) for v in values)}), {found})"
    return Typed(f"(CASE WHEN {nulls} THEN NULL ELSE {found} END)", values[0].type)


@function("typeof")
def typeof(call: Call) -> Typed:
    name = str(call.to(call.arguments[0]).type)
    return Typed(quote(name), t.VARCHAR)
