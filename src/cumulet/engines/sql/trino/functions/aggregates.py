"""Aggregate functions: their types are Trino's, sums overflow where Trino's do.

https://trino.io/docs/current/functions/aggregate.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from cumulet.engines.sql.base import NotSupported
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.division import shifted, unscaled
from cumulet.engines.sql.trino.functions.merging import folded, grouped
from cumulet.engines.sql.trino.functions.registry import Call
from cumulet.engines.sql.trino.nan import numbers
from cumulet.engines.sql.trino.products import hastened
from cumulet.engines.sql.trino.typed import Typed, cast, coerce
from cumulet.engines.sql.trino.types import Type


@dataclass(frozen=True, slots=True)
class Aggregation:
    """One aggregate call taken apart. `tail` is FILTER and OVER; `distinct` and `order` stand inside the brackets."""

    call: Call
    values: list[Typed]
    distinct: str = ""
    order: str = ""
    tail: str = ""
    star: bool = False

    def sql(self, name: str, *arguments: str) -> str:
        return f"{name}({self.distinct}{', '.join(arguments)}{self.order}){self.tail}"

    def one(self) -> Typed:
        return self.many(1)[0]

    def many(self, number: int) -> list[Typed]:
        if len(self.values) != number or self.star:
            raise self.call.unexpected(self.values)
        return self.values


SUMMED = 28  # digits that leave room for the sum of 10^10 rows
Handler = Callable[[Aggregation], Typed]
AGGREGATES: dict[str, Handler] = {}


def aggregate(*names: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        AGGREGATES.update(dict.fromkeys(names, handler))
        return handler

    return register


@aggregate("count")
def count(of: Aggregation) -> Typed:
    if of.star or not of.values:
        return Typed(of.sql("count", "*"), t.BIGINT)
    value = of.one()
    if of.distinct and not value.type.comparable:
        raise of.call.to.mismatch(
            of.call.tree, f"DISTINCT can only be applied to comparable types (actual: {value.type})"
        )
    return Typed(of.sql("count", value.sql), t.BIGINT)


@aggregate("count_if")
def count_if(of: Aggregation) -> Typed:
    value = coerce(of.one(), t.BOOLEAN)
    return Typed(f"CAST({of.sql('count_if', value.sql)} AS BIGINT)", t.BIGINT)


@aggregate("sum")
def total(of: Aggregation) -> Typed:
    value = of.one()
    if value.type.integral or value.type == t.UNKNOWN:
        return Typed(cast(of.sql("sum", coerce(value, t.BIGINT).sql), t.BIGINT), t.BIGINT)
    if value.type.base == "decimal":
        kind = t.decimal(38, value.type.numbers[1])
        return Typed(cast(of.sql("sum", summed(of, value)), kind), kind)
    if value.type.floating:
        return Typed(cast(of.sql("sum", value.sql), value.type), value.type)
    raise of.call.unexpected([value])


def summed(of: Aggregation, value: Typed) -> str:
    """What is summed; a window's argument may be the key of a group, so it is left as it is."""
    return value.sql if " OVER " in of.tail else hastened(of.call.to, of.call.arguments[0], value)


@aggregate("avg")
def average(of: Aggregation) -> Typed:
    value = of.one()
    if value.type.base == "decimal":
        return average_decimal(of, value)
    if value.type.numeric or value.type == t.UNKNOWN:
        kind = t.REAL if value.type == t.REAL else t.DOUBLE
        return Typed(cast(of.sql("avg", cast(value.sql, t.DOUBLE)), kind), kind)
    raise of.call.unexpected([value])


def average_decimal(of: Aggregation, value: Typed) -> Typed:
    """The exact sum over the count, rounded half up to the argument's own scale."""
    precision, scale = value.type.numbers
    if precision + scale > 37:
        raise NotSupported(f"avg of {value.type}")
    count = of.sql("count", value.sql)
    quotient = f"cumulet_quotient({unscaled_sum(of, value)}, CAST({count} AS HUGEINT))"
    return Typed(
        f"CASE WHEN {count} > 0 THEN {cast(unscaled(quotient, value.type), value.type)} END", value.type
    )


def unscaled_sum(of: Aggregation, value: Typed) -> str:
    """The sum as an integer of all digits; where the sum of any table has room for that, by one product at the end."""
    precision, scale = value.type.numbers
    if scale and precision + scale <= SUMMED:
        return shifted(of.sql("sum", value.sql), scale)
    return of.sql("sum", shifted(value.sql, scale))


@aggregate("min", "max")
def extreme(of: Aggregation) -> Typed:
    if len(of.values) == 2 and not of.star:
        value, number = of.values
        return Typed(of.sql(of.call.name, value.sql, coerce(number, t.BIGINT).sql), t.array(value.type))
    value = of.one()
    if not value.type.orderable or value.type.parts:
        raise NotSupported(f"{of.call.to.at(of.call.tree)}: {of.call.name} of {value.type}")
    found = of.sql(of.call.name, value.sql)
    if of.call.name == "max" and value.type.floating:  # NaN only where there is nothing else
        found = f"coalesce({of.sql('max', numbers(value.sql, value.type))}, {found})"
    return Typed(found, value.type)


@aggregate("min_by", "max_by")
def extreme_by(of: Aggregation) -> Typed:
    """NULLs of the wanted column count (DuckDB's plain arg_min skips them)."""
    if len(of.values) == 3:
        return extremes_by(of)
    value, by = of.many(2)
    if of.call.name == "min_by":
        return Typed(of.sql("arg_min_null", value.sql, by.sql), value.type)
    found = of.sql("arg_max_null", value.sql, by.sql)
    if by.type.floating:
        real = numbers(by.sql, by.type)
        found = (
            f"(CASE WHEN {of.sql('count', real)} > 0 THEN {of.sql('arg_max_null', value.sql, real)} "
            f"ELSE {found} END)"
        )
    return Typed(found, value.type)


def extremes_by(of: Aggregation) -> Typed:
    """The n values that belong to the least or greatest; NULLs among them count, NULLs to go by do not."""
    value, by, number = of.many(3)
    if number.number is None or of.order or of.distinct or not by.type.orderable or by.type.parts:
        raise NotSupported(f"{of.call.to.at(of.call.tree)}: this {of.call.name} with a count")
    if number.number <= 0:
        message = f"third argument of {of.call.name} must be a positive integer"
        raise of.call.to.error("INVALID_FUNCTION_ARGUMENT", of.call.tree, message)
    direction = "ASC" if of.call.name == "min_by" else "DESC"
    sorted_ = replace(of, order=f" ORDER BY {by.sql} {direction}")
    found = entries(sorted_, f"struct_pack(v := {value.sql})", f"{by.sql} IS NOT NULL")
    return Typed(
        f"list_transform(list_slice({found}, 1, {number.number}), lambda e: e.v)", t.array(value.type)
    )


@aggregate("arbitrary", "any_value")
def arbitrary(of: Aggregation) -> Typed:
    return Typed(of.sql("any_value", of.one().sql), of.one().type)


@aggregate("bool_and", "every", "bool_or")
def logical(of: Aggregation) -> Typed:
    name = "bool_or" if of.call.name == "bool_or" else "bool_and"
    return Typed(of.sql(name, coerce(of.one(), t.BOOLEAN).sql), t.BOOLEAN)


@aggregate("array_agg")
def array_agg(of: Aggregation) -> Typed:
    return Typed(of.sql("array_agg", of.one().sql), t.array(of.one().type))


@aggregate("approx_distinct")
def approx_distinct(of: Aggregation) -> Typed:
    """The exact number: it lies within every standard error that may be asked for."""
    if of.distinct or of.tail.find("OVER") >= 0:
        raise NotSupported("approx_distinct as DISTINCT or over a window")
    value = of.values[0]
    return Typed(f"count(DISTINCT {value.sql}){of.tail}", t.BIGINT)


@aggregate("approx_percentile")
def approx_percentile(of: Aggregation) -> Typed:
    """The exact percentile, which is an element of the input, as Trino's approximation is."""
    if len(of.values) in (3, 4):
        return weighted_percentile(of)
    value, share = of.many(2)
    if not value.type.numeric or value.type.base == "decimal":
        value = coerce(value, t.DOUBLE)
    if value.type.integral:
        value = coerce(value, t.BIGINT)
    if share.type.base == "array":
        return Typed(
            of.sql("quantile_disc", value.sql, cast(share.sql, t.array(t.DOUBLE))), t.array(value.type)
        )
    return Typed(of.sql("quantile_disc", value.sql, coerce(share, t.DOUBLE).sql), value.type)


def weighted_percentile(of: Aggregation) -> Typed:
    """approx_percentile(x, weight, share [, accuracy]): exact, where each value stands as often as its weight says."""
    value, weight, share = of.values[:3]
    if value.type.integral:
        value = coerce(value, t.BIGINT)
    elif value.type.numeric and value.type != t.REAL:
        value = coerce(value, t.DOUBLE)
    if not value.type.numeric or not weight.type.numeric:
        raise of.call.unexpected(of.values)
    item = f"struct_pack(v := {value.sql}, w := {coerce(weight, t.DOUBLE).sql})"
    sorted_ = replace(of, order=f" ORDER BY {value.sql}")
    found = entries(sorted_, item, f"{value.sql} IS NOT NULL AND {weight.sql} IS NOT NULL")
    weights = f"list_transform({found}, lambda e: e.w)"

    def at(wanted: str) -> str:
        return f"({found})[cumulet_weighted({weights}, {wanted})].v"

    if share.type.base == "array":
        wanted = cast(share.sql, t.array(t.DOUBLE))
        return Typed(f"list_transform({wanted}, lambda p: {at('p')})", t.array(value.type))
    return Typed(at(coerce(share, t.DOUBLE).sql), value.type)


@aggregate("approx_set")
def approx_set(of: Aggregation) -> Typed:
    """The hashes of all values: an exact set, which lies within the error of every sketch."""
    value = of.values[0] if len(of.values) == 2 else of.one()
    if value.type.integral:
        value = coerce(value, t.BIGINT)
    if value.type.base not in ("bigint", "double", "varchar", "unknown"):
        raise of.call.unexpected(of.values)
    return Typed(
        entries(replace(of, distinct="DISTINCT "), f"hash({value.sql})", f"{value.sql} IS NOT NULL"), t.SKETCH
    )


@aggregate("merge")
def merge(of: Aggregation) -> Typed:
    value = of.one()
    if value.type != t.SKETCH:
        raise of.call.unexpected([value])
    return Typed(f"list_distinct(flatten({entries(of, value.sql, f'{value.sql} IS NOT NULL')}))", t.SKETCH)


def define(name: str, duck: str, parameters: int = 1, result: Type = t.DOUBLE) -> None:
    def handler(of: Aggregation) -> Typed:
        values = [coerce(value, t.DOUBLE) for value in of.many(parameters)]
        return Typed(of.sql(duck, *(v.sql for v in values)), result)

    AGGREGATES[name] = handler


for _name in (
    "stddev",
    "stddev_samp",
    "stddev_pop",
    "variance",
    "var_samp",
    "var_pop",
    "kurtosis",
    "skewness",
):
    define(_name, {"stddev": "stddev_samp", "variance": "var_samp"}.get(_name, _name))
for _name in ("corr", "covar_pop", "covar_samp", "regr_slope", "regr_intercept"):
    define(_name, _name, 2)
define("geometric_mean", "geomean")


@aggregate("bitwise_and_agg", "bitwise_or_agg", "bitwise_xor_agg")
def bits(of: Aggregation) -> Typed:
    duck = {"bitwise_and_agg": "bit_and", "bitwise_or_agg": "bit_or", "bitwise_xor_agg": "bit_xor"}[
        of.call.name
    ]
    return Typed(of.sql(duck, coerce(of.one(), t.BIGINT).sql), t.BIGINT)


def entries(of: Aggregation, item: str, there: str) -> str:
    """The list of a group's items, of those that are there; with what FILTER and ORDER BY say."""
    if " OVER " in of.tail:
        raise NotSupported(f"{of.call.to.at(of.call.tree)}: {of.call.name} over a window")
    wanted = of.tail.removeprefix(" FILTER (WHERE ").removesuffix(")")
    condition = f"{there} AND ({wanted})" if of.tail else there
    return f"list({of.distinct}{item}{of.order}) FILTER (WHERE {condition})"


def first_of_each(found: str, key: str) -> str:
    keys = f"list_transform({found}, lambda f: f.{key})"
    return f"list_filter({found}, lambda e, i: list_position({keys}, e.{key}) = i)"


@aggregate("map_agg")
def map_agg(of: Aggregation) -> Typed:
    """Keys are unique and not NULL; of several values for a key the first is kept."""
    key, value = of.many(2)
    found = entries(of, f"struct_pack(k := {key.sql}, v := {value.sql})", f"{key.sql} IS NOT NULL")
    return Typed(f"map_from_entries({first_of_each(found, 'k')})", t.mapping(key.type, value.type))


@aggregate("multimap_agg")
def multimap_agg(of: Aggregation) -> Typed:
    """All values of each key, in the order of their coming."""
    key, value = of.many(2)
    found = entries(of, f"struct_pack(k := {key.sql}, v := {value.sql})", f"{key.sql} IS NOT NULL")
    return Typed(grouped(f"({found})", "k", "v"), t.mapping(key.type, t.array(value.type)))


@aggregate("map_union")
def map_union(of: Aggregation) -> Typed:
    """Of several values for a key one is kept: the first."""
    value = of.one()
    if value.type.base != "map":
        raise of.call.unexpected([value])
    found = f"flatten({entries(of, f'map_entries({value.sql})', f'{value.sql} IS NOT NULL')})"
    return Typed(f"map_from_entries({first_of_each(found, 'key')})", value.type)


@aggregate("approx_most_frequent")
def most_frequent(of: Aggregation) -> Typed:
    """The exact numbers, which Trino gives too where the capacity suffices."""
    buckets, value, _capacity = of.many(3)
    if buckets.number is None or not (value.type.integral or value.type.base == "varchar"):
        raise NotSupported(f"{of.call.to.at(of.call.tree)}: approx_most_frequent of {value.type} here")
    counted = f"map_entries(histogram({value.sql}){of.tail})"
    sortable = f"list_transform({counted}, lambda e: struct_pack(n := -e.value, k := e.key))"
    first = f"list_slice(list_sort({sortable}), 1, {buckets.number})"
    pairs = f"list_transform({first}, lambda e: struct_pack(k := e.k, v := CAST(-e.n AS BIGINT)))"
    return Typed(f"map_from_entries({pairs})", t.mapping(value.type, t.BIGINT))


@aggregate("reduce_agg")
def reduce_agg(of: Aggregation) -> Typed:
    """The input function, value by value, from the initial state on; states need not be put together here."""
    value, start = of.values
    found = entries(of, value.sql, f"{value.sql} IS NOT NULL")
    return folded(of.call, Typed(found, t.array(value.type)), start)


@aggregate("histogram")
def histogram(of: Aggregation) -> Typed:
    value = of.one()
    counted = f"histogram({value.sql}){of.tail}"
    return Typed(f"CAST({counted} AS MAP({value.type.duck}, BIGINT))", t.mapping(value.type, t.BIGINT))
