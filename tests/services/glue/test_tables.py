"""Tables and their versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cumulet.services.glue.patterns import matching

from .conftest import Refusal, table_input


def test_a_table_comes_back_as_it_was_made_with_what_aws_adds(glue: Any, database: str) -> None:
    said = table_input("Reviews", ("day", "date"), Parameters={"classification": "csv"}, Owner="me")
    glue.create_table(DatabaseName=database, TableInput=said)
    found = glue.get_table(DatabaseName=database.upper(), Name="REVIEWS")["Table"]
    assert found["Name"] == "reviews"
    assert found["DatabaseName"] == database
    assert found["VersionId"] == "0"
    assert found["IsRegisteredWithLakeFormation"] is False
    assert found["CreatedBy"].startswith("arn:aws:")
    assert found["CreateTime"] == found["UpdateTime"]
    assert found["StorageDescriptor"].items() >= said["StorageDescriptor"].items()
    assert found["StorageDescriptor"]["NumberOfBuckets"] == 0
    assert found["PartitionKeys"] == said["PartitionKeys"]


def test_which_of_the_two_is_missing_is_said(glue: Any, database: str, refused: Refusal) -> None:
    message = refused("EntityNotFoundException", glue.get_table, DatabaseName=database, Name="t")
    assert message.startswith("Table")
    message = refused("EntityNotFoundException", glue.get_table, DatabaseName="nowhere", Name="t")
    assert message.startswith("Database nowhere")


def test_a_table_cannot_be_made_twice_or_nowhere(glue: Any, database: str, refused: Refusal) -> None:
    glue.create_table(DatabaseName=database, TableInput=table_input("t"))
    refused("AlreadyExistsException", glue.create_table, DatabaseName=database, TableInput=table_input("T"))
    refused("EntityNotFoundException", glue.create_table, DatabaseName="nowhere", TableInput=table_input("t"))


def test_an_update_makes_a_version_unless_it_is_told_not_to(glue: Any, database: str) -> None:
    glue.create_table(DatabaseName=database, TableInput=table_input("t", Description="0"))
    glue.update_table(DatabaseName=database, TableInput=table_input("t", Description="1"))
    glue.update_table(DatabaseName=database, TableInput=table_input("t", Description="2"), SkipArchive=True)
    versions = glue.get_table_versions(DatabaseName=database, TableName="t")["TableVersions"]
    assert [(one["VersionId"], one["Table"]["Description"]) for one in versions] == [("2", "2"), ("0", "0")]
    old = glue.get_table_version(DatabaseName=database, TableName="t", VersionId="0")["TableVersion"]
    assert old["Table"]["Description"] == "0"
    newest = glue.get_table_version(DatabaseName=database, TableName="t")["TableVersion"]
    assert newest["VersionId"] == "2"


def test_of_two_writers_who_read_the_same_version_one_is_refused(
    glue: Any, database: str, refused: Refusal
) -> None:
    glue.create_table(DatabaseName=database, TableInput=table_input("t"))
    glue.update_table(DatabaseName=database, TableInput=table_input("t"), VersionId="0")
    code = "ConcurrentModificationException"
    refused(code, glue.update_table, DatabaseName=database, TableInput=table_input("t"), VersionId="0")
    assert glue.get_table(DatabaseName=database, Name="t")["Table"]["VersionId"] == "1"


def test_versions_are_deleted_one_by_one_but_not_the_current(
    glue: Any, database: str, refused: Refusal
) -> None:
    glue.create_table(DatabaseName=database, TableInput=table_input("t"))
    for _ in range(3):
        glue.update_table(DatabaseName=database, TableInput=table_input("t"))
    where = {"DatabaseName": database, "TableName": "t"}
    glue.delete_table_version(VersionId="1", **where)
    refused("InvalidInputException", glue.delete_table_version, VersionId="3", **where)
    errors = glue.batch_delete_table_version(VersionIds=["0", "1"], **where)["Errors"]
    assert [(one["VersionId"], one["ErrorDetail"]["ErrorCode"]) for one in errors] == [
        ("1", "EntityNotFoundException")
    ]
    pages = glue.get_paginator("get_table_versions").paginate(**where, PaginationConfig={"PageSize": 1})
    assert [one["VersionId"] for page in pages for one in page["TableVersions"]] == ["3", "2"]


def test_tables_are_listed_by_a_pattern_of_the_whole_name(glue: Any, database: str) -> None:
    for name in ("reviews_raw", "reviews", "sales"):
        glue.create_table(DatabaseName=database, TableInput=table_input(name))

    def names(**asked: Any) -> list[str]:
        pages = glue.get_paginator("get_tables").paginate(
            DatabaseName=database, PaginationConfig={"PageSize": 1}, **asked
        )
        return [one["Name"] for page in pages for one in page["TableList"]]

    assert names() == ["reviews", "reviews_raw", "sales"]
    assert names(Expression="reviews.*") == ["reviews", "reviews_raw"]
    assert names(Expression=".*EW.*") == ["reviews", "reviews_raw"]
    assert names(Expression="reviews") == ["reviews"]
    assert names(Expression="reviews*") == ["reviews", "reviews_raw"]
    assert names(Expression="*EW*raw") == ["reviews_raw"]
    assert names(Expression="(sales|reviews)") == ["reviews", "sales"]


def test_a_pattern_that_cannot_be_read_is_refused(glue: Any, database: str, refused: Refusal) -> None:
    glue.create_table(DatabaseName=database, TableInput=table_input("t"))
    refused("InvalidInputException", glue.get_tables, DatabaseName=database, Expression="(t")


def test_a_pattern_made_to_hang_a_matcher_does_not() -> None:
    assert matching("(a|a)*(a|a)*b", ["a" * 200]) == set()


@pytest.mark.parametrize("name", ["ab", "aab", "abab", "ab_ab", "b", "a"])
@pytest.mark.parametrize("expression", ["a.*b", "a.*b.*", ".*a.*b.*", "ab", ".*", "a.*", ".*b", "a.*a.*b"])
def test_simple_patterns_match_without_an_engine_as_they_do_with_one(name: str, expression: str) -> None:
    assert matching(expression, [name]) == matching(f"(?:{expression})", [name])


def test_tables_are_deleted_alone_and_in_batches(glue: Any, database: str, refused: Refusal) -> None:
    for name in ("a", "b"):
        glue.create_table(DatabaseName=database, TableInput=table_input(name))
    glue.delete_table(DatabaseName=database, Name="A")
    refused("EntityNotFoundException", glue.delete_table, DatabaseName=database, Name="a")
    errors = glue.batch_delete_table(DatabaseName=database, TablesToDelete=["a", "b"])["Errors"]
    assert [(one["TableName"], one["ErrorDetail"]["ErrorCode"]) for one in errors] == [
        ("a", "EntityNotFoundException")
    ]
    assert glue.get_tables(DatabaseName=database)["TableList"] == []


def test_only_the_attributes_asked_for_are_returned(glue: Any, database: str) -> None:
    glue.create_table(DatabaseName=database, TableInput=table_input("t"))
    found = glue.get_table(DatabaseName=database, Name="t", AttributesToGet=["NAME"])["Table"]
    assert found == {"Name": "t"}


def test_members_that_are_not_honoured_are_refused_by_name(
    glue: Any, database: str, refused: Refusal
) -> None:
    glue.create_table(DatabaseName=database, TableInput=table_input("t"))
    message = refused("NotImplemented", glue.get_table, DatabaseName=database, Name="t", TransactionId="abc")
    assert "TransactionId" in message


def test_partition_indexes_name_partition_keys(glue: Any, database: str, refused: Refusal) -> None:
    index = {"IndexName": "by_day", "Keys": ["day"]}
    said = table_input("t", ("day", "date"))
    glue.create_table(DatabaseName=database, TableInput=said, PartitionIndexes=[index])
    where = {"DatabaseName": database, "TableName": "t"}
    found = glue.get_partition_indexes(**where)["PartitionIndexDescriptorList"]
    assert found == [
        {"IndexName": "by_day", "Keys": [{"Name": "day", "Type": "date"}], "IndexStatus": "ACTIVE"}
    ]
    refused("AlreadyExistsException", glue.create_partition_index, PartitionIndex=index, **where)
    strange = {"IndexName": "x", "Keys": ["id"]}
    refused("InvalidInputException", glue.create_partition_index, PartitionIndex=strange, **where)
    glue.delete_partition_index(IndexName="by_day", **where)
    assert glue.get_partition_indexes(**where)["PartitionIndexDescriptorList"] == []


def test_tables_of_all_databases_are_searched(client: Callable[..., Any]) -> None:
    glue = client("glue", region_name="eu-south-1")
    for database in ("a", "b"):
        glue.create_database(DatabaseInput={"Name": database})
        for name in ("sales", "sales_old"):
            said = table_input(name, Description=f"of {database}", Parameters={"tier": name[-3:]})
            glue.create_table(DatabaseName=database, TableInput=said)

    def found(**asked: Any) -> list[tuple[str, str]]:
        page = glue.search_tables(MaxResults=1, **asked)
        tables = page["TableList"]
        while token := page.get("NextToken"):
            page = glue.search_tables(MaxResults=1, NextToken=token, **asked)
            tables += page["TableList"]
        return [(one["DatabaseName"], one["Name"]) for one in tables]

    assert len(found()) == 4
    assert found(SearchText="OLD") == [("a", "sales_old"), ("b", "sales_old")]
    assert found(SearchText='"sales" b') == [("b", "sales")]
    assert found(Filters=[{"Key": "tier", "Value": "old", "Comparator": "EQUALS"}]) == found(SearchText="old")
    assert found(
        Filters=[{"Key": "DatabaseName", "Value": "b"}],
        SortCriteria=[{"FieldName": "Name", "Sort": "DESC"}],
    ) == [("b", "sales_old"), ("b", "sales")]
