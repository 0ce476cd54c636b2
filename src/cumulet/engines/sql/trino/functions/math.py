"""Mathematical functions. https://trino.io/docs/current/functions/math.html"""

from __future__ import annotations

from decimal import Decimal

from cumulet.engines.sql.base import NotSupported
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.functions.registry import Call, define, function
from cumulet.engines.sql.trino.operators import numbers
from cumulet.engines.sql.trino.typed import Typed, cast, coerce, fail, quote

for _name in ("cos", "cosh", "degrees", "exp", "radians", "sin", "sinh", "tan", "tanh", "atan"):
    define(_name, "double -> double", f"{_name}({{0}})")
for _name, _valid in (("acos", "abs({0}) <= 1"), ("asin", "abs({0}) <= 1"), ("sqrt", "{0} >= 0")):
    define(
        _name,
        "double -> double",
        f"(CASE WHEN {_valid} THEN {_name}({{0}}) WHEN {{0}} IS NOT NULL THEN CAST('NaN' AS DOUBLE) END)",
    )
for _name in ("ln", "log2", "log10"):
    define(
        _name,
        "double -> double",
        "(CASE WHEN {0} > 0 THEN " + _name + "({0}) WHEN {0} = 0 THEN CAST('-Infinity' AS DOUBLE) "
        "WHEN {0} IS NOT NULL THEN CAST('NaN' AS DOUBLE) END)",
    )
define(
    "cbrt",
    "double -> double",
    "(CASE WHEN pow(round(cbrt({0})), 3) = {0} THEN round(cbrt({0})) ELSE cbrt({0}) END)",
)
define("atan2", "double, double -> double", "atan2({0}, {1})")
for _name in ("power", "pow"):
    define(_name, "double, double -> double", "pow({0}, {1})")
define("pi", "-> double", "pi()")
define("e", "-> double", "CAST(2.718281828459045 AS DOUBLE)")
define("nan", "-> double", "CAST('NaN' AS DOUBLE)")
define("infinity", "-> double", "CAST('Infinity' AS DOUBLE)")
define("is_nan", "double -> boolean", "isnan({0})")
define("is_finite", "double -> boolean", "isfinite({0})")
define("is_infinite", "double -> boolean", "isinf({0})")
NOT_POSITIVE = fail("INVALID_FUNCTION_ARGUMENT", "'bound must be positive'", t.BIGINT)
BELOW = f"CAST(CASE WHEN {{0}} <= 0 THEN {NOT_POSITIVE} ELSE floor(random() * {{0}}) END AS {{result}})"
NOT_ABOVE = fail("INVALID_FUNCTION_ARGUMENT", "'start value must be less than stop value'", t.BIGINT)
BETWEEN = (
    f"CAST(CASE WHEN {{1}} <= {{0}} THEN {NOT_ABOVE} ELSE "
    "{0} + floor(random() * ({1} - {0})) END AS {result})"
)
for _name in ("random", "rand"):
    define(_name, "-> double", "random()")
    for _kind in ("integer", "bigint"):
        define(_name, f"{_kind} -> {_kind}", BELOW)
        define(_name, f"{_kind}, {_kind} -> {_kind}", BETWEEN)
define("bitwise_and", "bigint, bigint -> bigint", "({0} & {1})")
define("bitwise_or", "bigint, bigint -> bigint", "({0} | {1})")
define("bitwise_xor", "bigint, bigint -> bigint", "xor({0}, {1})")
define("bitwise_not", "bigint -> bigint", "(~{0})")
define(
    "width_bucket",
    "double, double, double, bigint -> bigint",
    (
        "CAST(CASE WHEN {0} < {1} THEN 0 WHEN {0} >= {2} THEN {3} + 1 ELSE floor(({0} "
        "- {1}) / (({2} - {1}) / {3})) + 1 END AS BIGINT)"
    ),
)


UNSORTED = fail("INVALID_FUNCTION_ARGUMENT", "'Bin values are not sorted in ascending order'", t.BIGINT)
NO_BINS = fail("INVALID_FUNCTION_ARGUMENT", "'Bins cannot be an empty array'", t.BIGINT)
define(
    "width_bucket",
    "double, array(double) -> bigint",
    f"(CASE WHEN len({{1}}) = 0 THEN {NO_BINS} WHEN list_sort({{1}}) <> {{1}} THEN {UNSORTED} WHEN {{0}} IS NOT NULL "
    "THEN CAST(len(list_filter({1}, lambda b: b <= {0})) AS BIGINT) END)",
)
_DOT = "list_sum(list_transform(map_entries({0}), lambda e: e.value * coalesce(map_extract_value({1}, e.key), 0)))"
_NORM = "sqrt(list_sum(list_transform(map_values({%d}), lambda v: v * v)))"
define(
    "cosine_similarity",
    "map(varchar, double), map(varchar, double) -> double",
    f"({_DOT} / ({_NORM % 0} * {_NORM % 1}))",
)


@function("abs")
def absolute(call: Call) -> Typed:
    value = number(call, 0)
    return Typed(f"abs({value.sql})", value.type)


@function("mod")
def mod(call: Call) -> Typed:
    one, other = number(call, 0), number(call, 1)
    return numbers("%", one, other)


def number(call: Call, place: int) -> Typed:
    if place >= len(call.arguments):
        raise call.unexpected([])
    value = call.to(call.arguments[place])
    if value.type == t.UNKNOWN:
        return coerce(value, t.DOUBLE)
    if not value.type.numeric:
        raise call.unexpected(call.values())
    return value


@function("ceil", "ceiling", "floor")
def whole(call: Call) -> Typed:
    value = number(call, 0)
    word = "floor" if call.name == "floor" else "ceil"
    if value.type.integral:
        return value
    if value.type.base == "decimal":
        precision, scale = value.type.numbers
        kind = t.decimal(min(38, precision - scale + min(scale, 1)), 0)
        return Typed(cast(f"{word}({value.sql})", kind), kind)
    return Typed(cast(f"{word}({value.sql})", value.type), value.type)


@function("round")
def rounded(call: Call) -> Typed:
    """Half away from zero; of a double with digits, after scaling it, so that 1.005 rounds to 1.0."""
    value = number(call, 0)
    digits = call.to(call.arguments[1]) if len(call.arguments) > 1 else None
    if digits is not None and not digits.type.integral:
        raise call.unexpected(call.values())
    if value.type.integral:
        return (
            value
            if digits is None
            else Typed(cast(f"round({value.sql}, {coerce(digits, t.INTEGER).sql})", value.type), value.type)
        )
    if value.type.base == "decimal":
        return rounded_decimal(value, digits)
    if digits is None:
        return Typed(cast(f"round({value.sql})", value.type), value.type)
    return Typed(cast(f"round({value.sql}, {coerce(digits, t.INTEGER).sql})", value.type), value.type)


def rounded_decimal(value: Typed, digits: Typed | None) -> Typed:
    precision, scale = value.type.numbers
    if digits is None:
        kind = t.decimal(min(38, precision - scale + min(scale, 1)), 0)
        return Typed(cast(f"round({value.sql})", kind), kind)
    kind = t.decimal(min(38, precision + 1), scale)
    return Typed(cast(f"round({value.sql}, {coerce(digits, t.INTEGER).sql})", kind), kind)


@function("truncate")
def truncated(call: Call) -> Typed:
    value = number(call, 0)
    if len(call.arguments) == 1 and value.type.floating:
        return Typed(cast(f"trunc({value.sql})", value.type), value.type)
    if len(call.arguments) == 1 and value.type.base == "decimal":
        precision, scale = value.type.numbers
        kind = t.decimal(max(1, precision - scale), 0)
        return Typed(cast(f"trunc({value.sql})", kind), kind)
    if len(call.arguments) == 2 and value.type.base == "decimal":
        return truncated_at(call, value)
    raise call.unexpected(call.values())


def truncated_at(call: Call, value: Typed) -> Typed:
    """A decimal whose digits after the n-th one behind the point are zeros."""
    (precision, scale), digits = value.type.numbers, call.to(call.arguments[1]).number
    if digits is None:
        raise NotSupported(f"{call.to.at(call.tree)}: truncate to a number of digits that is not a literal")
    if digits >= scale:
        return value
    if -digits >= precision - scale:
        return Typed(cast("0", value.type), value.type)
    unit = cast(quote(f"{Decimal(1).scaleb(-digits):f}"), value.type)
    return Typed(cast(f"({value.sql} - ({value.sql} % {unit}))", value.type), value.type)


@function("sign")
def sign(call: Call) -> Typed:
    value = number(call, 0)
    if value.type.base == "decimal":
        return Typed(f"CAST(sign({value.sql}) AS DECIMAL(1,0))", t.decimal(1, 0))
    nan = (
        f"CASE WHEN isnan({value.sql}) THEN {value.sql} ELSE sign({value.sql}) END"
        if value.type.floating
        else f"sign({value.sql})"
    )
    return Typed(cast(nan, value.type), value.type)


@function("log")
def log(call: Call) -> Typed:
    base, value = (coerce(number(call, i), t.DOUBLE) for i in (0, 1))
    return Typed(f"(ln({value.sql}) / ln({base.sql}))", t.DOUBLE)
