"""SelectObjectContent through boto3: formats, events, errors. The SQL itself: tests/engines/sql/test_picking.py."""

from __future__ import annotations

import bz2
import gzip
import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .asking import refused

PEOPLE = "id,name,age\n1,ann,30\n2,bob,41\n3,cleo,\n"
CSV = {"CSV": {"FileHeaderInfo": "USE"}}
LINES = {"JSON": {"Type": "LINES"}}
JSON: dict[str, Any] = {"JSON": {}}


class Selected:
    """A whole answer, taken apart."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        # Cont says that work goes on: a worker that has to be started first may take its time.
        self.events = [name for event in events for name in event if name != "Cont"]
        self.payload = b"".join(event["Records"]["Payload"] for event in events if "Records" in event)
        (self.stats,) = (event["Stats"]["Details"] for event in events if "Stats" in event)

    @property
    def records(self) -> list[Any]:
        return [json.loads(line) for line in self.payload.splitlines()]


@pytest.fixture
def select(s3: Any, bucket: str) -> Any:
    """`select("SELECT ...", "a,b\\n")`: an object of these bytes, asked."""

    def act(
        expression: str,
        data: bytes | str,
        source: Any = CSV,
        target: Any = JSON,
        put: Any = None,
        **more: Any,
    ) -> Selected:
        data = data.encode() if isinstance(data, str) else data
        s3.put_object(Bucket=bucket, Key="data", Body=data, **(put or {}))
        answer = s3.select_object_content(
            Bucket=bucket,
            Key="data",
            Expression=expression,
            ExpressionType="SQL",
            InputSerialization=source,
            OutputSerialization=target,
            **{**{name: value for name, value in (put or {}).items() if name.startswith("SSE")}, **more},
        )
        return Selected(list(answer["Payload"]))

    return act


def test_fields_of_a_csv_object_come_as_json_records(select: Any) -> None:
    found = select("SELECT s.name, s.age FROM S3Object s WHERE CAST(s.id AS INT) > 1", PEOPLE)
    assert found.records == [{"name": "bob", "age": "41"}, {"name": "cleo", "age": ""}]
    assert found.events == ["Records", "Stats", "End"]
    assert found.stats == {
        "BytesScanned": len(PEOPLE), "BytesProcessed": len(PEOPLE), "BytesReturned": len(found.payload),
    }  # fmt: skip


def test_an_answer_without_records_has_only_stats_and_an_end(select: Any) -> None:
    assert select("SELECT * FROM S3Object WHERE id = 9", PEOPLE).events == ["Stats", "End"]


def test_progress_is_told_where_it_is_asked_for(select: Any) -> None:
    found = select("SELECT * FROM S3Object", PEOPLE, RequestProgress={"Enabled": True})
    assert found.events == ["Records", "Progress", "Stats", "End"]


def test_a_large_answer_comes_in_many_events_and_whole(select: Any) -> None:
    data = "".join(f"{number},{'x' * 50}\n" for number in range(20_000))
    found = select("SELECT * FROM S3Object", data, {"CSV": {}}, {"CSV": {}})
    assert found.payload == data.encode()
    assert found.events.count("Records") > 5


def test_a_header_can_be_used_ignored_or_be_a_record(select: Any) -> None:
    def first(header: str, field: str) -> Any:
        return select(
            f"SELECT {field} AS f FROM S3Object LIMIT 1", PEOPLE, {"CSV": {"FileHeaderInfo": header}}
        ).records

    assert first("USE", "name") == first("USE", "_2") == first("IGNORE", "_2") == [{"f": "ann"}]
    assert first("NONE", "_2") == [{"f": "name"}]


def test_csv_is_read_and_written_with_the_characters_that_are_told(select: Any) -> None:
    source = {"CSV": {"FieldDelimiter": ";", "RecordDelimiter": "|", "QuoteCharacter": "'", "Comments": "%"}}
    target = {"CSV": {"FieldDelimiter": "\t", "RecordDelimiter": "$$", "QuoteFields": "ALWAYS"}}
    found = select("SELECT * FROM S3Object", "%no\n|1;'a;b'|2;''''|", source, target)
    assert found.payload == b'"1"\t"a;b"$$"2"\t"\'"$$'


def test_quotes_may_be_escaped_by_another_character(select: Any) -> None:
    source = {"CSV": {"QuoteEscapeCharacter": "\\"}}
    found = select("SELECT _1, _2 FROM S3Object", 'x,"a \\"b\\", c"\n', source, {"CSV": {}})
    assert found.payload == b'x,"a ""b"", c"\n'


def test_record_delimiters_within_quotes_belong_to_the_field_only_where_that_is_allowed(select: Any) -> None:
    data = '1,"two\nlines"\n2,x\n'
    allowed = {"CSV": {"AllowQuotedRecordDelimiter": True}}
    assert select("SELECT * FROM S3Object", data, allowed).records == [
        {"_1": "1", "_2": "two\nlines"},
        {"_1": "2", "_2": "x"},
    ]
    with refused("CSVParsingError"):
        select("SELECT * FROM S3Object", data, {"CSV": {}})


@pytest.mark.parametrize(("name", "pack"), [("GZIP", gzip.compress), ("BZIP2", bz2.compress)])
def test_compressed_objects_are_unpacked(select: Any, name: str, pack: Any) -> None:
    packed = pack(PEOPLE.encode())
    found = select("SELECT COUNT(*) FROM S3Object", packed, {**CSV, "CompressionType": name})
    assert found.records == [{"_1": 3}]
    assert found.stats["BytesScanned"] == len(packed)
    assert found.stats["BytesProcessed"] == len(PEOPLE)
    with refused("InvalidCompressionFormat"):
        select("SELECT * FROM S3Object", PEOPLE, {**CSV, "CompressionType": name})


def test_paths_lead_into_json(select: Any) -> None:
    data = '{"a": {"b": [1, {"c": "x"}]}}\n{"a": 2, "n": 1.50}\n'
    found = select("SELECT s.a.b[1].c, s.n, s.a FROM S3Object[*] s", data, LINES)
    assert found.records == [{"c": "x", "a": {"b": [1, {"c": "x"}]}}, {"n": 1.5, "a": 2}]


def test_a_document_is_taken_apart_by_the_from_clause(select: Any) -> None:
    data = '{"Rules": [{"id": "1"},\n {"expr": "y > x"}]}\n {"created": "June 27"}'
    document = {"JSON": {"Type": "DOCUMENT"}}
    assert select("SELECT id FROM S3Object[*].Rules[*].id", data, document).records == [{"id": "1"}, {}, {}]
    found = select("SELECT id FROM S3Object[*].Rules[*].id WHERE id IS NOT MISSING", data, document)
    assert found.records == [{"id": "1"}]
    listed = '[{"a": 1}, {"a": 2}]'
    assert select("SELECT * FROM S3Object[*][*]", listed, document).records == [{"a": 1}, {"a": 2}]


def test_parquet_is_read_by_its_types(select: Any) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = pyarrow.table({"Number": [1, 2, None], "text": ["a", "b", "c"], "list": [[1], [2], [3]]})
    file = io.BytesIO()
    parquet.write_table(table, file)
    source: dict[str, Any] = {"Parquet": {}}
    found = select("SELECT number + 1 AS n, text FROM S3Object WHERE text <> 'b'", file.getvalue(), source)
    assert found.records == [{"n": 2, "text": "a"}, {"n": None, "text": "c"}]
    assert select("SELECT COUNT(*) FROM S3Object", file.getvalue(), source).records == [{"_1": 3}]
    with refused("UnsupportedParquetType"):
        select("SELECT * FROM S3Object", file.getvalue(), source)
    with refused("ParquetParsingError"):
        select("SELECT * FROM S3Object", PEOPLE, source)


def test_ranges_that_cover_an_object_give_each_record_once(select: Any) -> None:
    data = "".join(f"{number}\n" for number in range(300))
    found: list[str] = []
    for start in range(0, len(data), 100):
        scan = {"Start": start, "End": start + 99}
        found += [
            each["_1"] for each in select("SELECT * FROM S3Object", data, {"CSV": {}}, ScanRange=scan).records
        ]
    assert found == data.split()
    last = select("SELECT * FROM S3Object", data, {"CSV": {}}, ScanRange={"End": 8})
    assert last.records == [{"_1": "298"}, {"_1": "299"}]


def test_ranges_are_refused_where_records_cannot_be_found_from_the_middle(select: Any) -> None:
    for source in ({"JSON": {"Type": "DOCUMENT"}}, {**CSV, "CompressionType": "GZIP"}):
        with refused("UnsupportedScanRangeInput", 400):
            select("SELECT * FROM S3Object", PEOPLE, source, ScanRange={"Start": 0, "End": 5})
    with refused("InvalidScanRange", 400):
        select("SELECT * FROM S3Object", PEOPLE, ScanRange={"Start": 5, "End": 1})


def test_encrypted_objects_are_answered_and_leave_nothing_plain(select: Any) -> None:
    key = bytes(range(32))
    for put in (
        {"ServerSideEncryption": "AES256"},
        {"SSECustomerKey": key, "SSECustomerAlgorithm": "AES256"},
    ):
        assert select("SELECT name FROM S3Object LIMIT 1", PEOPLE, put=put).records == [{"name": "ann"}]


def test_an_object_with_a_customers_key_needs_it(s3: Any, bucket: str, select: Any) -> None:
    key = bytes(32)
    s3.put_object(Bucket=bucket, Key="locked", Body=PEOPLE, SSECustomerKey=key, SSECustomerAlgorithm="AES256")
    asked = {"Expression": "SELECT * FROM S3Object", "ExpressionType": "SQL"}
    with refused("InvalidRequest", 400):
        s3.select_object_content(
            Bucket=bucket, Key="locked", InputSerialization=CSV, OutputSerialization=JSON, **asked
        )


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("SELEC * FROM S3Object", "ParseUnsupportedSelect"),
        ("SELECT FROM S3Object", "ParseEmptySelect"),
        ("SELECT * FROM lake", "InvalidDataSource"),
        ("SELECT 'a FROM S3Object", "LexerInvalidLiteral"),
        ("SELECT FOO(1) FROM S3Object", "UnsupportedFunction"),
        ("SELECT name FROM S3Object ORDER BY name", "UnsupportedSqlStructure"),
        ("SELECT name FROM S3Object nonsense too", "ParseUnexpectedToken"),
        ("SELECT name FROM S3Object LIMIT -1", "EvaluatorNegativeLimit"),
    ],
)
def test_a_wrong_statement_is_refused_before_the_stream_begins(
    select: Any, expression: str, code: str
) -> None:
    with refused(code, 400):
        select(expression, PEOPLE)


@pytest.mark.parametrize(
    ("expression", "data", "code"),
    [
        ("SELECT CAST(name AS INT) FROM S3Object", PEOPLE, "CastFailed"),
        ("SELECT height FROM S3Object", PEOPLE, "MissingHeaders"),
        ("SELECT SUM(name) FROM S3Object", PEOPLE, "IncorrectSqlFunctionArgumentType"),
        ("SELECT * FROM S3Object", b"id\n\xff\xfe\n", "InvalidTextEncoding"),
        ("SELECT * FROM S3Object", 'id,x\n1,"a\n', "CSVParsingError"),
    ],
)
def test_what_is_wrong_with_the_data_ends_the_stream_by_name(
    select: Any, expression: str, data: Any, code: str
) -> None:
    with pytest.raises(ClientError) as caught:
        select(expression, data)
    assert caught.value.response["Error"]["Code"] == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ExpressionType": "GRAPHQL"}, "InvalidExpressionType"),
        ({"InputSerialization": {}}, "MissingRequiredParameter"),
        ({"InputSerialization": {**CSV, **LINES}}, "ObjectSerializationConflict"),
        ({"InputSerialization": {**CSV, "CompressionType": "LZ4"}}, "InvalidCompressionFormat"),
        ({"InputSerialization": {"CSV": {"FileHeaderInfo": "MAYBE"}}}, "InvalidFileHeaderInfo"),
        ({"InputSerialization": {"JSON": {"Type": "TREE"}}}, "InvalidJsonType"),
        ({"InputSerialization": {"CSV": {"FieldDelimiter": "abc"}}}, "InvalidRequestParameter"),
        ({"OutputSerialization": {"CSV": {"QuoteFields": "NEVER"}}}, "InvalidQuoteFields"),
        ({"OutputSerialization": {}}, "MissingRequiredParameter"),
        ({"Key": "nowhere"}, "NoSuchKey"),
    ],
)
def test_wrong_parameters_are_refused_by_name(
    s3: Any, bucket: str, changes: dict[str, Any], code: str
) -> None:
    s3.put_object(Bucket=bucket, Key="data", Body=PEOPLE)
    asked = {
        "Bucket": bucket,
        "Key": "data",
        "Expression": "SELECT * FROM S3Object",
        "ExpressionType": "SQL",
        "InputSerialization": CSV,
        "OutputSerialization": JSON,
    }
    with refused(code):
        s3.select_object_content(**{**asked, **changes})


def stream(s3: Any, bucket: str, expression: str, data: str) -> Any:
    s3.put_object(Bucket=bucket, Key="data", Body=data.encode())
    answer = s3.select_object_content(
        Bucket=bucket,
        Key="data",
        Expression=expression,
        ExpressionType="SQL",
        InputSerialization={"CSV": {}},
        OutputSerialization={"CSV": {}},
        RequestProgress={"Enabled": True},
    )
    return answer["Payload"]


LONG = "".join(f"{number},{'x' * 50}\n" for number in range(200_000))  # some portions


def test_records_come_while_others_are_looked_for(s3: Any, bucket: str) -> None:
    seen = [event["Progress"]["Details"] for event in stream(s3, bucket, "SELECT * FROM S3Object", LONG)
            if "Progress" in event]  # fmt: skip
    assert len(seen) > 1
    assert 0 < seen[0]["BytesScanned"] < seen[-1]["BytesScanned"] == len(LONG)
    assert 0 < seen[0]["BytesReturned"] < seen[-1]["BytesReturned"] == len(LONG)


def test_a_failure_behind_the_first_records_ends_the_stream_and_they_are_there(s3: Any, bucket: str) -> None:
    events = stream(s3, bucket, "SELECT CAST(_1 AS INT) FROM S3Object", LONG + "end,\n")
    found = b""
    with pytest.raises(ClientError) as caught:  # noqa: PT012
        for event in events:
            found += event.get("Records", {}).get("Payload", b"")
    assert caught.value.response["Error"]["Code"] == "CastFailed"
    assert found.startswith(b"0\n1\n2\n")


def test_a_failure_before_the_first_record_is_the_answer(s3: Any, bucket: str) -> None:
    with refused("CastFailed", 400):
        stream(s3, bucket, "SELECT CAST(_2 AS INT) FROM S3Object", "1,x\n")


def test_work_for_a_client_that_leaves_ends(s3: Any, bucket: str) -> None:
    """The next answers come although as many clients have left as there are workers."""
    for _ in range(3):
        events = stream(s3, bucket, "SELECT * FROM S3Object WHERE TO_TIMESTAMP('2020T') < UTCNOW()", LONG)
        next(iter(events))
        events.close()
    assert [*stream(s3, bucket, "SELECT COUNT(*) FROM S3Object", "1\n")][-1] == {"End": {}}
