"""One SELECT: its items, its groups, its order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from cumulet.engines.sql.base import NotSupported, SqlError
from cumulet.engines.sql.trino.expression import Expressions
from cumulet.engines.sql.trino.functions.aggregates import AGGREGATES
from cumulet.engines.sql.trino.ordering import Items, finished
from cumulet.engines.sql.trino.scope import Field, Relation, Scope
from cumulet.engines.sql.trino.typed import Typed

if TYPE_CHECKING:
    from cumulet.engines.sql.trino.query import Queries


@dataclass(slots=True)
class Selection:
    """The translation of one SELECT, clause by clause in the order in which SQL evaluates them."""

    queries: Queries
    tree: exp.Select
    outer: Scope | None

    def translate(self) -> Relation:
        tree = self.tree
        if tree.args.get("kind") or tree.args.get("hint") or tree.args.get("operation_modifiers"):
            raise NotSupported("SELECT AS, hints and modifiers")
        if not tree.expressions:
            raise SqlError("SYNTAX_ERROR", "line 1:1: SELECT without anything to select")
        source = self.queries.relations(self.outer).of(tree)
        plain = Expressions(self.queries.plan, Scope(source.fields, self.outer), self.queries)
        to = replace(
            plain, aggregates=True, windows={w.name.lower(): w for w in tree.args.get("windows") or []}
        )
        items = self._items(to, source.fields)
        self.queries.plan.groups.append(lambda: self._left_out(plain, items))
        head = f"SELECT {self._distinct()}" + ", ".join(f"{v.sql} AS c{i}" for i, (_, v) in enumerate(items))
        rest = f" FROM {source.sql}" if source.sql else ""
        rest += self._where(plain) + self._group(plain, items) + self._having(to)
        sql = finished(to, tree, items, lambda more: head + more + rest)
        fields = [Field(label, v.type, "", written=v.exact is not None) for label, v in items]
        return Relation(sql, fields)

    def _distinct(self) -> str:
        found = self.tree.args.get("distinct")
        if found is None:
            return ""
        if found.args.get("on"):
            raise NotSupported("DISTINCT ON")
        return "DISTINCT "

    def _items(self, to: Expressions, fields: list[Field]) -> Items:
        items: Items = []
        for each in self.tree.expressions:
            if isinstance(each, exp.Star) or (
                isinstance(each, exp.Column) and isinstance(each.this, exp.Star)
            ):
                items += self._star(to, each, fields)
            else:
                items.append(self._item(to, each, len(items)))
        return items

    def _item(self, to: Expressions, tree: exp.Expr, at: int) -> tuple[str, Typed]:
        if isinstance(tree, exp.Alias):
            return tree.args["alias"].name, to(tree.this)
        value = to(tree)
        if isinstance(tree, exp.Column):
            return tree.name, value
        if isinstance(tree, exp.Dot) and isinstance(tree.expression, exp.Identifier):
            return tree.expression.name, value
        return f"_col{at}", value

    def _fields(self, to: Expressions, tree: exp.Column, wanted: tuple[str, ...]) -> Items | None:
        """row.*: the fields of a row."""
        found = to.scope.find(wanted, "1:1", ".".join(wanted))
        if found is None or found.type.base != "row":
            return None
        to.plan.used.add(found.sql)
        parts = zip(found.type.names, found.type.slots, found.type.parts, strict=True)
        return [(name or "", Typed(f"({found.sql}).{slot}", kind)) for name, slot, kind in parts]

    def _star(self, to: Expressions, tree: Any, fields: list[Field]) -> Items:
        star = tree.this if isinstance(tree, exp.Column) else tree
        if any(star.args.get(key) for key in ("except_", "replace", "rename", "except")):
            raise NotSupported("* with EXCEPT or REPLACE")
        wanted: tuple[str, ...] = ()
        if isinstance(tree, exp.Column):
            wanted = tuple(tree.args[k].name.lower() for k in ("catalog", "db", "table") if tree.args.get(k))
        found = [f for f in fields if not f.hidden and (not wanted or f.qualifier[-len(wanted) :] == wanted)]
        if not found:
            if wanted:
                if (fields_of := self._fields(to, tree, wanted)) is not None:
                    return fields_of
                raise to.error("TABLE_NOT_FOUND", tree, f"Unable to resolve reference {'.'.join(wanted)}")
            raise to.error("SYNTAX_ERROR", tree, "SELECT * not allowed in queries without FROM clause")
        to.plan.used.update(f.sql for f in found)
        return [(f.name, Typed(f.sql, f.type)) for f in found]

    def _where(self, to: Expressions) -> str:
        clause = self.tree.args.get("where")
        return f" WHERE {to.boolean(clause.this, 'WHERE clause').sql}" if clause is not None else ""

    def _having(self, to: Expressions) -> str:
        clause = self.tree.args.get("having")
        return f" HAVING {to.boolean(clause.this, 'HAVING clause').sql}" if clause is not None else ""

    def _group(self, to: Expressions, items: Items) -> str:
        clause = self.tree.args.get("group")
        if clause is None:
            return ""
        if any(clause.args.get(key) for key in ("totals", "all", "rollup", "cube", "grouping_sets")):
            raise NotSupported("this form of GROUP BY")
        return " GROUP BY " + ", ".join(self._grouped(to, each, items) for each in clause.expressions)

    def _grouped(self, to: Expressions, tree: Any, items: Items) -> str:
        if isinstance(tree, (exp.Rollup, exp.Cube)):
            word = "ROLLUP" if isinstance(tree, exp.Rollup) else "CUBE"
            return f"{word} ({', '.join(self._grouped(to, each, items) for each in tree.expressions)})"
        if isinstance(tree, exp.GroupingSets):
            return f"GROUPING SETS ({', '.join(self._set(to, each, items) for each in tree.expressions)})"
        if isinstance(tree, exp.Literal) and not tree.is_string:
            return self._by_place(to, tree, items)
        if isinstance(tree, exp.Tuple):
            return f"({', '.join(self._grouped(to, each, items) for each in tree.expressions)})"
        value = to(tree)
        if not value.type.comparable:
            raise to.mismatch(
                tree, f"{value.type} is not comparable, and therefore cannot be used in GROUP BY"
            )
        return value.sql

    def _left_out(self, to: Expressions, items: Items) -> SqlError | None:
        """The error of the first column that is neither grouped by nor inside an aggregate."""
        clause = self.tree.args.get("group")
        if clause is None and not any(value.cost for _, value in items):
            return None
        grouped = (
            [self._grouped(to, each, items) for each in clause.expressions] if clause is not None else []
        )
        having = self.tree.args.get("having")
        for tree in [*self.tree.expressions, *([having.this] if having is not None else [])]:
            if (found := loose(to, tree, grouped)) is not None:
                shown = ".".join(part.name for part in found.parts)
                message = f"'{shown}' must be an aggregate expression or appear in GROUP BY clause"
                return to.error("EXPRESSION_NOT_AGGREGATE", found, message)
        return None

    def _set(self, to: Expressions, tree: Any, items: Items) -> str:
        inner = tree.this if isinstance(tree, exp.Paren) else tree
        members = inner.expressions if isinstance(inner, exp.Tuple) else [inner]
        return f"({', '.join(self._grouped(to, each, items) for each in members)})"

    def _by_place(self, to: Expressions, tree: exp.Literal, items: Items) -> str:
        place = int(tree.this)
        if not 1 <= place <= len(items):
            raise to.error(
                "INVALID_COLUMN_REFERENCE", tree, f"GROUP BY position {place} is not in select list"
            )
        if items[place - 1][1].cost:
            raise to.error(
                "EXPRESSION_NOT_SCALAR",
                tree,
                "GROUP BY clause cannot contain aggregations, window functions or grouping operations",
            )
        return items[place - 1][1].sql


def loose(to: Expressions, tree: Any, grouped: list[str]) -> exp.Column | None:
    """The first column in an expression that stands outside all aggregates and is not a part of what is grouped by."""
    if isinstance(tree, (exp.Subquery, exp.Exists, exp.Lambda, exp.GroupConcat, exp.Filter, exp.Star)):
        return None
    if isinstance(tree, exp.Anonymous) and tree.name.lower() in (*AGGREGATES, "grouping"):
        return None
    if isinstance(tree, exp.Expr) and not isinstance(tree, (exp.Alias, exp.Identifier, exp.Window)):
        try:
            if any(to(tree).sql in each for each in grouped):
                return None
        except (SqlError, NotSupported):
            pass  # an aggregate inside: its parts are looked at one by one
    if isinstance(tree, exp.Column):
        return None if isinstance(tree.this, exp.Star) else tree
    for each in tree.iter_expressions():
        if (found := loose(to, each, grouped)) is not None:
            return found
    return None
