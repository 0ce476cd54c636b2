"""Partitions, by value and by expression."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Refusal, table_input


@pytest.fixture
def where(glue: Any, database: str) -> dict[str, str]:
    """A table partitioned by year (a number) and region (a text), with four partitions."""
    glue.create_table(
        DatabaseName=database, TableInput=table_input("t", ("year", "int"), ("region", "string"))
    )
    where = {"DatabaseName": database, "TableName": "t"}
    rows = [("2023", "eu"), ("2023", "us"), ("2024", "eu"), ("2024", "us")]
    glue.batch_create_partition(PartitionInputList=[partition(*row) for row in rows], **where)
    return where


def partition(*values: str) -> dict[str, Any]:
    return {
        "Values": list(values),
        "StorageDescriptor": {
            "Columns": [{"Name": "id", "Type": "bigint"}],
            "Location": f"s3://lake/t/{'/'.join(values)}/",
        },
        "Parameters": {"of": values[0]},
    }


def values(answer: dict[str, Any]) -> list[list[str]]:
    return [one["Values"] for one in answer["Partitions"]]


def test_a_partition_comes_back_as_it_was_made(glue: Any, where: dict[str, str]) -> None:
    found = glue.get_partition(PartitionValues=["2023", "us"], **where)["Partition"]
    assert found["Values"] == ["2023", "us"]
    assert found["TableName"] == "t"
    assert found["Parameters"] == {"of": "2023"}
    assert found["StorageDescriptor"]["Location"] == "s3://lake/t/2023/us/"
    assert found["CreationTime"].tzinfo is not None


def test_one_that_is_there_already_is_refused_alone_and_told_in_a_batch(
    glue: Any, where: dict[str, str], refused: Refusal
) -> None:
    code = "AlreadyExistsException"
    refused(code, glue.create_partition, PartitionInput=partition("2023", "us"), **where)
    more = [partition("2023", "us"), partition("2025", "us")]
    errors = glue.batch_create_partition(PartitionInputList=more, **where)["Errors"]
    assert [(one["PartitionValues"], one["ErrorDetail"]["ErrorCode"]) for one in errors] == [
        (["2023", "us"], code)
    ]
    assert glue.get_partition(PartitionValues=["2025", "us"], **where)


def test_there_are_as_many_values_as_keys(glue: Any, where: dict[str, str], refused: Refusal) -> None:
    code = "InvalidInputException"
    refused(code, glue.create_partition, PartitionInput={"Values": ["2023"]}, **where)
    refused(code, glue.get_partition, PartitionValues=["2023", "us", "x"], **where)


def test_a_missing_partition_is_said_by_its_values(
    glue: Any, where: dict[str, str], refused: Refusal
) -> None:
    for call in (glue.get_partition, glue.delete_partition):
        assert "1999, us" in refused("EntityNotFoundException", call, PartitionValues=["1999", "us"], **where)


def test_partitions_come_in_pages_with_and_without_an_expression(glue: Any, where: dict[str, str]) -> None:
    for asked, many in (({}, 4), ({"Expression": "region = 'eu'"}, 2)):
        pages = list(
            glue.get_paginator("get_partitions").paginate(**where, **asked, PaginationConfig={"PageSize": 1})
        )
        assert [one for page in pages for one in values(page)] == values(
            glue.get_partitions(**where, **asked)
        )
        assert len(pages) == many


def test_segments_together_are_all_and_none_twice(glue: Any, where: dict[str, str]) -> None:
    found = [
        one
        for number in range(3)
        for one in values(glue.get_partitions(Segment={"SegmentNumber": number, "TotalSegments": 3}, **where))
    ]
    assert sorted(found) == values(glue.get_partitions(**where))


def test_columns_can_be_left_out(glue: Any, where: dict[str, str]) -> None:
    found = glue.get_partitions(ExcludeColumnSchema=True, **where)["Partitions"]
    assert [one["StorageDescriptor"]["Columns"] for one in found] == [[]] * 4


def test_an_expression_sees_a_change_at_once(glue: Any, where: dict[str, str]) -> None:
    asked = {"Expression": "year >= 2024", **where}
    assert len(values(glue.get_partitions(**asked))) == 2
    glue.create_partition(PartitionInput=partition("2030", "us"), **where)
    assert len(values(glue.get_partitions(**asked))) == 3
    glue.delete_partition(PartitionValues=["2024", "eu"], **where)
    assert values(glue.get_partitions(**asked)) == [["2024", "us"], ["2030", "us"]]


def test_an_expression_that_is_none_is_refused(glue: Any, where: dict[str, str], refused: Refusal) -> None:
    for expression in ("year =", "month = 1", "year = 'x'", "year = 2024; drop", "(year = 2024"):
        refused("InvalidInputException", glue.get_partitions, Expression=expression, **where)


def test_a_batch_of_reads_leaves_out_what_is_not_there(glue: Any, where: dict[str, str]) -> None:
    wanted = [{"Values": ["2024", "us"]}, {"Values": ["1999", "us"]}, {"Values": ["2023", "eu"]}]
    answer = glue.batch_get_partition(PartitionsToGet=wanted, **where)
    assert values(answer) == [["2023", "eu"], ["2024", "us"]]
    assert answer["UnprocessedKeys"] == []


def test_an_update_replaces_and_may_move(glue: Any, where: dict[str, str], refused: Refusal) -> None:
    created = glue.get_partition(PartitionValues=["2023", "eu"], **where)["Partition"]["CreationTime"]
    moved = partition("2022", "eu")
    glue.update_partition(PartitionValueList=["2023", "eu"], PartitionInput=moved, **where)
    assert glue.get_partition(PartitionValues=["2022", "eu"], **where)["Partition"]["CreationTime"] == created
    refused("EntityNotFoundException", glue.get_partition, PartitionValues=["2023", "eu"], **where)
    code = "AlreadyExistsException"
    taken = partition("2024", "us")
    refused(code, glue.update_partition, PartitionValueList=["2022", "eu"], PartitionInput=taken, **where)


def test_a_batch_of_updates_tells_what_it_could_not_do(glue: Any, where: dict[str, str]) -> None:
    entries = [
        {
            "PartitionValueList": ["2023", "eu"],
            "PartitionInput": {**partition("2023", "eu"), "Parameters": {}},
        },
        {"PartitionValueList": ["1999", "eu"], "PartitionInput": partition("1999", "eu")},
    ]
    errors = glue.batch_update_partition(Entries=entries, **where)["Errors"]
    assert [one["PartitionValueList"] for one in errors] == [["1999", "eu"]]
    assert glue.get_partition(PartitionValues=["2023", "eu"], **where)["Partition"]["Parameters"] == {}


def test_a_batch_of_deletions_tells_what_was_not_there(glue: Any, where: dict[str, str]) -> None:
    gone = [{"Values": ["2023", "eu"]}, {"Values": ["1999", "eu"]}]
    errors = glue.batch_delete_partition(PartitionsToDelete=gone, **where)["Errors"]
    assert [one["PartitionValues"] for one in errors] == [["1999", "eu"]]
    assert len(values(glue.get_partitions(**where))) == 3


def test_values_may_hold_anything_but_nul(glue: Any, where: dict[str, str], refused: Refusal) -> None:
    strange = ["7", "a/b\x1f\x1b[\x1b_ü 'x'"]
    glue.create_partition(PartitionInput={"Values": strange}, **where)
    assert values(glue.get_partitions(Expression="year = 7", **where)) == [strange]
    refused("InvalidInputException", glue.create_partition, PartitionInput={"Values": ["7", "\0"]}, **where)


def test_a_table_without_keys_takes_no_partitions_and_indexes_are_of_keys(
    glue: Any, database: str, refused: Refusal
) -> None:
    glue.create_table(DatabaseName=database, TableInput=table_input("plain"))
    given = {"DatabaseName": database, "TableName": "plain", "PartitionInput": {"Values": []}}
    assert "no partition keys" in refused("InvalidInputException", glue.create_partition, **given)
    index = {"IndexName": "i", "Keys": ["nope"]}
    call = {"DatabaseName": database, "TableInput": table_input("t", ("p", "int"))}
    assert "nope" in refused("InvalidInputException", glue.create_table, **call, PartitionIndexes=[index])
    twice = [{"IndexName": "i", "Keys": ["p"]}] * 2
    refused("InvalidInputException", glue.create_table, **call, PartitionIndexes=twice)
