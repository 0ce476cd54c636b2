"""String functions. https://trino.io/docs/current/functions/string.html"""

from __future__ import annotations

from sqlglot import exp

from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.collections import joined
from cumulet.engines.sql.trino.functions.merging import grouped
from cumulet.engines.sql.trino.functions.registry import SIGNATURES, Call, applied, define, function
from cumulet.engines.sql.trino.typed import Typed, coerce, fail, guarded, trimmed

FAR = 1 << 31
BLANKS = [*range(9, 14), *range(28, 33), 0x1680, *range(0x2000, 0x2007), *range(0x2008, 0x200B)]
SPACES = " || ".join(f"chr({code})" for code in (*BLANKS, 0x2028, 0x2029, 0x205F, 0x3000))  # as Java has it
INVALID = "INVALID_FUNCTION_ARGUMENT"
BEHIND = fail("INVALID_FUNCTION_ARGUMENT", "'Index must be greater than zero'", t.VARCHAR)


def delimited(value: str, kind: t.Type) -> str:
    """An empty delimiter is an error (DuckDB would split between all characters)."""
    empty = fail("INVALID_FUNCTION_ARGUMENT", "'The delimiter may not be the empty string'", kind)
    return f"(CASE WHEN {{1}} = '' THEN {empty} ELSE {value} END)"


def by_code_points(ascii: str, wide: str) -> str:
    """DuckDB counts bytes where Trino counts code points, which is the same for ASCII only."""
    return f"(CASE WHEN strlen({{0}}) <> length({{0}}) OR strlen({{1}}) <> length({{1}}) THEN {wide} ELSE {ascii} END)"


def searched(value: str, new: str) -> str:
    """The new text stands between all characters where the empty one is sought; DuckDB does nothing there."""
    marks = "list_transform(string_split({0}, ''), lambda m: m || " + new + ")"
    between = f"{new} || CASE WHEN {{0}} = '' THEN '' ELSE array_to_string({marks}, '') END"
    return f"(CASE WHEN {{1}} = '' THEN {between} ELSE {value} END)"


define(  # DuckDB's capital ß is not Java's
    "upper",
    "varchar -> varchar",
    "(CASE WHEN contains({0}, 'ß') THEN cumulet_upper({0}) ELSE upper({0}) END)",
)
define("lower", "varchar -> varchar", "lower({0})")
define("length", "varchar -> bigint", "length({0})")
define("length", "varbinary -> bigint", "octet_length({0})")
define("format_number", "bigint -> varchar", "cumulet_format_number({0})")
define(
    "format_number",
    "double -> varchar",
    "cumulet_format_number(CAST(trunc(CASE WHEN isnan({0}) THEN 0 ELSE {0} END) AS BIGINT))",
)
define("reverse", "varchar -> varchar", "reverse({0})")
define("reverse", "array(T) -> array(T)", "list_reverse({0})")
define(
    "chr",
    "bigint -> varchar",
    guarded(
        "{0} NOT BETWEEN 0 AND 1114111",
        INVALID,
        "'Not a valid Unicode code point: ' || {0}",
        "chr(CAST({0} AS INTEGER))",
        t.VARCHAR,
    ),
)
define("replace", "varchar, varchar -> varchar", searched("replace({0}, {1}, '')", "''"))
define("replace", "varchar, varchar, varchar -> varchar", searched("replace({0}, {1}, {2})", "{2}"))
define(
    "strpos",
    "varchar, varchar -> bigint",
    "(CASE WHEN {1} = '' AND {0} IS NOT NULL THEN 1 ELSE CAST(instr({0}, {1}) AS BIGINT) END)",
)
define("strpos", "varchar, varchar, bigint -> bigint", "cumulet_strpos({0}, {1}, {2})")
define("starts_with", "varchar, varchar -> boolean", "starts_with({0}, {1})")
define("split", "varchar, varchar -> array(varchar)", delimited("string_split({0}, {1})", t.array(t.VARCHAR)))
define("translate", "varchar, varchar, varchar -> varchar", "translate({0}, {1}, {2})")
define(
    "levenshtein_distance",
    "varchar, varchar -> bigint",
    by_code_points("CAST(levenshtein({0}, {1}) AS BIGINT)", "cumulet_levenshtein({0}, {1})"),
)
define(
    "hamming_distance",
    "varchar, varchar -> bigint",
    "cumulet_hamming({0}, {1})",
)
define(
    "split_part",
    "varchar, varchar, bigint -> varchar",
    "(CASE WHEN {2} <= 0 THEN "
    + BEHIND
    + " WHEN {0} <> '' OR {1} <> '' THEN string_split({0}, {1})[{2}] END)",
)
define("trim", "varchar -> varchar", f"trim({{0}}, {SPACES})")
define("ltrim", "varchar -> varchar", f"ltrim({{0}}, {SPACES})")
define("rtrim", "varchar -> varchar", f"rtrim({{0}}, {SPACES})")
for _side in ("trim", "ltrim", "rtrim"):
    define(_side, "varchar, varchar -> varchar", f"{_side}({{0}}, {{1}})")
define("to_utf8", "varchar -> varbinary", "encode({0})")
define("from_utf8", "varbinary -> varchar", "coalesce(TRY(decode({0})), cumulet_from_utf8({0}, chr(65533)))")
define("from_utf8", "varbinary, varchar -> varchar", "cumulet_from_utf8({0}, {1})")
define("from_utf8", "varbinary, bigint -> varchar", "cumulet_from_utf8_by_code({0}, {1})")
define("to_hex", "varbinary -> varchar", "hex({0})")
define(
    "from_hex",
    "varchar -> varbinary",
    guarded(
        "NOT regexp_full_match({0}, '([0-9a-fA-F]{2})*')",
        INVALID,
        "'expected input to be pairs of hexadecimal digits: ' || {0}",
        "unhex({0})",
        t.VARBINARY,
    ),
)
define("to_base64", "varbinary -> varchar", "to_base64({0})")
define("from_base64", "varchar -> varbinary", "cumulet_from_base64({0})")
define("from_base64", "varbinary -> varbinary", "cumulet_from_base64(decode({0}))")
define("reverse", "varbinary -> varbinary", "cumulet_reverse_bytes({0})")
for _side in ("lpad", "rpad"):
    define(_side, "varbinary, bigint, varbinary -> varbinary", f"cumulet_{_side}_bytes({{0}}, {{1}}, {{2}})")
for _hash in ("md5", "sha1", "sha256"):
    define(_hash, "varbinary -> varbinary", f"unhex({_hash}({{0}}))")
for _word, _place in (("substr", ""), ("substring", "")):
    # Negative starts count from the end; 0 and what lies outside give the empty string.
    define(
        _word,
        "varchar, bigint -> varchar",
        "(CASE WHEN {1} = 0 OR abs({1}) > length({0}) THEN '' ELSE substr({0}, {1}) END)",
    )
    define(
        _word,
        "varchar, bigint, bigint -> varchar",
        "(CASE WHEN {0} IS NULL OR {1} IS NULL OR {2} IS NULL THEN NULL WHEN {1} = 0 OR abs({1}) > length({0}) "
        "OR {2} <= 0 "
        "THEN '' ELSE substr({0}, CASE WHEN {1} < 0 THEN length({0}) + {1} + 1 ELSE {1} END, {2}) END)",
    )
for _word in ("lpad", "rpad"):
    _padded = f"{_word}({{0}}, CAST({{1}} AS INTEGER), {{2}})"
    _filled = guarded("{2} = ''", INVALID, "'Padding string must not be empty'", _padded, t.VARCHAR)
    _range = f"'Target length must be in the range [0..{FAR - 1}]'"
    define(
        _word,
        "varchar, bigint, varchar -> varchar",
        guarded(f"{{1}} NOT BETWEEN 0 AND {FAR - 1}", INVALID, _range, _filled, t.VARCHAR),
    )
PARTED = (
    "(CASE WHEN len(string_split({0}, {1})) <= {2} THEN string_split({0}, {1}) ELSE "
    "list_append(string_split({0}, {1})[1:{2} - 1], "
    "array_to_string(string_split({0}, {1})[{2}:], {1})) END)"
)
NARROW = guarded(f"{{2}} >= {FAR}", INVALID, "'Limit is too large'", PARTED, t.array(t.VARCHAR))
define(
    "split",
    "varchar, varchar, bigint -> array(varchar)",
    guarded(
        "{2} <= 0",
        INVALID,
        "'Limit must be positive'",
        delimited(NARROW, t.array(t.VARCHAR)),
        t.array(t.VARCHAR),
    ),
)
ENTRIES = "list_transform({}, lambda p: struct_pack(k := p[1], v := p[2]))"
define(
    "split_to_map",
    "varchar, varchar, varchar -> map(varchar, varchar)",
    f"map_from_entries({ENTRIES.format('cumulet_single_pairs({0}, {1}, {2})')})",
)
define(
    "split_to_multimap",
    "varchar, varchar, varchar -> map(varchar, array(varchar))",
    grouped(ENTRIES.format("cumulet_pairs({0}, {1}, {2})"), "k", "v"),
)


@function("codepoint")
def codepoint(call: Call) -> Typed:
    """Of a varchar(1): a longer one is another type, and so an error."""
    values = call.values()
    if len(values) != 1 or values[0].type.base not in ("varchar", "unknown") or values[0].type.numbers > (1,):
        raise call.unexpected(values)
    value, message = coerce(values[0], t.VARCHAR).sql, "'Input string must be a single character string'"
    return Typed(
        guarded(f"length({value}) <> 1", INVALID, message, f"CAST(unicode({value}) AS INTEGER)", t.INTEGER),
        t.INTEGER,
    )


@function("substr", "substring")
def substr(call: Call) -> Typed:
    """Places that are written out need none of the questions that others do."""
    values = call.values()
    if values and values[0].type.base == "char":
        return of_char(call, values)
    places = [each.number or 0 for each in values[1:]]
    if len(places) in (1, 2) and values[0].type.base == "varchar" and all(0 < each < FAR for each in places):
        return Typed(f"substr({values[0].sql}, {', '.join(map(str, places))})", t.VARCHAR)
    return applied(call, values, SIGNATURES[call.name])


def of_char(call: Call, values: list[Typed]) -> Typed:
    """Of a char(n), whose spaces at the end count; it stays one."""
    kind = values[0].type
    padded = Typed(f"rpad({values[0].sql}, {kind.numbers[0]}, ' ')", t.VARCHAR)
    found = applied(call, [padded, *values[1:]], SIGNATURES[call.name])
    return Typed(trimmed(found.sql, kind), kind)


@function("length")
def length(call: Call) -> Typed:
    """A char(n) has n characters, whatever it holds."""
    values = call.values()
    if len(values) == 1 and values[0].type.base == "char":
        size = values[0].type.numbers[0]
        return Typed(f"(CASE WHEN {values[0].sql} IS NOT NULL THEN CAST({size} AS BIGINT) END)", t.BIGINT)
    return applied(call, values, SIGNATURES[call.name])


@function("concat")
def concat(call: Call) -> Typed:
    """NULL where any argument is, as || has it."""
    if len(call.arguments) < 2:
        raise call.to.error(
            "FUNCTION_NOT_FOUND", call.tree, "There must be two or more concatenation arguments"
        )
    values = call.values()
    found = values[0]
    for value in values[1:]:
        found = joined(call.to, call.tree, found, value)
    return found


@function("concat_ws")
def concat_ws(call: Call) -> Typed:
    """NULLs are left out; a NULL separator makes it NULL."""
    values = call.values()
    if len(values) == 2 and values[1].type.base == "array":
        return Typed(f"array_to_string({values[1].sql}, {values[0].sql})", t.VARCHAR)
    if len(values) < 2 or any(v.type.base not in ("varchar", "unknown") for v in values):
        raise call.unexpected(values)
    return Typed(f"concat_ws({', '.join(coerce(v, t.VARCHAR).sql for v in values)})", t.VARCHAR)


@function("normalize")
def normalize(call: Call) -> Typed:
    """normalize(text [, form]): the form is a word, not a column."""
    value = coerce(call.to(call.arguments[0]), t.VARCHAR).sql
    if len(call.arguments) == 1:
        return Typed(f"nfc_normalize({value})", t.VARCHAR)
    form = call.arguments[1].name.upper() if isinstance(call.arguments[1], exp.Column) else ""
    if form not in ("NFC", "NFD", "NFKC", "NFKD"):
        raise call.to.error(
            "SYNTAX_ERROR", call.tree, "mismatched input. Expecting: 'NFC', 'NFD', 'NFKC', 'NFKD'"
        )
    return Typed(f"cumulet_normalize({value}, '{form}')", t.VARCHAR)
