"""Files that are empty, cut off, of another kind than the table says, or gone: a right answer or an error by name,
and never a number that is quietly too small. https://docs.aws.amazon.com/athena/latest/ug/troubleshooting-athena.html
"""

from __future__ import annotations

import bz2
import gzip
import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cramjam
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cumulet.engines.sql.base import SqlError
from cumulet.engines.sql.wholeness import Whole

Rows = Callable[..., list[list[str | None]]]
NOISE = random.Random(7)
LINES = "".join(f"{number},{NOISE.random()}\n" for number in range(20_000)).encode()
PACKED = gzip.compress(LINES)


def parquet(**columns: Any) -> bytes:
    held = io.BytesIO()
    pq.write_table(pa.table(columns), held)
    return held.getvalue()


@pytest.mark.parametrize("form", ["text", "quoted csv", "json"])
def test_an_empty_file_has_no_rows(lake: Any, rows: Rows, form: str) -> None:
    lake.add("t", "a int, b string", form, "", b"", field_delim=",")
    assert rows("SELECT count(*), max(a) FROM t") == [["0", None]]


def test_a_table_without_files_has_no_rows(lake: Any, rows: Rows) -> None:
    lake.add("t", "a int, b string", "parquet")
    assert rows("SELECT count(*), max(b) FROM t") == [["0", None]]


@pytest.mark.parametrize("form", ["text", "quoted csv"])
def test_files_of_a_header_only_add_nothing(lake: Any, rows: Rows, form: str) -> None:
    files = ["a,b\n", "a,b", "a,b\n1,x\n", ""]
    lake.add("t", "a int, b string", form, *files, field_delim=",", skip_header_line_count="1")
    assert rows("SELECT a, b FROM t") == [["1", "x"]]


def test_lines_that_are_too_short_or_too_long_keep_what_fits(lake: Any, rows: Rows) -> None:
    lake.add("t", "a int, b string, c int", "text", "1,x\n2,y,3,4\n5\n", field_delim=",")
    assert rows("SELECT * FROM t ORDER BY a") == [["1", "x", None], ["2", "y", "3"], ["5", None, None]]


@pytest.mark.parametrize("form", ["text", "quoted csv"])
@pytest.mark.parametrize("left", [len(PACKED) // 2, len(PACKED) - 10, len(PACKED) - 4])
def test_a_gzip_file_that_is_cut_off_is_an_error(lake: Any, rows: Rows, form: str, left: int) -> None:
    lake.add("t", "a int, b string", form, PACKED[:left], suffix=".gz", field_delim=",")
    with pytest.raises(SqlError, match="end-of-stream marker") as raised:
        rows("SELECT count(*) FROM t")
    assert raised.value.name == "HIVE_CURSOR_ERROR"


def test_a_gzip_file_with_a_wrong_byte_is_an_error(lake: Any, rows: Rows) -> None:
    wrong = bytearray(PACKED)
    wrong[len(wrong) // 2] ^= 0xFF
    lake.add("t", "a int, b string", "text", bytes(wrong), suffix=".gz", field_delim=",")
    with pytest.raises(SqlError) as raised:
        rows("SELECT count(*) FROM t")
    assert raised.value.name == "HIVE_CURSOR_ERROR"


def test_gzip_of_several_members_is_read_whole(lake: Any, rows: Rows) -> None:
    content = gzip.compress(b"1,x\n") + gzip.compress(b"2,y\n")
    lake.add("t", "a int, b string", "text", content, suffix=".gz", field_delim=",")
    assert rows("SELECT a, b FROM t ORDER BY a") == [["1", "x"], ["2", "y"]]


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        (bytes(cramjam.zstd.compress(LINES))[:90_000], ".zst"),
        (bz2.compress(LINES)[:90_000], ".bz2"),
        (b"1,x\n", ".gz"),
    ],
)
def test_other_compressions_are_checked_too(lake: Any, rows: Rows, content: bytes, suffix: str) -> None:
    lake.add("t", "a int, b string", "text", content, suffix=suffix, field_delim=",")
    with pytest.raises(SqlError) as raised:
        rows("SELECT count(*) FROM t")
    assert raised.value.name == "HIVE_CURSOR_ERROR"


def test_json_that_is_cut_off_is_an_error(lake: Any, rows: Rows) -> None:
    lake.add("t", "a int, b string", "json", '{"a": 1, "b": "x"}\n{"a": 2, "b')
    with pytest.raises(SqlError, match="Row is not a valid JSON Object") as raised:
        rows("SELECT * FROM t")
    assert raised.value.name == "HIVE_CURSOR_ERROR"


@pytest.mark.parametrize("content", [b"garbage", b"PAR1", parquet(a=[1, 2], b=["x", "y"])[:-10]])
def test_a_file_that_is_no_parquet_is_an_error(lake: Any, rows: Rows, content: bytes) -> None:
    lake.add("t", "a bigint, b string", "parquet", content, suffix=".parquet")
    with pytest.raises(SqlError, match=r"s3://b/t-0\.parquet") as raised:
        rows("SELECT * FROM t")
    assert raised.value.name == "HIVE_CANNOT_OPEN_SPLIT"


def test_parquet_with_broken_pages_is_an_error(lake: Any, rows: Rows) -> None:
    content = bytearray(parquet(a=list(range(5000)), b=[str(n * 7919) for n in range(5000)]))
    content[200:3000] = bytes(2800)
    lake.add("t", "a bigint, b string", "parquet", bytes(content), suffix=".parquet")
    with pytest.raises(SqlError, match=r"s3://b/t-0\.parquet") as raised:
        rows("SELECT max(a), max(b) FROM t")
    assert raised.value.name == "HIVE_CURSOR_ERROR"


def test_parquet_files_may_lack_columns_and_have_them_in_any_order(lake: Any, rows: Rows) -> None:
    files = [
        parquet(a=pa.array([1], pa.int32()), b=["x"]),
        parquet(c=[1.5], b=["y"]),
        parquet(b=["z"], extra=[1], c=[2.5], a=pa.array([3], pa.int32())),
    ]
    lake.add("t", "a int, b string, c double", "parquet", *files, suffix=".parquet")
    expected = [["1", "x", None], [None, "y", "1.5"], ["3", "z", "2.5"]]
    assert rows("SELECT a, b, c FROM t ORDER BY b") == expected


def test_a_column_may_be_wider_in_the_table_than_in_a_file(lake: Any, rows: Rows) -> None:
    files = [parquet(a=pa.array([1], pa.int32())), parquet(a=pa.array([2**40], pa.int64()))]
    lake.add("t", "a bigint", "parquet", *files, suffix=".parquet")
    assert rows("SELECT sum(a), typeof(max(a)) FROM t") == [[str(2**40 + 1), "bigint"]]


@pytest.mark.parametrize(
    "held", [pa.array([2**40], pa.int64()), pa.array(["x"]), pa.array([1.5], pa.float64())]
)
def test_a_value_that_does_not_fit_its_column_is_bad_data(lake: Any, rows: Rows, held: Any) -> None:
    lake.add("t", "a int", "parquet", parquet(a=held), suffix=".parquet")
    with pytest.raises(SqlError) as raised:
        rows("SELECT a FROM t")
    assert raised.value.name == "HIVE_BAD_DATA"


@pytest.mark.parametrize(
    ("form", "content"), [("parquet", parquet(a=[1])), ("text", b"1\n"), ("json", b'{"a":1}\n')]
)
def test_a_file_that_is_gone_is_an_error(lake: Any, rows: Rows, form: str, content: bytes) -> None:
    lake.add("t", "a bigint", form, content, field_delim=",")
    Path(lake.stored["t"][0].path).unlink()
    with pytest.raises(SqlError, match="s3://b/t-0") as raised:
        rows("SELECT a FROM t")
    assert raised.value.name == "HIVE_CANNOT_OPEN_SPLIT"


def test_a_file_that_was_found_whole_is_not_read_again_by_another_worker(tmp_path: Path) -> None:
    """One that was written over since is another file."""
    file, shared = tmp_path / "t.gz", tmp_path / "whole"
    file.write_bytes(PACKED)
    Whole(shared).check(str(file))
    marks = list(shared.iterdir())
    assert len(marks) == 1
    Whole(shared).check(str(file))
    assert list(shared.iterdir()) == marks
    file.write_bytes(PACKED[:-10])
    with pytest.raises(SqlError, match="Failed to read file"):
        Whole(shared).check(str(file))
    assert list(shared.iterdir()) == marks
