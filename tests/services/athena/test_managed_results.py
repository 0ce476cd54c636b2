"""Work groups that keep their results themselves: no bucket, no location, rows all the same."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from .conftest import Lab

MANAGED = {"ManagedQueryResultsConfiguration": {"Enabled": True}}


@pytest.fixture
def managed(people: Lab) -> Lab:
    people.athena.create_work_group(Name=people.database, Configuration=MANAGED)
    return people


def ask(lab: Lab, text: str) -> str:
    started = lab.athena.start_query_execution(
        QueryString=text, WorkGroup=lab.database, QueryExecutionContext={"Database": lab.database}
    )
    return str(started["QueryExecutionId"])


def test_a_query_without_a_location_has_rows(managed: Lab) -> None:
    name = ask(managed, "SELECT id, name FROM people ORDER BY id")
    found = managed.wait(name)
    assert found["Status"]["State"] == "SUCCEEDED", found["Status"]
    assert "OutputLocation" not in found["ResultConfiguration"]
    assert found["ManagedQueryResultsConfiguration"]["Enabled"] is True
    rows = managed.athena.get_query_results(QueryExecutionId=name)["ResultSet"]["Rows"]
    assert rows[2]["Data"] == [{"VarCharValue": "2"}, {"VarCharValue": "Hopper, Grace"}]


def test_a_utility_tells_its_lines(managed: Lab) -> None:
    name = ask(managed, "SHOW TABLES")
    managed.wait(name)
    rows = managed.athena.get_query_results(QueryExecutionId=name)["ResultSet"]["Rows"]
    assert rows == [{"Data": [{"VarCharValue": "people"}]}]


def test_results_stay_when_the_server_starts_anew(managed: Lab, server: object) -> None:
    name = ask(managed, "SELECT 1 AS one")
    managed.wait(name)
    server.restart()  # type: ignore[attr-defined]
    rows = managed.athena.get_query_results(QueryExecutionId=name)["ResultSet"]["Rows"]
    assert rows[1]["Data"] == [{"VarCharValue": "1"}]


def test_a_table_needs_a_place_of_its_own(managed: Lab) -> None:
    status = managed.wait(ask(managed, "CREATE TABLE made AS SELECT 1 AS a"))["Status"]
    assert "external_location" in status["StateChangeReason"]
    place = f"s3://{managed.bucket}/made/"
    made = f"CREATE TABLE made WITH (external_location = '{place}') AS SELECT 1 AS a"
    assert managed.wait(ask(managed, made))["Status"]["State"] == "SUCCEEDED"
    assert managed.rows("SELECT a FROM made") == [["1"]]


def test_a_location_and_managed_results_exclude_each_other(managed: Lab) -> None:
    with pytest.raises(ClientError, match="managed query results"):
        managed.start("SELECT 1", WorkGroup=managed.database)
    with pytest.raises(ClientError, match="not both"):
        managed.athena.create_work_group(
            Name=f"{managed.database}_2",
            Configuration={**MANAGED, "ResultConfiguration": {"OutputLocation": "s3://somewhere/"}},
        )


def test_a_work_group_stops_keeping_results(managed: Lab) -> None:
    changed = {"ManagedQueryResultsConfigurationUpdates": {"Enabled": False}}
    managed.athena.update_work_group(WorkGroup=managed.database, ConfigurationUpdates=changed)
    assert managed.rows("SELECT 1", WorkGroup=managed.database) == [["1"]]
