"""CAST and TRY_CAST: which types go to which, how values round, and the words of a cast that fails."""

from __future__ import annotations

import json
from typing import Any

from sqlglot import exp

from cumulet.engines.sql.base import NotSupported, SqlError
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.expression import Expressions, decimal_literal, node
from cumulet.engines.sql.trino.printing import instant, local_time, text
from cumulet.engines.sql.trino.typed import Typed, cast, fail, quote
from cumulet.engines.sql.trino.types import Type

INTEGER_TEXT = r"^[+-]?[0-9]+$"
NUMBER_TEXT = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$|^\s*[+-]?(NaN|Infinity)\s*$"
DECIMAL_TEXT = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
DATE_TEXT = r"^\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}\s*$"
TIME_TEXT = r"^\s*\d{1,2}:\d{1,2}(:\d{1,2}(\.\d{1,12})?)?\s*$"
MOMENT_TEXT = r"^\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}( [0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]{1,6})?)?)?\s*$"
SPOKEN = {
    "integer": "INT",
    "bigint": "BIGINT",
    "smallint": "SMALLINT",
    "tinyint": "TINYINT",
    "double": "DOUBLE",
    "real": "REAL",
}
LIMITS = {"tinyint": 2**7, "smallint": 2**15, "integer": 2**31, "bigint": 2**63}


@node(exp.Cast)
def cast_node(to: Expressions, tree: exp.Cast) -> Typed:
    kind = target(to, tree.args["to"])
    value = to(tree.this)
    if (
        isinstance(tree.this, exp.Literal)
        and tree.this.is_string
        and (typed := typed_literal(to, tree, value, kind))
    ):
        return typed
    return casted(to, tree, value, kind)


def typed_literal(to: Expressions, tree: Any, value: Typed, kind: Type) -> Typed | None:
    """DECIMAL '1.20' has the precision of its text; sqlglot does not tell it from a cast, so only the
    form without parameters is meant here."""
    written = to.plan.text[max(0, start_of_literal(to, tree)) :]
    if (
        kind.base == "decimal"
        and value.text is not None
        and not written.lower().startswith("cast")
        and not tree.args["to"].expressions
    ):
        return decimal_literal(value.text if "." in value.text else value.text + ".")
    if kind.base == "timestamp with time zone" and value.text is not None:
        return zoned_literal(value.text, kind)
    return None


def start_of_literal(to: Expressions, tree: Any) -> int:
    from cumulet.engines.sql.trino.grammar import start_of

    return start_of(tree)


def zoned_literal(given: str, kind: Type) -> Typed:
    wall, _, zone = given.strip().rpartition(" ")
    if not zone[:1].isalpha():
        raise NotSupported(f"The time zone of TIMESTAMP '{given}'")
    digits = len(wall.partition(".")[2])
    return Typed(
        instant(f"CAST({quote(wall)} AS TIMESTAMP)", zone), Type(kind.base, (digits or 0,), zone=zone)
    )


@node(exp.TryCast)
def try_cast(to: Expressions, tree: exp.TryCast) -> Typed:
    kind = target(to, tree.args["to"])
    value = casted(to, tree, to(tree.this), kind)
    return Typed(f"TRY({value.sql})", kind)


def target(to: Expressions, tree: Any) -> Type:
    """The type that a cast names, from sqlglot's own tree of it."""
    try:
        return t.parse(spelt(tree))
    except t.UnknownType:
        raise to.error("TYPE_NOT_FOUND", tree, f"Unknown type: {spelt(tree)}") from None


NAMES = {"INT": "integer", "FLOAT": "real", "VARBINARY": "varbinary", "STRUCT": "row", "TEXT": "string"}


def spelt(tree: Any) -> str:
    kind = tree.this.value if hasattr(tree.this, "value") else str(tree.this)
    if kind == "USERDEFINED":
        return str(tree.args.get("kind"))
    if kind == "TIMESTAMPTZ":
        digits = f"({tree.expressions[0].this})" if tree.expressions else ""
        return f"timestamp{digits} with time zone"
    if tree.args.get("nested") or kind in ("STRUCT", "ARRAY", "MAP"):
        inner = (
            f"{each.this.name} {spelt(each.args['kind'])}" if isinstance(each, exp.ColumnDef) else spelt(each)
            for each in tree.expressions
        )
        return f"{NAMES.get(kind, kind.lower())}({', '.join(inner)})"
    numbers = f"({', '.join(str(each.this) for each in tree.expressions)})" if tree.expressions else ""
    return NAMES.get(kind, kind.lower()) + numbers


def casted(to: Expressions, tree: exp.Expr, value: Typed, kind: Type) -> Typed:
    try:
        return cast_value(value, kind)
    except SqlError as error:
        if error.message.startswith("line "):
            raise
        raise to.error(error.name, tree, error.message) from None


def cast_value(value: Typed, kind: Type) -> Typed:
    """A value in another type by an explicit cast; TYPE_MISMATCH where Trino has no such cast."""
    return Typed(
        cast_sql(value.sql, value.type, kind),
        kind,
        text=value.text if kind.textual and not kind.numbers else None,
        number=value.number if kind.integral else None,
        cost=value.cost,
    )


def cast_sql(sql: str, source: Type, kind: Type) -> str:
    if source == kind:
        return sql
    if source == t.UNKNOWN:
        return cast("NULL", kind)
    if source.base == kind.base and kind.parts:
        return nested(sql, source, kind)
    table = {
        "varchar": to_varchar,
        "boolean": to_boolean,
        "date": to_date,
        "time": to_time,
        "timestamp": to_timestamp,
        "timestamp with time zone": to_zoned,
        "json": to_json,
        "real": to_number,
        "double": to_number,
        "decimal": to_number,
        "varbinary": to_binary,
        **dict.fromkeys(t.INTEGERS, to_number),
    }
    if source.base == "json" and kind.base != "varchar":
        return from_json(sql, kind)
    if kind.base not in table:
        raise refused(source, kind)
    return table[kind.base](sql, source, kind)


def refused(source: Type, kind: Type) -> SqlError:
    return SqlError("TYPE_MISMATCH", f"Cannot cast {source} to {kind}")


def checked(sql: str, pattern: str, message: str, kind: Type) -> str:
    """A text that must look as Trino wants it: DuckDB's own casts are more lenient."""
    bad = fail("INVALID_CAST_ARGUMENT", message, kind)
    return (
        f"(CASE WHEN {sql} IS NULL THEN NULL WHEN regexp_matches({sql}, {quote(pattern)}) AND "
        f"TRY_CAST(trim({sql}) AS {kind.duck}) IS NOT NULL THEN CAST(trim({sql}) AS {kind.duck}) ELSE {bad} END)"
    )


def to_varchar(sql: str, source: Type, kind: Type) -> str:
    if source.base == "varchar":
        return f"left({sql}, {kind.numbers[0]})" if kind.numbers and source.numbers != kind.numbers else sql
    if source.base == "json":
        return json_to_varchar(sql)
    if source.parts or source.base in ("varbinary", "char"):
        raise refused(source, kind)
    shown = text(sql, source)
    if not kind.numbers:
        return shown
    message = f"'Value ' || {shown} || ' cannot be represented as {kind}'"
    return (
        f"(CASE WHEN length({shown}) > {kind.numbers[0]} THEN "
        f"{fail('INVALID_CAST_ARGUMENT', message, kind)} ELSE {shown} END)"
    )


def json_to_varchar(sql: str) -> str:
    bad = fail("INVALID_CAST_ARGUMENT", f"'Cannot cast ' || {sql} || ' to varchar'", t.VARCHAR)
    return f"(CASE WHEN json_type({sql}) IN ('ARRAY', 'OBJECT') THEN {bad} ELSE json_extract_string({sql}, '$') END)"


def to_boolean(sql: str, source: Type, kind: Type) -> str:
    if source.numeric:
        return f"({sql} <> 0)"
    if source.base != "varchar":
        raise refused(source, kind)
    bad = fail("INVALID_CAST_ARGUMENT", f"'Cannot cast ''' || {sql} || ''' to BOOLEAN'", kind)
    return (
        f"(CASE WHEN {sql} IS NULL THEN NULL WHEN lower({sql}) IN ('t', 'true', '1') THEN TRUE "
        f"WHEN lower({sql}) IN ('f', 'false', '0') THEN FALSE ELSE {bad} END)"
    )


def to_number(sql: str, source: Type, kind: Type) -> str:
    if source.base == "varchar":
        pattern = INTEGER_TEXT if kind.integral else DECIMAL_TEXT if kind.base == "decimal" else NUMBER_TEXT
        if kind.base == "decimal":
            message = (
                f"'Cannot cast VARCHAR ''' || {sql} || ''' to DECIMAL({kind.numbers[0]}, {kind.numbers[1]})'"
            )
        else:
            message = f"'Cannot cast ''' || {sql} || ''' to {SPOKEN[kind.base]}'"
        return checked(sql, pattern, message, kind)
    if source.base == "boolean":
        return cast(sql, kind)
    if not source.numeric:
        raise refused(source, kind)
    if kind.integral:
        return to_integer(sql, source, kind)
    if kind.base == "decimal":
        bad = fail(
            "INVALID_CAST_ARGUMENT",
            f"'Cannot cast {source.base.upper()} ''' || {text(sql, source)} || ''' to "
            f"DECIMAL({kind.numbers[0]}, {kind.numbers[1]})'",
            kind,
        )
        # Trino rounds the digits that are shown: 1.005 is 1.01, though the double is a little less.
        given = f"CAST({sql} AS VARCHAR)" if source.floating else sql
        return (
            f"(CASE WHEN {sql} IS NOT NULL AND TRY_CAST({given} AS {kind.duck}) IS NULL THEN "
            f"{bad} ELSE CAST({given} AS {kind.duck}) END)"
        )
    return cast(sql, kind)


def to_integer(sql: str, source: Type, kind: Type) -> str:
    """Rounded half away from zero (DuckDB rounds doubles half to even)."""
    if source.integral and LIMITS[source.base] <= LIMITS[kind.base]:
        return cast(sql, kind)
    rounded = f"round({sql})" if source.floating else sql
    if source.floating:
        name, message = (
            "INVALID_CAST_ARGUMENT",
            f"'Cannot cast ''' || {text(sql, source)} || ''' to {SPOKEN[kind.base]}'",
        )
        if kind.base == "bigint":
            message = f"'Unable to cast ' || {text(sql, source)} || ' to bigint'"
        message = f"'Out of range for {kind}: ' || {text(sql, source)}"
    else:
        name, message = "NUMERIC_VALUE_OUT_OF_RANGE", f"'Out of range for {kind}: ' || CAST({sql} AS VARCHAR)"
    return (
        f"(CASE WHEN {sql} IS NOT NULL AND TRY_CAST({rounded} AS {kind.duck}) IS NULL THEN {fail(name, message, kind)} "
        f"ELSE CAST({rounded} AS {kind.duck}) END)"
    )


def to_date(sql: str, source: Type, kind: Type) -> str:
    if source.base == "varchar":
        return checked(sql, DATE_TEXT, f"'Value cannot be cast to date: ' || {sql}", kind)
    if source.base in ("timestamp", "timestamp with time zone"):
        return cast(local_time(sql, source), kind)
    raise refused(source, kind)


def to_time(sql: str, source: Type, kind: Type) -> str:
    if source.base == "varchar":
        return time_of_day(
            checked(sql, TIME_TEXT, f"'Value cannot be cast to time: ' || {sql}", kind), (6,), kind.numbers
        )
    if source.base == "time":
        return time_of_day(sql, source.numbers, kind.numbers)
    if source.base in ("timestamp", "timestamp with time zone"):
        return cast(precise(local_time(sql, source), source.numbers, kind.numbers), kind)
    raise refused(source, kind)


def time_of_day(sql: str, source: tuple[int, ...], kind: tuple[int, ...]) -> str:
    """Fewer digits of a second, rounded half up; what is rounded up to midnight is the day's beginning."""
    moment = f"(DATE '1970-01-01' + {sql})"
    rounded = precise(moment, source, kind)
    return sql if rounded == moment else f"CAST({rounded} AS TIME)"


def to_timestamp(sql: str, source: Type, kind: Type) -> str:
    if source.base == "varchar":
        return precise(
            checked(sql, MOMENT_TEXT, f"'Value cannot be cast to timestamp: ' || {sql}", kind),
            (6,),
            kind.numbers,
        )
    if source.base == "date":
        return cast(sql, kind)
    if source.base in ("timestamp", "timestamp with time zone"):
        return precise(local_time(sql, source), source.numbers, kind.numbers)
    raise refused(source, kind)


def precise(sql: str, source: tuple[int, ...], kind: tuple[int, ...]) -> str:
    """Fewer digits of a second, rounded half up."""
    if kind[0] >= min(source[0], 6):
        return sql
    unit = 10 ** (6 - kind[0])
    return f"make_timestamp(CAST(floor((epoch_us({sql}) + {unit // 2}) / {unit}) AS BIGINT) * {unit})"


def to_zoned(sql: str, source: Type, kind: Type) -> str:
    """A time without zone is one of the session's zone, which is UTC."""
    if source.base in ("date", "timestamp"):
        return instant(cast(sql, kind), kind.zone)
    if source.base == "timestamp with time zone":
        return precise(sql, source.numbers, kind.numbers)
    raise NotSupported(f"A cast from {source} to {kind}")


def to_binary(sql: str, source: Type, kind: Type) -> str:
    if source.base == "varchar":
        return f"encode({sql})"
    raise refused(source, kind)


def to_json(sql: str, source: Type, kind: Type) -> str:
    if source.base == "varchar":
        return f"CAST(to_json({sql}) AS VARCHAR)"
    if source.integral or source.base == "boolean":
        return f"CAST({sql} AS VARCHAR)"
    if source.floating:
        return text(sql, source)
    if source.base in ("date", "timestamp"):
        return f"CAST(to_json({text(sql, source)}) AS VARCHAR)"
    if source.base == "array":
        inner = f"coalesce({to_json('e', source.parts[0], kind)}, 'null')"
        return f"('[' || array_to_string(list_transform({sql}, lambda e: {inner}), ',') || ']')"
    if source.base == "map" and key_is_plain(source.parts[0]):
        return map_to_json(sql, source, kind)
    if source.base == "row":
        return row_to_json(sql, source, kind)
    if source.base in ("json", "unknown"):
        return sql
    raise NotSupported(f"A cast from {source} to json")


def key_is_plain(kind: Type) -> bool:
    """Whether a map's key is printed in JSON as a cast to text prints it."""
    return kind.integral or kind.base in ("varchar", "boolean")


def map_to_json(sql: str, source: Type, kind: Type) -> str:
    """An object whose keys are texts, in the texts' order."""
    key, value = source.parts
    named = "e.key" if key.base == "varchar" else "CAST(e.key AS VARCHAR)"
    pair = f"struct_pack(k := {named}, v := coalesce({to_json('e.value', value, kind)}, 'null'))"
    pairs = f"list_sort(list_transform(map_entries({sql}), lambda e: {pair}))"
    inner = "CAST(to_json(e.k) AS VARCHAR) || ':' || e.v"
    return f"('{{' || array_to_string(list_transform({pairs}, lambda e: {inner}), ',') || '}}')"


def row_to_json(sql: str, source: Type, kind: Type) -> str:
    """An object of the fields; those without a name have the empty one, as often as there are."""
    fields = [
        f"{quote(json.dumps(label or '', ensure_ascii=False) + ':')} || "
        f"coalesce({to_json(f'struct_extract({sql}, {quote(slot)})', part, kind)}, 'null')"
        for label, slot, part in zip(source.names, source.slots, source.parts, strict=True)
    ]
    joined = " || ',' || ".join(fields)
    return f"CASE WHEN {sql} IS NULL THEN NULL ELSE '{{' || {joined} || '}}' END"


def from_json(sql: str, kind: Type) -> str:
    """JSON null is NULL; a scalar of another kind is cast as its text would be."""
    if kind.base == "json":
        return sql
    if kind.base == "array":
        return (
            f"CASE WHEN json_type({sql}) = 'NULL' THEN NULL WHEN json_type({sql}) = 'ARRAY' THEN "
            f"list_transform(json_extract({sql}, '$[*]'), lambda e: {from_json('e', kind.parts[0])}) "
            f"ELSE {bad_json(sql, kind)} END"
        )
    if kind.base == "map" and kind.parts[0].base == "varchar":
        pick = f"json_extract({sql}, '$.\"' || e || '\"')"
        entry = f"struct_pack(k := e, v := {from_json(pick, kind.parts[1])})"
        return (
            f"CASE WHEN json_type({sql}) = 'NULL' THEN NULL WHEN json_type({sql}) = 'OBJECT' THEN "
            f"map_from_entries(list_transform(json_keys({sql}), lambda e: {entry})) ELSE {bad_json(sql, kind)} END"
        )
    if kind.base == "row" and all(kind.names):
        slots = (
            (
                f"{slot} := "
                f"{from_json(f'json_extract({sql}, {quote(chr(36) + chr(46) + chr(34) + label + chr(34))})', part)}"
            )
            for slot, label, part in zip(kind.slots, kind.names, kind.parts, strict=True)
        )
        return (
            f"CASE WHEN json_type({sql}) = 'OBJECT' THEN struct_pack({', '.join(slots)}) "
            f"WHEN json_type({sql}) = 'NULL' THEN NULL ELSE {bad_json(sql, kind)} END"
        )
    if kind.base == "varchar":
        return f"CAST({json_to_varchar(sql)} AS VARCHAR)"
    if kind.integral or kind.floating or kind.base in ("boolean", "decimal"):
        return scalar_json(sql, kind)
    raise NotSupported(f"A cast from json to {kind}")


def scalar_json(sql: str, kind: Type) -> str:
    plain = f"json_extract_string({sql}, '$')"
    if kind.integral:
        number = f"CAST({plain} AS DOUBLE)"
        value = (
            f"(CASE WHEN json_type({sql}) = 'DOUBLE' THEN "
            f"{to_integer(number, t.DOUBLE, kind)} ELSE {cast_sql(plain, t.VARCHAR, kind)} "
            f"END)"
        )
    else:
        value = cast_sql(plain, t.VARCHAR, kind)
    return f"(CASE WHEN json_type({sql}) IN ('ARRAY', 'OBJECT') THEN {bad_json(sql, kind)} ELSE {value} END)"


def bad_json(sql: str, kind: Type) -> str:
    return fail("INVALID_CAST_ARGUMENT", f"'Cannot cast to {kind}. ' || CAST({sql} AS VARCHAR)", kind)


def nested(sql: str, source: Type, kind: Type) -> str:
    """Arrays, maps and rows, part by part."""
    if len(source.parts) != len(kind.parts):
        raise refused(source, kind)
    if source.duck == kind.duck and all(
        a.base == b.base for a, b in zip(source.parts, kind.parts, strict=True)
    ):
        return sql
    if kind.base == "array":
        return f"list_transform({sql}, lambda e: {cast_sql('e', source.parts[0], kind.parts[0])})"
    if kind.base == "map":
        parts = (
            f"list_transform(map_{word}({sql}), lambda e: {cast_sql('e', a, b)})"
            for word, a, b in zip(("keys", "values"), source.parts, kind.parts, strict=True)
        )
        return f"CASE WHEN {sql} IS NOT NULL THEN map({', '.join(parts)}) END"
    slots = (
        f"{slot} := {cast_sql(f'({sql}).{slot}', a, b)}"
        for slot, a, b in zip(kind.slots, source.parts, kind.parts, strict=True)
    )
    return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({', '.join(slots)}) END"
