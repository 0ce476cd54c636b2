"""Arithmetic, comparisons and logic, by Trino's rules for types, overflow and division."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from cumulet.engines.sql.base import NotSupported
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.expression import Expressions, node
from cumulet.engines.sql.trino.typed import Typed, cast, coerce, fail, guarded
from cumulet.engines.sql.trino.types import Type

SIGNS = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}
COMPARISONS = {exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
INTERVALS = ("interval day to second", "interval year to month")
MOMENTS = ("date", "timestamp", "timestamp with time zone", "time")
BY_ZERO = "'Division by zero'"


@node(*SIGNS)
def arithmetic(to: Expressions, tree: Any) -> Typed:
    sign, left, right = SIGNS[type(tree)], to(tree.this), to(tree.expression)
    if left.type.numeric and right.type.numeric:
        return numbers(sign, left, right)
    if t.UNKNOWN in (left.type, right.type) and (
        left.type.numeric or right.type.numeric or left.type == right.type
    ):
        kind = left.type if right.type == t.UNKNOWN else right.type
        return Typed(cast("NULL", kind), kind)
    if (found := moments(sign, left, right)) is not None:
        return found
    raise to.mismatch(tree, f"Cannot apply operator: {left.type} {sign} {right.type}")


def numbers(sign: str, left: Typed, right: Typed) -> Typed:
    kind = t.common(left.type, right.type)
    assert kind is not None
    if kind.base == "decimal":
        return decimals(sign, left, right)
    one, other = coerce(left, kind), coerce(right, kind)
    if kind.floating:
        return floats(sign, one, other)
    known = right.number not in (None, 0)
    value = f"({one.sql} {'//' if sign == '/' else sign} {other.sql})"
    value = cast(value, kind) if sign in "/%" else value
    if sign in "/%" and not known:
        return Typed(guarded(f"{other.sql} = 0", "DIVISION_BY_ZERO", BY_ZERO, value, kind), kind)
    return Typed(value, kind)


def floats(sign: str, one: Typed, other: Typed) -> Typed:
    """IEEE arithmetic; DuckDB's x % 0 is NULL where Trino's is NaN."""
    if sign == "%":
        nan = f"CAST('NaN' AS {one.type.duck})"
        whole = f"({one.sql} % {other.sql})"
        return Typed(f"(CASE WHEN {other.sql} = 0 THEN {nan} ELSE {whole} END)", one.type)
    return Typed(f"({one.sql} {sign} {other.sql})", one.type)


def decimals(sign: str, left: Typed, right: Typed) -> Typed:
    """Trino's result types; where DuckDB would round or overflow differently the work is done on integers."""
    a, b = t.as_decimal(left.type), t.as_decimal(right.type)
    (p1, s1), (p2, s2) = a.numbers, b.numbers
    one, other = coerce(left, a), coerce(right, b)
    if sign in "+-":
        scale = max(s1, s2)
        kind = t.decimal(min(38, max(p1 - s1, p2 - s2) + scale + 1), scale)
        return Typed(cast(f"({cast(one.sql, kind)} {sign} {cast(other.sql, kind)})", kind), kind)
    if sign == "*":
        if s1 + s2 > 38:
            raise NotSupported(f"{a} * {b}: a scale above 38")
        kind = t.decimal(min(38, p1 + p2), s1 + s2)
        return Typed(cast(f"({one.sql} * {other.sql})", kind), kind)
    if sign == "%":
        scale = max(s1, s2)
        kind = t.decimal(min(p2 - s2, p1 - s1) + scale or 1, scale)
        wide = t.decimal(min(38, max(p1 - s1, p2 - s2) + scale), scale)
        value = cast(f"({cast(one.sql, wide)} % {cast(other.sql, wide)})", kind)
        return Typed(guarded(f"{other.sql} = 0", "DIVISION_BY_ZERO", BY_ZERO, value, kind), kind)
    return quotient(one, other)


def quotient(one: Typed, other: Typed) -> Typed:
    """decimal / decimal, rounded half up, on the unscaled integers: (a * 10^k) / b."""
    (p1, s1), (p2, s2) = one.type.numbers, other.type.numbers
    scale = max(s1, s2)
    kind = t.decimal(min(38, p1 + s2 + max(0, s2 - s1)), scale)
    shift = scale - s1 + s2
    if p1 + shift > 37 or p2 > 37:
        raise NotSupported(f"{one.type} / {other.type}: more than 37 digits on the way")
    a = (
        f"CAST({one.sql} * CAST(1{'0' * s1} AS DECIMAL({s1 + 1},0)) AS HUGEINT)"
        if s1
        else f"CAST({one.sql} AS HUGEINT)"
    )
    b = (
        f"CAST({other.sql} * CAST(1{'0' * s2} AS DECIMAL({s2 + 1},0)) AS HUGEINT)"
        if s2
        else f"CAST({other.sql} AS HUGEINT)"
    )
    value = f"cumulet_quotient({a} * CAST(1{'0' * shift} AS HUGEINT), {b})"
    scaled = cast(unscaled(value, kind), kind)
    return Typed(guarded(f"{other.sql} = 0", "DIVISION_BY_ZERO", BY_ZERO, scaled, kind), kind)


def unscaled(number: str, kind: Type) -> str:
    """An integer as a decimal with its last digits behind the point: by one product where that fits."""
    precision, scale = kind.numbers
    if not scale:
        return number
    if precision + scale <= 38:
        return (
            f"(CAST({number} AS DECIMAL({38 - scale},0)) * CAST('0.{'0' * (scale - 1)}1' AS "
            f"DECIMAL({scale},{scale})))"
        )
    return f"cumulet_decimal({number}, {scale})"


def moments(sign: str, left: Typed, right: Typed) -> Typed | None:
    """Dates and times with intervals; an interval of months on a date keeps it a date."""
    if sign == "+" and left.type.base in INTERVALS and right.type.base in MOMENTS:
        left, right = right, left
    if sign in "+-" and left.type.base in MOMENTS and right.type.base in INTERVALS:
        if left.type.zone != "UTC" or left.type.base == "time":
            raise NotSupported(f"{left.type} {sign} {right.type} in zone {left.type.zone}")
        if left.type == t.DATE and right.type == t.DAY_TO_SECOND:
            return Typed(cast(whole_days(left, right, sign), t.DATE), t.DATE)
        return Typed(cast(f"({left.sql} {sign} {right.sql})", left.type), left.type)
    if sign in "+-" and left.type == right.type and left.type.base in INTERVALS:
        return Typed(f"({left.sql} {sign} {right.sql})", left.type)
    if sign == "*" and left.type.base in INTERVALS and right.type.integral:
        return Typed(f"({left.sql} * {right.sql})", left.type)
    if sign == "*" and right.type.base in INTERVALS and left.type.integral:
        return Typed(f"({right.sql} * {left.sql})", right.type)
    if sign == "-" and left.type.base == right.type.base and left.type.base in MOMENTS[:3]:
        return Typed(
            f"to_microseconds(epoch_us(CAST({left.sql} AS TIMESTAMP)) - epoch_us(CAST({right.sql} AS TIMESTAMP)))",
            t.DAY_TO_SECOND,
        )
    return None


def whole_days(left: Typed, right: Typed, sign: str) -> str:
    """A date takes an interval of whole days only."""
    message = "'Cannot add hour, minutes or seconds to a date'"
    moved = f"({left.sql} {sign} {right.sql})"
    partial = f"epoch_us({moved}) % 86400000000 <> 0"
    return (
        f"(CASE WHEN {partial} THEN "
        f"{fail('INVALID_FUNCTION_ARGUMENT', message, t.DATE)} ELSE CAST({moved} AS "
        f"DATE) END)"
    )


@node(exp.Neg)
def negative(to: Expressions, tree: exp.Neg) -> Typed:
    value = to(tree.this)
    if isinstance(tree.this, exp.Literal) and value.type == t.BIGINT and tree.this.this == "2147483648":
        return Typed("CAST(-2147483648 AS BIGINT)", t.BIGINT)
    if not value.type.numeric and value.type.base not in INTERVALS:
        raise to.mismatch(tree, f"Cannot negate {value.type}")
    number = -value.number if value.number is not None else None
    return Typed(f"(-{value.sql})", value.type, number=number, cost=value.cost)


@node(*COMPARISONS)
def comparison(to: Expressions, tree: Any) -> Typed:
    sign = COMPARISONS[type(tree)]
    if isinstance(tree.expression, (exp.Any, exp.All)):
        return quantified(to, tree, sign)
    one, other = pair(to, tree, tree.this, tree.expression, sign)
    return Typed(f"({one.sql} {sign} {other.sql})", t.BOOLEAN)


def pair(to: Expressions, tree: exp.Expr, left: exp.Expr, right: exp.Expr, sign: str) -> tuple[Typed, Typed]:
    one, other = to(left), to(right)
    kind = instants(one.type, other.type) or t.common(one.type, other.type)
    if kind is None or not kind.comparable:
        raise to.mismatch(tree, f"Cannot apply operator: {one.type} {sign} {other.type}")
    if sign not in ("=", "<>") and not kind.orderable:
        raise to.mismatch(tree, f"Cannot apply operator: {one.type} {sign} {other.type}")
    if kind.base == "map" or (kind.parts and sign not in ("=", "<>")):
        raise NotSupported(f"{to.at(tree)}: {sign} on {kind}")
    if kind.base == "timestamp with time zone" and one.type.base == other.type.base:
        return one, other
    return coerce(one, kind), coerce(other, kind)


def instants(one: Type, other: Type) -> Type | None:
    """Timestamps with zones compare as instants, whatever their zones are."""
    return one if one.base == other.base == "timestamp with time zone" else None


def quantified(to: Expressions, tree: Any, sign: str) -> Typed:
    """a = ANY (query), a > ALL (query)."""
    which = "ANY" if isinstance(tree.expression, exp.Any) else "ALL"
    value, found = to(tree.this), to.queries.nested(tree.expression.this, to.scope)
    if len(found.fields) != 1:
        raise to.mismatch(
            tree, f"Multiple columns returned by subquery are not yet supported. Found {len(found.fields)}"
        )
    if t.common(value.type, found.fields[0].type) is None:
        raise to.mismatch(tree, f"Cannot apply operator: {value.type} {sign} {found.fields[0].type}")
    return Typed(f"({value.sql} {sign} {which} ({found.sql}))", t.BOOLEAN)


@node(exp.NullSafeEQ, exp.NullSafeNEQ)
def distinct_from(to: Expressions, tree: Any) -> Typed:
    one, other = pair(to, tree, tree.this, tree.expression, "=")
    words = "IS DISTINCT FROM" if isinstance(tree, exp.NullSafeNEQ) else "IS NOT DISTINCT FROM"
    return Typed(f"({one.sql} {words} {other.sql})", t.BOOLEAN)


@node(exp.And, exp.Or)
def logic(to: Expressions, tree: Any) -> Typed:
    word = "AND" if isinstance(tree, exp.And) else "OR"
    sides = [to.boolean(side, "Logical expression term") for side in chain(tree, type(tree))]
    return Typed("(" + f" {word} ".join(side.sql for side in sides) + ")", t.BOOLEAN)


def chain(tree: exp.Expr, kind: type[exp.Expr]) -> list[exp.Expr]:
    """a AND b AND c as a list: long chains must not become deep recursion."""
    found, rest = [], tree
    while type(rest) is kind:
        found.append(rest.args["expression"])
        rest = rest.this
    return [rest, *reversed(found)]


@node(exp.Not)
def negation(to: Expressions, tree: exp.Not) -> Typed:
    return Typed(f"(NOT {to.boolean(tree.this, 'Value of logical NOT expression').sql})", t.BOOLEAN)


@node(exp.Is)
def is_null(to: Expressions, tree: exp.Is) -> Typed:
    if not isinstance(tree.expression, exp.Null):
        raise to.error(
            "SYNTAX_ERROR", tree, "mismatched input after IS. Expecting: 'DISTINCT', 'NOT', 'NULL'"
        )
    return Typed(f"({to(tree.this).sql} IS NULL)", t.BOOLEAN)


@node(exp.Between)
def between(to: Expressions, tree: exp.Between) -> Typed:
    low = pair(to, tree, tree.this, tree.args["low"], ">=")
    high = pair(to, tree, tree.this, tree.args["high"], "<=")
    if tree.args.get("symmetric"):
        raise NotSupported("BETWEEN SYMMETRIC")
    return Typed(f"({low[0].sql} >= {low[1].sql} AND {high[0].sql} <= {high[1].sql})", t.BOOLEAN)


@node(exp.In)
def within(to: Expressions, tree: exp.In) -> Typed:
    if (query := tree.args.get("query")) is not None:
        return within_query(to, tree, query)
    if tree.args.get("unnest") or tree.args.get("field"):
        raise NotSupported(f"{to.at(tree)}: this form of IN")
    values = to.unified([tree.this, *tree.expressions], "IN value and list items")
    return Typed(f"({values[0].sql} IN ({', '.join(v.sql for v in values[1:])}))", t.BOOLEAN)


def within_query(to: Expressions, tree: exp.In, query: exp.Expr) -> Typed:
    value, found = to(tree.this), to.queries.nested(query, to.scope)
    wanted = value.type.parts if value.type.base == "row" else (value.type,)
    kinds = [t.common(w, f.type) for w, f in zip(wanted, found.fields, strict=False)]
    if len(wanted) != len(found.fields) or None in kinds:
        shown = found.fields[0].type if len(found.fields) == 1 else t.row([f.type for f in found.fields])
        raise to.mismatch(
            tree,
            f"value and result of subquery must be of the same type for IN expression: {value.type} vs {shown}",
        )
    if value.type.base == "row":
        raise NotSupported(f"{to.at(tree)}: IN with a row of columns and a subquery")
    kind = kinds[0]
    assert kind is not None
    inner = f"SELECT CAST(c0 AS {kind.duck}) FROM ({found.sql}) AS {to.plan.alias('s')}(c0)"
    return Typed(f"({coerce(value, kind).sql} IN ({inner}))", t.BOOLEAN)


@node(exp.Like)
def like(to: Expressions, tree: exp.Like) -> Typed:
    return matched(to, tree, "")


@node(exp.Escape)
def like_escape(to: Expressions, tree: exp.Escape) -> Typed:
    if not isinstance(tree.this, exp.Like):
        raise NotSupported(f"{to.at(tree)}: ESCAPE here")
    escape = to(tree.expression)
    if escape.text is None or len(escape.text) != 1:
        raise to.error("INVALID_FUNCTION_ARGUMENT", tree, "Escape string must be a single character")
    return matched(to, tree.this, f" ESCAPE {escape.sql}")


def matched(to: Expressions, tree: exp.Like, escape: str) -> Typed:
    value, pattern = to(tree.this), to(tree.expression)
    for each, what in ((value, "Left side"), (pattern, "Pattern for")):
        if each.type.base not in ("varchar", "unknown"):
            raise to.mismatch(
                tree, f"{what} of LIKE expression must evaluate to a varchar (actual: {each.type})"
            )
    return Typed(f"({coerce(value, t.VARCHAR).sql} LIKE {coerce(pattern, t.VARCHAR).sql}{escape})", t.BOOLEAN)


@node(exp.DPipe)
def concatenation(to: Expressions, tree: exp.DPipe) -> Typed:
    left, right = to(tree.this), to(tree.expression)
    return joined(to, tree, left, right)


def joined(to: Expressions, tree: exp.Expr, left: Typed, right: Typed) -> Typed:
    """Texts, binaries and arrays; an element may stand beside an array of its type."""
    if t.UNKNOWN in (left.type, right.type):
        kind = left.type if right.type == t.UNKNOWN else right.type
        return Typed(cast("NULL", kind), kind)
    if left.type.base == right.type.base == "varchar":
        lengths = left.type.numbers + right.type.numbers
        kind = t.varchar(sum(lengths)) if len(lengths) == 2 else t.VARCHAR
        return Typed(f"({left.sql} || {right.sql})", kind)
    if left.type.base == right.type.base == "varbinary":
        return Typed(f"({left.sql} || {right.sql})", t.VARBINARY)
    if left.type.base == "array" or right.type.base == "array":
        return joined_arrays(to, tree, left, right)
    raise to.mismatch(tree, f"Unexpected parameters ({left.type}, {right.type}) for function concat")


def joined_arrays(to: Expressions, tree: exp.Expr, left: Typed, right: Typed) -> Typed:
    """DuckDB's list || NULL is the list; Trino's is NULL."""
    wrap = [v if v.type.base == "array" else Typed(f"[{v.sql}]", t.array(v.type)) for v in (left, right)]
    kind = t.common(wrap[0].type, wrap[1].type)
    if kind is None:
        raise to.mismatch(tree, f"Unexpected parameters ({left.type}, {right.type}) for function concat")
    one, other = (coerce(v, kind).sql for v in wrap)
    value = f"list_concat({one}, {other})"
    return Typed(f"(CASE WHEN {one} IS NULL OR {other} IS NULL THEN NULL ELSE {value} END)", kind)


@node(exp.AtTimeZone)
def at_time_zone(to: Expressions, tree: exp.AtTimeZone) -> Typed:
    value, zone = to(tree.this), to(tree.args["zone"])
    if zone.text is None:
        raise NotSupported(f"{to.at(tree)}: AT TIME ZONE with a zone that is not a literal")
    if value.type.base not in ("timestamp", "timestamp with time zone"):
        raise to.mismatch(
            tree, f"Type of value must be a time or timestamp with or without time zone (actual {value.type})"
        )
    return Typed(value.sql, t.Type("timestamp with time zone", value.type.numbers, zone=zone.text))


@node(exp.Interval)
def interval(to: Expressions, tree: exp.Interval) -> Typed:
    unit, amount = str(tree.args.get("unit") or "").lower(), to(tree.this)
    if amount.text is None or not amount.text.lstrip("+-").isdigit():
        raise NotSupported(f"{to.at(tree)}: this interval literal")
    number = int(amount.text)
    if unit in ("year", "month"):
        return Typed(f"to_months({number * (12 if unit == 'year' else 1)})", t.YEAR_TO_MONTH)
    micros = {"day": 86400, "hour": 3600, "minute": 60, "second": 1, "week": 604800}.get(unit)
    if micros is None:
        raise to.error("SYNTAX_ERROR", tree, f"mismatched input '{unit}'")
    return Typed(f"to_microseconds(CAST({number * micros * 1_000_000} AS BIGINT))", t.DAY_TO_SECOND)


@node(exp.Bracket)
def subscript(to: Expressions, tree: exp.Bracket) -> Typed:
    """array[i] from 1, map[key], row[i]; unlike element_at, what is not there is an error."""
    if len(tree.expressions) != 1 or isinstance(tree.expressions[0], exp.Slice):
        raise NotSupported(f"{to.at(tree)}: this subscript")
    value, index = to(tree.this), to(tree.expressions[0])
    if value.type.base == "array":
        return array_subscript(to, tree, value, index)
    if value.type.base == "map":
        return map_subscript(to, tree, value, index)
    if value.type.base == "row" and index.number is not None and 1 <= index.number <= len(value.type.parts):
        return Typed(f"({value.sql}).f{index.number - 1}", value.type.parts[index.number - 1])
    raise to.mismatch(tree, f"Cannot use {index.type} for subscript of {value.type}")


def array_subscript(to: Expressions, tree: exp.Expr, value: Typed, index: Typed) -> Typed:
    if not index.type.integral:
        raise to.mismatch(tree, f"Cannot use {index.type} for subscript of {value.type}")
    kind, at = value.type.parts[0], coerce(index, t.BIGINT).sql
    whens = [
        (f"{at} = 0", "'SQL array indices start at 1'"),
        (f"{at} < 0", "'Array subscript is negative: ' || " + f"CAST({at} AS VARCHAR)"),
        (
            f"{at} > len({value.sql})",
            f"'Array subscript must be less than or equal to array length: ' || CAST({at} AS VARCHAR)"
            f" || ' > ' || CAST(len({value.sql}) AS VARCHAR)",
        ),
    ]
    errors = " ".join(f"WHEN {c} THEN {fail('INVALID_FUNCTION_ARGUMENT', m, kind)}" for c, m in whens)
    return Typed(f"(CASE {errors} ELSE list_extract({value.sql}, {at}) END)", kind)


def map_subscript(to: Expressions, tree: exp.Expr, value: Typed, index: Typed) -> Typed:
    key, kind = value.type.parts
    if not t.fits(index.type, key):
        raise to.mismatch(tree, f"Cannot use {index.type} for subscript of {value.type}")
    at = coerce(index, key).sql
    missing = f"'Key not present in map: ' || CAST({at} AS VARCHAR)"
    absent = f"({at} IS NOT NULL AND NOT map_contains({value.sql}, {at}))"
    return Typed(
        guarded(absent, "INVALID_FUNCTION_ARGUMENT", missing, f"map_extract_value({value.sql}, {at})", kind),
        kind,
    )
