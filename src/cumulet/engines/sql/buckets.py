"""Hive's buckets: rows spread over a fixed number of files by a hash of some columns.

A query that asks for one value of those columns reads one file of each partition. Where two writers are known
to differ (bytes beyond ASCII, negative numbers of 32 bits), every file is read: that is always right.
https://docs.aws.amazon.com/athena/latest/ug/ctas-partitioning-and-bucketing.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from itertools import product
from typing import Any

from cumulet.engines.sql.base import File, NotSupported, Table
from cumulet.engines.sql.trino.types import INTEGERS, Type, parse

NUMBERED = re.compile(r"bucket-(\d+)")
MOST = 1000  # combinations of values that are looked at; beyond it every file is read
WORD = 0xFFFFFFFF


def narrowed(files: list[File], table: Table, wanted: list[dict[str, Any]]) -> list[File]:
    """The files that can hold rows which fulfil conditions on the table's bucket columns."""
    if (asked := asked_for(table, wanted)) is None:
        return files
    folders: dict[str, list[File]] = {}
    for file in files:
        folders.setdefault(file.name.rpartition("/")[0], []).append(file)
    return [file for inside in folders.values() for file in chosen(inside, asked, table.bucket_count)]


def chosen(files: list[File], asked: set[int], count: int) -> list[File]:
    """Of one folder: files whose names tell their buckets, or as many as there are buckets, in their order."""
    numbers = [NUMBERED.search(file.name.rpartition("/")[2]) for file in files]
    if all(numbers):
        return [
            file for file, number in zip(files, numbers, strict=True) if number and int(number[1]) in asked
        ]
    if len(files) != count:
        return files
    return [file for at, file in enumerate(sorted(files, key=lambda each: each.name)) if at in asked]


def asked_for(table: Table, wanted: list[dict[str, Any]]) -> set[int] | None:
    """The numbers of the buckets that the conditions leave; None where they leave all."""
    kinds = {column.name.lower(): parse(column.type) for column in table.columns}
    choices = []
    for name in table.buckets:
        found = [
            each["values"] for each in wanted if each["column"] == name and each["operator"] in ("=", "in")
        ]
        if not found or name not in kinds:
            return None
        hashes = [hashed(str(value), kinds[name]) for value in found[0]]
        if None in hashes:
            return None
        choices.append([each for each in hashes if each is not None])
    combinations = list(product(*choices))
    return {bucket(each, table.bucket_count) for each in combinations} if len(combinations) <= MOST else None


def bucket(hashes: Iterable[int], count: int) -> int:
    found = 0
    for each in hashes:
        found = (31 * found + each) & WORD
    return (found & 0x7FFFFFFF) % count


def hashed(value: str, kind: Type) -> int | None:
    """Hive's hash of a value, given as a literal's text; None where none is to be relied on."""
    if kind.base in INTEGERS and re.fullmatch(r"-?\d+", value):
        number = int(value)
        if kind.base == "bigint":
            return (number ^ ((number & (2**64 - 1)) >> 32)) & WORD
        return number if number >= 0 else None
    if kind.base == "varchar" and value.isascii():
        return text_hash(value)
    if kind.base == "boolean" and value in ("true", "false"):
        return int(value == "true")
    if kind.base == "date" and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        days = (date.fromisoformat(value) - date(1970, 1, 1)).days
        return days if days >= 0 else None
    return None


def text_hash(value: str) -> int:
    found = 0
    for byte in value.encode():
        found = (31 * found + byte) & WORD
    return found


def number_of(columns: list[tuple[str, Type]], count: int) -> str:
    """SQL of a row's bucket; `columns` are expressions and their types."""
    found = "0"
    for sql, kind in columns:
        found = f"((31 * {found} + coalesce({hash_sql(sql, kind)}, 0)) & {WORD})"
    return f"(({found} & 2147483647) % {count})"


def hash_sql(sql: str, kind: Type) -> str:
    if kind.base == "bigint":
        return f"xor({sql} & {WORD}, ({sql} >> 32) & {WORD})"
    if kind.base in INTEGERS:
        return f"(CAST({sql} AS BIGINT) & {WORD})"
    if kind.base == "boolean":
        return f"CAST({sql} AS BIGINT)"
    if kind.base == "date":
        return f"(date_diff('day', DATE '1970-01-01', {sql}) & {WORD})"
    if kind.base == "varchar":
        return text_sql(sql)
    raise NotSupported(f"Buckets by a column of type {kind}")


def text_sql(sql: str) -> str:
    """Byte by byte, each one signed, as in Java."""
    digits = f"hex(encode({sql}))"
    byte = f"CAST(CAST('0x' || substr({digits}, 2 * i + 1, 2) AS INTEGER) AS BIGINT)"
    signed = f"list_transform(range(octet_length(encode({sql}))), lambda i: {byte} - 256 * ({byte} // 128))"
    start = f"list_prepend(CAST(0 AS BIGINT), {signed})"
    return f"list_reduce({start}, lambda h, b: (h * 31 + b) & {WORD})"
