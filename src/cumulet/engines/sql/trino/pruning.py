"""Which partitions can hold wanted rows: the conditions of WHERE that only partition keys decide.

What is found here narrows the list of files; the condition itself is still evaluated on every row, so
leaving one out costs time and never rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlglot import exp

from cumulet.engines.sql.base import SqlError
from cumulet.engines.sql.trino.comparisons import COMPARISONS, chain
from cumulet.engines.sql.trino.typed import Typed

TYPED = (exp.DataType.Type.DATE, exp.DataType.Type.TIMESTAMP)
FLIPPED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
CONSTANTS = ("varchar", "date", "timestamp", "boolean", "tinyint", "smallint", "integer", "bigint")
VARYING = (exp.Column, exp.Query, exp.Placeholder, exp.Lambda, exp.Star)
RANDOM = frozenset(["rand", "random", "shuffle", "uuid"])
Condition = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pruning:
    """Reads conditions; `translate` gives an expression without columns its type, `value` its value."""

    keys: set[str]
    qualifiers: set[str]
    translate: Callable[[Any], Typed]
    value: Callable[[str], Any]

    def conditions(self, where: exp.Expr | None) -> list[Condition]:
        """The simple conditions on partition keys that every wanted row fulfils."""
        if where is None:
            return []
        return [condition for term in terms(where) for condition in self._term(term)]

    def _term(self, tree: Any) -> list[Condition]:
        match tree:
            case exp.Or():
                return self._alternatives(chain(tree, exp.Or))
            case exp.Between():
                low = self._compared(tree.this, ">=", tree.args["low"])
                return low + self._compared(tree.this, "<=", tree.args["high"])
            case exp.In() if not tree.args.get("query") and tree.expressions:
                return self._listed(tree)
        sign = COMPARISONS.get(type(tree))
        if sign is None:
            return []
        return self._compared(tree.this, sign, tree.expression) or self._compared(
            tree.expression, FLIPPED[sign], tree.this
        )

    def _compared(self, column: Any, sign: str, other: Any) -> list[Condition]:
        name = self._key(column)
        value = self._constant(other) if name else None
        return [] if value is None else [{"column": name, "operator": sign, "values": [value]}]

    def _listed(self, tree: exp.In) -> list[Condition]:
        name = self._key(tree.this)
        values = [self._constant(each) for each in tree.expressions] if name else [None]
        return [] if None in values else [{"column": name, "operator": "in", "values": values}]

    def _alternatives(self, sides: list[exp.Expr]) -> list[Condition]:
        """A key that every side asks for certain values of has one of them all."""
        found = [values_of(self.conditions(side)) for side in sides]
        return [
            {"column": name, "operator": "in", "values": [v for each in found for v in each[name]]}
            for name in found[0]
            if all(name in each for each in found)
        ]

    def _key(self, tree: Any) -> str | None:
        if not isinstance(tree, exp.Column) or tree.name.lower() not in self.keys:
            return None
        table = tree.args.get("table")
        return tree.name.lower() if table is None or table.name.lower() in self.qualifiers else None

    def _constant(self, tree: Any) -> str | None:
        return literal(tree) or self._evaluated(tree)

    def _evaluated(self, tree: Any) -> str | None:
        """What no row decides: CAST('2024-01-01' AS date), date_format(current_date - INTERVAL '7' DAY, '%Y')."""
        if tree.find(*VARYING) is not None or any(
            str(each.this).lower() in RANDOM for each in tree.find_all(exp.Anonymous)
        ):
            return None
        try:
            found = self.translate(tree)
            return shown(self.value(found.sql)) if found.type.base in CONSTANTS and not found.cost else None
        except SqlError:
            return None  # told where the rows are looked at


def terms(where: exp.Expr) -> list[exp.Expr]:
    while isinstance(where, exp.Paren):
        where = where.this
    if not isinstance(where, exp.And):
        return [where]
    return [term for side in chain(where, exp.And) for term in terms(side)]


def values_of(conditions: list[Condition]) -> dict[str, list[str]]:
    return {each["column"]: each["values"] for each in conditions if each["operator"] in ("=", "in")}


def literal(tree: Any) -> str | None:
    """A literal's text; a typed literal (DATE '2020-01-01') counts too."""
    if isinstance(tree, exp.Neg) and isinstance(tree.this, exp.Literal) and not tree.this.is_string:
        return f"-{tree.this.this}"
    if isinstance(tree, exp.Cast) and tree.args["to"].this in TYPED and isinstance(tree.this, exp.Literal):
        return str(tree.this.this)
    if isinstance(tree, exp.Boolean):
        return str(tree.this).lower()
    return str(tree.this) if isinstance(tree, exp.Literal) else None


def shown(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return None if value is None else str(value)
