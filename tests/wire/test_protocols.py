"""What a sample of every operation cannot show: each protocol's corners, and its errors."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import pytest

from cumulet.wire import models, protocols
from cumulet.wire.errors import AwsError, NotImplementedByCumulet
from cumulet.wire.message import Headers, Request, Response
from cumulet.wire.route import Route

from . import client


def at(service: str, operation: str, protocol: str, **labels: str) -> Route:
    return Route(service, models.service(service).operation_model(operation), protocol, labels=labels)


def parsed(route: Route, body: bytes = b"", query: str = "", **headers: str) -> dict[str, Any]:
    headers["content_length"] = str(len(body))
    pairs = Headers((name.replace("_", "-"), value) for name, value in headers.items())
    return protocols.parse(route, Request("POST", "/", query, pairs, io.BytesIO(body), len(body)))


def failed(route: Route | None, error: AwsError, method: str = "GET", **headers: str) -> Response:
    pairs = Headers((name.replace("_", "-"), value) for name, value in headers.items())
    return protocols.serialize_error(route, Request(method, "/bucket/a<b", headers=pairs), error, "id-1")


def text(response: Response) -> str:
    assert isinstance(response.body, bytes)
    return response.body.decode()


# query


def test_a_query_has_lists_with_gaps_flattened_lists_and_empty_ones() -> None:
    tags = b"RoleName=r&Tags.member.7.Key=b&Tags.member.7.Value=&Tags.member.2.Key=a&Tags.member.2.Value=1"
    found = parsed(at("iam", "TagRole", "query"), tags)
    assert found == {"RoleName": "r", "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]}
    assert parsed(at("iam", "TagRole", "query"), b"RoleName=r&Tags=") == {"RoleName": "r", "Tags": []}
    assert parsed(at("ec2", "DescribeInstances", "ec2"), b"InstanceId.1=a&InstanceId.2=b") == {
        "InstanceIds": ["a", "b"]
    }


@pytest.mark.parametrize(
    "body", [b"MaxItems=many", b"Tags.member.x.Key=1", b"MaxItems.member.1=2", b"MaxItems=99999999999"]
)
def test_a_query_that_does_not_fit_is_malformed(body: bytes) -> None:
    with pytest.raises(AwsError, match="MalformedInput"):
        parsed(at("iam", "ListRoles", "query") if b"Max" in body else at("iam", "TagRole", "query"), body)


def test_a_query_error_has_its_sender_its_models_code_and_status() -> None:
    response = failed(at("iam", "GetRole", "query"), AwsError("NoSuchEntityException", "No <role>."))
    assert response.status == 404
    assert "<Type>Sender</Type><Code>NoSuchEntity</Code><Message>No &lt;role&gt;.</Message>" in text(response)
    assert 'xmlns="https://iam.amazonaws.com/doc/2010-05-08/"' in text(response)


# JSON


def test_a_missing_body_is_an_empty_object() -> None:
    assert parsed(at("glue", "GetDatabases", "json")) == {}


def test_nulls_and_members_that_no_model_knows_are_left_out() -> None:
    assert parsed(at("glue", "GetDatabases", "json"), b'{"NextToken": null, "Unheard": 1}') == {}


def test_timestamps_follow_the_models_format() -> None:
    moment = datetime(2024, 2, 29, 12, 0, tzinfo=UTC)
    table = parsed(
        at("glue", "CreateTable", "json"), b'{"TableInput": {"Name": "t", "LastAccessTime": 1709208000.0}}'
    )
    assert table["TableInput"]["LastAccessTime"] == moment
    answer = protocols.serialize(at("glue", "GetTable", "json"), {"Table": {"CreateTime": moment}}, "id-1")
    assert json.loads(text(answer)) == {"Table": {"CreateTime": 1709208000}}


def test_a_union_has_exactly_one_member() -> None:
    route = at("bedrock-runtime", "Converse", "rest-json", modelId="m")
    with pytest.raises(AwsError, match="union"):
        parsed(route, b'{"messages": [{"role": "user", "content": [{"text": "a", "image": {}}]}]}')


def test_a_json_error_names_itself_in_body_and_header() -> None:
    response = failed(
        at("glue", "GetTable", "json"), AwsError("EntityNotFoundException", "Table t not found.")
    )
    assert response.status == 400
    assert json.loads(text(response)) == {
        "__type": "EntityNotFoundException",
        "Message": "Table t not found.",
    }
    assert ("x-amzn-ErrorType", "EntityNotFoundException") in response.headers


def test_services_that_spoke_query_once_tell_the_old_code() -> None:
    route = at("cloudwatch", "SetAlarmState", "json")
    error = AwsError("InvalidFormatFault", "no")
    assert ("x-amzn-query-error", "InvalidFormat;Sender") in failed(
        route, error, x_amzn_query_mode="true"
    ).headers
    assert "x-amzn-query-error" not in dict(failed(route, error).headers)


def test_a_compressed_body_is_unpacked() -> None:
    body = gzip.compress(b'{"Namespace": "n"}')
    route = at("cloudwatch", "PutMetricData", "json")
    assert parsed(route, body, content_encoding="gzip") == {"Namespace": "n"}


# REST JSON


def test_members_come_from_path_query_headers_and_body() -> None:
    route = at("lambda", "Invoke", "rest-json", FunctionName="my%2Ffunction")
    found = parsed(route, b"{}", "Qualifier=live&X-Amz-Date=1", x_amz_invocation_type="Event")
    assert found == {
        "FunctionName": "my/function",
        "Qualifier": "live",
        "InvocationType": "Event",
        "Payload": b"{}",
    }


def test_a_header_can_hold_no_second_header() -> None:
    members = {"Body": b"", "ContentType": "text/csv\r\nSet-Cookie: a=b", "CustomAttributes": "漢"}
    response = protocols.serialize(at("sagemaker-runtime", "InvokeEndpoint", "rest-json"), members, "id-1")
    assert dict(response.headers)["Content-Type"] == "text/csv Set-Cookie: a=b"
    for _, value in response.headers:
        value.encode("latin-1")


# REST XML


def test_s3_says_the_location_in_the_root_element() -> None:
    route = at("s3", "GetBucketLocation", "rest-xml")
    response = protocols.serialize(route, {"LocationConstraint": "eu-west-1"}, "id-1")
    assert ElementTree.fromstring(text(response)).text == "eu-west-1"


def test_s3_answers_with_the_root_elements_that_people_look_for() -> None:
    response = protocols.serialize(
        at("s3", "ListObjectsV2", "rest-xml"), {"Name": "b", "Contents": []}, "id-1"
    )
    assert '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>' in text(
        response
    )


def test_an_s3_error_names_the_resource_and_both_request_ids() -> None:
    error = AwsError("NoSuchKey", "The specified key does not exist.", Key="a<b")
    response = failed(at("s3", "GetObject", "rest-xml"), error)
    root = ElementTree.fromstring(text(response))
    assert {child.tag: child.text for child in root} == {
        "Code": "NoSuchKey",
        "Message": "The specified key does not exist.",
        "Key": "a<b",
        "Resource": "/bucket/a<b",
        "RequestId": "id-1",
        "HostId": "id-1-cumulet",
    }
    assert response.status == 404


def test_the_answer_to_a_head_request_has_no_body() -> None:
    response = failed(at("s3", "HeadObject", "rest-xml"), AwsError("404", "Not Found", status=404), "HEAD")
    assert (response.status, response.body) == (404, b"")


def test_not_modified_has_no_body_and_a_failed_precondition_has() -> None:
    route = at("s3", "GetObject", "rest-xml")
    assert (failed(route, AwsError("NotModified")).status, failed(route, AwsError("NotModified")).body) == (
        304,
        b"",
    )
    response = failed(route, AwsError("PreconditionFailed", "No.", Condition="If-Match"))
    assert response.status == 412
    assert "<Condition>If-Match</Condition>" in text(response)


def test_a_presigned_url_may_carry_headers_in_its_query() -> None:
    route = at("s3", "PutObject", "rest-xml", Bucket="b", Key="k")
    assert parsed(route, b"", "x-amz-acl=private&X-Amz-Signature=0")["ACL"] == "private"


def test_a_streamed_body_is_passed_on_unread() -> None:
    body = io.BytesIO(b"much")
    request = Request("PUT", "/b/k", headers=Headers([("Content-Length", "4")]), body=body)
    assert protocols.parse(at("s3", "PutObject", "rest-xml", Bucket="b", Key="k"), request)["Body"] is body


def test_an_operation_may_answer_with_a_response_of_its_own() -> None:
    response = protocols.serialize(
        at("s3", "ListObjectsV2", "rest-xml"), Response(200, [], b"<own/>"), "id-1"
    )
    assert (response.body, dict(response.headers)["x-amz-request-id"]) == (b"<own/>", "id-1")


# errors that no operation is known for


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({"x_amz_target": "A.B"}, '"__type":"AccessDenied"'),
        ({"content_type": "application/json"}, '{"message":"no"}'),
        ({"content_type": "application/x-www-form-urlencoded"}, "<ErrorResponse>"),
        ({"smithy_protocol": "rpc-v2-cbor"}, "AccessDenied"),
        ({}, "<Error><Code>AccessDenied</Code>"),
    ],
)
def test_an_error_without_an_operation_speaks_as_its_request_does(
    headers: dict[str, str], wanted: str
) -> None:
    response = failed(None, AwsError("AccessDenied", "no"), **headers)
    assert response.status == 403
    assert isinstance(response.body, bytes)
    assert wanted.encode() in response.body


@pytest.mark.parametrize(
    ("service", "operation", "protocol"),
    [
        ("s3", "GetObject", "rest-xml"),
        ("glue", "GetTable", "json"),
        ("iam", "GetRole", "query"),
        ("ec2", "RunInstances", "ec2"),
        ("lambda", "Invoke", "rest-json"),
        ("cloudwatch", "ListMetrics", "smithy-rpc-v2-cbor"),
    ],
)
def test_what_is_not_written_yet_says_so_in_every_protocol(
    service: str, operation: str, protocol: str
) -> None:
    route = at(service, operation, protocol)
    response = failed(route, NotImplementedByCumulet(f"{service}:{operation}"), "POST")
    got = client.receive(route.operation, protocol, response, route.operation.output_shape)
    assert response.status == 501
    assert got["Error"]["Code"] == "NotImplemented"
    assert f"{service}:{operation}" in got["Error"]["Message"]
