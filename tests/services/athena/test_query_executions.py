"""Starting, watching and stopping a query; what it leaves in S3."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import Lab

LONG = (
    "SELECT count(*) FROM UNNEST(sequence(1, 100000)) a(x) CROSS JOIN "
    "UNNEST(sequence(1, 100000)) b(y) WHERE x * y % 7 = 3"
)


def test_a_result_comes_by_page_and_as_a_file(people: Lab) -> None:
    found = people.run("SELECT name, born, NULL AS nothing FROM people ORDER BY id")
    location = found["ResultConfiguration"]["OutputLocation"]
    assert location == f"s3://{people.bucket}/results/{found['QueryExecutionId']}.csv"
    assert (
        people.read(location)
        == b'"name","born","nothing"\n"Ada","1815",\n"Hopper, Grace","1906",\n"","1912",\n'
    )
    assert people.read(f"{location}.metadata")
    first = people.athena.get_query_results(QueryExecutionId=found["QueryExecutionId"], MaxResults=2)
    rest = people.athena.get_query_results(
        QueryExecutionId=found["QueryExecutionId"], NextToken=first["NextToken"]
    )
    assert [row["Data"][0]["VarCharValue"] for row in first["ResultSet"]["Rows"]] == ["name", "Ada"]
    assert rest["ResultSet"]["Rows"][1]["Data"] == [{"VarCharValue": ""}, {"VarCharValue": "1912"}, {}]
    assert "NextToken" not in rest


def test_columns_are_told_as_athena_tells_them(lab: Lab) -> None:
    text = "SELECT 1 AS a, 'x' AS b, DECIMAL '1.20' AS c, CAST('x' AS varchar) AS d, REAL '1' AS e, ARRAY[1] AS f"
    found = lab.run(text)
    columns = lab.athena.get_query_results(QueryExecutionId=found["QueryExecutionId"])["ResultSet"][
        "ResultSetMetadata"
    ]["ColumnInfo"]
    shown = [(c["Name"], c["Type"], c["Precision"], c["Scale"], c["CaseSensitive"]) for c in columns]
    assert shown == [
        ("a", "integer", 10, 0, False),
        ("b", "varchar", 1, 0, True),
        ("c", "decimal", 3, 2, False),
        ("d", "varchar", 2147483647, 0, True),
        ("e", "float", 17, 0, False),
        ("f", "array", 0, 0, False),
    ]


def test_statistics_are_those_of_the_run(people: Lab) -> None:
    statistics = people.run("SELECT * FROM people")["Statistics"]
    assert statistics["DataScannedInBytes"] == len(
        'id,name,born\n1,Ada,1815\n2,"Hopper, Grace",1906\n3,"",1912\n'
    )
    assert statistics["TotalExecutionTimeInMillis"] >= statistics["EngineExecutionTimeInMillis"] > 0
    assert statistics["EngineExecutionTimeInMillis"] >= statistics["QueryPlanningTimeInMillis"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("THIS IS NOT SQL", "line 1:1: mismatched input 'THIS'"),
        ("SELECT a, FROM t", "line 1:11: mismatched input 'FROM'"),
        ("CREATE EXTERNAL TABLE t (a int", "mismatched input '<EOF>'"),
        ("DROP INDEX x ON t", "Queries of this type are not supported"),
    ],
)
def test_what_does_not_parse_never_starts(lab: Lab, text: str, message: str) -> None:
    with pytest.raises(ClientError) as refused:
        lab.start(text)
    assert refused.value.response["Error"]["Code"] == "InvalidRequestException"
    assert message in refused.value.response["Error"]["Message"]


def test_a_query_that_fails_says_why_in_athenas_words(people: Lab) -> None:
    status = people.fail("SELECT nope FROM people")
    assert status["StateChangeReason"] == "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved"
    assert status["AthenaError"]["ErrorCategory"] == 2
    assert status["AthenaError"]["ErrorMessage"] == status["StateChangeReason"]
    missing = people.fail("SELECT * FROM missing")["StateChangeReason"]
    assert (
        missing
        == f"TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.{people.database}.missing' does not exist"
    )
    assert people.fail("SELECT 1 / 0")["StateChangeReason"] == "DIVISION_BY_ZERO: Division by zero"


def test_results_of_a_query_that_did_not_succeed_are_refused(people: Lab) -> None:
    name = people.start("SELECT nope FROM people")
    people.wait(name)
    with pytest.raises(ClientError, match=r"Query did not finish successfully\. Final query state: FAILED"):
        people.athena.get_query_results(QueryExecutionId=name)


def test_stop_really_ends_the_work(lab: Lab) -> None:
    name = lab.start(LONG)
    lab.athena.stop_query_execution(QueryExecutionId=name)
    status = lab.wait(name)["Status"]
    assert status["State"] == "CANCELLED"
    assert lab.rows("SELECT 1") == [["1"]]


def test_one_token_starts_one_query(lab: Lab) -> None:
    token = uuid.uuid4().hex
    first = lab.start("SELECT 1", ClientRequestToken=token)
    assert lab.start("SELECT 1", ClientRequestToken=token) == first
    with pytest.raises(ClientError, match="Idempotent parameters do not match"):
        lab.start("SELECT 2", ClientRequestToken=token)


def test_a_query_needs_a_place_for_its_output(lab: Lab) -> None:
    with pytest.raises(ClientError, match="No output location provided"):
        lab.athena.start_query_execution(QueryString="SELECT 1")
    with pytest.raises(ClientError, match="Unable to verify/create output bucket"):
        lab.start("SELECT 1", ResultConfiguration={"OutputLocation": "s3://there-is-no-such-bucket-here/"})


def test_executions_list_newest_first_and_by_page(lab: Lab) -> None:
    lab.athena.create_work_group(Name=lab.database)
    names = [lab.run("SELECT 1", WorkGroup=lab.database)["QueryExecutionId"] for _ in range(3)]
    first = lab.athena.list_query_executions(WorkGroup=lab.database, MaxResults=2)
    rest = lab.athena.list_query_executions(WorkGroup=lab.database, NextToken=first["NextToken"])
    assert first["QueryExecutionIds"] + rest["QueryExecutionIds"] == names[::-1]
    batch = lab.athena.batch_get_query_execution(QueryExecutionIds=[names[0], "nowhere"])
    assert [each["QueryExecutionId"] for each in batch["QueryExecutions"]] == names[:1]
    assert batch["UnprocessedQueryExecutionIds"][0]["QueryExecutionId"] == "nowhere"


def test_execution_parameters_stand_where_the_marks_are(people: Lab) -> None:
    assert people.rows(
        "SELECT name FROM people WHERE id = ? AND born > ?", ExecutionParameters=["1", "1800"]
    ) == [["Ada"]]


def test_runtime_statistics_tell_what_was_counted(people: Lab) -> None:
    name = people.run("SELECT * FROM people")["QueryExecutionId"]
    found: dict[str, Any] = people.athena.get_query_runtime_statistics(QueryExecutionId=name)[
        "QueryRuntimeStatistics"
    ]
    assert found["Rows"]["OutputRows"] == 3


def test_a_finished_query_is_there_after_a_crash(own_server: Any) -> None:
    athena, s3 = own_server.client("athena"), own_server.client("s3")
    s3.create_bucket(Bucket="lab")
    lab = Lab(athena, s3, None, "lab", "default")
    done = lab.run("SELECT 7 AS x")["QueryExecutionId"]
    begun = lab.start(LONG)
    own_server.kill()
    own_server.start()
    rows = athena.get_query_results(QueryExecutionId=done)["ResultSet"]["Rows"]
    assert rows[1]["Data"] == [{"VarCharValue": "7"}]
    athena.stop_query_execution(QueryExecutionId=begun)  # it reads only, so it was begun again
    assert lab.wait(begun)["Status"]["State"] == "CANCELLED"
