"""Expressions: each kind of node that Trino has, with its type and its words in DuckDB.

A kind of node is handled by the function that `@node` registers for it; any other is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from cumulet.engines.sql.base import NotSupported, SqlError
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.grammar import place, start_of
from cumulet.engines.sql.trino.scope import Plan, Scope
from cumulet.engines.sql.trino.typed import Typed, coerce, met, quote, unified

if TYPE_CHECKING:
    from cumulet.engines.sql.trino.query import Queries

Handler = Callable[["Expressions", Any], Typed]
HANDLERS: dict[type[exp.Expr], Handler] = {}
MOST_DIGITS = 38


def node(*kinds: type[exp.Expr]) -> Callable[[Handler], Handler]:
    """Register the translation of some kinds of node."""

    def register(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(kinds, handler))
        return handler

    return register


@dataclass(slots=True)
class Expressions:
    """Translates the expressions of one scope. `lambdas` are the parameters of the lambdas around one."""

    plan: Plan
    scope: Scope
    queries: Queries
    lambdas: dict[str, Typed] = field(default_factory=dict)
    windows: dict[str, exp.Window] = field(default_factory=dict)
    aggregates: bool = False  # may an aggregate stand here?
    grouped: dict[str, int] = field(default_factory=dict)

    def __call__(self, tree: Any) -> Typed:
        handler = HANDLERS.get(type(tree))
        if handler is None:
            raise NotSupported(f"{self.at(tree)}: {type(tree).__name__}")
        return handler(self, tree)

    def at(self, tree: exp.Expr) -> str:
        return f"line {place(self.plan.text, start_of(tree))}"

    def error(self, name: str, tree: exp.Expr, message: str) -> SqlError:
        return SqlError(name, f"{self.at(tree)}: {message}")

    def mismatch(self, tree: exp.Expr, message: str) -> SqlError:
        return self.error("TYPE_MISMATCH", tree, message)

    def boolean(self, tree: exp.Expr, what: str) -> Typed:
        found = self(tree)
        if found.type not in (t.BOOLEAN, t.UNKNOWN):
            raise self.mismatch(tree, f"{what} must evaluate to a boolean: actual type {found.type}")
        return coerce(found, t.BOOLEAN)

    def unified(self, trees: list[exp.Expr], what: str) -> list[Typed]:
        return self.unite([self(tree) for tree in trees], trees[0], what)

    def unite(self, values: list[Typed], tree: exp.Expr, what: str) -> list[Typed]:
        """The values in the one type that all of them fit; an error points at the tree."""
        try:
            return unified(values, what)
        except SqlError as error:
            if error.message.startswith("line "):
                raise
            raise self.error(error.name, tree, error.message) from None

    def inside(self, parameters: dict[str, Typed]) -> Expressions:
        """The same place with a lambda's parameters in sight."""
        return replace(self, lambdas={**self.lambdas, **parameters}, aggregates=False)


@node(exp.Paren)
def paren(to: Expressions, tree: exp.Paren) -> Typed:
    inner = to(tree.this)
    return replace(inner, sql=f"({inner.sql})")


@node(exp.Null)
def null(to: Expressions, tree: exp.Null) -> Typed:
    return Typed("NULL", t.UNKNOWN)


@node(exp.Boolean)
def boolean(to: Expressions, tree: exp.Boolean) -> Typed:
    return Typed("TRUE" if tree.this else "FALSE", t.BOOLEAN)


@node(exp.Literal)
def literal(to: Expressions, tree: exp.Literal) -> Typed:
    text = str(tree.this)
    if tree.is_string:
        return Typed(quote(text), t.varchar(len(text)), text=text)
    if "e" in text.lower():
        return Typed(f"CAST({text} AS DOUBLE)", t.DOUBLE)
    if "." in text:
        return point_literal(text)
    number = int(text)
    if number >= 2**63:
        raise to.error("INVALID_LITERAL", tree, f"Invalid numeric literal: {text}")
    kind = t.INTEGER if number < 2**31 else t.BIGINT
    return Typed(f"CAST({number} AS {kind.duck})", kind, number=number)


def point_literal(text: str) -> Typed:
    """1.20 is a double in Athena, not a decimal as in Trino (docs/decisions/0013)."""
    exact = decimal_literal(text) if len(text) <= MOST_DIGITS else None
    return Typed(f"CAST({quote(text)} AS DOUBLE)", t.DOUBLE, exact=exact)


def decimal_literal(text: str) -> Typed:
    """DECIMAL '1.50' is decimal(3,2), DECIMAL '.5' is decimal(1,1)."""
    negative, text = text.startswith("-"), text.lstrip("+-")
    whole, _, fraction = text.partition(".")
    whole = whole.lstrip("0")
    precision = max(len(whole) + len(fraction), 1)
    if precision > MOST_DIGITS:
        raise SqlError("INVALID_LITERAL", f"Invalid decimal literal: {text}")
    kind = t.decimal(precision, len(fraction))
    value = Decimal(
        ("-" if negative else "") + (text.rstrip(".") if text.startswith(".") is False else "0" + text)
    )
    return Typed(f"CAST({quote(format(value, 'f'))} AS {kind.duck})", kind)


@node(exp.HexString)
def hex_string(to: Expressions, tree: exp.HexString) -> Typed:
    return Typed(f"unhex({quote(str(tree.this))})", t.VARBINARY)


@node(exp.UnicodeString)
def unicode_string(to: Expressions, tree: exp.UnicodeString) -> Typed:
    """U&'\\0041\\+01F600' [UESCAPE '#']: characters by their numbers."""
    mark = re.escape(tree.args["escape"].this if tree.args.get("escape") else "\\")
    points = re.compile(rf"{mark}(?:({mark})|([0-9a-fA-F]{{4}})|\+([0-9a-fA-F]{{6}}))|({mark})")

    def character(found: re.Match[str]) -> str:
        if found[4]:
            raise to.error("INVALID_LITERAL", tree, "Incomplete escape sequence in a Unicode literal")
        return found[1] or chr(int(found[2] or found[3], 16))

    text = points.sub(character, str(tree.this))
    return Typed(quote(text), t.varchar(len(text)), text=text)


@node(exp.Identifier)
def identifier(to: Expressions, tree: exp.Identifier) -> Typed:
    """A bare identifier is a lambda's parameter, or else a column that sqlglot took for one."""
    if (found := to.lambdas.get(tree.name.lower())) is not None:
        return found
    return resolve(to, tree, [tree])


@node(exp.Column)
def column(to: Expressions, tree: exp.Column) -> Typed:
    parts = [tree.args[key] for key in ("catalog", "db", "table", "this") if tree.args.get(key)]
    if tree.args.get("join_mark"):
        raise NotSupported("The outer join mark (+)")
    if isinstance(tree.this, exp.Star):
        raise to.error("SYNTAX_ERROR", tree, "'*' cannot stand here")
    return resolve(to, tree, parts)


def resolve(to: Expressions, tree: exp.Expr, parts: list[exp.Identifier]) -> Typed:
    """The longest beginning of a dotted name that is a column; what follows are fields of rows."""
    names = tuple(part.name.lower() for part in parts)
    shown = ".".join(names)
    where = place(to.plan.text, start_of(tree))
    if names[0] in to.lambdas:
        return fields_of(to, tree, to.lambdas[names[0]], list(names[1:]))
    for length in range(len(names), 0, -1):
        found = to.scope.find(names[:length], where, shown)
        if found is not None:
            to.plan.used.add(found.sql)
            return fields_of(to, tree, found, list(names[length:]))
    raise SqlError("COLUMN_NOT_FOUND", f"line {where}: Column '{shown}' cannot be resolved")


def fields_of(to: Expressions, tree: exp.Expr, value: Typed, names: list[str]) -> Typed:
    for each in names:
        if value.type.base != "row":
            raise to.mismatch(tree, f"Expression is not of type ROW: {value.type}")
        places = [i for i, n in enumerate(value.type.names) if n.lower() == each]
        if len(places) != 1:
            problem = "cannot be resolved" if not places else "is ambiguous"
            raise to.error(
                "COLUMN_NOT_FOUND" if not places else "AMBIGUOUS_NAME", tree, f"Column '{each}' {problem}"
            )
        value = Typed(f"({value.sql}).f{places[0]}", value.type.parts[places[0]], cost=value.cost)
    return value


@node(exp.Dot)
def dot(to: Expressions, tree: exp.Dot) -> Typed:
    """A field of a row, or the tail of a name longer than four parts."""
    if not isinstance(tree.expression, exp.Identifier):
        raise NotSupported(f"{to.at(tree)}: this use of a dot")
    return fields_of(to, tree, to(tree.this), [tree.expression.name.lower()])


@node(exp.Placeholder)
def placeholder(to: Expressions, tree: exp.Placeholder) -> Typed:
    raise to.error("INVALID_PARAMETER_USAGE", tree, "Incorrect number of parameters")


@node(exp.Case)
def case(to: Expressions, tree: exp.Case) -> Typed:
    branches = tree.args["ifs"]
    default = tree.args.get("default")
    results = [each.args["true"] for each in branches] + ([default] if default is not None else [])
    values = to.unified(results, "All CASE results")
    if tree.this is not None:
        conditions = [equal(to, tree.this, each.this) for each in branches]
    else:
        conditions = [to.boolean(each.this, "CASE WHEN clause").sql for each in branches]
    whens = " ".join(f"WHEN {c} THEN {v.sql}" for c, v in zip(conditions, values, strict=False))
    otherwise = f" ELSE {values[-1].sql}" if default is not None else ""
    return Typed(f"(CASE {whens}{otherwise} END)", values[0].type)


def equal(to: Expressions, left: exp.Expr, right: exp.Expr) -> str:
    pair = met(to(left), to(right))
    one, other = to.unite(pair, left, "CASE operand type does not match WHEN clause operand type: operands")
    return f"{one.sql} = {other.sql}"


@node(exp.Subquery)
def subquery(to: Expressions, tree: exp.Subquery) -> Typed:
    found = to.queries.nested(tree, to.scope)
    shown = [each for each in found.fields if not each.hidden]
    if len(shown) != 1:
        raise to.error(
            "TYPE_MISMATCH",
            tree,
            f"Multiple columns returned by subquery are not yet supported. Found {len(shown)}",
        )
    return Typed(f"({found.sql})", shown[0].type, query=found.sql)


@node(exp.Exists)
def exists(to: Expressions, tree: exp.Exists) -> Typed:
    return Typed(f"EXISTS ({to.queries.nested(tree.this, to.scope).sql})", t.BOOLEAN)


@node(exp.Tuple)
def tuple_(to: Expressions, tree: exp.Tuple) -> Typed:
    return make_row([to(each) for each in tree.expressions])


def make_row(values: list[Typed]) -> Typed:
    kind = t.row([value.type for value in values])
    slots = ", ".join(f"{slot} := {value.sql}" for slot, value in zip(kind.slots, values, strict=True))
    return Typed(f"struct_pack({slots})", kind)


@node(exp.Array)
def array(to: Expressions, tree: exp.Array) -> Typed:
    if not tree.expressions:
        return Typed("CAST([] AS INTEGER[])", t.array(t.UNKNOWN))
    values = to.unified(tree.expressions, "All ARRAY elements")
    return Typed(f"[{', '.join(v.sql for v in values)}]", t.array(values[0].type))
