"""Mathematical functions. https://trino.io/docs/current/functions/math.html"""

from __future__ import annotations

from decimal import Decimal

from cumulet.engines.sql.base import NotSupported
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.functions.registry import Call, define, function
from cumulet.engines.sql.trino.operators import numbers
from cumulet.engines.sql.trino.typed import Typed, cast, coerce, fail, guarded, quote

INVALID = "INVALID_FUNCTION_ARGUMENT"
WIDEST = {"tinyint": 2**7 - 1, "smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
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


def checked(value: str, kind: t.Type, *refusals: tuple[str, str]) -> str:
    """A value, or the error of the first condition that holds."""
    whens = (f"WHEN {when} THEN {fail(INVALID, quote(told), kind)} " for when, told in refusals)
    return f"(CASE {''.join(whens)}ELSE {value} END)"


BUCKET = (
    "CASE WHEN {0} < least({1}, {2}) THEN 0 WHEN {0} >= greatest({1}, {2}) THEN {3} + 1 "
    "ELSE CAST(trunc(CAST({3} AS DOUBLE) * ({0} - least({1}, {2})) / (greatest({1}, {2}) - least({1}, {2})) + 1) "
    "AS BIGINT) END"
)
define(  # bounds that fall number the buckets from the other end
    "width_bucket",
    "double, double, double, bigint -> bigint",
    checked(
        f"CASE WHEN {{1}} > {{2}} THEN {{3}} - ({BUCKET}) + 1 WHEN {{1}} < {{2}} THEN {BUCKET} END",
        t.BIGINT,
        ("{3} <= 0", "bucketCount must be greater than 0"),
        ("isnan({0})", "operand must not be NaN"),
        ("NOT isfinite({1})", "first bound must be finite"),
        ("NOT isfinite({2})", "second bound must be finite"),
        ("{1} = {2}", "bounds cannot equal each other"),
    ),
)
define(
    "width_bucket",
    "double, array(double) -> bigint",
    checked(
        "CASE WHEN {0} IS NOT NULL THEN CAST(len(list_filter({1}, lambda b: b <= {0})) AS BIGINT) END",
        t.BIGINT,
        ("len({1}) = 0", "Bins cannot be an empty array"),
        ("isnan({0})", "Operand cannot be NaN"),
        ("len(list_filter({1}, lambda b: NOT isfinite(b))) > 0", "Bin value must be finite"),
        ("list_sort({1}) <> {1}", "Bin values are not sorted in ascending order"),
    ),
)
_DOT = "list_sum(list_transform(map_entries({0}), lambda e: e.value * coalesce(map_extract_value({1}, e.key), 0)))"
_NORM = "sqrt(list_sum(list_transform(map_values({%d}), lambda v: v * v)))"
define(
    "cosine_similarity",
    "map(varchar, double), map(varchar, double) -> double",
    "(CASE WHEN len(list_filter(map_values({0}) || map_values({1}), lambda v: v IS NULL)) = 0 "
    f"THEN {_DOT} / ({_NORM % 0} * {_NORM % 1}) END)",
)


@function("abs")
def absolute(call: Call) -> Typed:
    value = number(call, 0)
    return Typed(cast(f"abs({value.sql})", value.type), value.type)


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
        return rounded_integer(value, digits)
    if value.type.base == "decimal":
        return rounded_decimal(value, digits)
    if digits is None:
        return Typed(cast(f"round({value.sql})", value.type), value.type)
    return Typed(cast(f"round({value.sql}, {coerce(digits, t.INTEGER).sql})", value.type), value.type)


def rounded_integer(value: Typed, digits: Typed | None) -> Typed:
    """Digits before the point become zeros. What has no place in the type then is an error, and so are more
    digits than a power of ten has in 64 bits."""
    if digits is None or (digits.number is not None and digits.number >= 0):
        return value
    places, kind = coerce(digits, t.INTEGER).sql, value.type
    unit = f"CAST(pow(10, CASE WHEN {places} BETWEEN -18 AND 0 THEN -{places} WHEN {places} > 0 THEN 0 END) AS HUGEINT)"
    found = f"(cumulet_quotient(CAST({value.sql} AS HUGEINT), {unit}) * {unit})"
    most = WIDEST[kind.base]
    over = f"({places} < -18 AND {value.sql} IS NOT NULL) OR {found} NOT BETWEEN {-most - 1} AND {most}"
    message = f"'numerical overflow: ' || {value.sql}"
    return Typed(guarded(over, "NUMERIC_VALUE_OUT_OF_RANGE", message, cast(found, kind), kind), kind)


def rounded_decimal(value: Typed, digits: Typed | None) -> Typed:
    precision, scale = value.type.numbers
    if digits is None:
        kind = t.decimal(min(38, precision - scale + min(scale, 1)), 0)
        return Typed(cast(f"round({value.sql})", kind), kind)
    kind = t.decimal(min(38, precision + 1), scale)
    found = f"round({value.sql}, {coerce(digits, t.INTEGER).sql})"
    if precision < 38:
        return Typed(cast(found, kind), kind)
    tried = f"TRY_CAST({found} AS {kind.duck})"
    over, message = f"{tried} IS NULL AND {found} IS NOT NULL", quote("decimal overflow")
    return Typed(guarded(over, "NUMERIC_VALUE_OUT_OF_RANGE", message, tried, kind), kind)


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
        return Typed(f"(CASE WHEN {value.sql} IS NOT NULL THEN {cast('0', value.type)} END)", value.type)
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
