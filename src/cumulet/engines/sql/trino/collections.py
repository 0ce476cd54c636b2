"""Putting texts and arrays together, and taking one element out."""

from __future__ import annotations

from sqlglot import exp

from cumulet.engines.sql.base import NotSupported
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.expression import Expressions, node
from cumulet.engines.sql.trino.printing import text
from cumulet.engines.sql.trino.typed import Typed, cast, coerce, fail, guarded


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
        return Typed(f"({left.sql} || {right.sql})", t.VARCHAR)
    if left.type.textual and right.type.textual:  # of a char and a text, which counts as a char, too
        return joined_chars(left, right)
    if left.type.base == right.type.base == "varbinary":
        return Typed(f"({left.sql} || {right.sql})", t.VARBINARY)
    if left.type.base == "array" or right.type.base == "array":
        return joined_arrays(to, tree, left, right)
    raise unfit(to, tree, left, right)


def unfit(to: Expressions, tree: exp.Expr, left: Typed, right: Typed) -> Exception:
    message = f"Unexpected parameters ({left.type}, {right.type}) for function concat"
    return to.error("FUNCTION_NOT_FOUND", tree, message)


def joined_chars(left: Typed, right: Typed) -> Typed:
    """char(x) || char(y) is char(x + y): the first one with the spaces at its end."""
    lengths = [each.type.numbers[0] if each.type.numbers else t.MOST_CHARACTERS for each in (left, right)]
    kind = t.Type("char", (min(sum(lengths), t.MOST_CHARACTERS),))
    return Typed(f"rtrim({text(left.sql, left.type)} || {right.sql}, ' ')", kind)


def joined_arrays(to: Expressions, tree: exp.Expr, left: Typed, right: Typed) -> Typed:
    """DuckDB's list || NULL is the list; Trino's is NULL, of an element, too."""
    forms = [(left, right), (alone(left), right), (left, alone(right))]  # an element may be an array itself
    wrap = next((each for each in forms if t.common(each[0].type, each[1].type)), (left, right))
    kind = t.common(wrap[0].type, wrap[1].type)
    if kind is None:
        raise unfit(to, tree, left, right)
    one, other = (coerce(v, kind).sql for v in wrap)
    value = f"list_concat({one}, {other})"
    return Typed(f"(CASE WHEN {left.sql} IS NULL OR {right.sql} IS NULL THEN NULL ELSE {value} END)", kind)


def alone(value: Typed) -> Typed:
    return Typed(f"[{value.sql}]", t.array(value.type))


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
