"""Crawlers, from files on S3 to tables in the catalog."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Refusal
from .lake import ROLE, Lake, columns, keys, serde

CSV = "id,price,who\n1,2.5,Ann\n2,3,Bob\n"
QUOTED = 'id,text,label\n1,"He said ""no"", then\nleft <br/>",1\n2,"b, c",0\n'


def test_a_folder_of_csv_becomes_a_table_as_glue_writes_it(lake: Lake) -> None:
    lake.put({"sales-2024/a.csv": CSV, "sales-2024/b.csv": CSV})
    table = lake.crawl("sales-2024/")["sales_2024"]
    assert columns(table) == {"id": "bigint", "price": "double", "who": "string"}
    assert table["TableType"] == "EXTERNAL_TABLE"
    descriptor = table["StorageDescriptor"]
    assert descriptor["Location"] == f"s3://{lake.bucket}/sales-2024/"
    assert descriptor["InputFormat"] == "org.apache.hadoop.mapred.TextInputFormat"
    assert descriptor["SerdeInfo"]["Parameters"] == {"field.delim": ","}
    assert serde(table) == "LazySimpleSerDe"
    said = table["Parameters"]
    assert said["UPDATED_BY_CRAWLER"].startswith("crawler-")
    assert {name: said[name] for name in said if name != "UPDATED_BY_CRAWLER"} == {
        "CrawlerSchemaDeserializerVersion": "1.0",
        "CrawlerSchemaSerializerVersion": "1.0",
        "areColumnsQuoted": "false",
        "averageRecordSize": "10",
        "classification": "csv",
        "columnsOrdered": "true",
        "compressionType": "none",
        "delimiter": ",",
        "objectCount": "2",
        "recordCount": "4",
        "sizeKey": str(2 * len(CSV)),
        "skip.header.line.count": "1",
        "typeOfData": "file",
    }


def test_folders_of_keys_and_values_become_partitions(lake: Lake) -> None:
    lake.put({f"s/year={y}/Month={m:02}/x.csv": CSV for y in (2023, 2024) for m in (1, 2)})
    table = lake.crawl("s")["s"]
    assert keys(table) == ["year", "month"]
    assert lake.partitions("s") == [["2023", "01"], ["2023", "02"], ["2024", "01"], ["2024", "02"]]
    found = lake.glue.get_partition(
        DatabaseName=lake.database, TableName="s", PartitionValues=["2023", "02"]
    )["Partition"]
    assert found["StorageDescriptor"]["Location"] == f"s3://{lake.bucket}/s/year=2023/Month=02/"
    assert found["Parameters"]["recordCount"] == "2"


def test_plain_folders_become_numbered_partitions(lake: Lake) -> None:
    lake.put({"s/2023/eu/x.csv": CSV, "s/2024/us/x.csv": CSV})
    table = lake.crawl("s/")["s"]
    assert keys(table) == ["partition_0", "partition_1"]
    assert lake.partitions("s") == [["2023", "eu"], ["2024", "us"]]


def test_a_partition_named_like_a_column_gets_a_number_instead(lake: Lake) -> None:
    lake.put({"s/id=1/x.csv": CSV, "s/id=2/x.csv": CSV})
    assert keys(lake.crawl("s/")["s"]) == ["partition_0"]


def test_escaped_values_of_partitions_are_unescaped(lake: Lake) -> None:
    lake.put({"s/at=2024-01-01 10%3A00/x.csv": CSV})
    lake.crawl("s/")
    assert lake.partitions("s") == [["2024-01-01 10:00"]]


def test_folders_whose_schemas_differ_become_tables_of_their_own(lake: Lake) -> None:
    lake.put({"t/year=2017/1.json": '{"A": 1, "B": 2}', "t/year=2018/2.json": '{"C": 3, "D": 4}'})
    found = lake.crawl("t/")
    assert {name: columns(table) for name, table in found.items()} == {
        "year_2017": {"a": "int", "b": "int"},
        "year_2018": {"c": "int", "d": "int"},
    }


def test_schemas_that_differ_are_combined_where_that_is_asked_for(lake: Lake) -> None:
    lake.put({"t/year=2017/1.json": '{"A": 1, "B": 2}', "t/year=2018/2.json": '{"C": 3, "D": 4}'})
    said = {"Version": 1.0, "Grouping": {"TableGroupingPolicy": "CombineCompatibleSchemas"}}
    table = lake.crawl("t/", Configuration=json.dumps(said))["t"]
    assert columns(table) == {"a": "int", "b": "int", "c": "int", "d": "int"}
    assert keys(table) == ["year"]


def test_tables_start_at_the_level_that_is_asked_for(lake: Lake) -> None:
    lake.put({f"all/{name}/{part}/x.csv": CSV for name in ("a", "b") for part in ("1", "2")})
    said = {"Version": 1.0, "Grouping": {"TableLevelConfiguration": 3}}
    found = lake.crawl("all/", Configuration=json.dumps(said))
    assert {name: keys(table) for name, table in found.items()} == {
        "a": ["partition_0"],
        "b": ["partition_0"],
    }


def test_files_of_several_formats_in_one_folder_are_tables_of_their_own(lake: Lake) -> None:
    lake.put(
        {"m/x.json": '{"a": 1}\n', "m/y.csv": CSV, "m/_SUCCESS": "x", "m/.hidden.csv": CSV, "m/e.csv": ""}
    )
    assert set(lake.crawl("m/")) == {"x_json", "y_csv"}


def test_a_lone_header_beside_full_files_does_no_harm(lake: Lake) -> None:
    lake.put({"s/a.csv": "id,price,who\n", "s/b.csv": CSV})
    table = lake.crawl("s/")["s"]
    assert columns(table) == {"id": "bigint", "price": "double", "who": "string"}
    assert table["Parameters"]["objectCount"] == "2"


def test_what_no_classifier_knows_is_a_table_of_unknown_classification(lake: Lake) -> None:
    lake.put({"docs/readme": "nothing\nto\nsee here"})
    table = lake.crawl("docs/")["docs"]
    assert table["Parameters"]["classification"] == "UNKNOWN"
    assert columns(table) == {}


def test_types_widen_over_files(lake: Lake) -> None:
    lake.put({"s/a.csv": CSV, "s/b.csv": CSV.replace("1,2.5", "1.5,x")})
    assert columns(lake.crawl("s/")["s"]) == {"id": "double", "price": "string", "who": "string"}


def test_compressed_files_say_so(lake: Lake) -> None:
    lake.put({"s/a.csv.gz": gzip.compress(CSV.encode())})
    table = lake.crawl("s/")["s"]
    assert table["Parameters"]["compressionType"] == "gzip"
    assert table["StorageDescriptor"]["Compressed"] is True
    assert columns(table)["price"] == "double"


def test_json_lines_are_read_by_openx(lake: Lake) -> None:
    lake.put({"s/a.json": '{"id": 1, "tags": ["x"], "who": {"age": 3}}\n{"id": 3000000000}\n'})
    table = lake.crawl("s/")["s"]
    assert columns(table) == {"id": "bigint", "tags": "array<string>", "who": "struct<age:int>"}
    assert serde(table) == "JsonSerDe"
    assert table["StorageDescriptor"]["SerdeInfo"]["Parameters"] == {"paths": "id,tags,who"}


def test_a_single_file_is_a_table_too(lake: Lake) -> None:
    lake.put({"s/a.csv": CSV, "s/b.json": "{}"})
    found = lake.crawl("s/a.csv")
    assert {n: t["StorageDescriptor"]["Location"] for n, t in found.items()} == {
        "a_csv": f"s3://{lake.bucket}/s/a.csv"
    }


def test_a_whole_bucket_is_named_after_the_bucket(lake: Lake) -> None:
    lake.put({"a.csv": CSV})
    assert list(lake.crawl("", TablePrefix="Raw_")) == [f"raw_{lake.bucket.replace('-', '_')}"]


def test_exclusions_are_globs_below_the_path(lake: Lake) -> None:
    lake.put({"s/a.csv": CSV, "s/b.tmp": "{}", "s/old/c.csv": "x", "s/deep/er/d.bak": "y"})
    table = lake.crawl("s/", exclusions=["*.tmp", "old/**", "**.bak"])["s"]
    assert table["Parameters"]["objectCount"] == "1"


def test_the_built_in_classifier_keeps_to_lazy_simple_serde_for_quoted_fields(lake: Lake) -> None:
    lake.put({"q/r.csv": QUOTED})
    table = lake.crawl("q/")["q"]
    assert serde(table) == "LazySimpleSerDe"
    assert table["Parameters"]["areColumnsQuoted"] == "true"


@pytest.mark.parametrize("said", [{"Serde": "OpenCSVSerDe"}, {"QuoteSymbol": '"'}])
def test_a_csv_classifier_brings_open_csv_for_quoted_fields(
    glue: Any, lake: Lake, said: dict[str, str]
) -> None:
    name = f"quoted-{lake.bucket}"
    glue.create_classifier(
        CsvClassifier={"Name": name, "Delimiter": ",", "ContainsHeader": "PRESENT", **said}
    )
    lake.put({"q/r.csv": QUOTED})
    table = lake.crawl("q/", Classifiers=[name])["q"]
    assert serde(table) == "OpenCSVSerde"
    assert table["StorageDescriptor"]["SerdeInfo"]["Parameters"] == {"separatorChar": ",", "quoteChar": '"'}
    assert columns(table) == {"id": "bigint", "text": "string", "label": "bigint"}
    assert table["Parameters"]["skip.header.line.count"] == "1"


def test_open_csv_cannot_read_empty_numbers_so_they_are_strings(glue: Any, lake: Lake) -> None:
    name = f"open-{lake.bucket}"
    glue.create_classifier(CsvClassifier={"Name": name, "ContainsHeader": "PRESENT", "Serde": "OpenCSVSerDe"})
    lake.put({"q/r.csv": "id,n\n1,\n2,3\n"})
    assert columns(lake.crawl("q/", Classifiers=[name])["q"]) == {"id": "bigint", "n": "string"}


def test_a_json_classifier_leads_into_an_array(glue: Any, lake: Lake) -> None:
    name = f"array-{lake.bucket}"
    glue.create_classifier(JsonClassifier={"Name": name, "JsonPath": "$[*]"})
    lake.put({"j/r.json": '[{"a": 1}, {"a": 2}]'})
    assert columns(lake.crawl("j/", Classifiers=[name])["j"]) == {"a": "int"}
    assert glue.get_classifier(Name=name)["Classifier"]["JsonClassifier"]["Version"] == 1


def test_a_second_crawl_adds_what_is_new_and_leaves_the_rest(lake: Lake) -> None:
    lake.put({"s/year=2023/x.csv": CSV})
    name = lake.crawler("s/")
    lake.run(name)
    lake.put({"s/year=2024/x.csv": CSV})
    lake.run(name)
    assert lake.partitions("s") == [["2023"], ["2024"]]
    table = lake.tables()["s"]
    assert table["Parameters"]["recordCount"] == "4"
    versions = lake.glue.get_table_versions(DatabaseName=lake.database, TableName="s")["TableVersions"]
    assert len(versions) == 1, "new statistics are no new version"
    lake.run(name)
    assert lake.tables()["s"]["VersionId"] == table["VersionId"]


def test_a_changed_schema_is_written_or_only_logged(lake: Lake) -> None:
    lake.put({"s/x.csv": CSV})
    logs = lake.crawler("s/", SchemaChangePolicy={"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"})
    writes = lake.crawler("s/")
    lake.run(writes)
    lake.put({"s/x.csv": "id,price,who,more\n1,2,a,1.5\n2,3,b,2\n"})
    lake.run(logs)
    assert list(columns(lake.tables()["s"])) == ["id", "price", "who"]
    lake.run(writes)
    assert columns(lake.tables()["s"])["more"] == "double"


def test_new_columns_only_go_behind_the_old_ones(lake: Lake) -> None:
    lake.put({"s/x.csv": CSV})
    said = {"Version": 1.0, "CrawlerOutput": {"Tables": {"AddOrUpdateBehavior": "MergeNewColumns"}}}
    name = lake.crawler("s/", Configuration=json.dumps(said))
    lake.run(name)
    lake.put({"s/x.csv": "more,id\n1,x\n2,y\n"})
    lake.run(name)
    assert columns(lake.tables()["s"]) == {
        "id": "bigint",
        "price": "double",
        "who": "string",
        "more": "bigint",
    }


@pytest.mark.parametrize("behaviour", ["LOG", "DEPRECATE_IN_DATABASE", "DELETE_FROM_DATABASE"])
def test_a_table_without_files_is_left_marked_or_deleted(lake: Lake, behaviour: str) -> None:
    lake.put({"s/a/x.csv": CSV, "s/b/y.json": '{"k": 1}'})
    name = lake.crawler("s/", SchemaChangePolicy={"DeleteBehavior": behaviour})
    lake.run(name)
    lake.delete("s/a/x.csv", "s/b/y.json")
    lake.run(name)
    found = lake.tables()
    if behaviour == "DELETE_FROM_DATABASE":
        assert found == {}
    else:
        marked = {"DEPRECATED_BY_CRAWLER" in table["Parameters"] for table in found.values()}
        assert (set(found), marked) == ({"a", "b"}, {behaviour != "LOG"})


def test_partitions_without_files_go_where_the_policy_deletes(lake: Lake) -> None:
    lake.put({"s/d=1/x.csv": CSV, "s/d=2/x.csv": CSV})
    name = lake.crawler("s/", SchemaChangePolicy={"DeleteBehavior": "DELETE_FROM_DATABASE"})
    lake.run(name)
    lake.delete("s/d=1/x.csv")
    lake.run(name)
    assert lake.partitions("s") == [["2"]]


def test_partitions_can_inherit_from_their_table(lake: Lake) -> None:
    lake.put({"s/d=1/x.csv": CSV, "s/d=2/x.csv": CSV.replace("2.5", "x")})
    said = {"Version": 1.0, "CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}}}
    lake.crawl("s/", Configuration=json.dumps(said))
    found = lake.glue.get_partition(DatabaseName=lake.database, TableName="s", PartitionValues=["1"])
    assert {c["Name"]: c["Type"] for c in found["Partition"]["StorageDescriptor"]["Columns"]}[
        "price"
    ] == "string"


def test_a_crawler_of_new_folders_reads_no_folder_twice(lake: Lake) -> None:
    lake.put({"s/d=1/x.csv": CSV})
    policy = {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}
    said = {"SchemaChangePolicy": policy, "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}}
    name = lake.crawler("s/", **said)
    lake.run(name)
    lake.put({"s/d=1/y.csv": "other\n", "s/d=2/x.csv": CSV})
    lake.run(name)
    assert lake.partitions("s") == [["1"], ["2"]]
    first = lake.glue.get_partition(DatabaseName=lake.database, TableName="s", PartitionValues=["1"])
    assert first["Partition"]["Parameters"]["objectCount"] == "1"


def test_too_many_tables_fail_the_crawl_and_change_nothing(lake: Lake) -> None:
    lake.put({"s/a/x.csv": CSV, "s/b/y.json": "{}", "s/b/z.json": '{"k": 1}'})
    said = {"Version": 1.0, "CrawlerOutput": {"Tables": {"TableThreshold": 1}}}
    name = lake.crawler("s/", Configuration=json.dumps(said))
    lake.glue.start_crawler(Name=name)
    last = lake.ready(name)["LastCrawl"]
    assert last["Status"] == "FAILED"
    assert "TableThreshold" in last["ErrorMessage"]
    assert lake.tables() == {}


def test_a_missing_bucket_fails_the_crawl_by_name(lake: Lake) -> None:
    targets = {"S3Targets": [{"Path": "s3://no-such-bucket-at-all/x/"}]}
    lake.glue.create_crawler(Name=f"c-{lake.bucket}", Role=ROLE, DatabaseName=lake.database, Targets=targets)
    lake.glue.start_crawler(Name=f"c-{lake.bucket}")
    last = lake.ready(f"c-{lake.bucket}")["LastCrawl"]
    assert (last["Status"], "no-such-bucket-at-all" in last["ErrorMessage"]) == ("FAILED", True)


def test_a_table_that_lies_elsewhere_keeps_its_name(lake: Lake) -> None:
    lake.put({"one/data/x.csv": CSV, "two/data/x.csv": CSV})
    lake.run(lake.crawler("one/data/"))
    found = lake.crawl("two/data/")
    assert found["data"]["StorageDescriptor"]["Location"].endswith("/one/data/")
    assert len(found) == 2


def test_a_crawl_is_told_in_logs_metrics_and_history(lake: Lake, client: Callable[..., Any]) -> None:
    lake.put({"s/x.csv": CSV})
    name = lake.crawler("s/")
    found = lake.run(name)
    lake.run(name)
    last = found["LastCrawl"]
    assert last["LogGroup"] == "/aws-glue/crawlers"
    events = client("logs").get_log_events(
        logGroupName=last["LogGroup"], logStreamName=last["LogStream"], startFromHead=True
    )["events"]
    lines = [event["message"] for event in events]
    assert f"[{last['MessagePrefix']}] INFO : Created table s in database {lake.database}" in lines
    metrics = lake.glue.get_crawler_metrics(CrawlerNameList=[name])["CrawlerMetricsList"]
    assert [(one["TablesCreated"], one["LastRuntimeSeconds"] > 0) for one in metrics] == [(1, True)]
    crawls = lake.glue.list_crawls(CrawlerName=name)["Crawls"]
    assert [one["State"] for one in crawls] == ["COMPLETED", "COMPLETED"]
    assert crawls[0]["StartTime"] > crawls[1]["StartTime"]
    assert json.loads(crawls[1]["Summary"])["TABLE"]["ADD"]["Count"] == 1
    first = {"FieldName": "CRAWL_ID", "FilterOperator": "EQ", "FieldValue": crawls[1]["CrawlId"]}
    assert lake.glue.list_crawls(CrawlerName=name, Filters=[first])["Crawls"] == crawls[1:]


def test_a_crawler_that_is_not_running_cannot_be_stopped(glue: Any, lake: Lake, refused: Refusal) -> None:
    refused("CrawlerNotRunningException", glue.stop_crawler, Name=lake.crawler("s/"))
    refused("EntityNotFoundException", glue.start_crawler, Name="unknown")


def test_a_crawler_is_changed_listed_and_deleted(glue: Any, lake: Lake, refused: Refusal) -> None:
    name = lake.crawler("s/", Tags={"team": lake.bucket})
    glue.update_crawler(Name=name, Description="reviews")
    found = glue.get_crawler(Name=name)["Crawler"]
    assert (found["Description"], found["Version"], found["State"]) == ("reviews", 2, "READY")
    assert glue.list_crawlers(Tags={"team": lake.bucket})["CrawlerNames"] == [name]
    answer = glue.batch_get_crawlers(CrawlerNames=[name, "unknown"])
    assert (answer["Crawlers"][0]["Name"], answer["CrawlersNotFound"]) == (name, ["unknown"])
    assert name in [one["Name"] for one in glue.get_crawlers()["Crawlers"]]
    glue.delete_crawler(Name=name)
    refused("EntityNotFoundException", glue.get_crawler, Name=name)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("InvalidInputException", {"Role": "nobody"}),
        ("InvalidInputException", {"Targets": {"S3Targets": []}}),
        ("InvalidInputException", {"Targets": {"S3Targets": [{"Path": "http://x/y"}]}}),
        ("NotImplemented", {"Targets": {"JdbcTargets": [{"ConnectionName": "c", "Path": "p"}]}}),
        ("NotImplemented", {"RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVENT_MODE"}}),
        ("InvalidInputException", {"RecrawlPolicy": {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}}),
        ("InvalidInputException", {"Configuration": "{"}),
        ("InvalidInputException", {"Configuration": '{"Version": 1.0, "Colour": 1}'}),
        ("InvalidInputException", {"Configuration": '{"Grouping": {"TableGroupingPolicy": "X"}}'}),
        ("EntityNotFoundException", {"Classifiers": ["unknown"]}),
    ],
)
def test_what_a_crawler_cannot_do_is_said_when_it_is_made(
    glue: Any, refused: Refusal, code: str, said: dict[str, Any]
) -> None:
    members = {"Role": ROLE, "DatabaseName": "d", "Targets": {"S3Targets": [{"Path": "s3://b/p"}]}, **said}
    refused(code, glue.create_crawler, Name="never", **members)


def test_a_crawl_is_stopped_on_request(glue: Any, lake: Lake, refused: Refusal) -> None:
    rows = "id,text\n" + "1,one two three four five\n" * 300_000
    lake.put({f"s/{number}.csv": rows for number in range(6)})
    name = lake.crawler("s/")
    glue.start_crawler(Name=name)
    refused("CrawlerRunningException", glue.start_crawler, Name=name)
    refused("CrawlerRunningException", glue.delete_crawler, Name=name)
    glue.stop_crawler(Name=name)
    assert lake.ready(name)["LastCrawl"]["Status"] == "CANCELLED"
    assert lake.tables() == {}
    assert [one["State"] for one in glue.list_crawls(CrawlerName=name)["Crawls"]] == ["STOPPED"]
