"""Databases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .conftest import Refusal, table_input


def test_a_database_is_found_under_its_name_in_lower_case(glue: Any, database: str) -> None:
    found = glue.get_database(Name=database.upper())["Database"]
    assert found["Name"] == database
    assert found["CreateTime"].tzinfo is not None
    assert found["CatalogId"].isdigit()
    assert found["CreateTableDefaultPermissions"][0]["Permissions"] == ["ALL"]


def test_a_name_is_taken_once_whatever_its_case(glue: Any, database: str, refused: Refusal) -> None:
    message = refused(
        "AlreadyExistsException", glue.create_database, DatabaseInput={"Name": database.upper()}
    )
    assert database in message


def test_an_unknown_database_is_said_by_name(glue: Any, refused: Refusal) -> None:
    for call in (glue.get_database, glue.delete_database):
        assert "nowhere" in refused("EntityNotFoundException", call, Name="nowhere")


def test_an_update_replaces_the_definition_but_not_the_time(glue: Any, database: str) -> None:
    before = glue.get_database(Name=database)["Database"]
    said = {"Name": database, "Description": "reviews", "Parameters": {"a": "b"}}
    glue.update_database(Name=database, DatabaseInput=said)
    after = glue.get_database(Name=database)["Database"]
    assert after["Description"] == "reviews"
    assert after["CreateTime"] == before["CreateTime"]


def test_databases_come_in_pages_in_the_order_of_their_names(client: Callable[..., Any]) -> None:
    glue = client("glue", region_name="eu-north-1")
    for name in ("c", "a", "b"):
        glue.create_database(DatabaseInput={"Name": name})
    pages = glue.get_paginator("get_databases").paginate(PaginationConfig={"PageSize": 2})
    assert [one["Name"] for page in pages for one in page["DatabaseList"]] == ["a", "b", "c"]


def test_a_token_that_was_never_given_out_is_refused(glue: Any, refused: Refusal) -> None:
    refused("InvalidInputException", glue.get_databases, NextToken="!!")


def test_a_region_keeps_its_own_databases(
    client: Callable[..., Any], database: str, refused: Refusal
) -> None:
    refused("EntityNotFoundException", client("glue", region_name="eu-west-1").get_database, Name=database)


def test_another_accounts_catalog_is_not_ours_to_read(glue: Any, database: str, refused: Refusal) -> None:
    refused("AccessDeniedException", glue.get_database, Name=database, CatalogId="999999999999")


def test_a_database_takes_its_tables_and_partitions_with_it(
    glue: Any, database: str, refused: Refusal
) -> None:
    glue.create_table(DatabaseName=database, TableInput=table_input("t", ("day", "string")))
    glue.create_partition(DatabaseName=database, TableName="t", PartitionInput={"Values": ["1"]})
    glue.delete_database(Name=database)
    refused("EntityNotFoundException", glue.get_table, DatabaseName=database, Name="t")
    glue.create_database(DatabaseInput={"Name": database})
    glue.create_table(DatabaseName=database, TableInput=table_input("t", ("day", "string")))
    assert glue.get_partitions(DatabaseName=database, TableName="t")["Partitions"] == []


def test_tags_are_kept_by_arn_and_go_with_the_database(glue: Any, database: str, refused: Refusal) -> None:
    account = glue.get_database(Name=database)["Database"]["CatalogId"]
    arn = f"arn:aws:glue:us-east-1:{account}:database/{database}"
    glue.tag_resource(ResourceArn=arn, TagsToAdd={"team": "data", "cost": "1"})
    glue.untag_resource(ResourceArn=arn, TagsToRemove=["cost", "unknown"])
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "data"}
    glue.delete_database(Name=database)
    refused("EntityNotFoundException", glue.get_tags, ResourceArn=arn)
    glue.create_database(DatabaseInput={"Name": database})
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {}


def test_tags_of_aws_itself_cannot_be_set(glue: Any, database: str, refused: Refusal) -> None:
    account = glue.get_database(Name=database)["Database"]["CatalogId"]
    arn = f"arn:aws:glue:us-east-1:{account}:database/{database}"
    refused("InvalidInputException", glue.tag_resource, ResourceArn=arn, TagsToAdd={"aws:x": "y"})
    refused("InvalidInputException", glue.get_tags, ResourceArn="arn:aws:glue:us-east-1:1:database/x")


def test_the_catalog_itself_is_told(glue: Any, client: Any, refused: Refusal) -> None:
    account = client("sts").get_caller_identity()["Account"]
    assert glue.get_catalog(CatalogId=account)["Catalog"]["ResourceArn"].endswith(f"{account}:catalog")
    assert glue.get_catalogs()["CatalogList"] == []
    assert [one["CatalogId"] for one in glue.get_catalogs(IncludeRoot=True)["CatalogList"]] == [account]
    refused("EntityNotFoundException", glue.get_catalog, CatalogId="nobody")
