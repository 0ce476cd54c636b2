"""Queries: SELECT and what surrounds it. Each becomes DuckDB SQL whose columns are c0, c1, ..."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from sqlglot import exp

from cumulet.engines.sql.base import NotSupported, SqlError
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.expression import Expressions
from cumulet.engines.sql.trino.grammar import place, start_of
from cumulet.engines.sql.trino.ordering import finished
from cumulet.engines.sql.trino.recursion import recursive, unrolled
from cumulet.engines.sql.trino.relations import Relations
from cumulet.engines.sql.trino.scope import Field, Plan, Relation, Scope
from cumulet.engines.sql.trino.selecting import Selection
from cumulet.engines.sql.trino.typed import Typed, coerce, name

CLAUSES = {"match": "MATCH_RECOGNIZE"}  # what sqlglot calls otherwise than Trino
SET_OPERATIONS = {exp.Union: "UNION", exp.Intersect: "INTERSECT", exp.Except: "EXCEPT"}


@dataclass(frozen=True, slots=True)
class Named:
    """A WITH query: what it is called in DuckDB, and its columns."""

    sql: str
    columns: list[tuple[str, t.Type]]


@dataclass(slots=True)
class Queries:
    """Translates queries at one place: `named` are the WITH queries in sight there."""

    plan: Plan
    named: dict[str, Named] = field(default_factory=dict)

    def nested(self, tree: exp.Expr, outer: Scope | None = None) -> Relation:
        """A query inside another one (or at the top, where `outer` is None)."""
        match tree:
            case exp.Subquery():
                return self._parenthesized(tree, outer)
            case exp.Select():
                return self._with(tree, outer, self._select)
            case exp.SetOperation():
                return self._with(tree, outer, self._set_operation)
            case exp.Values():
                return self._with(tree, outer, self._values)
        raise NotSupported(f"line {place(self.plan.text, start_of(tree))}: {type(tree).__name__} as a query")

    def _with(self, tree: Any, outer: Scope | None, translate: Any) -> Relation:
        clause = tree.args.get("with_")
        if clause is None:
            found: Relation = translate(self, tree, outer)
            return found
        inner, parts = Queries(self.plan, dict(self.named)), []
        for each in clause.expressions:
            if clause.args.get("recursive") and recursive(each):
                parts += inner._recursion(each, outer)
            else:
                parts.append(inner._name(each, outer))
        found = translate(inner, tree, outer)
        return Relation(f"WITH {', '.join(parts)} {found.sql}", found.fields)

    def _name(self, tree: exp.CTE, outer: Scope | None) -> str:
        found = self.nested(tree.this, outer)
        columns = [(f.name, f.type) for f in found.fields]
        alias = tree.args["alias"]
        if given := alias.columns:
            if len(given) != len(columns):
                raise self._aliases(alias, len(given), len(columns))
            columns = [(each.name, kind) for each, (_, kind) in zip(given, columns, strict=True)]
        key = alias.this.name.lower()
        called = self.plan.alias("w")
        self.named[key] = Named(called, columns)
        return f"{called} AS ({found.sql})"

    def _recursion(self, tree: exp.CTE, outer: Scope | None) -> list[str]:
        parts, called, columns = unrolled(self, tree, outer)
        self.named[tree.args["alias"].this.name.lower()] = Named(called, columns)
        return parts

    def seeing(self, key: str, called: str, columns: list[tuple[str, t.Type]]) -> Queries:
        """The same place with one more WITH query in sight."""
        return Queries(self.plan, {**self.named, key: Named(called, columns)})

    def _aliases(self, tree: exp.Expr, given: int, there: int) -> SqlError:
        return SqlError(
            "MISMATCHED_COLUMN_ALIASES",
            f"line {place(self.plan.text, start_of(tree))}: Column alias list has {given} entries "
            f"but relation has {there} columns",
        )

    def _parenthesized(self, tree: exp.Subquery, outer: Scope | None) -> Relation:
        """(query) ORDER BY ... LIMIT ...: what stands behind the bracket applies to the whole."""
        allowed(self.plan, tree, "this", "order", "limit", "offset", "with_", "alias")
        if tree.args.get("with_") is not None:
            return self._with(tree, outer, lambda q, each, o: q._around(each, q.nested(each.this, o), o))
        return self._around(tree, self.nested(tree.this, outer), outer)

    def _around(self, tree: Any, inner: Relation, outer: Scope | None) -> Relation:
        if not any(tree.args.get(key) for key in ("order", "limit", "offset")):
            return inner
        alias = self.plan.alias("q")
        fields = [Field(f.name, f.type, f"{alias}.c{i}") for i, f in enumerate(inner.fields)]
        expressions = Expressions(self.plan, Scope(fields, outer), self)
        items = [(f.name, Typed(f.sql, f.type)) for f in fields]
        sql = finished(expressions, tree, items, lambda more: f"SELECT *{more} FROM ({inner.sql}) AS {alias}")
        return Relation(sql, inner.fields)

    @staticmethod
    def _set_operation(self: Queries, tree: Any, outer: Scope | None) -> Relation:
        allowed(self.plan, tree, "this", "expression", "distinct", "order", "limit", "offset", "with_")
        left, right = self.nested(tree.this, outer), self.nested(tree.expression, outer)
        word = SET_OPERATIONS[type(tree)]
        if len(left.fields) != len(right.fields):
            raise SqlError(
                "TYPE_MISMATCH",
                f"line {place(self.plan.text, start_of(tree))}: {word} query has different "
                f"number of fields: {len(left.fields)}, {len(right.fields)}",
            )
        kinds = [
            self._column_type(tree, word, i, a, b)
            for i, (a, b) in enumerate(zip(left.fields, right.fields, strict=True))
        ]
        sides = [self._cast_all(side, kinds) for side in (left, right)]
        every = "" if tree.args.get("distinct") else " ALL"
        fields = [replace(f, type=kind, qualifier=()) for f, kind in zip(left.fields, kinds, strict=True)]
        return self._around(tree, Relation(f"({sides[0]}) {word}{every} ({sides[1]})", fields), outer)

    def _column_type(self, tree: exp.Expr, word: str, at: int, left: Field, right: Field) -> t.Type:
        kind = t.common(left.type, right.type)
        if kind is None:
            raise SqlError(
                "TYPE_MISMATCH",
                f"line {place(self.plan.text, start_of(tree))}: column {at + 1} in {word} query "
                f"has incompatible types: {left.type}, {right.type}",
            )
        return kind

    def _cast_all(self, relation: Relation, kinds: list[t.Type]) -> str:
        if all(f.type.duck == kind.duck for f, kind in zip(relation.fields, kinds, strict=True)):
            return relation.sql
        alias = self.plan.alias("q")
        values = (
            coerce(Typed(f"{alias}.c{i}", f.type), kind).sql
            for i, (f, kind) in enumerate(zip(relation.fields, kinds, strict=True))
        )
        return f"SELECT {', '.join(f'{v} AS c{i}' for i, v in enumerate(values))} FROM ({relation.sql}) AS {alias}"

    @staticmethod
    def _values(self: Queries, tree: exp.Values, outer: Scope | None) -> Relation:
        allowed(self.plan, tree, "expressions", "alias", "with_", "order", "limit", "offset")
        expressions = Expressions(self.plan, Scope(outer=outer), self)
        rows = [each.expressions if isinstance(each, exp.Tuple) else [each] for each in tree.expressions]
        if len({len(row) for row in rows}) != 1:
            raise SqlError(
                "TYPE_MISMATCH",
                f"line {place(self.plan.text, start_of(tree))}: Values rows have mismatched sizes",
            )
        given = [[expressions(row[i]) for row in rows] for i in range(len(rows[0]))]
        columns = [expressions.unite(column, rows[0][i], "Values rows") for i, column in enumerate(given)]
        lines = ", ".join(f"({', '.join(c[i].sql for c in columns)})" for i in range(len(rows)))
        fields = [Field(f"_col{i}", c[0].type, "", written=numerals(given[i])) for i, c in enumerate(columns)]
        heads = ", ".join(f"c{i}" for i in range(len(columns)))
        return self._around(
            tree,
            Relation(f"SELECT * FROM (VALUES {lines}) AS {self.plan.alias('v')}({heads})", fields),
            outer,
        )

    @staticmethod
    def _select(self: Queries, tree: exp.Select, outer: Scope | None) -> Relation:
        allowed(
            self.plan,
            tree,
            "expressions",
            "from_",
            "joins",
            "where",
            "group",
            "having",
            "order",
            "limit",
            "offset",
            "distinct",
            "with_",
            "windows",
            "kind",
            "hint",
            "laterals",
            "operation_modifiers",
        )
        return Selection(self, tree, outer).translate()

    def relations(self, outer: Scope | None) -> Relations:
        return Relations(self, outer)


def numerals(values: list[Typed]) -> bool:
    """Whether all are numbers that are written out, some of them with a point."""
    known = (each.exact is not None or each.number is not None or each.type == t.UNKNOWN for each in values)
    return all(known) and any(each.exact is not None for each in values)


def allowed(plan: Plan, tree: exp.Expr, *keys: str) -> None:
    """Refuse a clause that this translation would otherwise drop without a word."""
    for key, value in tree.args.items():
        if key not in keys and value not in (None, False, []):
            where = value if isinstance(value, exp.Expr) and start_of(value) else tree
            words = CLAUSES.get(key) or f"{key.strip('_').upper().replace('_', ' ')} here"
            raise NotSupported(f"line {place(plan.text, start_of(where))}: {words}")


__all__ = ["Named", "Queries", "allowed", "name"]
