"""Generated expressions, held against an oracle that shares nothing with the engine: Python's integers,
decimals, dates, texts and regular expressions, under the rules that Trino documents.

A few hundred examples by default; `CUMULET_EXAMPLES=20000 pytest tests/engines/sql/test_differential.py` is the
long run. What the engine refuses by name counts as neither right nor wrong.
"""

from __future__ import annotations

import calendar
import math
import os
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cumulet.engines.sql.base import NotSupported, Output, Query, SqlError
from cumulet.engines.sql.execution import Session

from .conftest import NOW, Lake

EXAMPLES = int(os.environ.get("CUMULET_EXAMPLES", "60"))
many = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
OVERFLOW, BY_ZERO = "NUMERIC_VALUE_OUT_OF_RANGE", "DIVISION_BY_ZERO"
Ask = Callable[[str], str]


@pytest.fixture
def printed(session: Session, lake: Lake, tmp_path: Any) -> Ask:
    """What an expression prints, or its error's name."""

    def ask(text: str) -> str:
        try:
            session.run(Query(f"SELECT {text}", "db", Output(tmp_path / "out"), [], now=NOW), lake)
        except NotSupported:
            assume(False)
        except SqlError as error:
            return error.name
        line = (tmp_path / "out" / "result.csv").read_text().partition("\n")[2].removesuffix("\n")
        return line[1:-1].replace('""', '"') if line else "NULL"

    return ask


class Number(NamedTuple):
    """An exact number as Trino sees it: its text, its value (or its error), digits and scale; `width` of an
    integer's type in bits, 0 for decimals."""

    sql: str
    value: Decimal | str
    precision: int
    scale: int
    width: int = 0


def truncated(number: Decimal) -> Decimal:
    return Decimal(int(number))


def bounded(value: Decimal, width: int) -> Decimal | str:
    return value if -(2 ** (width - 1)) <= value < 2 ** (width - 1) else OVERFLOW


def whole(number: int) -> Number:
    width = 32 if number < 2**31 else 64
    return Number(str(number), Decimal(number), 10 if width == 32 else 19, 0, width)


def of_integers(left: Number, sign: str, right: Number) -> Number:
    sql, width = f"({left.sql} {sign} {right.sql})", max(left.width, right.width)
    digits = 10 if width == 32 else 19
    for side in (left, right):
        if isinstance(side.value, str):
            return Number(sql, side.value, digits, 0, width)
    assert isinstance(left.value, Decimal)
    assert isinstance(right.value, Decimal)
    a, b = int(left.value), int(right.value)
    if sign in "/%" and b == 0:
        return Number(sql, BY_ZERO, digits, 0, width)
    quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1) if sign in "/%" else 0
    found = {"+": a + b, "-": a - b, "*": a * b, "/": quotient, "%": a - b * quotient}[sign]
    return Number(sql, bounded(Decimal(found), width), digits, 0, width)


integers = st.recursive(
    st.one_of(st.integers(0, 20), st.integers(0, 2**31 - 1), st.integers(0, 2**63 - 1)).map(whole),
    lambda inner: st.builds(of_integers, inner, st.sampled_from("+-*/%"), inner),
    max_leaves=4,
)


@many
@given(integers)
def test_integers_are_pythons_within_their_widths(printed: Ask, number: Number) -> None:
    """https://trino.io/docs/current/functions/math.html; of two errors in one expression either may be named."""
    if isinstance(number.value, str):
        assert printed(number.sql) in (OVERFLOW, BY_ZERO)
    else:
        assert printed(number.sql) == str(number.value)


def literal(text: str) -> Number:
    head, _, tail = text.partition(".")
    return Number(f"DECIMAL '{text}'", Decimal(text), max(len(head.lstrip("0")) + len(tail), 1), len(tail))


def of_decimals(left: Number, sign: str, right: Number) -> Number:
    """https://trino.io/docs/current/functions/decimal.html#result-precision-and-scale"""
    sql, (p1, s1), (p2, s2) = f"({left.sql} {sign} {right.sql})", left[2:4], right[2:4]
    scale = s1 + s2 if sign == "*" else max(s1, s2)
    precision = {
        "+": max(p1 - s1, p2 - s2) + scale + 1,
        "-": max(p1 - s1, p2 - s2) + scale + 1,
        "*": p1 + p2,
        "/": p1 + s2 + max(0, s2 - s1),
        "%": min(p1 - s1, p2 - s2) + scale,
    }[sign]
    for side in (left, right):
        if isinstance(side.value, str):
            return Number(sql, side.value, min(precision, 38), scale)
    assert isinstance(left.value, Decimal)
    assert isinstance(right.value, Decimal)
    return Number(sql, exactly(left.value, sign, right.value, scale), max(min(precision, 38), 1), scale)


def exactly(a: Decimal, sign: str, b: Decimal, scale: int) -> Decimal | str:
    if sign in "/%" and b == 0:
        return BY_ZERO
    with localcontext() as context:
        context.prec = 200
        found = {"+": a + b, "-": a - b, "*": a * b, "/": a / (b or 1), "%": a % (b or 1)}[sign]
        return found.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)


fractions = st.from_regex(r"(0|[1-9][0-9]{0,5})\.[0-9]{1,4}", fullmatch=True).map(literal)
small = st.integers(0, 99999).map(whole)
decimals = st.recursive(
    fractions,
    lambda inner: st.builds(of_decimals, inner, st.sampled_from("+-*/%"), st.one_of(inner, small)),
    max_leaves=3,
)


def shown(number: Number) -> str:
    if isinstance(number.value, str):
        return number.value
    return f"{number.value if number.value else abs(number.value):f}"  # there is no negative zero


@many
@given(decimals)
def test_decimals_have_trinos_scale_and_are_rounded_half_up(printed: Ask, number: Number) -> None:
    assume(number.precision <= 36)
    assert printed(number.sql) == shown(number)


@many
@given(fractions, st.booleans(), st.integers(-3, 5))
def test_decimals_are_rounded_away_from_zero(
    printed: Ask, number: Number, negative: bool, digits: int
) -> None:
    assume(number.precision - number.scale + digits != 0)  # Trino's versions differ in round(50.0, -2)
    assert isinstance(number.value, Decimal)
    value = -number.value if negative else number.value
    with localcontext() as context:
        context.prec = 60
        rounded = (value.scaleb(digits)).quantize(Decimal(1), ROUND_HALF_UP).scaleb(-digits)
        places = Decimal(1).scaleb(-number.scale)
        expected = rounded.quantize(places) if digits < number.scale else value
    sql = f"-{number.sql}" if negative else number.sql
    assert Decimal(printed(f"round({sql}, {digits})")) == expected
    assert Decimal(printed(f"CAST({sql} AS bigint)")) == value.quantize(Decimal(1), ROUND_HALF_UP)


def as_java(number: float) -> str:
    """A double as Trino prints it: the fewest digits that tell it, with a power of ten if it is large or small."""
    if math.isnan(number) or math.isinf(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    sign, digits, power = Decimal(repr(number)).as_tuple()
    text, at = "".join(map(str, digits)), len(digits) + int(power) - 1
    minus = "-" if sign else ""
    if number == 0 or 1e-3 <= abs(number) < 1e7:
        return repr(number)
    text = text.rstrip("0") or "0"
    return f"{minus}{text[0]}.{text[1:] or '0'}E{at}"


floats = st.builds("{}{}.{}".format, st.sampled_from(["", "-"]), st.integers(0, 10**9), st.integers(0, 10**6))


@many
@given(floats, st.sampled_from("+-*/"), floats)
def test_numbers_with_a_point_are_pythons_floats(printed: Ask, left: str, sign: str, right: str) -> None:
    a, b = float(left), float(right)
    zero = math.nan if not a or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1, b)
    found = {"+": a + b, "-": a - b, "*": a * b, "/": a / b if b else zero}[sign]
    assert printed(f"({left}) {sign} ({right})") == as_java(found)


@many
@given(floats, st.integers(0, 6))
def test_a_double_becomes_the_decimal_that_its_digits_show(printed: Ask, text: str, scale: int) -> None:
    value = Decimal(repr(float(text))).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    assert printed(f"CAST({text} AS decimal(38,{scale}))") == f"{value if value else abs(value):f}"


days = st.dates(date(1900, 1, 1), date(2199, 12, 31))


def moved(day: date, months: int) -> date:
    """So many months on; the last day of the month where there is no such day."""
    at = day.year * 12 + day.month - 1 + months
    year, month = at // 12, at % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def months_between(start: date, end: date) -> int:
    """Whole months: the most that can be added to the start without passing the end."""
    sign = 1 if end >= start else -1
    count = 0
    rough = abs((end.year - start.year) * 12 + end.month - start.month)
    for count in range(rough + 1, -1, -1):
        if (moved(start, sign * count) - end).days * sign <= 0:
            break
    return sign * count


@many
@given(days, st.integers(-500, 500), st.sampled_from(["DAY", "MONTH", "YEAR"]), st.booleans())
def test_intervals_move_dates(printed: Ask, day: date, amount: int, unit: str, added: bool) -> None:
    step = amount if added else -amount
    found = day + timedelta(step) if unit == "DAY" else moved(day, step * (12 if unit == "YEAR" else 1))
    assume(found.year >= 1)
    sign = "-" if amount < 0 else ""
    text = f"DATE '{day}' {'+' if added else '-'} INTERVAL {sign}'{abs(amount)}' {unit}"
    assert printed(text) == str(found)
    assert printed(f"date_add('{unit.lower()}', {step}, DATE '{day}')") == str(found)


@many
@given(days, days)
def test_dates_are_apart_by_whole_units(printed: Ask, start: date, end: date) -> None:
    assert printed(f"date_diff('day', DATE '{start}', DATE '{end}')") == str((end - start).days)
    assert printed(f"date_diff('week', DATE '{start}', DATE '{end}')") == str(int((end - start).days / 7))
    if start <= end:
        months = months_between(start, end)
        assert printed(f"date_diff('month', DATE '{start}', DATE '{end}')") == str(months)
        assert printed(f"date_diff('year', DATE '{start}', DATE '{end}')") == str(months // 12)


@many
@given(days)
def test_a_date_has_pythons_parts(printed: Ask, day: date) -> None:
    year, week, weekday = day.isocalendar()
    parts = ("year", "month", "day", "day_of_week", "day_of_year", "week", "year_of_week", "quarter")
    expected = [
        day.year,
        day.month,
        day.day,
        weekday,
        day.timetuple().tm_yday,
        week,
        year,
        (day.month + 2) // 3,
    ]
    row = ", ".join(f"{part}(DATE '{day}')" for part in parts)
    assert printed(f"ARRAY[{row}]") == str(expected)
    assert printed(f"last_day_of_month(DATE '{day}')") == str(moved(day.replace(day=1), 1) - timedelta(1))
    assert printed(f"date_trunc('week', DATE '{day}')") == str(day - timedelta(weekday - 1))


texts = st.text("abAB 1ñ€", max_size=8)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def substring(text: str, start: int, length: int) -> str:
    """From 1; from the end where negative; nothing at 0 or before the beginning."""
    if start == 0 or start < -len(text) or length <= 0:
        return ""
    at = start - 1 if start > 0 else len(text) + start
    return text[at : at + length]


def padded(text: str, size: int, filler: str, left: bool) -> str:
    fill = (filler * size)[: max(size - len(text), 0)]
    return (fill + text if left else text + fill)[:size] if len(text) < size else text[:size]


@many
@given(texts, texts.filter(bool), texts.filter(bool), st.integers(-9, 9), st.integers(0, 9))
def test_texts_are_counted_in_code_points(
    printed: Ask, text: str, other: str, new: str, start: int, size: int
) -> None:
    a, b, c = quoted(text), quoted(other), quoted(new)
    expected = {
        f"length({a})": str(len(text)),
        f"substr({a}, {start}, {size})": substring(text, start, size),
        f"strpos({a}, {b})": str(text.find(other) + 1),
        f"reverse({a})": text[::-1],
        f"upper({a})": text.upper(),
        f"lpad({a}, {size}, {b})": padded(text, size, other, True),
        f"rpad({a}, {size}, {b})": padded(text, size, other, False),
        f"replace({a}, {b}, {c})": text.replace(other, new),
        f"{a} || {b}": text + other,
        f"cardinality(split({a}, {b}))": str(len(text.split(other))),
        f"starts_with({a}, {b})": str(text.startswith(other)).lower(),
        f"{a} < {b}": str(text.encode() < other.encode()).lower(),
        f"{a} LIKE '%' || {b} || '_'": str(
            re.fullmatch(f".*{re.escape(other)}.", text, re.DOTALL) is not None
        ).lower(),
    }
    row = ", ".join(f"CAST({sql} AS varchar)" for sql in expected)
    assert printed(f"array_join(ARRAY[{row}], '|')") == "|".join(expected.values())


patterns = st.recursive(
    st.sampled_from(["a", "b", "c", ".", "[ab]", "[^a]", r"\d", "^", "$", r"\b"]),
    lambda inner: st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("({})".format, inner),
        st.builds("(?:{}|{})".format, inner, inner),
        st.builds("(?:{}){}".format, inner, st.sampled_from(["*", "+", "?", "*?", "{1,2}"])),
    ),
    max_leaves=5,
)


@many
@given(st.text("aabbc1 ", max_size=8), patterns)
def test_regular_expressions_match_as_pythons_do(printed: Ask, text: str, pattern: str) -> None:
    known = re.compile(pattern, re.ASCII)
    a, p = quoted(text), quoted(pattern)
    assert printed(f"regexp_like({a}, {p})") == str(known.search(text) is not None).lower()
    assert printed(f"regexp_count({a}, {p})") == str(sum(1 for _ in known.finditer(text)))
    assert printed(f"regexp_replace({a}, {p}, '-')") == known.sub("-", text)
    found = known.search(text)
    assert printed(f"regexp_extract({a}, {p})") == (found[0] if found else "NULL")
    for group in range(1, known.groups + 1):
        held = found[group] if found else None
        assert printed(f"regexp_extract({a}, {p}, {group})") == ("NULL" if held is None else held)


anything = st.one_of(st.none(), st.sampled_from([math.nan, 0.0, -1.5, 2.0, 1e300, math.inf, -math.inf]))


def as_double(number: float | None) -> str:
    if number is None:
        return "CAST(NULL AS double)"
    written = "nan()" if math.isnan(number) else "infinity()" if math.isinf(number) else f"{abs(number)!r}"
    return f"-{written}" if number < 0 else written


def either(one: float | None, sign: str, other: float | None) -> bool | None:
    if one is None or other is None:
        return None
    return {
        "=": one == other,
        "<>": one != other,
        "<": one < other,
        "<=": one <= other,
        ">": one > other,
        ">=": one >= other,
    }[sign]


def word(truth: bool | None) -> str:
    return "NULL" if truth is None else str(truth).lower()


@many
@given(anything, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), anything)
def test_doubles_compare_as_pythons_floats_do(
    printed: Ask, one: float | None, sign: str, other: float | None
) -> None:
    """NaN is unequal to everything and neither less nor greater; NULL with anything is NULL."""
    sql = f"{as_double(one)} {sign} {as_double(other)}"
    assert printed(sql) == word(either(one, sign, other))
    truth = either(one, sign, other)
    assert printed(f"NOT ({sql})") == word(None if truth is None else not truth)
    row = f"(VALUES ({as_double(one)}, {as_double(other)})) AS t (a, b)"
    assert printed(f"count(*) FROM {row} WHERE a {sign} b") == str(int(truth is True))


@many
@given(st.lists(anything, min_size=1, max_size=5))
def test_the_greatest_double_is_a_number_where_there_is_one(printed: Ask, given_: list[float | None]) -> None:
    rows = ", ".join(as_double(each) for each in given_)
    known = [each for each in given_ if each is not None and not math.isnan(each)]
    rest = "NaN" if any(each is not None for each in given_) else "NULL"
    for name, pick in (("max", max), ("min", min)):
        expected = as_java(pick(known)) if known else rest
        assert printed(f"{name}(x) FROM (VALUES {rows}) AS t (x)") == expected


moments = st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
MYSQL = {"%Y": "%Y", "%m": "%m", "%d": "%d", "%H": "%H", "%i": "%M", "%s": "%S", "%j": "%j", "%b": "%b", "%M": "%B",
         "%W": "%A", "%a": "%a", "%p": "%p", "%h": "%I", "%f": "%f", "%v": "%V", "%x": "%G"}  # fmt: skip


@many
@given(moments, st.lists(st.sampled_from(sorted(MYSQL)), min_size=1, max_size=4))
def test_dates_are_written_by_patterns(printed: Ask, moment: datetime, letters: list[str]) -> None:
    pattern = "-".join(letters)
    expected = moment.strftime("-".join(MYSQL[letter] for letter in letters))
    literal_ = f"TIMESTAMP '{moment.isoformat(' ', 'milliseconds')}'"
    assert printed(f"date_format({literal_}, '{pattern}')") == expected
    assert printed(f"date_format({literal_}, p) FROM (VALUES '{pattern}') AS t (p)") == expected


@many
@given(moments, st.sampled_from(["%Y-%m-%d %H:%i:%s.%f", "%d/%b/%Y:%H:%i:%s", "%M %e, %Y %h:%i %p", "%Y %j"]))
def test_dates_are_read_as_they_were_written(printed: Ask, moment: datetime, pattern: str) -> None:
    """With the pattern written out, which DuckDB reads, and from a row, which Python does."""
    literal_ = f"TIMESTAMP '{moment.isoformat(' ', 'milliseconds')}'"
    written = f"date_format({literal_}, '{pattern}')"
    expected = printed(f"date_parse({written}, p) FROM (VALUES '{pattern}') AS t (p)")
    assert printed(f"date_parse({written}, '{pattern}')") == expected
    assert printed(f"date_format(CAST('{expected}' AS timestamp), '{pattern}')") == printed(written)


@many
@given(days, days, st.integers(1, 40))
def test_months_of_a_sequence_are_counted_from_its_start(
    printed: Ask, start: date, end: date, step: int
) -> None:
    first, last = min(start, end), max(start, end)
    expected, at = [], 0
    while moved(first, at) <= last:
        expected.append(str(moved(first, at)))
        at += step
    assume(len(expected) < 200)
    asked = f"sequence(DATE '{first}', DATE '{last}', INTERVAL '{step}' MONTH)"
    assert printed(f"array_join({asked}, ' ')") == " ".join(expected)


numbers = st.lists(st.one_of(st.none(), st.integers(-5, 5)), max_size=6)


def as_array(items: list[int | None]) -> str:
    return (
        f"CAST(ARRAY[{', '.join('NULL' if each is None else str(each) for each in items)}] AS array(bigint))"
    )


def shown_array(items: list[int | None]) -> str:
    return f"[{', '.join('null' if each is None else str(each) for each in items)}]"


def once(items: list[int | None]) -> list[int | None]:
    return list(dict.fromkeys(items))


@many
@given(numbers, numbers, st.integers(1, 6), st.integers(0, 6))
def test_arrays_are_pythons_lists(
    printed: Ask, one: list[int | None], other: list[int | None], start: int, size: int
) -> None:
    a, b = as_array(one), as_array(other)
    known = sorted(each for each in one if each is not None)
    nulls: list[int | None] = [None] * (len(one) - len(known))
    expected = {
        f"array_sort({a})": [*known, *nulls],
        f"array_distinct({a})": once(one),
        f"array_union({a}, {b})": once(one + other),
        f"array_intersect({a}, {b})": [each for each in once(one) if each in other],
        f"array_except({a}, {b})": [each for each in once(one) if each not in other],
        f"slice({a}, {start}, {size})": one[start - 1 : start - 1 + size],
        f"{a} || {b}": one + other,
        f"reverse({a})": one[::-1],
        f"filter({a}, x -> x > 0)": [each for each in one if each is not None and each > 0],
        f"transform({a}, x -> x * 2)": [None if each is None else each * 2 for each in one],
        f"array_sort({a}, (x, y) -> IF(x IS NULL, 1, IF(y IS NULL, -1, IF(x < y, 1, IF(x = y, 0, -1)))))": [
            *known[::-1],
            *nulls,
        ],
        f"array_remove({a}, 3)": [each for each in one if each != 3],
    }
    assert printed(f"ARRAY[{', '.join(expected)}]") == f"[{', '.join(map(shown_array, expected.values()))}]"
