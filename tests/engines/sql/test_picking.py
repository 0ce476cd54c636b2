"""The small SQL over one file's records: what its expressions come to, and how they are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cumulet.engines.sql.picking.base import Form, Question, Refused
from cumulet.engines.sql.picking.columns import connected
from cumulet.engines.sql.picking.running import answer

NOW = 1_700_000_000.0
PEOPLE = 'id,name,age\n1,ann,30\n2,"bob, jr",\n3,cleo\n'


@pytest.fixture(params=["by columns", "record by record"])
def ask(tmp_path: Path, request: Any) -> Any:
    """`ask("SELECT ...", "1,2\\n")`: the records that come of it, on either road."""
    connection = connected("1GB", 2) if request.param == "by columns" else None

    def act(text: str, data: str = "1\n", kind: str = "csv", **form: Any) -> list[Any]:
        (tmp_path / "data").write_text(data, newline="")
        files = (str(tmp_path / name) for name in ("data", "answer"))
        path, target = files
        question = Question(text, path, Form(kind, **form), Form("json"), target=target, now=NOW)
        tally = answer(question, connection)
        written = Path(target).read_text()
        assert tally.returned == len(written.encode())
        return [json.loads(line) for line in written.splitlines()]

    return act


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3 - 4", 3),
        ("7 / 2", 3),
        ("-7 / 2", -3),
        ("-7 % 3", -1),
        ("7 / 2.0", 3.5),
        ("0.1 + 0.2", 0.3),
        ("1e2", 100.0),
        ("_1 + 1", 2),
        ("'it''s'", "it's"),
        ("1 = 1.0", True),
        ("'a' < 'b'", True),
        ("'1' = 1", False),
        ("_1 = 1", True),
        ("_1 < 10", True),
        ("_1 < '10'", True),
        ("1 = NULL", None),
        ("NULL IS NULL", True),
        ("NULL IS MISSING", False),
        ("_9 IS MISSING", True),
        ("_9 IS NULL", True),
        ("_9 IS NOT NULL", False),
        ("NOT _1 = 2", True),
        ("NULL AND FALSE", False),
        ("NULL OR TRUE", True),
        ("NULL AND TRUE", None),
        ("2 BETWEEN 1 AND 3", True),
        ("2 NOT BETWEEN 1 AND 3", False),
        ("_1 IN (2, 1)", True),
        ("5 NOT IN (2, 1)", True),
        ("5 IN (2, NULL)", None),
        ("'abc' LIKE 'a%'", True),
        ("'abc' LIKE '_b_'", True),
        ("'a.c' LIKE 'a.c' AND 'abc' NOT LIKE 'a.c'", True),
        ("'50%' LIKE '50!%' ESCAPE '!'", True),
        ("'505' LIKE '50!%' ESCAPE '!'", False),
        ("CASE WHEN _1 = 2 THEN 'two' WHEN _1 = 1 THEN 'one' END", "one"),
        ("CASE _1 WHEN 2 THEN 'two' ELSE 'other' END", "other"),
        ("COALESCE(NULL, _9, 'x')", "x"),
        ("NULLIF(1, 1)", None),
        ("NULLIF(1, 2)", 1),
        ("CHAR_LENGTH('日本')", 2),
        ("CHARACTER_LENGTH('')", 0),
        ("LOWER('AbC') ", "abc"),
        ("UPPER('AbC')", "ABC"),
        ("SUBSTRING('123456789', 0)", "123456789"),
        ("SUBSTRING('123456789', -1, 4)", "12"),
        ("SUBSTRING('123456789' FROM 2 FOR 3)", "234"),
        ("SUBSTRING('123456789', 5, 0)", ""),
        ("TRIM('  foobar ')", "foobar"),
        ("TRIM(LEADING FROM '  foobar ')", "foobar "),
        ("TRIM(TRAILING FROM '  foobar ')", "  foobar"),
        ("TRIM(BOTH '12' FROM '1112211foobar22211122')", "foobar"),
        ("CAST('12' AS INT)", 12),
        ("CAST(' 12 ' AS INTEGER)", 12),
        ("CAST(1.9 AS INT)", 1),
        ("CAST('1.5' AS FLOAT)", 1.5),
        ("CAST('1.25' AS DECIMAL(3, 1))", 1.2),
        ("CAST('true' AS BOOL)", True),
        ("CAST(12 AS STRING)", "12"),
        ("CAST('2007-04-05T14:30Z' AS TIMESTAMP)", "2007-04-05T14:30Z"),
        ("TO_TIMESTAMP('2007T')", "2007T"),
        ("TO_TIMESTAMP('2007-02-23T12:14:33.079-08:00')", "2007-02-23T12:14:33.079-08:00"),
        ("TO_TIMESTAMP('2007-02-23T20:00Z') = TO_TIMESTAMP('2007-02-23T12:00-08:00')", True),
        ("DATE_ADD(year, 5, TO_TIMESTAMP('2010-01-01T'))", "2015-01-01T"),
        ("DATE_ADD(month, 1, TO_TIMESTAMP('2010T'))", "2010-02T"),
        ("DATE_ADD(month, -1, TO_TIMESTAMP('2010-03-31T'))", "2010-02-28T"),
        ("DATE_ADD(hour, 1, TO_TIMESTAMP('2017-01-02T03:04:05.006Z'))", "2017-01-02T04:04:05.006Z"),
        ("DATE_DIFF(year, TO_TIMESTAMP('2010-01-01T'), TO_TIMESTAMP('2011-01-01T'))", 1),
        ("DATE_DIFF(month, TO_TIMESTAMP('2010-01-31T'), TO_TIMESTAMP('2010-02-28T'))", 0),
        ("DATE_DIFF(day, TO_TIMESTAMP('2010-01-02T'), TO_TIMESTAMP('2010-01-01T'))", -1),
        ("EXTRACT(year FROM TO_TIMESTAMP('2010-05-06T'))", 2010),
        ("EXTRACT(timezone_hour FROM TO_TIMESTAMP('2010-01-01T01:00:00+08:00'))", 8),
        ("TO_STRING(TO_TIMESTAMP('1969-07-20T20:18Z'), 'MMMM d, y')", "July 20, 1969"),
        ("TO_STRING(TO_TIMESTAMP('1969-07-20T20:18Z'), 'MM-dd-yyyy h:mm a')", "07-20-1969 8:18 PM"),
        ("TO_STRING(TO_TIMESTAMP('1969-07-20T20:18:01.5+02:00'), 'HH:mm:ss.SSS XXX')", "20:18:01.500 +02:00"),
        ("UTCNOW()", "2023-11-14T22:13:20Z"),
    ],
)
def test_expressions_come_to_what_s3_select_makes_of_them(ask: Any, expression: str, value: Any) -> None:
    assert ask(f"SELECT {expression} AS v FROM S3Object") == [{"v": value}]


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("CAST('x' AS INT)", "CastFailed"),
        ("CAST('' AS INT)", "CastFailed"),
        ("CAST(123 AS DECIMAL(2))", "CastFailed"),
        ("CAST('x' AS SHAPE)", "ParseExpectedTypeName"),
        ("CAST('x', INT)", "ParseCastArity"),
        ("CAST 'x'", "ParseExpectedLeftParenAfterCast"),
        ("9223372036854775807 + 1", "IntegerOverflow"),
        ("1 / 0", "EvaluatorInvalidArguments"),
        ("'a' + 1", "IncorrectSqlFunctionArgumentType"),
        ("LOWER(1)", "IncorrectSqlFunctionArgumentType"),
        ("1 LIKE 'x'", "LikeInvalidInputs"),
        ("'x' LIKE 'x!' ESCAPE '!'", "LikeInvalidInputs"),
        ("TO_TIMESTAMP('yesterday')", "ValueParseFailure"),
        ("TO_STRING(UTCNOW(), 'QQQ')", "EvaluatorInvalidTimestampFormatPatternToken"),
        ("DATE_ADD(fortnight, 1, UTCNOW())", "ParseExpectedDatePart"),
        ("DATE_ADD(day 1, UTCNOW())", "ParseExpectedArgumentDelimiter"),
        ("EXTRACT(year, UTCNOW())", "ParseExpectedKeyword"),
        ("NULLIF(1)", "EvaluatorInvalidArguments"),
        ("MEDIAN(1)", "UnsupportedFunction"),
        ("LOWER(*)", "ParseUnsupportedCallWithStar"),
        ("SUM(*)", "ParseUnsupportedCallWithStar"),
        ("COUNT(1, 2)", "ParseNonUnaryAgregateFunctionCall"),
        ("COUNT(DISTINCT _1)", "UnsupportedSqlOperation"),
        ("DISTINCT _1", "UnsupportedSqlOperation"),
        ("_1, *", "ParseAsteriskIsNotAloneInSelectList"),
        ("*, _1", "ParseAsteriskIsNotAloneInSelectList"),
        ("_1, COUNT(*)", "UnsupportedSqlStructure"),
        ("(SELECT 1)", "UnsupportedSqlStructure"),
        ("'a' || 'b'", "UnsupportedSqlOperation"),
        ("CASE 1 END", "ParseExpectedWhenClause"),
        ("CASE WHEN TRUE THEN 1", "ParseExpectedKeyword"),
        ("_1 AS 3", "ParseExpectedIdentForAlias"),
        ("_1 IS 3", "ParseExpectedKeyword"),
        ("(1", "ParseExpectedTokenType"),
        ("1 +", "ParseUnexpectedKeyword"),
        ("`2010T`", "LexerInvalidIONLiteral"),
        ("1 ? 2", "LexerInvalidChar"),
        ("1 & 2", "LexerInvalidOperator"),
        ("_0", "InvalidColumnIndex"),
        ("a.b.c", "InvalidKeyPath"),
        ("name", "MissingHeaders"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_s3_selects_own_codes(
    ask: Any, expression: str, code: str
) -> None:
    with pytest.raises(Refused) as caught:
        ask(f"SELECT {expression} FROM S3Object")
    assert caught.value.code == code, caught.value.message


@pytest.mark.parametrize(
    ("clauses", "code"),
    [
        ("", "ParseSelectMissingFrom"),
        ("FROM elsewhere", "InvalidDataSource"),
        ("FROM S3Object.a", "InvalidDataSource"),
        ("FROM S3Object s, S3Object t", "UnsupportedSqlStructure"),
        ("FROM S3Object JOIN S3Object", "UnsupportedSqlStructure"),
        ("FROM S3Object GROUP BY _1", "UnsupportedSqlStructure"),
        ("FROM S3Object ORDER BY _1", "UnsupportedSqlStructure"),
        ("FROM S3Object WHERE COUNT(*) > 1", "UnsupportedSqlStructure"),
        ("FROM S3Object WHERE _1", "IncorrectSqlFunctionArgumentType"),
        ("FROM S3Object LIMIT many", "ParseExpectedNumber"),
        ("FROM S3Object LIMIT -1", "EvaluatorNegativeLimit"),
        ("FROM S3Object AT 1", "UnsupportedSyntax"),
    ],
)
def test_clauses_that_are_not_there_are_refused(ask: Any, clauses: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        ask(f"SELECT _1 {clauses}")
    assert caught.value.code == code, caught.value.message


def test_names_in_quotes_are_exact_and_others_are_not(ask: Any) -> None:
    assert ask('SELECT NAME, "age" FROM S3Object LIMIT 1', PEOPLE, header="USE") == [
        {"NAME": "ann", "age": "30"}
    ]
    with pytest.raises(Refused, match="Name"):
        ask('SELECT "Name" FROM S3Object', PEOPLE, header="USE")
    twice = "a,A\n1,2\n"
    assert ask('SELECT "A" FROM S3Object', twice, header="USE") == [{"A": "2"}]
    with pytest.raises(Refused) as caught:
        ask("SELECT b FROM S3Object", "B,B\n1,2\n", header="USE")
    assert caught.value.code == "AmbiguousFieldName"


def test_the_table_goes_by_its_alias_or_its_own_name(ask: Any) -> None:
    for text in (
        "s.name FROM S3Object s",
        "s.name FROM S3Object AS s",
        "S3Object.name FROM S3Object",
        '"s"."name" FROM s3object s',
    ):
        assert ask(f"SELECT {text} LIMIT 1", PEOPLE, header="USE") == [{"name": "ann"}]
    assert ask("SELECT s.* FROM S3Object s LIMIT 1", "1,2\n") == [{"_1": "1", "_2": "2"}]


def test_a_field_that_a_row_lacks_is_missing_and_an_empty_one_is_not(ask: Any) -> None:
    assert ask("SELECT id FROM S3Object WHERE age IS MISSING", PEOPLE, header="USE") == [{"id": "3"}]
    assert ask("SELECT id FROM S3Object WHERE age = ''", PEOPLE, header="USE") == [{"id": "2"}]
    assert ask("SELECT age FROM S3Object", PEOPLE, header="USE") == [{"age": "30"}, {"age": ""}, {}]


def test_aggregates_pass_over_what_is_not_there(ask: Any) -> None:
    data = '{"a": 1}\n{"a": null}\n{}\n{"a": 4}\n'
    found = ask(
        "SELECT COUNT(*), COUNT(s.a), SUM(s.a), AVG(s.a), MIN(s.a), MAX(s.a) + 1 FROM S3Object s",
        data,
        "json lines",
    )
    assert found == [{"_1": 4, "_2": 2, "_3": 5, "_4": 2.5, "_5": 1, "_6": 5}]
    nothing = ask("SELECT COUNT(*), SUM(s.a), AVG(s.a) FROM S3Object s WHERE s.a > 9", data, "json lines")
    assert nothing == [{"_1": 0, "_2": None, "_3": None}]


def test_numbers_in_csv_are_ordered_as_numbers_by_aggregates(ask: Any) -> None:
    assert ask("SELECT MIN(_1), MAX(_1), SUM(_1) FROM S3Object", "9\n10\n1.5\n") == [
        {"_1": 1.5, "_2": 10, "_3": 20.5}
    ]


def test_limits_end_the_reading(ask: Any) -> None:
    assert ask("SELECT _1 FROM S3Object LIMIT 2", "1\n2\n3\n") == [{"_1": "1"}, {"_1": "2"}]
    assert ask("SELECT _1 FROM S3Object LIMIT 0", "1\n") == []


def test_values_of_json_keep_their_types(ask: Any) -> None:
    data = '{"n": 1.50, "big": 12345678901234567890, "t": true, "l": [1, "x"], "o": {"k": null}}\n'
    found = ask("SELECT * FROM S3Object s WHERE s.n = 1.5 AND s.t AND s.o.k IS NULL", data, "json lines")
    assert found == [json.loads(data)]


@pytest.mark.parametrize("data", ["{", '{"a": nan}', '{"a": NaN}', "[1,]"])
def test_json_that_is_none_is_refused(ask: Any, data: str) -> None:
    for kind in ("json lines", "json document"):
        with pytest.raises(Refused) as caught:
            ask("SELECT * FROM S3Object", data, kind)
        assert caught.value.code == "JSONParsingError"


def test_deep_nesting_is_refused_not_crashed_on(ask: Any) -> None:
    with pytest.raises(Refused):
        ask(f"SELECT {'(' * 5000}1{')' * 5000} FROM S3Object")
    with pytest.raises(Refused):
        ask("SELECT * FROM S3Object", "[" * 100_000, "json lines")
