"""Functions that DuckDB has not got, by Python, value by value: slow beside DuckDB's own, and right.

A NULL among the arguments gives NULL. An error is Trino's: `bad("...")`.
"""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from functools import partial
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from cumulet.engines.sql import urls
from cumulet.engines.sql.binaries import BINARIES, BYTEWISE
from cumulet.engines.sql.date_reading import DATING
from cumulet.engines.sql.distributions import DISTRIBUTIONS
from cumulet.engines.sql.formatting import formatted
from cumulet.engines.sql.geometry import SHAPES
from cumulet.engines.sql.json_text import pointer
from cumulet.engines.sql.jsonpath.answers import ANSWERS
from cumulet.engines.sql.refusing import bad, refusal
from cumulet.engines.sql.regexps import REGEXPS

Scalar = tuple[Callable[..., Any], list[str], str]
SIZES = {
    unit: 1024**power for power, unit in enumerate(("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"))
}
SPANS = {"ns": "1e-6", "us": "1e-3", "ms": "1", "s": "1e3", "m": "6e4", "h": "36e5", "d": "864e5"}
PARTS = (("week", 604800), ("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
SOUNDS = {
    mark: str(code)
    for code, marks in enumerate(("BFPV", "CGJKQSXZ", "DT", "L", "MN", "R"), 1)
    for mark in marks
}


def divided(one: str, other: str, scale: int) -> str:
    """The quotient of two decimals, of up to 38 digits, rounded half up."""
    if not (divisor := Decimal(other)):
        return "0"  # never looked at: the division by zero is an error before
    with localcontext(prec=120, rounding=ROUND_HALF_UP):
        found = (Decimal(one) / divisor).quantize(Decimal(1).scaleb(-scale))
        if abs(found.scaleb(scale)) >= 10**38:
            raise refusal("NUMERIC_VALUE_OUT_OF_RANGE", "Decimal overflow")
    return format(found, "f")


def matched(text: str, pattern: str) -> list[str | None] | None:
    """The groups of an expression that the whole text matches; None where it does not."""
    found = re.fullmatch(pattern, text)
    return None if found is None else list(found.groups())


def from_base(text: str, radix: int) -> int:
    check_radix(radix)
    if not re.fullmatch(r"[+-]?[0-9A-Za-z]+", text):
        raise bad(f"Not a valid base-{radix} number: {text}")
    try:
        found = int(text, radix)
    except ValueError:
        raise bad(f"Not a valid base-{radix} number: {text}") from None
    if not -(2**63) <= found < 2**63:
        raise bad(f"Not a valid base-{radix} number: {text}")
    return found


def to_base(number: int, radix: int) -> str:
    check_radix(radix)
    left, found = abs(number), ""
    while left or not found:
        left, digit = divmod(left, radix)
        found = DIGITS[digit] + found
    return "-" + found if number < 0 else found


def check_radix(radix: int) -> None:
    if not 2 <= radix <= 36:
        raise bad("Radix must be between 2 and 36")


def soundex(text: str) -> str:
    """American Soundex: H and W do not part letters of one sound, vowels do."""
    letters = [mark for mark in text.upper() if mark.isalpha()]
    if any(not mark.isascii() for mark in letters):
        raise bad("Input must be ASCII letters")
    if not letters:
        return ""
    found, last = letters[0], SOUNDS.get(letters[0], "")
    for mark in letters[1:]:
        if mark in "HW":
            continue
        code = SOUNDS.get(mark, "")
        found += code if code != last else ""
        last = code
    return found[:4].ljust(4, "0")


def luhn_check(text: str) -> bool:
    if not re.fullmatch("[0-9]+", text):
        raise bad("Input string must have only digits")
    doubled = [int(mark) * (1 + place % 2) for place, mark in enumerate(reversed(text))]
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


def url_encode(text: str) -> str:
    return quote_plus(text, safe="*-._").replace("~", "%7E")


def url_decode(text: str) -> str:
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise bad(f"URLDecoder: Illegal hex characters in escape (%) pattern: {text}")
    return unquote_plus(text)


def human_readable_seconds(seconds: float) -> str:
    if not math.isfinite(seconds) or seconds < 0:
        raise bad(f"Invalid argument found: {seconds}")
    left, found = math.floor(seconds + 0.5), []
    for name, size in PARTS:
        count, left = divmod(left, size)
        if count:
            found.append(f"{count} {name}{'s' if count > 1 else ''}")
    return ", ".join(found) or "0 seconds"


def parse_duration(text: str) -> int:
    """Milliseconds."""
    given = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*", text)
    if given is None or given[2] not in SPANS:
        raise bad(f"duration is not a valid data duration string: {text}")
    return math.floor(Decimal(given[1]) * Decimal(SPANS[given[2]]) + Decimal("0.5"))


def parse_data_size(text: str) -> str:
    given = re.fullmatch(r"(\d+(?:\.\d+)?)([kMGTPEZY]?B)", text)
    try:
        if given is None:
            raise InvalidOperation
        return str(math.floor(Decimal(given[1]) * SIZES[given[2]]))
    except InvalidOperation:
        raise bad(f"Invalid data size: '{text}'") from None


def format_number(number: int) -> str:
    """Three digits, and a letter for the thousands."""
    value, unit = float(number), ""
    for letter in "KMBTQ":
        if abs(value) >= 1000:
            value, unit = value / 1000, letter
    digits = 2 if value < 10 else 1 if value < 100 else 0
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    shown = f"{rounded:f}".rstrip("0").rstrip(".") if digits else f"{rounded:f}"
    return ("-0" if value < 0 and not rounded else shown) + unit


def weighted(weights: list[float], share: float) -> int:
    """The place, from 1, of the value below which that share of the weight lies, or a hair more."""
    if not 0 <= share <= 1:
        raise bad("Percentile must be between 0 and 1")
    wanted = share * math.fsum(weights)
    sums = itertools.accumulate(weights)
    return next((place for place, sum_ in enumerate(sums, 1) if sum_ >= wanted and sum_ > 0), len(weights))


def choices(size: int, number: int) -> list[list[int]]:
    """The places, from 1, of each combination; by their last ones, as Trino has them."""
    if number < 0:
        raise bad(f"combination size must not be negative: {number}")
    if number > 5:
        raise bad(f"combination size must not exceed 5: {number}")
    if math.comb(size, number) * number > 100_000:
        raise bad("combinations exceed max size")
    found = itertools.combinations(range(1, size + 1), number)
    return sorted(map(list, found), key=lambda places: places[::-1])


def pairs(text: str, between: str, inside: str) -> list[list[str]]:
    """The entries of a text, such as `a=1,b=2`; behind the last delimiter there may be nothing."""
    for name, delimiter in (("entryDelimiter", between), ("keyValueDelimiter", inside)):
        if not delimiter:
            raise bad(f"{name} is empty")
    if between == inside:
        raise bad("entryDelimiter and keyValueDelimiter must not be the same")
    found = [entry.split(inside) for entry in text.removesuffix(between).split(between)] if text else []
    for pair in found:
        if len(pair) != 2:
            entry = inside.join(pair)
            raise bad(f"Key-value delimiter must appear exactly once in each entry. Bad input: '{entry}'")
    return found


def single_pairs(text: str, between: str, inside: str) -> list[list[str]]:
    """The same, each key once."""
    found, keys = pairs(text, between, inside), set()
    for key, _ in found:
        if key in keys:
            raise bad(f"Duplicate keys ({key}) are not allowed")
        keys.add(key)
    return found


def upper(text: str) -> str:
    """Character by character: what has no capital letter of its own stays."""
    return "".join(mark.upper() if len(mark.upper()) == 1 else mark for mark in text)


def strpos(text: str, part: str, instance: int) -> int:
    """The place of the n-th occurrence, from the end where n is negative; they may overlap."""
    if instance == 0:
        raise bad("'instance' must be a positive or negative number.")
    if not part:
        return 1
    places = [at + 1 for at in range(len(text)) if text.startswith(part, at)]
    places = places if instance > 0 else places[::-1]
    return places[abs(instance) - 1] if abs(instance) <= len(places) else 0


def levenshtein(one: str, other: str) -> int:
    """Between code points, row by row of the table."""
    row = list(range(len(other) + 1))
    for i, mark in enumerate(one, 1):
        before, row = row, [i]
        for j, against in enumerate(other, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (mark != against)))
    return row[-1]


def hamming(one: str, other: str) -> int:
    if len(one) != len(other):
        raise bad("The input strings to hamming_distance function must have the same length")
    return sum(mark != against for mark, against in zip(one, other, strict=True))


SCALARS: dict[str, Scalar] = {
    **BINARIES,
    "from_base": (from_base, ["VARCHAR", "BIGINT"], "BIGINT"),
    "to_base": (to_base, ["BIGINT", "BIGINT"], "VARCHAR"),
    "soundex": (soundex, ["VARCHAR"], "VARCHAR"),
    "luhn_check": (luhn_check, ["VARCHAR"], "BOOLEAN"),
    "url_encode": (url_encode, ["VARCHAR"], "VARCHAR"),
    "url_extract_protocol": (partial(urls.part, "scheme"), ["VARCHAR"], "VARCHAR"),
    "url_extract_host": (partial(urls.part, "host"), ["VARCHAR"], "VARCHAR"),
    "url_extract_port": (urls.port, ["VARCHAR"], "BIGINT"),
    "url_extract_path": (partial(urls.part, "path"), ["VARCHAR"], "VARCHAR"),
    "url_extract_query": (urls.query, ["VARCHAR"], "VARCHAR"),
    "url_extract_fragment": (partial(urls.part, "fragment"), ["VARCHAR"], "VARCHAR"),
    "url_extract_parameter": (urls.parameter, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "url_decode": (url_decode, ["VARCHAR"], "VARCHAR"),
    "human_readable_seconds": (human_readable_seconds, ["DOUBLE"], "VARCHAR"),
    "parse_duration": (parse_duration, ["VARCHAR"], "BIGINT"),
    "parse_data_size": (parse_data_size, ["VARCHAR"], "VARCHAR"),
    "parse_presto_data_size": (parse_data_size, ["VARCHAR"], "VARCHAR"),
    **DISTRIBUTIONS,
}


# For texts that DuckDB's own functions, which count bytes, get wrong; and the forms of normalize.
DISTANCES: dict[str, Scalar] = {
    "levenshtein": (levenshtein, ["VARCHAR", "VARCHAR"], "BIGINT"),
    "hamming": (hamming, ["VARCHAR", "VARCHAR"], "BIGINT"),
    "format_number": (format_number, ["BIGINT"], "VARCHAR"),
    "weighted": (weighted, ["DOUBLE[]", "DOUBLE"], "BIGINT"),
    "choices": (choices, ["BIGINT", "BIGINT"], "BIGINT[][]"),
    **BYTEWISE,
    "pairs": (pairs, ["VARCHAR"] * 3, "VARCHAR[][]"),
    "single_pairs": (single_pairs, ["VARCHAR"] * 3, "VARCHAR[][]"),
    "upper": (upper, ["VARCHAR"], "VARCHAR"),
    "strpos": (strpos, ["VARCHAR", "VARCHAR", "BIGINT"], "BIGINT"),
    "normalize": (lambda text, form: unicodedata.normalize(form, text), ["VARCHAR", "VARCHAR"], "VARCHAR"),
}
# What readers of files need, and operators; no functions of Trino's.
READING: dict[str, Scalar] = {"groups": (matched, ["VARCHAR", "VARCHAR"], "VARCHAR[]")}
OPERATORS: dict[str, Scalar] = {
    "json_pointer": (pointer, ["VARCHAR"], "VARCHAR"),
    "divided": (divided, ["VARCHAR", "VARCHAR", "BIGINT"], "VARCHAR"),
    "format": (formatted, ["VARCHAR", "VARCHAR[]", "VARCHAR"], "VARCHAR"),
}


def over_columns(function: Callable[..., Any], number: int, result: str) -> Callable[..., Any]:
    """The function for vectors of values; DuckDB counts its parameters."""

    def run(*columns: Any) -> Any:
        import pyarrow as pa

        kinds = {"VARCHAR": pa.string(), "BLOB": pa.binary(), "BIGINT": pa.int64(), "INTEGER": pa.int32(),
                 "DOUBLE": pa.float64(), "FLOAT": pa.float32(), "BOOLEAN": pa.bool_(),
                 "VARCHAR[]": pa.list_(pa.string()), "VARCHAR[][]": pa.list_(pa.list_(pa.string())),
                 "BLOB[]": pa.list_(pa.binary()), "BIGINT[][]": pa.list_(pa.list_(pa.int64()))}  # fmt: skip
        rows = zip(*(column.to_pylist() for column in columns), strict=True)
        return pa.array([None if None in row else function(*row) for row in rows], kinds[result])

    counted: dict[int, Callable[..., Any]] = {
        1: lambda a: run(a),
        2: lambda a, b: run(a, b),
        3: lambda a, b, c: run(a, b, c),
        4: lambda a, b, c, d: run(a, b, c, d),
    }
    return counted[number]


def register(connection: Any) -> None:
    for name, (function, parameters, result) in (
        SCALARS | READING | OPERATORS | ANSWERS | REGEXPS | DISTANCES | DATING | SHAPES
    ).items():
        made = over_columns(function, len(parameters), result)
        connection.create_function(
            f"cumulet_{name}", made, parameters, result, type="arrow", null_handling="special"
        )
