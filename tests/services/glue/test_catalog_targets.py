"""Crawlers of tables that are in the catalog already."""

from __future__ import annotations

from typing import Any

from .conftest import Refusal
from .lake import ROLE, Lake, columns

OPEN = {
    "SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde",
    "Parameters": {"separatorChar": ",", "skip.header.line.count": "1"},
}
KEPT = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"}


def table(lake: Lake, *keys: str, **more: Any) -> None:
    lake.glue.create_table(
        DatabaseName=lake.database,
        TableInput={
            "Name": "mine",
            "Parameters": {"team": "films"},
            "PartitionKeys": [{"Name": key, "Type": "int"} for key in keys],
            "StorageDescriptor": {
                "Columns": [{"Name": "id", "Type": "bigint"}],
                "Location": f"s3://{lake.bucket}/films/",
                "SerdeInfo": OPEN,
            },
            **more,
        },
    )


def crawler(lake: Lake, **said: Any) -> str:
    targets = {"CatalogTargets": [{"DatabaseName": lake.database, "Tables": ["mine"]}]}
    members = {"Role": ROLE, "Targets": targets, "SchemaChangePolicy": KEPT, **said}
    lake.glue.create_crawler(Name=f"crawler-{lake.bucket}", **members)
    return f"crawler-{lake.bucket}"


def test_a_table_gets_its_new_columns_and_partitions_and_stays_what_it_is(lake: Lake) -> None:
    table(lake, "year")
    lake.put({"films/year=1927/a.csv": "id,name\n1,x\n2,y\n", "films/year=1928/a.csv": "id,name\n3,z\n4,w\n"})
    name = crawler(lake)
    found = lake.run(name)
    after = lake.tables()
    assert list(after) == ["mine"]
    assert columns(after["mine"]) == {"id": "bigint", "name": "string"}
    assert after["mine"]["StorageDescriptor"]["SerdeInfo"] == OPEN
    assert after["mine"]["PartitionKeys"] == [{"Name": "year", "Type": "int"}]
    assert after["mine"]["Parameters"]["team"] == "films"
    assert sorted(lake.partitions("mine")) == [["1927"], ["1928"]]
    assert "DatabaseName" not in found
    metrics = lake.glue.get_crawler_metrics(CrawlerNameList=[name])["CrawlerMetricsList"][0]
    assert (metrics["TablesCreated"], metrics["TablesUpdated"]) == (0, 1)
    lake.put({"films/year=1929/a.csv": "id,name\n5,v\n6,u\n"})
    lake.run(name)
    assert len(lake.partitions("mine")) == 3


def test_nothing_is_deleted_and_no_table_made(lake: Lake) -> None:
    table(lake)
    lake.run(crawler(lake))
    assert columns(lake.tables()["mine"]) == {"id": "bigint"}


def test_what_a_crawler_of_tables_may_not_is_refused(lake: Lake, refused: Refusal) -> None:
    both = {"CatalogTargets": [{"DatabaseName": lake.database, "Tables": ["mine"]}],
            "S3Targets": [{"Path": f"s3://{lake.bucket}/films/"}]}  # fmt: skip
    create = lake.glue.create_crawler
    call = {"Name": "both", "Role": ROLE, "SchemaChangePolicy": KEPT}
    assert "other targets" in refused("InvalidInputException", create, **call, Targets=both)
    only = {"CatalogTargets": both["CatalogTargets"]}
    policy = {"DeleteBehavior": "DEPRECATE_IN_DATABASE"}
    call["SchemaChangePolicy"] = policy
    assert "must be LOG" in refused("InvalidInputException", create, **call, Targets=only)


def test_a_table_that_is_not_there_or_is_a_view_fails_the_crawl_by_name(lake: Lake) -> None:
    name = crawler(lake)
    lake.glue.start_crawler(Name=name)
    last = lake.ready(name)["LastCrawl"]
    assert (last["Status"], "mine not found" in last["ErrorMessage"]) == ("FAILED", True)
    table(lake, TableType="VIRTUAL_VIEW")
    lake.glue.start_crawler(Name=name)
    last = lake.ready(name)["LastCrawl"]
    assert "is not one of files in a folder" in last["ErrorMessage"]
