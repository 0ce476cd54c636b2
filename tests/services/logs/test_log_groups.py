"""Groups and streams: made, listed, tagged, kept for a time and deleted."""

from __future__ import annotations

import uuid

import pytest
from botocore.exceptions import ClientError


def code(error) -> str:
    return error.value.response["Error"]["Code"]


def test_a_group_is_made_once(place):
    with pytest.raises(ClientError) as error:
        place.logs.create_log_group(logGroupName=place.group)
    assert code(error) == "ResourceAlreadyExistsException"
    with pytest.raises(ClientError) as error:
        place.logs.create_log_stream(**place.names)
    assert code(error) == "ResourceAlreadyExistsException"


def test_a_group_that_is_not_there_is_said_to_be_missing(logs):
    for call, members in (
        (logs.delete_log_group, {}),
        (logs.create_log_stream, {"logStreamName": "s"}),
        (logs.describe_log_streams, {}),
        (logs.get_log_events, {"logStreamName": "s"}),
        (logs.filter_log_events, {}),
        (logs.put_retention_policy, {"retentionInDays": 7}),
    ):
        with pytest.raises(ClientError) as error:
            call(logGroupName="/no/such", **members)
        assert code(error) == "ResourceNotFoundException"


def test_groups_are_listed_by_name_in_pages(logs):
    prefix = f"/{uuid.uuid4()}/"
    for name in ("b", "a", "Cc"):
        logs.create_log_group(logGroupName=prefix + name)
    pages = logs.get_paginator("describe_log_groups").paginate(
        logGroupNamePrefix=prefix, PaginationConfig={"PageSize": 2}
    )
    found = [group for page in pages for group in page["logGroups"]]
    assert [group["logGroupName"] for group in found] == [prefix + name for name in ("Cc", "a", "b")]
    assert found[0]["arn"] == found[0]["logGroupArn"] + ":*"
    assert "retentionInDays" not in found[0]
    by_pattern = logs.describe_log_groups(logGroupNamePattern=prefix + "cC")["logGroups"]
    assert [group["logGroupName"] for group in by_pattern] == [prefix + "Cc"]


def test_streams_are_listed_by_name_or_by_their_latest_event(place):
    for name in ("b", "a"):
        place.logs.create_log_stream(logGroupName=place.group, logStreamName=name)
        place._replace(stream=name).put(name)
    place.put("last of all")
    listed = place.logs.describe_log_streams(logGroupName=place.group)["logStreams"]
    assert [stream["logStreamName"] for stream in listed] == ["a", "b", "main/1"]
    assert listed[0]["lastEventTimestamp"] == listed[0]["firstEventTimestamp"]
    pages = place.logs.get_paginator("describe_log_streams").paginate(
        logGroupName=place.group, descending=True, PaginationConfig={"PageSize": 1}
    )
    assert [s["logStreamName"] for page in pages for s in page["logStreams"]] == ["main/1", "b", "a"]
    latest = place.logs.describe_log_streams(
        logGroupName=place.group, orderBy="LastEventTime", descending=True, limit=1
    )
    assert len(latest["logStreams"]) == 1
    with_prefix = place.logs.describe_log_streams(logGroupName=place.group, logStreamNamePrefix="main")
    assert [stream["logStreamName"] for stream in with_prefix["logStreams"]] == ["main/1"]


def test_what_is_deleted_takes_its_events_with_it(place):
    place.put("x")
    place.logs.delete_log_stream(**place.names)
    assert place.filtered("") == []
    place.logs.create_log_stream(**place.names)
    assert place.get(startFromHead=True)["events"] == []
    place.put("y")
    place.logs.delete_log_group(logGroupName=place.group)
    place.logs.create_log_group(logGroupName=place.group)
    assert place.logs.describe_log_streams(logGroupName=place.group)["logStreams"] == []


def test_tags_are_set_read_and_taken_away_by_arn_and_by_name(logs):
    name = f"/{uuid.uuid4()}"
    logs.create_log_group(logGroupName=name, tags={"a": "1"})
    arn = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["logGroupArn"]
    logs.tag_resource(resourceArn=arn, tags={"b": "2"})
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "1", "b": "2"}
    logs.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert logs.list_tags_log_group(logGroupName=name)["tags"] == {"b": "2"}


def test_retention_is_one_of_awss_and_is_shown(place):
    with pytest.raises(ClientError) as error:
        place.logs.put_retention_policy(logGroupName=place.group, retentionInDays=2)
    assert code(error) == "InvalidParameterException"
    place.logs.put_retention_policy(logGroupName=place.group, retentionInDays=7)
    assert (
        place.logs.describe_log_groups(logGroupNamePrefix=place.group)["logGroups"][0]["retentionInDays"] == 7
    )
    place.logs.delete_retention_policy(logGroupName=place.group)
    assert (
        "retentionInDays"
        not in place.logs.describe_log_groups(logGroupNamePrefix=place.group)["logGroups"][0]
    )


def test_what_is_not_written_says_so(logs):
    with pytest.raises(ClientError) as error:
        logs.start_query(logGroupName="g", startTime=0, endTime=1, queryString="fields @message")
    assert code(error) == "NotImplemented"
    with pytest.raises(ClientError) as error:
        logs.create_log_group(logGroupName="/k", kmsKeyId="k")
    assert code(error) == "NotImplemented"
