"""UPDATE, DELETE and MERGE as queries: which rows of the target are hit and what becomes of them.

Each statement comes down to `Hit`s: a query for the places ("$path", "$row") of rows that change, with
their new values unless they go; and to queries for rows that are new.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from cumulet.engines.sql.base import NotSupported, SqlError
from cumulet.engines.sql.trino import grammar
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.casting import cast_value
from cumulet.engines.sql.trino.scope import Plan
from cumulet.engines.sql.trino.translation import Translation, assignable, fitted, translated
from cumulet.engines.sql.trino.typed import Typed

PLACE = ("$path", "$row")
Columns = list[tuple[str, t.Type]]


@dataclass(slots=True)
class Changes:
    """What a statement does, as DuckDB SQL. `hits` give path, row and, where rows stay, all columns;
    `additions` give all columns."""

    hits: list[tuple[str, bool]] = field(default_factory=list)  # the query, and whether its rows stay
    additions: list[str] = field(default_factory=list)
    once: bool = False  # is a row that is hit twice an error?


class Reader:
    """Takes one statement apart. `columns` are the target's."""

    def __init__(self, plan: Plan, columns: Columns) -> None:
        self.plan = plan
        self.columns = columns
        self.names = [name for name, _ in columns]

    def read(self, text: str) -> Changes:
        tree = grammar.change(text)
        match tree:
            case exp.Delete():
                self._only(tree, "this", "where")
                return Changes([(self._hit(tree.this, None, tree.args.get("where")), False)])
            case exp.Update():
                self._only(tree, "this", "expressions", "where")
                wanted = self._assigned(tree.expressions)
                return Changes([(self._hit(tree.this, wanted, tree.args.get("where")), True)])
            case exp.Merge():
                self._only(tree, "this", "using", "on", "whens")
                return self._merge(tree)
        raise NotSupported(f"{type(tree).__name__} as a statement")

    def _only(self, tree: exp.Expr, *known: str) -> None:
        for key, value in tree.args.items():
            if key not in known and value not in (None, False, []):
                raise NotSupported(f"{key.upper()} in {type(tree).__name__.upper()}")

    def _assigned(self, assignments: list[Any]) -> dict[str, exp.Expr]:
        found: dict[str, exp.Expr] = {}
        for each in assignments:
            if not isinstance(each, exp.EQ) or not isinstance(each.this, exp.Column):
                raise SqlError("SYNTAX_ERROR", "line 1:1: SET takes column = value")
            label = each.this.name.lower()
            if label not in self.names:
                raise SqlError(
                    "COLUMN_NOT_FOUND", f"line 1:1: The UPDATE SET target column {label} doesn't exist"
                )
            if label in found:
                raise SqlError("SYNTAX_ERROR", f"line 1:1: Multiple assignments for same column: {label}")
            found[label] = each.expression
        return found

    def _hit(
        self,
        target: exp.Table,
        wanted: dict[str, exp.Expr] | None,
        where: Any,
        joins: list[exp.Join] | None = None,
    ) -> str:
        """The places of the rows that a condition chooses, with their new values."""
        qualifier = target.alias_or_name
        items: list[exp.Expr] = [_column(label, qualifier) for label in PLACE]
        if wanted is not None:
            items += [wanted.get(label, _column(label, qualifier)) for label in self.names]
        select = exp.Select(expressions=[each.copy() for each in items], from_=exp.From(this=target.copy()))
        if joins:
            select.set("joins", joins)
        if where is not None:
            select.set("where", where.copy())
        made = translated(self.plan, select)
        return made.sql if wanted is None else self._fitted(made)

    def _fitted(self, made: Translation) -> str:
        """New values in their columns' types, as an assignment takes them."""
        kinds, given = [kind for _, kind in self.columns], [have for _, have in made.columns[2:]]
        pairs = list(zip(given, kinds, strict=True))
        wrong = [
            (str(kind), str(have))
            for i, (have, kind) in enumerate(pairs, 2)
            if not assignable(have, kind, i in made.written)
        ]
        if wrong:
            ours, theirs = (", ".join(each) for each in zip(*wrong, strict=True))
            text = f"UPDATE table column types don't match SET expressions: Table: [{ours}], Expressions: [{theirs}]"
            raise SqlError("TYPE_MISMATCH", f"line 1:1: {text}")
        values = ["q.c0 AS c0", "q.c1 AS c1"]
        for n, (have, kind) in enumerate(pairs, 2):
            values.append(f"{cast_value(Typed(f'q.c{n}', have), kind).sql} AS c{n}")
        return f"SELECT {', '.join(values)} FROM ({made.sql}) AS q"

    def _merge(self, tree: exp.Merge) -> Changes:
        changes = Changes(once=True)
        before: dict[bool, list[exp.Expr]] = {True: [], False: []}
        for when in tree.args["whens"].expressions:
            matched = bool(when.args.get("matched"))
            if when.args.get("source"):
                raise NotSupported("WHEN NOT MATCHED BY SOURCE")
            terms = [_not_so(each) for each in before[matched]]
            if (condition := when.args.get("condition")) is not None:
                terms.append(condition)
                before[matched].append(condition)
            else:
                before[matched].append(exp.true())
            self._when(tree, when.args["then"], matched, terms, changes)
        return changes

    def _when(
        self, tree: exp.Merge, then: Any, matched: bool, terms: list[exp.Expr], changes: Changes
    ) -> None:
        if matched:
            wanted = self._assigned(then.expressions) if isinstance(then, exp.Update) else None
            if wanted is None and then.name.upper() != "DELETE":
                raise NotSupported(f"WHEN MATCHED THEN {then.name}")
            join = exp.Join(this=tree.args["using"].copy(), kind="INNER", on=tree.args["on"].copy())
            changes.hits.append((self._hit(tree.this, wanted, _where(terms), [join]), wanted is not None))
        elif isinstance(then, exp.Insert):
            changes.additions.append(self._addition(tree, then, terms))
        else:
            raise NotSupported("WHEN NOT MATCHED THEN what is no INSERT")

    def _addition(self, tree: exp.Merge, then: exp.Insert, terms: list[exp.Expr]) -> str:
        """The rows of the source that match none of the target's."""
        named = [each.name.lower() for each in then.this.expressions] if then.this else []
        inner = exp.Subquery(
            this=exp.Select(
                expressions=[exp.Star(), _column(PLACE[0], tree.this.alias_or_name)],
                from_=exp.From(this=tree.this.copy()),
            ),
            alias=exp.TableAlias(this=exp.to_identifier(tree.this.alias_or_name, quoted=True)),
        )
        join = exp.Join(this=inner, side="LEFT", on=tree.args["on"].copy())
        unmatched = exp.Is(this=_column(PLACE[0], tree.this.alias_or_name), expression=exp.Null())
        select = exp.Select(
            expressions=[each.copy() for each in then.expression.expressions],
            from_=exp.From(this=tree.args["using"].copy()),
            joins=[join],
        )
        select.set("where", _where([unmatched, *terms]))
        return fitted(translated(self.plan, select), self.columns, named).sql


def _column(label: str, table: str) -> exp.Column:
    return exp.Column(this=exp.to_identifier(label, quoted=True), table=exp.to_identifier(table, quoted=True))


def _not_so(condition: exp.Expr) -> exp.Expr:
    """True where a condition is false or unknown: the clause before did not take the row."""
    taken = exp.If(this=condition.copy(), true=exp.false())
    return exp.Case(ifs=[taken], default=exp.true())


def _where(terms: list[exp.Expr]) -> exp.Where | None:
    if not terms:
        return None
    found = terms[0].copy()
    for each in terms[1:]:
        found = exp.And(this=exp.Paren(this=found), expression=exp.Paren(this=each.copy()))
    return exp.Where(this=found)
