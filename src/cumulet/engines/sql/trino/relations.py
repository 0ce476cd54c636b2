"""What stands in FROM: tables, views, WITH queries, subqueries, joins and UNNEST."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from cumulet.engines.sql.base import NotSupported, SqlError
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.expression import Expressions
from cumulet.engines.sql.trino.grammar import place, start_of
from cumulet.engines.sql.trino.pruning import Pruning
from cumulet.engines.sql.trino.scope import Field, Relation, Scope
from cumulet.engines.sql.trino.tables import source_of
from cumulet.engines.sql.trino.typed import Typed, coerce
from cumulet.engines.sql.trino.unnest import unnested

if TYPE_CHECKING:
    from cumulet.engines.sql.trino.query import Queries

VERSIONS = {
    "TIMESTAMP": ("timestamp with time zone", "timestamp", "date"),
    "VERSION": ("bigint", "integer", "varchar"),
}
SIDES = {"": "INNER", "LEFT": "LEFT", "RIGHT": "RIGHT", "FULL": "FULL"}


@dataclass(slots=True)
class Relations:
    """Translates the FROM of one query."""

    queries: Queries
    outer: Scope | None
    where: Any = None

    def of(self, tree: exp.Select) -> Relation:
        """The whole FROM: the first relation, and each join behind it."""
        first = tree.args.get("from_")
        if first is None:
            return Relation("", [])
        where = tree.args.get("where")
        self.where = where.this if where is not None else None
        relation = self._factor(first.this, [])
        for lateral in tree.args.get("laterals") or []:
            raise NotSupported(f"{self._at(lateral)}: LATERAL VIEW")
        for join in tree.args.get("joins") or []:
            relation = self._join(relation, join)
        return relation

    def _at(self, tree: exp.Expr) -> str:
        return f"line {place(self.queries.plan.text, start_of(tree))}"

    def _factor(self, tree: Any, before: list[Field]) -> Relation:
        match tree:
            case exp.Table():
                found = self._table(tree)
            case exp.Subquery() if isinstance(tree.this, (exp.Table, exp.Unnest)):
                found = self._bracketed(tree, before)
            case exp.Subquery() | exp.Values():
                found = self._derived(tree, self.outer)
            case exp.Unnest():
                found = unnested(self._expressions(before), tree)
            case exp.Lateral() if isinstance(tree.this, exp.Subquery) and not tree.args.get("view"):
                found = self._derived(tree, Scope(before, self.outer), "LATERAL ")
            case exp.Paren():
                return self._factor(tree.this, before)
            case _:
                raise NotSupported(f"{self._at(tree)}: {type(tree).__name__} in FROM")
        for join in tree.args.get("joins") or []:
            found = self._join(found, join)
        return found

    def _bracketed(self, tree: Any, before: list[Field]) -> Relation:
        """(a JOIN b): a relation in brackets that is no query."""
        inner = self._factor(tree.this, before)
        if tree.args.get("alias"):
            raise NotSupported(f"{self._at(tree)}: an alias on a join in brackets")
        return Relation(f"({inner.sql})", inner.fields)

    def _expressions(self, fields: list[Field]) -> Expressions:
        return Expressions(self.queries.plan, Scope(fields, self.outer), self.queries)

    def _derived(self, tree: Any, outer: Scope | None, word: str = "") -> Relation:
        alias_tree = tree.args.get("alias")
        query = tree.this if isinstance(tree, exp.Lateral) else tree
        inner = self.queries.nested(query, outer)
        alias = self.queries.plan.alias("r")
        columns = [(f.name, f.type) for f in inner.fields]
        return Relation(f"{word}({inner.sql}) AS {alias}", self._fields(alias, alias_tree, columns, ()))

    def _fields(
        self, alias: str, given: Any, columns: list[tuple[str, t.Type]], own: tuple[str, ...]
    ) -> list[Field]:
        """A relation's columns under the names that its alias gives it."""
        qualifier = (given.this.name.lower(),) if given is not None and given.this is not None else own
        names = [label for label, _ in columns]
        if given is not None and given.columns:
            if len(given.columns) != len(names):
                raise self.queries._aliases(given, len(given.columns), len(names))
            names = [each.name for each in given.columns]
        return [
            Field(label, kind, f"{alias}.c{i}", qualifier)
            for i, (label, (_, kind)) in enumerate(zip(names, columns, strict=True))
        ]

    def _table(self, tree: exp.Table) -> Relation:
        for key, value in tree.args.items():
            if key not in ("this", "db", "catalog", "alias", "joins", "sample", "version") and value not in (
                None,
                False,
                [],
            ):
                raise NotSupported(f"{self._at(tree)}: {key.upper()} on a table")
        if not isinstance(tree.this, exp.Identifier):
            raise NotSupported(f"{self._at(tree)}: table functions")
        parts = tuple(tree.args[k].name.lower() for k in ("catalog", "db", "this") if tree.args.get(k))
        alias = self.queries.plan.alias("r")
        if len(parts) == 1 and (named := self.queries.named.get(parts[0])) is not None:
            return Relation(
                f"{named.sql} AS {alias}", self._fields(alias, tree.args.get("alias"), named.columns, parts)
            )
        return self._stored(tree, parts, alias)

    def _stored(self, tree: exp.Table, parts: tuple[str, ...], alias: str) -> Relation:
        given = tree.args.get("alias")
        plan = self.queries.plan
        own = ("awsdatacatalog", plan.database, *parts) if len(parts) == 1 else ("awsdatacatalog", *parts)
        qualifiers = {
            parts[-1],
            given.this.name.lower() if given is not None and given.this is not None else parts[-1],
        }
        found = source_of(
            self.queries,
            parts,
            self._at(tree),
            alias,
            lambda keys: Pruning(keys, qualifiers, self._expressions([]), plan.constant).conditions(
                self.where
            ),
            self._version(tree.args.get("version")),
        )
        fields = self._fields(alias, given, found.columns, own[-3:])
        fields += [
            Field(label, kind, f"{alias}.{column}", fields[0].qualifier if fields else own, hidden=True)
            for label, kind, column in found.hidden
        ]
        return Relation(f"({found.sql}) AS {alias}{self._sample(tree)}", fields)

    def _version(self, tree: Any) -> tuple[str, Any] | None:
        """FOR TIMESTAMP AS OF a moment, FOR VERSION AS OF a snapshot: the value, which no row decides."""
        if tree is None:
            return None
        if tree.args.get("kind") != "AS OF":
            raise NotSupported(f"{self._at(tree)}: FOR {tree.this} {tree.args.get('kind')}")
        value = self._expressions([])(tree.expression)
        wanted = VERSIONS.get(str(tree.this), ())
        if value.type.base not in wanted:
            message = f"Type {value.type} invalid. Expected one of: {', '.join(wanted)}"
            raise SqlError("TYPE_MISMATCH", f"{self._at(tree)}: {message}")
        sql = f"CAST({value.sql} AS TIMESTAMP)" if tree.this == "TIMESTAMP" else value.sql
        return str(tree.this), self.queries.plan.constant(sql)

    def _sample(self, tree: exp.Table) -> str:
        sample = tree.args.get("sample")
        if sample is None:
            return ""
        method, percent = str(sample.args.get("method") or "").upper(), sample.args.get("percent")
        if method not in ("BERNOULLI", "SYSTEM") or not isinstance(percent, exp.Literal):
            raise NotSupported(f"{self._at(tree)}: this TABLESAMPLE")
        return f" TABLESAMPLE {percent.this} PERCENT (bernoulli)"

    def _join(self, left: Relation, tree: exp.Join) -> Relation:
        side, kind, method = (str(tree.args.get(k) or "").upper() for k in ("side", "kind", "method"))
        if method == "NATURAL" or kind not in ("", "INNER", "OUTER", "CROSS") or side not in SIDES:
            raise NotSupported(f"{self._at(tree)}: {method or kind or side} JOIN".replace("  ", " "))
        right = self._factor(tree.this, left.fields)
        on, using = tree.args.get("on"), tree.args.get("using")
        if using:
            return self._using(left, right, SIDES[side], [each.name.lower() for each in using], tree)
        fields = left.fields + right.fields
        if on is None:
            if side or kind == "INNER" or (not kind and tree.args.get("kind")):
                raise SqlError("SYNTAX_ERROR", f"{self._at(tree)}: JOIN needs an ON or USING clause")
            return Relation(f"{left.sql} CROSS JOIN {right.sql}", fields)
        condition = self._expressions(fields).boolean(on, "JOIN ON clause").sql
        return Relation(f"{left.sql} {SIDES[side]} JOIN {right.sql} ON {condition}", fields)

    def _using(
        self, left: Relation, right: Relation, side: str, names: list[str], tree: exp.Join
    ) -> Relation:
        """Each column of USING appears once, in front, and belongs to neither side."""
        merged, tests = [], []
        for each in names:
            pair = [self._expressions(r.fields).scope.find((each,), "1:1", each) for r in (left, right)]
            if pair[0] is None or pair[1] is None:
                raise SqlError(
                    "COLUMN_NOT_FOUND",
                    f"{self._at(tree)}: Column '{each}' is missing from "
                    f"{'left' if pair[0] is None else 'right'} side of join",
                )
            kind = t.common(pair[0].type, pair[1].type)
            if kind is None:
                raise SqlError(
                    "TYPE_MISMATCH",
                    f"{self._at(tree)}: Column Types of left and right side are different: "
                    f"left is {pair[0].type}, right is {pair[1].type}",
                )
            one, other = coerce(pair[0], kind).sql, coerce(pair[1], kind).sql
            tests.append(f"{one} = {other}")
            shown = {"RIGHT": other, "FULL": f"coalesce({one}, {other})"}.get(side, one)
            merged.append(Field(each, kind, shown))
        rest = [f for f in left.fields + right.fields if f.name.lower() not in names]
        return Relation(f"{left.sql} {side} JOIN {right.sql} ON {' AND '.join(tests)}", merged + rest)


__all__ = ["Relations", "Typed"]
