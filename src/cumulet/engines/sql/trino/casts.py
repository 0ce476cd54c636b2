"""CAST and TRY_CAST, and the literals that look like one: DECIMAL '1.20', TIMESTAMP '2024-02-29 00:00 UTC'."""

from __future__ import annotations

import re
from typing import Any

from sqlglot import exp

from cumulet.engines.sql.base import NotSupported, SqlError
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.casting import cast_value
from cumulet.engines.sql.trino.expression import Expressions, decimal_literal, node
from cumulet.engines.sql.trino.printing import instant
from cumulet.engines.sql.trino.typed import Typed, quote
from cumulet.engines.sql.trino.types import Type


@node(exp.Cast)
def cast_node(to: Expressions, tree: exp.Cast) -> Typed:
    kind = target(to, tree.args["to"])
    value = to(tree.this)
    if (
        isinstance(tree.this, exp.Literal)
        and tree.this.is_string
        and (typed := typed_literal(to, tree, value, kind))
    ):
        return typed
    return casted(to, tree, value, kind)


def typed_literal(to: Expressions, tree: Any, value: Typed, kind: Type) -> Typed | None:
    """DECIMAL '1.20' has the precision of its text; sqlglot does not tell it from a cast, so only the
    form without parameters is meant here."""
    written = to.plan.text[max(0, start_of_literal(to, tree)) :]
    if (
        kind.base == "decimal"
        and value.text is not None
        and not written.lower().startswith("cast")
        and not tree.args["to"].expressions
    ):
        return decimal_literal(value.text if "." in value.text else value.text + ".")
    if kind.base == "timestamp with time zone" and value.text is not None:
        return zoned_literal(value.text, kind)
    return None


def start_of_literal(to: Expressions, tree: Any) -> int:
    from cumulet.engines.sql.trino.grammar import start_of

    return start_of(tree)


def zoned_literal(given: str, kind: Type) -> Typed:
    wall, zone = split_zone(given.strip())
    digits = len(wall.partition(".")[2])
    return Typed(
        instant(f"CAST({quote(wall)} AS TIMESTAMP)", zone), Type(kind.base, (digits or 0,), zone=zone)
    )


def split_zone(given: str) -> tuple[str, str]:
    """2024-02-29 12:00 Europe/Rome, 2024-02-29 12:00 +02:00 or 2024-02-29 12:00+02:00."""
    wall, _, zone = given.rpartition(" ")
    if zone[:1].isalpha():
        return wall, zone
    if (found := re.fullmatch(r"(.*\d)\s*([+-])(\d{1,2})(?::(\d{2}))?", given)) is None or ":" not in found[
        1
    ]:
        raise NotSupported(f"The time zone of TIMESTAMP '{given}'")
    hours, minutes = int(found[3]), int(found[4] or 0)
    return found[1], f"{found[2]}{hours:02}:{minutes:02}" if hours or minutes else "UTC"


@node(exp.TryCast)
def try_cast(to: Expressions, tree: exp.TryCast) -> Typed:
    kind = target(to, tree.args["to"])
    value = casted(to, tree, to(tree.this), kind)
    return Typed(f"TRY({value.sql})", kind)


def target(to: Expressions, tree: Any) -> Type:
    """The type that a cast names, from sqlglot's own tree of it."""
    try:
        return t.parse(spelt(tree))
    except t.UnknownType:
        raise to.error("TYPE_NOT_FOUND", tree, f"Unknown type: {spelt(tree)}") from None


NAMES = {
    "INT": "integer",
    "FLOAT": "real",
    "VARBINARY": "varbinary",
    "STRUCT": "row",
    "TEXT": "string",
    "HLLSKETCH": "hyperloglog",
}


def spelt(tree: Any) -> str:
    kind = tree.this.value if hasattr(tree.this, "value") else str(tree.this)
    if kind == "USERDEFINED":
        return str(tree.args.get("kind"))
    if kind == "TIMESTAMPTZ":
        digits = f"({tree.expressions[0].this})" if tree.expressions else ""
        return f"timestamp{digits} with time zone"
    if tree.args.get("nested") or kind in ("STRUCT", "ARRAY", "MAP"):
        inner = (
            f"{each.this.name} {spelt(each.args['kind'])}" if isinstance(each, exp.ColumnDef) else spelt(each)
            for each in tree.expressions
        )
        return f"{NAMES.get(kind, kind.lower())}({', '.join(inner)})"
    if kind == "DECIMAL" and not tree.expressions:
        return "decimal(38, 0)"  # Trino's; Hive's has 10 digits
    numbers = f"({', '.join(str(each.this) for each in tree.expressions)})" if tree.expressions else ""
    return NAMES.get(kind, kind.lower()) + numbers


def casted(to: Expressions, tree: exp.Expr, value: Typed, kind: Type) -> Typed:
    try:
        return cast_value(value, kind)
    except SqlError as error:
        if error.message.startswith("line "):
            raise
        raise to.error(error.name, tree, error.message) from None
