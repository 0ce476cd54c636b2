"""Work groups, catalogs, metadata, named and prepared queries, tags."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import Lab


def test_primary_is_there_and_enforces_nothing(lab: Lab) -> None:
    found = lab.athena.get_work_group(WorkGroup="primary")["WorkGroup"]
    assert (found["State"], found["Configuration"]["EnforceWorkGroupConfiguration"]) == ("ENABLED", False)
    assert "primary" in [each["Name"] for each in lab.athena.list_work_groups()["WorkGroups"]]


def test_an_enforced_work_group_decides_where_results_go(lab: Lab) -> None:
    place = {
        "ResultConfiguration": {"OutputLocation": f"s3://{lab.bucket}/enforced/"},
        "EnforceWorkGroupConfiguration": True,
    }
    lab.athena.create_work_group(Name=lab.database, Configuration=place, Tags=[{"Key": "a", "Value": "b"}])
    found = lab.run("SELECT 1", WorkGroup=lab.database)
    assert found["ResultConfiguration"]["OutputLocation"].startswith(f"s3://{lab.bucket}/enforced/")
    lab.athena.update_work_group(
        WorkGroup=lab.database, ConfigurationUpdates={"EnforceWorkGroupConfiguration": False}
    )
    found = lab.run("SELECT 1", WorkGroup=lab.database)
    assert found["ResultConfiguration"]["OutputLocation"].startswith(f"s3://{lab.bucket}/results/")
    account = lab.glue.get_database(Name=lab.database)["Database"]["CatalogId"]
    arn = f"arn:aws:athena:us-east-1:{account}:workgroup/{lab.database}"
    assert lab.athena.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "b"}]


def test_a_cutoff_stops_a_query_that_would_read_more(lab: Lab) -> None:
    lab.put("big/data.txt", "x" * 1000 + "\n" + "y\n" * 6_000_000)
    lab.run(f"CREATE EXTERNAL TABLE big (a string) LOCATION 's3://{lab.bucket}/big/'")
    lab.athena.create_work_group(Name=lab.database, Configuration={"BytesScannedCutoffPerQuery": 10_000_000})
    status = lab.wait(lab.start("SELECT * FROM big", WorkGroup=lab.database))["Status"]
    assert status["State"] == "CANCELLED"
    assert "Bytes scanned limit was exceeded" in status["StateChangeReason"]


def test_a_work_group_that_publishes_metrics_tells_cloudwatch_of_each_query(
    people: Lab, client: Callable[..., Any]
) -> None:
    group = people.database
    people.athena.create_work_group(Name=group, Configuration={"PublishCloudWatchMetricsEnabled": True})
    people.run("SELECT * FROM people", WorkGroup=group)
    people.fail("SELECT nobody FROM people", WorkGroup=group)
    people.run("SHOW TABLES", WorkGroup=group)
    cloudwatch = client("cloudwatch")
    asked = {"Namespace": "AWS/Athena", "Dimensions": [{"Name": "WorkGroup", "Value": group}]}
    told = {
        (each["MetricName"], *(one["Value"] for one in sorted(each["Dimensions"], key=lambda d: d["Name"])))
        for each in cloudwatch.list_metrics(**asked)["Metrics"]
    }
    assert ("ProcessedBytes", "SUCCEEDED", "DML", group) in told
    assert ("TotalExecutionTime", "FAILED", "DML", group) in told
    assert ("QueryQueueTime", "SUCCEEDED", "UTILITY", group) in told
    assert ("ProcessedBytes", "SUCCEEDED", "UTILITY", group) not in told
    people.run("SELECT 1")
    assert all(one["Value"] != "primary" for each in cloudwatch.list_metrics(Namespace="AWS/Athena")["Metrics"]
               for one in each["Dimensions"])  # fmt: skip


def test_there_is_one_engine_version(lab: Lab) -> None:
    versions = lab.athena.list_engine_versions()["EngineVersions"]
    assert {each["EffectiveEngineVersion"] for each in versions} == {"Athena engine version 3"}
    assert (
        lab.athena.get_data_catalog(Name="AwsDataCatalog", WorkGroup="primary")["DataCatalog"]["Type"]
        == "GLUE"
    )


def test_a_work_group_keeps_the_engine_version_that_was_chosen(lab: Lab) -> None:
    chosen, group = {"SelectedEngineVersion": "Athena engine version 3"}, lab.database
    both = {**chosen, "EffectiveEngineVersion": "Athena engine version 3"}
    lab.athena.create_work_group(Name=group, Configuration={"EngineVersion": chosen})
    assert lab.athena.get_work_group(WorkGroup=group)["WorkGroup"]["Configuration"]["EngineVersion"] == both
    assert lab.run("SELECT 1", WorkGroup=group)["EngineVersion"] == both
    assert both in [
        each["EngineVersion"] for each in lab.athena.list_work_groups()["WorkGroups"] if each["Name"] == group
    ]
    lab.athena.update_work_group(WorkGroup=group, Description="another")
    assert lab.athena.get_work_group(WorkGroup=group)["WorkGroup"]["Configuration"]["EngineVersion"] == both
    auto = {"SelectedEngineVersion": "AUTO"}
    lab.athena.update_work_group(WorkGroup=group, ConfigurationUpdates={"EngineVersion": auto})
    found = lab.athena.get_work_group(WorkGroup=group)["WorkGroup"]["Configuration"]["EngineVersion"]
    assert found["SelectedEngineVersion"] == "AUTO"


def test_a_disabled_work_group_runs_nothing_and_a_used_one_is_not_deleted(lab: Lab) -> None:
    lab.athena.create_work_group(Name=lab.database)
    lab.athena.create_named_query(Name="q", Database="d", QueryString="SELECT 1", WorkGroup=lab.database)
    with pytest.raises(ClientError, match="is not empty"):
        lab.athena.delete_work_group(WorkGroup=lab.database)
    lab.athena.update_work_group(WorkGroup=lab.database, State="DISABLED")
    with pytest.raises(ClientError, match="is disabled"):
        lab.start("SELECT 1", WorkGroup=lab.database)
    lab.athena.delete_work_group(WorkGroup=lab.database, RecursiveDeleteOption=True)
    with pytest.raises(ClientError, match="is not found"):
        lab.athena.get_work_group(WorkGroup=lab.database)


def test_tables_are_shown_with_their_storage_among_the_parameters(people: Lab) -> None:
    where = {"CatalogName": "AwsDataCatalog", "DatabaseName": people.database}
    found = people.athena.get_table_metadata(**where, TableName="people")["TableMetadata"]
    assert [each["Type"] for each in found["Columns"]] == ["int", "string", "bigint"]
    assert found["Parameters"]["location"] == f"s3://{people.bucket}/people"
    assert [each["Name"] for each in people.athena.list_table_metadata(**where)["TableMetadataList"]] == [
        "people"
    ]
    with pytest.raises(people.athena.exceptions.MetadataException):
        people.athena.get_table_metadata(**where, TableName="missing")
    assert people.athena.get_database(**where)["Database"]["Name"] == people.database


def test_the_catalog_of_the_account_cannot_be_deleted(lab: Lab) -> None:
    listed = lab.athena.list_data_catalogs()["DataCatalogsSummary"]
    assert {"CatalogName": "AwsDataCatalog", "Type": "GLUE", "Status": "CREATE_COMPLETE"} in listed
    with pytest.raises(ClientError, match="cannot be deleted"):
        lab.athena.delete_data_catalog(Name="AwsDataCatalog")


def test_named_queries_are_kept(lab: Lab) -> None:
    name = lab.athena.create_named_query(Name="q", Database="d", QueryString="SELECT 1")["NamedQueryId"]
    assert lab.athena.get_named_query(NamedQueryId=name)["NamedQuery"]["QueryString"] == "SELECT 1"
    assert name in lab.athena.list_named_queries()["NamedQueryIds"]
    lab.athena.update_named_query(NamedQueryId=name, Name="r", QueryString="SELECT 2")
    assert lab.athena.batch_get_named_query(NamedQueryIds=[name])["NamedQueries"][0]["Name"] == "r"
    lab.athena.delete_named_query(NamedQueryId=name)
    with pytest.raises(ClientError):
        lab.athena.get_named_query(NamedQueryId=name)


def test_prepared_statements_run_with_values(people: Lab) -> None:
    group = people.database
    people.athena.create_work_group(Name=group)
    people.run("PREPARE by_id FROM SELECT name FROM people WHERE id = ?", WorkGroup=group)
    assert people.rows("EXECUTE by_id USING 1", WorkGroup=group) == [["Ada"]]
    assert people.rows("EXECUTE by_id", WorkGroup=group, ExecutionParameters=["2"]) == [["Hopper, Grace"]]
    found = people.athena.get_prepared_statement(StatementName="by_id", WorkGroup=group)["PreparedStatement"]
    assert found["QueryStatement"] == "SELECT name FROM people WHERE id = ?"
    people.run("DEALLOCATE PREPARE by_id", WorkGroup=group)
    with pytest.raises(people.athena.exceptions.ResourceNotFoundException):
        people.athena.get_prepared_statement(StatementName="by_id", WorkGroup=group)


def test_a_parameter_of_a_single_word_is_a_text(people: Lab) -> None:
    text = "SELECT id FROM people WHERE name = ?"
    assert people.rows(text, ExecutionParameters=["Ada"]) == [["1"]]
    assert people.rows(text, ExecutionParameters=["'Hopper, Grace'"]) == [["2"]]
    assert people.rows(
        "SELECT ? IS NULL, ?, ?", ExecutionParameters=["null", "true", "DATE '2020-01-01'"]
    ) == [["true", "true", "2020-01-01"]]


def test_results_are_encrypted_as_asked(people: Lab, client: Callable[..., Any]) -> None:
    key = client("kms").create_key()["KeyMetadata"]["Arn"]
    place = f"s3://{people.bucket}/sealed/"
    managed = {"EncryptionOption": "SSE_KMS", "KmsKey": key}
    for option, told in ((managed, "aws:kms"), ({"EncryptionOption": "SSE_S3"}, "AES256")):
        configuration = {"OutputLocation": place, "EncryptionConfiguration": option}
        found = people.run("SELECT 1", ResultConfiguration=configuration)["ResultConfiguration"]
        assert found["EncryptionConfiguration"] == option
        name = found["OutputLocation"].removeprefix(f"s3://{people.bucket}/")
        for each in (name, f"{name}.metadata"):
            head = people.s3.head_object(Bucket=people.bucket, Key=each)
            assert head["ServerSideEncryption"] == told
            assert head.get("SSEKMSKeyId") == option.get("KmsKey")
    with pytest.raises(ClientError, match="CSE_KMS"):
        people.start(
            "SELECT 1",
            ResultConfiguration={
                "OutputLocation": place,
                "EncryptionConfiguration": {"EncryptionOption": "CSE_KMS", "KmsKey": key},
            },
        )


def test_explain_gives_a_plan(people: Lab) -> None:
    assert people.lines("EXPLAIN SELECT count(*) FROM people")
    assert people.lines("EXPLAIN ANALYZE SELECT count(*) FROM people")


def test_explain_gives_a_plan_as_json(people: Lab) -> None:
    for form in ("(FORMAT JSON)", "(TYPE LOGICAL, FORMAT JSON)", "ANALYZE (FORMAT JSON)"):
        assert json.loads("\n".join(people.lines(f"EXPLAIN {form} SELECT count(*) FROM people")))


def test_explain_tells_whether_a_query_is_valid(people: Lab) -> None:
    assert people.lines("EXPLAIN (TYPE VALIDATE) SELECT count(*) FROM people") == ["true"]
    assert (
        "COLUMN_NOT_FOUND"
        in people.fail("EXPLAIN (TYPE VALIDATE) SELECT nope FROM people")["StateChangeReason"]
    )
    assert "EXPLAIN (TYPE IO" in people.fail("EXPLAIN (TYPE IO, FORMAT JSON) SELECT 1")["StateChangeReason"]


def test_the_catalog_can_be_asked_by_sql(people: Lab) -> None:
    text = f"SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = '{people.database}'"
    assert people.rows(text) == [["id", "integer"], ["name", "varchar"], ["born", "bigint"]]
