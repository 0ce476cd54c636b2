"""UNNEST of arrays, maps and arrays of rows, side by side, with or without ordinality."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from cumulet.engines.sql.base import SqlError
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.scope import Field, Relation
from cumulet.engines.sql.trino.typed import Typed

if TYPE_CHECKING:
    from cumulet.engines.sql.trino.expression import Expressions


def unnested(to: Expressions, tree: exp.Unnest) -> Relation:
    """Rows of several collections in step; shorter ones are filled with NULL."""
    columns: list[tuple[str, t.Type]] = []
    lists: list[str] = []
    outputs: list[str] = []
    lengths: list[str] = []
    for each in tree.expressions:
        value = to(each)
        made = spread(to, each, value, len(lists))
        lists += made[0]
        outputs += made[1]
        columns += made[2]
        lengths.append(f"len({value.sql})" if value.type.base == "array" else f"cardinality({value.sql})")
    if offset := tree.args.get("offset"):
        longest = f"greatest({', '.join(f'CAST(coalesce({n}, 0) AS BIGINT)' for n in lengths)})"
        lists.append(f"unnest(range(1, {longest} + 1)) AS u{len(lists)}")
        outputs.append(f"u{len(lists) - 1}")
        columns.append(("ordinality", t.BIGINT))
    alias = to.plan.alias("r")
    shown = ", ".join(f"{sql} AS c{i}" for i, sql in enumerate(outputs))
    sql = f"LATERAL (SELECT {shown} FROM (SELECT {', '.join(lists)})) AS {alias}"
    names, qualifier = aliases(to, tree, [label for label, _ in columns], offset)
    return Relation(
        sql,
        [
            Field(label, kind, f"{alias}.c{i}", qualifier)
            for i, (label, (_, kind)) in enumerate(zip(names, columns, strict=True))
        ],
    )


def spread(
    to: Expressions, tree: exp.Expr, value: Typed, at: int
) -> tuple[list[str], list[str], list[tuple[str, t.Type]]]:
    """What one collection gives: its lists, its output columns and their types."""
    if value.type.base == "map":
        keys, values = (
            f"unnest(map_keys({value.sql})) AS u{at}",
            f"unnest(map_values({value.sql})) AS u{at + 1}",
        )
        return (
            [keys, values],
            [f"u{at}", f"u{at + 1}"],
            [(f"_col{at}", value.type.parts[0]), (f"_col{at + 1}", value.type.parts[1])],
        )
    if value.type.base != "array":
        raise to.mismatch(tree, f"Cannot unnest type: {value.type}")
    element = value.type.parts[0]
    if element.base == "row":
        fields = [
            (label or f"_col{at}", kind) for label, kind in zip(element.names, element.parts, strict=True)
        ]
        return [f"unnest({value.sql}) AS u{at}"], [f"(u{at}).{slot}" for slot in element.slots], fields
    return [f"unnest({value.sql}) AS u{at}"], [f"u{at}"], [(f"_col{at}", element)]


def aliases(
    to: Expressions, tree: exp.Unnest, names: list[str], offset: object
) -> tuple[list[str], tuple[str, ...]]:
    """sqlglot takes the last alias for the ordinality's."""
    given = tree.args.get("alias")
    if given is None:
        return names, ()
    listed = [each.name for each in given.columns]
    if isinstance(offset, exp.Identifier):
        listed.append(offset.name)
    qualifier = (given.this.name.lower(),) if given.this is not None else ()
    if listed and len(listed) != len(names):
        raise SqlError(
            "MISMATCHED_COLUMN_ALIASES",
            f"{to.at(tree)}: Column alias list has {len(listed)} entries "
            f"but relation has {len(names)} columns",
        )
    return listed or names, qualifier
