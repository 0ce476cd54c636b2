"""What DuckDB answers by columns is, byte for byte, what is answered record by record."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from cumulet.engines.sql.picking.base import Form, Question, Refused
from cumulet.engines.sql.picking.columns import connected
from cumulet.engines.sql.picking.running import answer

CONNECTION = connected("1GB", 2)
COMMON = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

NUMBERS = [
    "0",
    "1",
    "-1",
    "+2",
    "007",
    "1.5",
    "-0.0",
    "2.50",
    "1e2",
    "12345678901234567890",
    "0.8444218515250481",
]
ODD = [
    "",
    " 1 ",
    "1_0",
    "٣",
    "nan",
    "Infinity",
    ".5",
    "5.",
    "1e400",
    "-",
    "1-2",
    "abc",
    "ABC",
    "Straße",
    "日本",
    "a%b",
]
MARKED = ['a"b', "a,b", "#c", "tab\there", "back\\slash", "a;b", "true", "False", "2020-01-02", "\x01"]

fields = st.sampled_from(NUMBERS) | st.sampled_from(ODD) | st.sampled_from(MARKED) | st.text(max_size=4)
tame = st.sampled_from(["1", "2", "10", "1.5", "2.25", "-3", "abc", "b", "x y"])
literals = st.sampled_from(
    ["1", "-1", "1.5", "0", "1e2", "0.8444218515250481", "'abc'", "'1'", "''", "TRUE", "NULL", "2.50"]
)
paths = st.sampled_from(["_1", "_2", "_3"])
symbols = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])


def values(inner: Any) -> Any:
    return st.one_of(
        st.builds("LOWER({})".format, inner),
        st.builds("CHAR_LENGTH({})".format, inner),
        st.builds("SUBSTRING({}, {}, {})".format, inner, st.integers(-1, 3), st.integers(0, 3)),
        st.builds("TRIM({} 'a' FROM {})".format, st.sampled_from(["LEADING", "TRAILING", "BOTH"]), inner),
        st.builds("CAST({} AS {})".format, inner, st.sampled_from(["INT", "FLOAT", "STRING", "VARCHAR(2)"])),
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*/%"), inner),
        st.builds("COALESCE({}, {})".format, inner, inner),
        st.builds("NULLIF({}, {})".format, inner, inner),
        st.builds("(-{})".format, inner),
        st.builds("CASE WHEN {} = {} THEN {} ELSE {} END".format, inner, inner, inner, inner),
    )


expressions = st.recursive(paths | literals, values, max_leaves=4)


def joins(inner: Any) -> Any:
    return st.builds("({} {} {})".format, inner, st.sampled_from(["AND", "OR"]), inner) | st.builds(
        "(NOT {})".format, inner
    )


conditions = st.recursive(
    st.one_of(
        st.builds("{} {} {}".format, expressions, symbols, expressions),
        st.builds("{} {} {}".format, paths, symbols, literals),
        st.builds(
            "{} LIKE {}".format, expressions, st.sampled_from(["'a%'", "'_'", "'a!%b' ESCAPE '!'", "'%'"])
        ),
        st.builds("{} IN ({}, {})".format, expressions, literals, expressions),
        st.builds("{} BETWEEN {} AND {}".format, expressions, literals, literals),
        st.builds("{} IS NULL".format, expressions),
        st.builds("{} IS MISSING".format, paths),
    ),
    joins,
    max_leaves=3,
)
aggregates = st.builds(
    "{}({})".format, st.sampled_from(["COUNT", "SUM", "AVG", "MIN", "MAX"]), st.one_of(paths, expressions)
)
selections = st.one_of(
    st.just("*"), st.lists(expressions, min_size=1, max_size=3).map(", ".join), aggregates, conditions
)
statements = st.builds(
    "SELECT {} FROM S3Object s{}{}".format,
    selections,
    st.just("") | conditions.map(" WHERE {}".format),
    st.sampled_from(["", "", " LIMIT 2"]),
)


def answered(question: Question, connection: Any) -> Any:
    try:
        tally = answer(question, connection)
    except Refused as error:
        return error.code, error.message
    return Path(question.target).read_bytes(), tally


def agree(tmp_path: Path, data: bytes, text: str, source: Form, target: Form) -> None:
    (tmp_path / "data").write_bytes(data)
    question = Question(text, str(tmp_path / "data"), source, target, target=str(tmp_path / "answer"))
    assert answered(question, CONNECTION) == answered(question, None)


def quoted(field: str, *, always: bool) -> str:
    return '"' + field.replace('"', '""') + '"' if always or set(field) & set('",\n\r') else field


@COMMON
@given(
    rows=st.lists(st.lists(fields | tame, min_size=3, max_size=3), max_size=5)
    | st.lists(st.lists(tame, min_size=3, max_size=3), min_size=1, max_size=8),
    text=statements,
    kind=st.sampled_from(["csv", "json"]),
    always=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_of_csv(tmp_path: Path, rows: Any, text: str, kind: str, always: bool, end: str) -> None:
    lines = [",".join(quoted(field, always=always) for field in row) for row in rows]
    data = "".join(line + end for line in lines).encode(errors="replace")
    source = Form("csv", quoted_records=True, comment="#")
    agree(tmp_path, data, text, source, Form(kind, always_quote=always))


@COMMON
@given(
    data=st.text("ab1,;\"\\\n\r#'|", max_size=24),
    form=st.builds(
        Form,
        st.just("csv"),
        record=st.sampled_from(["\n", "\n", "\r\n", "|"]),
        delimiter=st.sampled_from([",", ";"]),
        quote=st.sampled_from(['"', "'", ""]),
        escape=st.sampled_from(['"', "'", "\\"]),
        comment=st.sampled_from(["", "#"]),
        header=st.sampled_from(["NONE", "USE", "IGNORE"]),
        quoted_records=st.booleans(),
    ),
    text=st.sampled_from(
        ["SELECT * FROM S3Object", "SELECT _1, _2 FROM S3Object", "SELECT COUNT(*), SUM(_1) FROM S3Object"]
    ),
)
def test_of_text_that_may_be_csv(tmp_path: Path, data: str, form: Form, text: str) -> None:
    agree(tmp_path, data.encode(), text, form, Form("json"))


@COMMON
@given(
    rows=st.lists(
        st.tuples(
            st.none() | st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(-3, 3),
            st.none() | st.floats(),
            st.none() | st.text(max_size=3) | st.sampled_from(["abc", "1", 'a"b']),
        ),
        max_size=6,
    ),
    text=statements,
    kind=st.sampled_from(["csv", "json"]),
)
def test_of_parquet(tmp_path: Path, rows: Any, text: str, kind: str) -> None:
    schema = pyarrow.schema([("a", pyarrow.int64()), ("b", pyarrow.float64()), ("c", pyarrow.string())])
    table = pyarrow.Table.from_pylist([dict(zip("abc", row, strict=True)) for row in rows], schema)
    file = io.BytesIO()
    parquet.write_table(table, file)
    agree(tmp_path, file.getvalue(), text, Form("parquet"), Form(kind))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM S3Object",
        "SELECT name, age FROM S3Object WHERE age > 30 AND name LIKE 'a%'",
        "SELECT UPPER(name) FROM S3Object WHERE CAST(age AS INT) * 2 >= 60 LIMIT 1",
        "SELECT COUNT(*), SUM(age), MIN(age), MAX(age), AVG(age) FROM S3Object WHERE name <> 'x'",
        "SELECT name FROM S3Object WHERE age IN (30, 41) OR age BETWEEN 1 AND 2.5 OR name = 'cleo'",
        "SELECT SUM(CAST(age AS FLOAT)) FROM S3Object",
    ],
)
def test_usual_statements_are_answered_by_columns(tmp_path: Path, text: str, monkeypatch: Any) -> None:
    data = 'name,age\nann,30\n"bob, jr",41\ncleo,2.5\nanna,35\n'
    if "CAST(age AS INT)" in text:
        data = data.replace("2.5", "2")
    (tmp_path / "data").write_text(data)
    source = Form("csv", header="USE")
    path, target = (str(tmp_path / name) for name in ("data", "answer"))
    question = Question(text, path, source, Form("json"), target=target)
    alone = answer(question, None), Path(target).read_bytes()
    # Nothing can be read from the records one by one now.
    monkeypatch.setattr("cumulet.engines.sql.picking.reading_csv.Portion.records", None)
    assert (answer(question, CONNECTION), Path(target).read_bytes()) == alone


def test_portions_that_are_in_doubt_are_answered_record_by_record(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("cumulet.engines.sql.picking.blocks.CHUNK", 64)
    rows = [f"{number}\n" for number in range(40)]
    rows[20] = " 20 \n"
    agree(tmp_path, "".join(rows).encode(), "SELECT _1 FROM S3Object WHERE _1 > 5", Form("csv"), Form("csv"))
    assert (tmp_path / "answer").read_text() == "".join(rows[6:])
