"""Resource links: other names for databases and tables, followed wherever a name is taken."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .conftest import Refusal, table_input
from .lake import PATIENCE, Lake


@pytest.fixture
def link(glue: Any, database: str) -> Iterator[str]:
    """A database that is a link to the test's own."""
    name = f"link_{uuid.uuid4().hex[:12]}"
    account = glue.get_database(Name=database)["Database"]["CatalogId"]
    target = {"CatalogId": account, "DatabaseName": database}
    glue.create_database(DatabaseInput={"Name": name, "TargetDatabase": target})
    yield name
    glue.delete_database(Name=name)


def test_a_linked_database_shows_the_tables_of_its_target(glue: Any, database: str, link: str) -> None:
    glue.create_table(DatabaseName=link, TableInput=table_input("t", ("day", "string")))
    assert glue.get_table(DatabaseName=database, Name="t")["Table"]["DatabaseName"] == database
    assert [one["Name"] for one in glue.get_tables(DatabaseName=link)["TableList"]] == ["t"]
    glue.create_partition(DatabaseName=link, TableName="t", PartitionInput={"Values": ["1"]})
    found = glue.get_partitions(DatabaseName=database, TableName="t")["Partitions"]
    assert [one["Values"] for one in found] == [["1"]]
    glue.update_table(DatabaseName=link, TableInput=table_input("t", Description="new"))
    assert glue.get_table(DatabaseName=database, Name="t")["Table"]["Description"] == "new"
    assert glue.get_table_versions(DatabaseName=link, TableName="t")["TableVersions"][0]["VersionId"] == "1"


def test_a_linked_database_has_its_targets_properties_under_its_own_name(
    glue: Any, database: str, link: str
) -> None:
    glue.update_database(Name=link, DatabaseInput={"Name": link, "Description": "of the target"})
    assert glue.get_database(Name=database)["Database"]["Description"] == "of the target"
    found = glue.get_database(Name=link)["Database"]
    assert (found["Name"], found["Description"]) == (link, "of the target")
    assert found["TargetDatabase"]["DatabaseName"] == database


def test_deleting_a_linked_database_leaves_its_target(glue: Any, database: str) -> None:
    target = {
        "CatalogId": glue.get_database(Name=database)["Database"]["CatalogId"],
        "DatabaseName": database,
    }
    glue.create_table(DatabaseName=database, TableInput=table_input("t"))
    glue.create_database(DatabaseInput={"Name": f"{database}_l", "TargetDatabase": target})
    glue.delete_database(Name=f"{database}_l")
    assert glue.get_table(DatabaseName=database, Name="t")


def linked(glue: Any, database: str, name: str, to: str) -> None:
    account = glue.get_database(Name=database)["Database"]["CatalogId"]
    target = {"CatalogId": account, "DatabaseName": database, "Name": to}
    glue.create_table(DatabaseName=database, TableInput={"Name": name, "TargetTable": target})


def test_a_linked_table_is_its_target_under_its_own_name(glue: Any, database: str) -> None:
    glue.create_table(DatabaseName=database, TableInput=table_input("t"))
    linked(glue, database, "other", "t")
    found = glue.get_table(DatabaseName=database, Name="other")["Table"]
    assert (found["Name"], found["TargetTable"]["Name"]) == ("other", "t")
    assert found["StorageDescriptor"]["Location"] == "s3://lake/t/"
    listed = glue.get_tables(DatabaseName=database)["TableList"]
    assert [(one["Name"], one["StorageDescriptor"]["Location"]) for one in listed] == [
        ("other", "s3://lake/t/"),
        ("t", "s3://lake/t/"),
    ]
    glue.update_table(DatabaseName=database, TableInput=table_input("other", Description="new"))
    assert glue.get_table(DatabaseName=database, Name="t")["Table"]["Description"] == "new"
    glue.delete_table(DatabaseName=database, Name="other")
    assert glue.get_table(DatabaseName=database, Name="t")


def test_a_link_to_nothing_is_listed_and_not_found(glue: Any, database: str, refused: Refusal) -> None:
    linked(glue, database, "lost", "nothing")
    listed = glue.get_tables(DatabaseName=database)["TableList"]
    assert [one["TargetTable"]["Name"] for one in listed] == ["nothing"]
    refused("EntityNotFoundException", glue.get_table, DatabaseName=database, Name="lost")


def test_links_do_not_lead_through_links(glue: Any, database: str, link: str, refused: Refusal) -> None:
    account = glue.get_database(Name=database)["Database"]["CatalogId"]
    target = {"CatalogId": account, "DatabaseName": link}
    again = {"Name": f"{link}_2", "TargetDatabase": target}
    refused("InvalidInputException", glue.create_database, DatabaseInput=again)
    glue.create_table(DatabaseName=database, TableInput=table_input("t"))
    linked(glue, database, "other", "t")
    further = {"CatalogId": account, "DatabaseName": database, "Name": "other"}
    table = {"Name": "third", "TargetTable": further}
    refused("InvalidInputException", glue.create_table, DatabaseName=database, TableInput=table)


def test_links_into_other_accounts_are_refused(glue: Any, database: str, refused: Refusal) -> None:
    target = {"CatalogId": "999999999999", "DatabaseName": database}
    given = {"Name": f"{database}_far", "TargetDatabase": target}
    refused("AccessDeniedException", glue.create_database, DatabaseInput=given)


def test_athena_reads_through_both_kinds_of_links(
    client: Callable[..., Any], glue: Any, lake: Lake, link: str
) -> None:
    lake.put({f"s/day={day}/a.csv": f"id,word\n{day},ab\n{day}0,cd\n" for day in (1, 2)})
    lake.crawl("s/")
    linked(glue, lake.database, "other", "s")
    athena = client("athena")
    for database, table in ((link, "s"), (lake.database, "other"), (link, "other")):
        run = athena.start_query_execution(
            QueryString=f"SELECT sum(id) FROM {table} WHERE day = '2'",
            QueryExecutionContext={"Database": database},
            ResultConfiguration={"OutputLocation": f"s3://{lake.bucket}/results/"},
        )["QueryExecutionId"]
        assert answer(athena, run) == "22"


def answer(athena: Any, run: str) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = athena.get_query_execution(QueryExecutionId=run)["QueryExecution"]["Status"]
        if found["State"] not in ("QUEUED", "RUNNING"):
            assert found["State"] == "SUCCEEDED", found
            rows = athena.get_query_results(QueryExecutionId=run)["ResultSet"]["Rows"]
            return str(rows[1]["Data"][0]["VarCharValue"])
        time.sleep(0.02)
    raise AssertionError(f"{run} did not end")
