"""Files of every kind, read in the child process."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import os
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import cramjam
import fastavro
import pyarrow
import pytest
from pyarrow import orc, parquet

from cumulet.engines.schema.base import Delimited, Document
from cumulet.engines.schema.files import Reader, Unreadable

CSV = b"id,name\n1,x\n2,y\n"


@pytest.fixture
def reader() -> Iterator[Reader]:
    with Reader() as made:
        yield made


def file(folder: Path, data: bytes) -> Path:
    path = folder / "data"
    path.write_bytes(data)
    return path


def types(schema: Any) -> dict[str, str]:
    return {column.name: column.type for column in schema.columns}


@pytest.mark.parametrize(
    ("squeeze", "name"),
    [
        (lambda data: data, "none"),
        (gzip.compress, "gzip"),
        (bz2.compress, "bzip2"),
        (lambda data: pyarrow.compress(data, "zstd", asbytes=True), "zstd"),
        (lambda data: pyarrow.compress(data, "lz4", asbytes=True), "lz4"),
        (lambda data: bytes(cramjam.snappy.compress(data)), "snappy"),
        (lambda data: zipped(data=data), "zip"),
    ],
)
def test_a_compressed_file_is_told_by_its_bytes(
    reader: Reader, tmp_path: Path, squeeze: Any, name: str
) -> None:
    found = reader.schema(file(tmp_path, squeeze(CSV)))
    assert (found.format, found.compression, types(found)) == (
        "csv",
        name,
        {"id": "bigint", "name": "string"},
    )


@pytest.mark.parametrize(
    ("ending", "squeeze"),
    [
        ("snappy", lambda data: blocks(data, cramjam.snappy.compress_raw)),
        ("snappy", cramjam.snappy.compress_raw),
        ("lz4", lambda data: blocks(data, lambda d: cramjam.lz4.compress_block(d, store_size=False))),
        ("deflate", zlib.compress),
    ],
)
def test_what_hadoop_packs_without_a_signature_is_told_by_its_name(
    reader: Reader, tmp_path: Path, ending: str, squeeze: Any
) -> None:
    path = tmp_path / f"data.csv.{ending}"
    path.write_bytes(squeeze(CSV))
    found = reader.schema(path)
    assert (found.format, found.compression, types(found)["id"]) == ("csv", ending, "bigint")


@pytest.mark.parametrize("ending", ["snappy", "lz4", "deflate", "zip", "gz", "bz2"])
@pytest.mark.parametrize(
    "data", [b"no such thing", b"\0\0\0\x10\0\0\0\x04abc", b"PK\x03\x04", b"\xff\x06\0\0sNaPpY\0"]
)
def test_what_only_has_the_name_of_a_packed_file_has_no_schema(
    reader: Reader, tmp_path: Path, ending: str, data: bytes
) -> None:
    path = tmp_path / f"data.{ending}"
    path.write_bytes(data)
    assert reader.schema(path).columns == []


def test_an_archive_of_two_files_has_no_schema(reader: Reader, tmp_path: Path) -> None:
    assert reader.schema(file(tmp_path, zipped(a=CSV, b=CSV))).format == ""


def zipped(**files: bytes) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        for name, data in files.items():
            archive.writestr(f"{name}.csv", data)
    return kept.getvalue()


def blocks(data: bytes, squeeze: Any) -> bytes:
    """As Hadoop's BlockCompressorStream writes: the whole length, then each piece with its own, twice over."""
    found = b""
    for half in (data[:7], data[7:]):
        pieces = [bytes(squeeze(half[:3])), bytes(squeeze(half[3:]))]
        found += len(half).to_bytes(4, "big")
        found += b"".join(len(piece).to_bytes(4, "big") + piece for piece in pieces)
    return found


TABLE = pyarrow.table(
    {
        "Id": pyarrow.array([1], pyarrow.int32()),
        "price": [Decimal("1.20")],
        "day": [date(2024, 1, 1)],
        "at": [datetime(2024, 1, 1)],
        "tags": [["a"]],
        "who": [{"name": "x", "age": 1}],
        "raw": [b"\0"],
    }
)
TYPES = {
    "id": "int",
    "price": "decimal(3,2)",
    "day": "date",
    "at": "timestamp",
    "tags": "array<string>",
    "who": "struct<name:string,age:bigint>",
    "raw": "binary",
}


def test_parquet_and_orc_say_their_own_types(reader: Reader, tmp_path: Path) -> None:
    parquet.write_table(TABLE, tmp_path / "p")
    orc.write_table(TABLE, tmp_path / "o")
    for name, format in (("p", "parquet"), ("o", "orc")):
        found = reader.schema(tmp_path / name)
        assert (found.format, found.records, types(found)) == (format, 1, TYPES)


def test_avro_says_its_own_types_and_keeps_its_schema(reader: Reader, tmp_path: Path) -> None:
    schema = {
        "type": "record",
        "name": "film",
        "fields": [
            {"name": "Title", "type": "string"},
            {"name": "year", "type": ["null", "int"]},
            {"name": "seen", "type": {"type": "long", "logicalType": "timestamp-millis"}},
            {
                "name": "price",
                "type": {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2},
            },
            {"name": "tags", "type": {"type": "map", "values": {"type": "array", "items": "double"}}},
        ],
    }
    with (tmp_path / "a").open("wb") as file:
        fastavro.writer(file, fastavro.parse_schema(schema), [], codec="deflate")
    found = reader.schema(tmp_path / "a")
    assert (found.format, found.records) == ("avro", 0)
    assert types(found) == {
        "title": "string",
        "year": "int",
        "seen": "timestamp",
        "price": "decimal(6,2)",
        "tags": "map<string,array<double>>",
    }
    assert json.loads(found.options["schema"])["fields"][0] == {"name": "Title", "type": "string"}


def test_a_map_and_a_dictionary_are_what_they_stand_for(reader: Reader, tmp_path: Path) -> None:
    kinds = pyarrow.map_(pyarrow.string(), pyarrow.int64())
    table = pyarrow.table(
        {"m": pyarrow.array([[("a", 1)]], kinds), "d": pyarrow.array(["x"]).dictionary_encode()}
    )
    parquet.write_table(table, tmp_path / "p")
    assert types(reader.schema(tmp_path / "p")) == {"m": "map<string,bigint>", "d": "string"}


def test_a_byte_order_mark_is_no_part_of_the_first_name(reader: Reader, tmp_path: Path) -> None:
    assert list(types(reader.schema(file(tmp_path, b"\xef\xbb\xbf" + CSV)))) == ["id", "name"]


def test_latin_1_dirt_is_a_text_like_another(reader: Reader, tmp_path: Path) -> None:
    assert types(reader.schema(file(tmp_path, b"id,name\n1,caf\xe9\n"))) == {"id": "bigint", "name": "string"}


@pytest.mark.parametrize(
    "data",
    [b"", b"hello\n", b"PAR1 and nothing more", b"\x1f\x8b\x08 cut off", b"\x89PNG\0\0\0", b"\x00" * 100],
)
def test_what_cannot_be_read_has_no_format(reader: Reader, tmp_path: Path, data: bytes) -> None:
    assert reader.schema(file(tmp_path, data)).format == ""


def test_a_file_that_has_gone_has_no_format(reader: Reader, tmp_path: Path) -> None:
    assert reader.schema(tmp_path / "gone").format == ""


def test_hints_are_tried_in_their_order(reader: Reader, tmp_path: Path) -> None:
    hints = [Document("$.a[*]"), Delimited(delimiter=";"), Delimited(delimiter=",", header=False)]
    found = reader.schema(file(tmp_path, CSV), hints)
    assert found.options["hint"] == 2
    assert list(types(found)) == ["col0", "col1"]


def test_a_large_file_is_judged_by_its_beginning(reader: Reader, tmp_path: Path) -> None:
    rows = 1_000_000
    path = file(tmp_path, b"id,name\n" + b"1234567,abcdefgh\n" * rows)
    assert reader.schema(path).records == pytest.approx(rows, rel=0.02)


def test_a_file_that_keeps_the_child_waiting_costs_only_itself(tmp_path: Path) -> None:
    """A pipe that nobody writes to blocks the child for ever."""
    os.mkfifo(tmp_path / "pipe")
    with Reader(patience=0.5) as reader:
        with pytest.raises(Unreadable):
            reader.schema(tmp_path / "pipe")
        assert reader.schema(file(tmp_path, CSV)).format == "csv"
