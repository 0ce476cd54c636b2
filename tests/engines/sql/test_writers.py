"""Data files that queries write, read back by somebody else."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from cumulet.engines.sql.base import Outcome, SqlError

Ask = Callable[..., Outcome]


def test_parquet_carries_nested_fields_by_their_names(ask: Ask) -> None:
    text = "SELECT 1 AS a, CAST(ROW(1, ARRAY['x']) AS ROW(k integer, l ARRAY(varchar))) AS r, DECIMAL '1.20' AS d"
    outcome = ask(text, output={"format": "parquet"})
    assert pq.read_table(outcome.files[0].path).to_pylist()[0]["r"] == {"k": 1, "l": ["x"]}
    assert [each.hive for each in outcome.columns] == ["int", "struct<k:int,l:array<string>>", "decimal(3,2)"]


def test_partitions_become_folders_and_leave_the_files(ask: Ask) -> None:
    text = "SELECT a, p FROM (VALUES (1, 'x'), (2, 'y z'), (3, 'x')) AS t(a, p)"
    outcome = ask(text, output={"format": "parquet", "options": {"partitions": ["p"]}})
    assert sorted((each.values, each.rows) for each in outcome.files) == [(["x"], 2), (["y z"], 1)]
    assert pq.ParquetFile(outcome.files[0].path).schema_arrow.names == ["a"]


@pytest.mark.parametrize("compression", ["snappy", "zstd", "none"])
def test_timestamps_in_parquet_have_96_bits(ask: Ask, compression: str) -> None:
    """As Hive and Athena write them; readers of the Arrow family make nanoseconds of them."""
    text = "SELECT 'x' AS p, TIMESTAMP '1969-12-31 23:59:59.999' AS t, ARRAY[TIMESTAMP '2024-02-29 00:00:00'] AS a"
    outcome = ask(text, output={"format": "parquet", "options": {"compression": compression}})
    file = pq.ParquetFile(outcome.files[0].path)
    assert [file.schema.column(n).physical_type for n in range(3)] == ["BYTE_ARRAY", "INT96", "INT96"]
    packed = "UNCOMPRESSED" if compression == "none" else compression.upper()
    assert file.metadata.row_group(0).column(1).compression == packed
    (row,) = file.read().to_pylist()
    assert [str(row["t"]), str(row["a"][0])] == ["1969-12-31 23:59:59.999000", "2024-02-29 00:00:00"]


def test_no_rows_make_no_file(ask: Ask) -> None:
    assert ask("SELECT 1 AS a WHERE 1 = 2", output={"format": "parquet"}).files == []


def test_text_is_delimited_and_packed(ask: Ask) -> None:
    options: dict[str, Any] = {"field_delimiter": ","}
    outcome = ask(
        "SELECT 'a\"b' AS a, CAST(NULL AS integer) AS b, 1e10 AS c",
        output={"format": "textfile", "options": options},
    )
    assert gzip.decompress(Path(outcome.files[0].path).read_bytes()) == b'a"b,\\N,1.0E10\n'


def test_insert_casts_to_the_tables_types_and_fills_with_null(ask: Ask) -> None:
    target = [["a", "bigint"], ["b", "string"], ["c", "double"]]
    outcome = ask("SELECT 1, 2", output={"format": "parquet"}, target=target, given=["c", "a"])
    assert pq.read_table(outcome.files[0].path).to_pylist() == [{"a": 2, "b": None, "c": 1.0}]


def test_insert_of_types_that_do_not_fit_is_refused(ask: Ask) -> None:
    with pytest.raises(SqlError, match=r"Table: \[bigint\], Query: \[varchar\(1\)\]"):
        ask("SELECT 'x'", output={"format": "parquet"}, target=[["a", "bigint"]])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("SELECT 1", "MISSING_COLUMN_NAME"),
        ("SELECT NULL AS a", "COLUMN_TYPE_UNKNOWN"),
        ("SELECT 1 AS a, 2 AS A", "DUPLICATE_COLUMN_NAME"),
        ("SELECT now() AS a", "NOT_SUPPORTED"),
    ],
)
def test_columns_that_no_table_can_have_are_refused(ask: Ask, text: str, name: str) -> None:
    with pytest.raises(SqlError) as failed:
        ask(text, output={"format": "parquet"})
    assert failed.value.name == name
