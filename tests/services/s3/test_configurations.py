"""Configurations of buckets: kept as they were put, refused where AWS refuses them, taken away."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .asking import refused

ACCOUNT = "123456789012"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:arrivals"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:arrivals"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:ingest"


def keys(**rules: str) -> dict[str, Any]:
    return {"Key": {"FilterRules": [{"Name": name, "Value": value} for name, value in rules.items()]}}


def told(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


# Notifications


def test_notifications_are_kept_as_they_were_put(s3: Any, bucket: str) -> None:
    wanted = {
        "TopicConfigurations": [{"Id": "t", "TopicArn": TOPIC, "Events": ["s3:ObjectRemoved:*"]}],
        "QueueConfigurations": [
            {
                "Id": "q",
                "QueueArn": QUEUE,
                "Events": ["s3:ObjectCreated:Put", "s3:ObjectCreated:Copy"],
                "Filter": keys(prefix="in/", suffix=".csv"),
            }
        ],
        "LambdaFunctionConfigurations": [
            {
                "Id": "f",
                "LambdaFunctionArn": FUNCTION,
                "Events": ["s3:ObjectCreated:*"],
                "Filter": keys(prefix="in/", suffix=".json"),
            }
        ],
        "EventBridgeConfiguration": {},
    }
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=wanted)
    assert told(s3.get_bucket_notification_configuration(Bucket=bucket)) == wanted


def test_an_empty_configuration_ends_notifications(s3: Any, bucket: str) -> None:
    assert told(s3.get_bucket_notification_configuration(Bucket=bucket)) == {}
    one = {"QueueArn": QUEUE, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [one]}
    )
    (kept,) = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    assert kept["Id"]
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    assert told(s3.get_bucket_notification_configuration(Bucket=bucket)) == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"QueueArn": "arrivals"},
        {"QueueArn": TOPIC},
        {"QueueArn": QUEUE.replace("us-east-1", "eu-west-1")},
        {"QueueArn": f"{QUEUE}.fifo"},
        {"Events": ["s3:ObjectCreated"]},
        {"Events": ["s3:ObjectCreated:Eaten"]},
        {"Events": ["s3:ObjectCreated:Put", "s3:ObjectCreated:*"]},
        {"Filter": keys(infix="a")},
        {
            "Filter": {
                "Key": {"FilterRules": [{"Name": "prefix", "Value": "a"}, {"Name": "Prefix", "Value": "b"}]}
            }
        },
    ],
)
def test_notifications_that_could_not_be_meant_are_refused(
    s3: Any, bucket: str, wrong: dict[str, Any]
) -> None:
    part = {"QueueArn": QUEUE, "Events": ["s3:ObjectCreated:Put"], **wrong}
    with refused("InvalidArgument", 400):
        s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [part]}
        )


@pytest.mark.parametrize(
    ("one", "other", "fine"),
    [
        ({}, {}, False),
        ({"prefix": "a"}, {}, False),
        ({"prefix": "a"}, {"prefix": "ab"}, False),
        ({"prefix": "a"}, {"prefix": "b"}, True),
        ({"prefix": "a", "suffix": "jpg"}, {"prefix": "a", "suffix": "png"}, True),
        ({"suffix": "jpg"}, {"suffix": "pg"}, False),
    ],
)
def test_an_event_is_told_to_one_only(
    s3: Any, bucket: str, one: dict[str, str], other: dict[str, str], fine: bool
) -> None:
    parts = {
        "QueueConfigurations": [{"QueueArn": QUEUE, "Events": ["s3:ObjectCreated:*"], "Filter": keys(**one)}],
        "TopicConfigurations": [
            {"TopicArn": TOPIC, "Events": ["s3:ObjectCreated:Put"], "Filter": keys(**other)}
        ],
    }
    if fine:
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=parts)
        return
    with refused("InvalidArgument", 400):
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=parts)


# Websites


def test_a_website_is_kept_and_taken_away(s3: Any, bucket: str) -> None:
    wanted = {
        "IndexDocument": {"Suffix": "index.html"},
        "ErrorDocument": {"Key": "error.html"},
        "RoutingRules": [
            {"Condition": {"KeyPrefixEquals": "old/"}, "Redirect": {"ReplaceKeyPrefixWith": "new/"}},
            {"Condition": {"HttpErrorCodeReturnedEquals": "404"}, "Redirect": {"HostName": "example.com"}},
        ],
    }
    with refused("NoSuchWebsiteConfiguration", 404):
        s3.get_bucket_website(Bucket=bucket)
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration=wanted)
    assert told(s3.get_bucket_website(Bucket=bucket)) == wanted
    s3.delete_bucket_website(Bucket=bucket)
    with refused("NoSuchWebsiteConfiguration", 404):
        s3.get_bucket_website(Bucket=bucket)


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("InvalidArgument", {}),
        ("InvalidArgument", {"IndexDocument": {"Suffix": "a/index.html"}}),
        (
            "InvalidRequest",
            {"RedirectAllRequestsTo": {"HostName": "example.com"}, "ErrorDocument": {"Key": "error.html"}},
        ),
        ("InvalidRequest", {"RedirectAllRequestsTo": {"HostName": "example.com", "Protocol": "ftp"}}),
        *(
            ("InvalidRequest", {"IndexDocument": {"Suffix": "i"}, "RoutingRules": [rule]})
            for rule in (
                {"Condition": {"HttpErrorCodeReturnedEquals": "200"}, "Redirect": {"HostName": "a"}},
                {"Redirect": {"HttpRedirectCode": "300"}},
                {"Redirect": {"ReplaceKeyWith": "a", "ReplaceKeyPrefixWith": "b"}},
            )
        ),
    ],
)
def test_websites_that_could_not_be_served_are_refused(s3: Any, bucket: str, code: str, wrong: Any) -> None:
    with refused(code, 400):
        s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration=wrong)


# Access logs


def test_where_access_logs_go_is_kept(s3: Any, bucket: str) -> None:
    assert told(s3.get_bucket_logging(Bucket=bucket)) == {}
    where = {
        "TargetBucket": bucket,
        "TargetPrefix": "logs/",
        "TargetObjectKeyFormat": {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}},
    }
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": where})
    assert told(s3.get_bucket_logging(Bucket=bucket)) == {"LoggingEnabled": where}
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})
    assert told(s3.get_bucket_logging(Bucket=bucket)) == {}


def test_access_logs_go_to_a_bucket_that_is_there(s3: Any, bucket: str) -> None:
    where = {"TargetBucket": f"{bucket}-not", "TargetPrefix": ""}
    with refused("InvalidTargetBucketForLogging", 400):
        s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": where})


# Payment and acceleration


def test_where_the_requester_pays_strangers_say_that_they_know(
    s3: Any, bucket: str, theirs: Any, nobody: Any
) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    s3.delete_public_access_block(Bucket=bucket)
    everything = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    grant = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": everything}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [grant]}))
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    theirs.get_object(Bucket=bucket, Key="a")
    s3.put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": "Requester"})
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "Requester"
    for call in (
        lambda: theirs.get_object(Bucket=bucket, Key="a"),
        lambda: theirs.list_objects_v2(Bucket=bucket),
        lambda: theirs.delete_object(Bucket=bucket, Key="a"),
        lambda: nobody.get_object(Bucket=bucket, Key="a", RequestPayer="requester"),
    ):
        with refused("AccessDenied", 403):
            call()
    s3.get_object(Bucket=bucket, Key="a")
    theirs.get_object(Bucket=bucket, Key="a", RequestPayer="requester")
    assert theirs.list_objects_v2(Bucket=bucket, RequestPayer="requester")["KeyCount"] == 1
    s3.put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": "BucketOwner"})
    theirs.get_object(Bucket=bucket, Key="a")


def test_somebody_pays(s3: Any, bucket: str) -> None:
    with refused("MalformedXML", 400):
        s3.put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": "Nobody"})


def test_acceleration_is_a_setting(s3: Any, bucket: str) -> None:
    assert told(s3.get_bucket_accelerate_configuration(Bucket=bucket)) == {}
    for status in ("Enabled", "Suspended"):
        s3.put_bucket_accelerate_configuration(Bucket=bucket, AccelerateConfiguration={"Status": status})
        assert s3.get_bucket_accelerate_configuration(Bucket=bucket)["Status"] == status
    with refused("MalformedXML", 400):
        s3.put_bucket_accelerate_configuration(Bucket=bucket, AccelerateConfiguration={"Status": "Fast"})


def test_names_with_dots_are_not_accelerated(s3: Any, bucket: str) -> None:
    name = f"{bucket}.dotted"
    s3.create_bucket(Bucket=name)
    with refused("InvalidRequest", 400):
        s3.put_bucket_accelerate_configuration(Bucket=name, AccelerateConfiguration={"Status": "Enabled"})


# What is not there


@pytest.mark.parametrize("kind", ["inventory", "analytics", "metrics", "intelligent_tiering"])
def test_reports_that_nobody_makes_can_be_looked_for(s3: Any, bucket: str, kind: str) -> None:
    listed = getattr(s3, f"list_bucket_{kind}_configurations")(Bucket=bucket)
    assert listed["IsTruncated"] is False
    for verb in ("get", "delete"):
        with refused("NoSuchConfiguration", 404):
            getattr(s3, f"{verb}_bucket_{kind}_configuration")(Bucket=bucket, Id="daily")


def test_what_would_be_a_promise_is_refused(s3: Any, bucket: str) -> None:
    with refused("ReplicationConfigurationNotFoundError", 404):
        s3.get_bucket_replication(Bucket=bucket)
    s3.delete_bucket_replication(Bucket=bucket)
    rule = {"Status": "Enabled", "Destination": {"Bucket": "arn:aws:s3:::elsewhere"}}
    with refused("NotImplemented", 501):
        s3.put_bucket_replication(
            Bucket=bucket,
            ReplicationConfiguration={"Role": f"arn:aws:iam::{ACCOUNT}:role/r", "Rules": [rule]},
        )
    metrics = {"Id": "m"}
    with refused("NotImplemented", 501):
        s3.put_bucket_metrics_configuration(Bucket=bucket, Id="m", MetricsConfiguration=metrics)


def test_tags_of_a_bucket_decide_about_nobodys_access(s3: Any, bucket: str) -> None:
    s3.put_bucket_abac(Bucket=bucket, AbacStatus={"Status": "Disabled"})
    assert s3.get_bucket_abac(Bucket=bucket)["AbacStatus"]["Status"] == "Disabled"
    with refused("NotImplemented", 501):
        s3.put_bucket_abac(Bucket=bucket, AbacStatus={"Status": "Enabled"})


def test_there_are_no_torrents(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    with refused("MethodNotAllowed", 405):
        s3.get_object_torrent(Bucket=bucket, Key="a")


def test_configurations_go_with_their_bucket(s3: Any, bucket: str) -> None:
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    s3.delete_bucket(Bucket=bucket)
    s3.create_bucket(Bucket=bucket)
    with refused("NoSuchWebsiteConfiguration", 404):
        s3.get_bucket_website(Bucket=bucket)


def test_lifecycles_speak_the_wires_language(s3: Any, bucket: str) -> None:
    rules = [
        {
            "ID": "everything",
            "Filter": {"And": {"Prefix": "a/", "Tags": [{"Key": "k", "Value": "v"}]}},
            "Status": "Enabled",
            "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}],
            "NoncurrentVersionTransitions": [
                {"NoncurrentDays": 30, "StorageClass": "GLACIER", "NewerNoncurrentVersions": 3}
            ],
            "NoncurrentVersionExpiration": {"NoncurrentDays": 60, "NewerNoncurrentVersions": 3},
            "Expiration": {"Days": 365},
        },
        {"ID": "all", "Filter": {}, "Status": "Disabled", "Expiration": {"ExpiredObjectDeleteMarker": True}},
    ]
    put = s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    assert put["TransitionDefaultMinimumObjectSize"] == "all_storage_classes_128K"
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == rules
    assert len(s3.get_bucket_lifecycle(Bucket=bucket)["Rules"]) == 2
    dated = {"Prefix": "a/", "Status": "Enabled", "Expiration": {"Date": "2040-01-01"}}
    s3.put_bucket_lifecycle(Bucket=bucket, LifecycleConfiguration={"Rules": [dated]})
    (kept,) = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert kept["Expiration"]["Date"].isoformat() == "2040-01-01T00:00:00+00:00"
    made = s3.put_object(Bucket=bucket, Key="a/b", Body=b"x")["Expiration"]
    assert 'expiry-date="Sun, 01 Jan 2040 00:00:00 GMT"' in made
