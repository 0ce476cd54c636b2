"""Partition projection: partitions that no one has told Glue of.

https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cumulet.engines.sql.base import SqlError
from cumulet.services.athena import projection

from .conftest import Lab

NOW = datetime(2024, 3, 31, 12, tzinfo=UTC).timestamp()


def table(settings: dict[str, str], kind: str = "string", **more: str) -> dict[str, Any]:
    """A table with one partition column, p."""
    own = {f"projection.p.{key}": value for key, value in settings.items()}
    return {
        "DatabaseName": "d",
        "Name": "t",
        "PartitionKeys": [{"Name": "p", "Type": kind}],
        "StorageDescriptor": {"Location": "s3://b/t/"},
        "Parameters": {"projection.enabled": "true", **own, **more},
    }


def values(given: dict[str, Any], *conditions: tuple[str, str, list[str]]) -> list[str]:
    predicate = [{"column": c, "operator": o, "values": v} for c, o, v in conditions]
    return [value for _, (value,) in projection.partitions(given, predicate, NOW)]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"type": "enum", "values": "A, B,C"}, ["A", "B", "C"]),
        ({"type": "integer", "range": "0,4", "interval": "2"}, ["0", "2", "4"]),
        ({"type": "integer", "range": "8,10", "digits": "3"}, ["008", "009", "010"]),
        ({"type": "integer", "range": "-1,1"}, ["-1", "0", "1"]),
        ({"type": "date", "format": "yyyy/MM/dd", "range": "2024/02/28,2024/03/01"},
         ["2024/02/28", "2024/02/29", "2024/03/01"]),
        ({"type": "date", "format": "yyyyMM", "range": "202311,202402"}, ["202311", "202312", "202401", "202402"]),
        ({"type": "date", "format": "yyyy-MM-dd", "range": "NOW-1DAYS,NOW"}, ["2024-03-30", "2024-03-31"]),
        ({"type": "date", "format": "yyyy-MM", "range": "NOW-1MONTH,NOW+1MONTHS"}, ["2024-02", "2024-03", "2024-04"]),
        ({"type": "date", "format": "yyyy", "range": "2020,2024", "interval": "2", "interval.unit": "YEARS"},
         ["2020", "2022", "2024"]),
        ({"type": "date", "format": "yyyy-MM-dd'T'HH", "range": "2024-01-01T22,2024-01-02T01", "interval": "1",
          "interval.unit": "HOURS"}, ["2024-01-01T22", "2024-01-01T23", "2024-01-02T00", "2024-01-02T01"]),
        ({"type": "date", "format": "yyyy-MM-dd", "range": "2024-01-31,2024-04-30", "interval": "1",
          "interval.unit": "MONTHS"}, ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"]),
    ],
)  # fmt: skip
def test_each_type_gives_its_values(settings: dict[str, str], expected: list[str]) -> None:
    assert values(table(settings)) == expected


def test_conditions_leave_what_may_be_wanted_by_the_columns_own_type() -> None:
    numbers = table({"type": "integer", "range": "1,20"}, "int")
    assert values(numbers, ("p", ">", ["9"]), ("p", "<=", ["11"])) == ["10", "11"]
    texts = table({"type": "integer", "range": "1,20"}, "string")
    assert values(texts, ("p", ">", ["8"])) == ["9"]
    days = table({"type": "date", "format": "yyyy-MM-dd", "range": "2024-01-01,2024-01-05"}, "date")
    assert values(days, ("p", "in", ["2024-01-02", "2024-02-01"])) == ["2024-01-02"]


def test_an_injected_column_takes_the_values_that_the_query_names() -> None:
    made = table({"type": "injected"})
    assert values(made, ("p", "in", ["b", "a", "b"])) == ["b", "a"]
    with pytest.raises(SqlError, match="the WHERE clause must contain only static equality conditions"):
        values(made)


def test_partitions_lie_where_the_template_says() -> None:
    made = table({"type": "enum", "values": "x"}, **{"storage.location.template": "s3://other/${p}/raw"})
    assert projection.partitions(made, [], NOW) == [("s3://other/x/raw/", ["x"])]
    assert projection.partitions(table({"type": "enum", "values": "x"}), [], NOW) == [
        ("s3://b/t/p=x/", ["x"])
    ]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "'projection.p.type' is missing"),
        ({"type": "colour"}, "Unknown projection type 'colour'"),
        ({"type": "enum"}, "'projection.p.values' is missing"),
        ({"type": "integer", "range": "1"}, "must be 'first,last'"),
        ({"type": "integer", "range": "a,b"}, "'a' is no whole number"),
        ({"type": "integer", "range": "1,2", "interval": "0"}, "must be positive"),
        ({"type": "date", "range": "1,2"}, "'projection.p.format' is missing"),
        ({"type": "date", "format": "yyyy-MM-dd", "range": "soon,NOW"}, "'soon' does not fit the format"),
        (
            {"type": "date", "format": "yyyy-MM-dd HH", "range": "NOW,NOW"},
            "interval' and its unit are needed",
        ),
        ({"type": "date", "format": "qqq", "range": "NOW,NOW"}, "'qqq' in the date format"),
        ({"type": "integer", "range": "1,99999999"}, "more than 1000000 partitions"),
    ],
)
def test_settings_that_cannot_be_are_told(settings: dict[str, str], said: str) -> None:
    with pytest.raises(SqlError, match=said):
        values(table(settings))


def test_a_query_finds_rows_in_partitions_that_nobody_added(lab: Lab) -> None:
    for day in ("01", "02", "03"):
        lab.put(f"logs/2024/01/{day}/eu/part.csv", f"{int(day)}\n")
    lab.run(f"""
        CREATE EXTERNAL TABLE logs (n int) PARTITIONED BY (day string, region string)
        ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION 's3://{lab.bucket}/logs/'
        TBLPROPERTIES (
          'projection.enabled' = 'true',
          'projection.day.type' = 'date', 'projection.day.range' = '2024/01/01,2024/12/31',
          'projection.day.format' = 'yyyy/MM/dd',
          'projection.region.type' = 'enum', 'projection.region.values' = 'eu,us',
          'storage.location.template' = 's3://{lab.bucket}/logs/${{day}}/${{region}}/')
    """)
    assert lab.rows("SELECT sum(n), max(day), max(region) FROM logs") == [["6", "2024/01/03", "eu"]]
    assert lab.rows("SELECT n FROM logs WHERE day = '2024/01/02' AND region = 'eu'") == [["2"]]
    assert lab.rows("SELECT count(*) FROM logs WHERE region = 'us'") == [["0"]]
    said = lab.fail("INSERT INTO logs VALUES (1, '2024/01/09', 'eu')")["StateChangeReason"]
    assert "INSERT INTO a table with storage.location.template is not supported" in said
