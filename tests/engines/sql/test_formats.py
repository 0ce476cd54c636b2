"""Tables of every format, read as Hive's SerDes read them."""

from __future__ import annotations

import bz2
import gzip
import zlib
from collections.abc import Callable
from typing import Any

import cramjam
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cumulet.engines.sql.base import Column, File, SqlError, Table

Rows = Callable[..., list[list[str | None]]]


def test_plain_text_has_no_quotes_and_its_misfits_are_null(lake: Any, rows: Rows) -> None:
    content = 'id,name,score\n1,"a",1.5\nx,b,y\n3\n4,d,5,more\n'
    lake.add(
        "t", "id int, name string, score double", "text", content, field_delim=",", skip_header_line_count="1"
    )
    assert rows("SELECT * FROM t") == [
        ["1", '"a"', "1.5"],
        [None, "b", None],
        ["3", None, None],
        ["4", "d", "5.0"],
    ]


def test_null_and_escape_and_collections_in_plain_text(lake: Any, rows: Rows) -> None:
    lake.add("t", "a string, b array<int>, c map<string,int>", "text", "x\\,y,1;2,k:1;l:2\n\\\\,,\n", field_delim=",",
             escape_delim="\\", collection_delim=";", mapkey_delim=":")  # fmt: skip
    assert rows("SELECT * FROM t") == [["x,y", "[1, 2]", "{k=1, l=2}"], ["\\", "[]", "{}"]]
    lake.add("n", "a string", "text", "\\N\nx\n", field_delim=",")
    assert rows("SELECT a, a IS NULL FROM n") == [[None, "true"], ["x", "false"]]


@pytest.mark.parametrize("irregular", ["", '9,"say \\"hi\\"",1\n'])
def test_quoted_csv_reads_quotes_by_the_fast_and_by_the_slow_way(
    lake: Any, rows: Rows, irregular: str
) -> None:
    content = 'a,b,c\n1,"x, ""y""",3\n\n2,,7\n3,a\\b,1,extra\n' + irregular
    lake.add("t", "a int, b string, c bigint", "quoted csv", content, skip_header_line_count="1")
    assert rows("SELECT * FROM t WHERE a < 9") == [["1", 'x, "y"', "3"], ["2", "", "7"], ["3", "ab", "1"]]
    if irregular:
        assert rows("SELECT b, 1 FROM t WHERE a = 9") == [['say "hi"', "1"]]


def test_quoted_csv_refuses_line_breaks_and_values_that_do_not_parse(lake: Any, rows: Rows) -> None:
    lake.add("t", "a int, b string", "quoted csv", '1,"x\ny"\n')
    with pytest.raises(SqlError, match="does not support line breaks inside fields"):
        rows("SELECT * FROM t")
    lake.add("u", "a int, b string", "quoted csv", ",x\n")
    with pytest.raises(SqlError, match="Error parsing field value '' for field 0: For input string"):
        rows("SELECT * FROM u")


def test_json_keys_match_in_any_case_and_nest(lake: Any, rows: Rows) -> None:
    content = '{"A":1,"b":{"C":"x","d":[1,2]},"m":{"k":1.5}}\n{"a":"2","b":null}\n'
    lake.add("t", "a int, b struct<c:string,d:array<int>>, m map<string,double>", "json", content)
    assert rows("SELECT a, b.c, b.d, m FROM t") == [["1", "x", "[1, 2]", "{k=1.5}"], ["2", None, None, None]]


def test_malformed_json_is_an_error_unless_the_table_says_otherwise(lake: Any, rows: Rows) -> None:
    lake.add("t", "a int, b int", "json", '{"a":1,"b":2}\n{broken\n')
    with pytest.raises(SqlError, match="Row is not a valid JSON Object"):
        rows("SELECT * FROM t")
    lake.add("u", "a int, b int", "json", '{"a":1,"b":2}\n{broken\n', ignore_malformed_json="true")
    assert rows("SELECT a, b FROM u") == [["1", "2"], [None, None]]


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [
        (".gz", gzip.compress),
        (".bz2", bz2.compress),
        (".zst", lambda data: pa.compress(data, "zstd", asbytes=True)),
        (".deflate", zlib.compress),
        (".lz4", lambda data: pa.compress(data, "lz4", asbytes=True)),
        (".snappy", lambda data: bytes(cramjam.snappy.compress(data))),
        (".snappy", lambda data: bytes(cramjam.snappy.compress_raw(data))),
    ],
)
def test_packed_text_is_unpacked_by_its_suffix(
    lake: Any, rows: Rows, suffix: str, pack: Callable[[bytes], bytes]
) -> None:
    lake.add("t", "a int, b string", "text", pack(b"1\tx\n2\ty\n"), suffix=suffix, field_delim="\t")
    assert rows("SELECT sum(a), count(*) FROM t") == [["3", "2"]]


@pytest.mark.parametrize("suffix", [".bz2", ".deflate", ".lz4", ".snappy"])
def test_a_packed_file_that_is_broken_is_an_error(lake: Any, rows: Rows, suffix: str) -> None:
    lake.add("t", "a int, b string", "text", b"\0\0\0\x10\0\0\0\x04abc", suffix=suffix)
    with pytest.raises(SqlError, match="Failed to read file"):
        rows("SELECT * FROM t")


def test_a_file_with_a_header_only_and_an_empty_one_have_no_rows(lake: Any, rows: Rows) -> None:
    lake.add("t", "a int, b string", "text", "a,b\n", "", field_delim=",", skip_header_line_count="1")
    assert rows("SELECT count(*), sum(a) FROM t") == [["0", None]]


def parquet(
    lake: Any, name: str, columns: list[Column], keys: list[Column], *tables: tuple[pa.Table, list[str]]
) -> None:
    lake.known[name] = Table("db", name, columns, keys, "parquet")
    lake.stored[name] = []
    for number, (table, values) in enumerate(tables):
        path = lake.folder / f"{name}-{number}.parquet"
        pq.write_table(table, path)
        lake.stored[name].append(File(str(path), f"s3://b/{path.name}", path.stat().st_size, values))


def test_parquet_columns_go_by_name_and_missing_ones_are_null(lake: Any, rows: Rows) -> None:
    columns = [Column("a", "bigint"), Column("b", "string"), Column("s", "struct<x:int,y:string>")]
    first = pa.table({"A": pa.array([1], pa.int32()), "s": [{"y": "q", "x": 7}]})
    second = pa.table({"b": ["z"], "a": pa.array([2], pa.int64())})
    parquet(lake, "t", columns, [], (first, []), (second, []))
    assert rows("SELECT a, b, s FROM t ORDER BY a") == [["1", None, "{x=7, y=q}"], ["2", "z", None]]


def test_parquet_of_another_type_is_bad_data(lake: Any, rows: Rows) -> None:
    parquet(lake, "t", [Column("a", "bigint")], [], (pa.table({"a": ["x"]}), []))
    with pytest.raises(SqlError, match="is incompatible with type bigint defined in table schema"):
        rows("SELECT a FROM t")


def test_partition_values_come_from_the_catalog_and_narrow_the_files(lake: Any, rows: Rows) -> None:
    keys = [Column("d", "string"), Column("n", "int")]
    parquet(
        lake,
        "t",
        [Column("a", "bigint")],
        keys,
        (pa.table({"a": [1]}), ["x", "1"]),
        (pa.table({"a": [2]}), ["y", "2"]),
    )
    assert rows("SELECT d, n + 1, a, \"$path\" FROM t WHERE d = 'x' AND a < 5 AND n IN (1, 2)") == [
        ["x", "2", "1", "s3://b/t-0.parquet"]
    ]
    assert lake.predicates[-1] == [
        {"column": "d", "operator": "=", "values": ["x"]},
        {"column": "n", "operator": "in", "values": ["1", "2"]},
    ]


def test_only_the_columns_that_are_read_count_as_scanned(lake: Any, ask: Callable[..., Any]) -> None:
    table = pa.table({"a": list(range(1000)), "b": [f"text {i}" for i in range(1000)]})
    parquet(lake, "t", [Column("a", "bigint"), Column("b", "string")], [], (table, []))
    narrow, whole = ask("SELECT sum(a) FROM t").scanned, ask("SELECT * FROM t").scanned
    assert 0 < narrow < whole
    assert ask("SELECT count(*) FROM t").scanned == 0


def test_a_query_over_its_scan_limit_does_not_run(lake: Any, ask: Callable[..., Any]) -> None:
    lake.add("t", "a int", "text", "1\n" * 100, field_delim=",")
    with pytest.raises(SqlError, match="Bytes scanned limit was exceeded"):
        ask("SELECT * FROM t", scan_limit=10)


@pytest.mark.parametrize("form", ["text", "parquet"])
def test_texts_are_cut_to_their_columns_as_they_are_read(lake: Any, rows: Rows, form: str) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"a": ["abcd", "x"], "b": ["wxyz", "w "]}), sink)
    content = "abcd,wxyz\nx,w \n" if form == "text" else sink.getvalue().to_pybytes()
    lake.add("t", "a varchar(2), b char(3)", form, content, field_delim=",")
    assert rows("SELECT a, b FROM t") == [["ab", "wxy"], ["x", "w  "]]
    assert rows("SELECT a FROM t WHERE b = 'w'") == [["x"]]
