"""Which operation a request means, from what it says."""

from __future__ import annotations

import io

import pytest

from cumulet.wire import protocols
from cumulet.wire.errors import AwsError
from cumulet.wire.message import Headers, Request
from cumulet.wire.route import Route, meant, route

CARRIED = frozenset(
    [
        "s3",
        "glue",
        "sagemaker",
        "sagemaker-runtime",
        "sagemaker-featurestore-runtime",
        "sts",
        "iam",
        "cloudwatch",
    ]
)
FORM = "application/x-www-form-urlencoded; charset=utf-8"


def scope(service: str, region: str = "us-east-1") -> str:
    credential = f"AKIDEXAMPLE/20240229/{region}/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=00"


def asked(method: str, url: str, service: str = "", body: bytes = b"", **headers: str) -> Route:
    """Where a request goes: `asked("GET", "//host/path?query", "s3", x_amz_target="...")`."""
    host, _, rest = (
        url.removeprefix("//").partition("/") if url.startswith("//") else ("127.0.0.1:4566", "", url[1:])
    )
    path, _, query = rest.partition("?")
    pairs = [("host", host), *((name.replace("_", "-"), value) for name, value in headers.items())]
    if service:
        pairs.append(("authorization", scope(service)))
    return route(Request(method, f"/{path}", query, Headers(pairs), io.BytesIO(body), len(body)), CARRIED)


@pytest.mark.parametrize(
    ("method", "uri", "operation"),
    [
        ("GET", "/", "ListBuckets"),
        ("GET", "/b", "ListObjects"),
        ("GET", "/b/", "ListObjects"),
        ("GET", "/b?list-type=2&prefix=x", "ListObjectsV2"),
        ("GET", "/b?list-type=1", "ListObjects"),
        ("GET", "/b?versions", "ListObjectVersions"),
        ("GET", "/b?uploads=", "ListMultipartUploads"),
        ("GET", "/b?location", "GetBucketLocation"),
        ("GET", "/b?acl", "GetBucketAcl"),
        ("GET", "/b?analytics", "ListBucketAnalyticsConfigurations"),
        ("GET", "/b?analytics&id=1", "GetBucketAnalyticsConfiguration"),
        ("GET", "/b/k?acl", "GetObjectAcl"),
        ("GET", "/b/k?x-id=GetObject", "GetObject"),
        ("GET", "/b/k?uploadId=1", "ListParts"),
        ("GET", "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256", "GetObject"),
        ("HEAD", "/b", "HeadBucket"),
        ("HEAD", "/b/k", "HeadObject"),
        ("PUT", "/b", "CreateBucket"),
        ("PUT", "/b?lifecycle", "PutBucketLifecycleConfiguration"),
        ("PUT", "/b/k", "PutObject"),
        ("PUT", "/b/k?partNumber=1&uploadId=2", "UploadPart"),
        ("POST", "/b?delete", "DeleteObjects"),
        ("POST", "/b/k?uploads", "CreateMultipartUpload"),
        ("POST", "/b/k?uploadId=1", "CompleteMultipartUpload"),
        ("DELETE", "/b/k?uploadId=1", "AbortMultipartUpload"),
        ("DELETE", "/b/k", "DeleteObject"),
        ("DELETE", "/b/k?tagging", "DeleteObjectTagging"),
    ],
)
def test_s3_tells_its_operations_apart_by_their_query_strings(method: str, uri: str, operation: str) -> None:
    assert asked(method, uri, "s3").operation.name == operation


def test_a_copy_is_a_put_that_names_its_source() -> None:
    assert asked("PUT", "/b/k", "s3", x_amz_copy_source="/a/b").operation.name == "CopyObject"
    part = asked("PUT", "/b/k?partNumber=1&uploadId=2", "s3", x_amz_copy_source="/a/b")
    assert part.operation.name == "UploadPartCopy"


@pytest.mark.parametrize("key", ["a/b", "/a", "a//b", "a/", "%2e%2e/x", "caf%C3%A9", "a%2Fb", "."])
def test_a_key_keeps_every_byte_of_its_path(key: str) -> None:
    found = asked("GET", f"/b/{key}", "s3")
    assert found.labels == {"Bucket": "b", "Key": key}
    assert found.path == f"/b/{key}"


@pytest.mark.parametrize(
    "host",
    [
        "b.s3.us-east-1.amazonaws.com",
        "b.s3-us-west-2.amazonaws.com",
        "b.s3.amazonaws.com",
        "b.s3.dualstack.eu-west-1.amazonaws.com",
        "b.localhost:4566",
        "b.s3.localhost:4566",
    ],
)
def test_a_bucket_in_the_host_name_becomes_part_of_the_path(host: str) -> None:
    found = asked("GET", f"//{host}/k/l", "s3")
    assert (found.operation.name, found.path, found.labels) == (
        "GetObject",
        "/b/k/l",
        {"Bucket": "b", "Key": "k/l"},
    )


def test_a_bucket_with_dots_may_be_in_the_host_name() -> None:
    assert asked("GET", "//a.b.c.s3.us-east-1.amazonaws.com/k", "s3").path == "/a.b.c/k"


def test_the_target_header_names_service_and_operation() -> None:
    found = asked("POST", "/", "glue", b"{}", x_amz_target="AWSGlue.GetTables")
    assert (found.service, found.operation.name, found.protocol) == ("glue", "GetTables", "json")


def test_services_with_one_signing_name_are_told_apart_by_target_and_path() -> None:
    assert asked("POST", "/", "sagemaker", b"{}", x_amz_target="SageMaker.ListModels").service == "sagemaker"
    assert asked("POST", "/endpoints/e/invocations", "sagemaker").service == "sagemaker-runtime"
    assert asked("PUT", "/FeatureGroup/f", "sagemaker").service == "sagemaker-featurestore-runtime"


def test_one_service_is_answered_in_whichever_protocol_its_client_speaks() -> None:
    target = asked("POST", "/", "monitoring", b"{}", x_amz_target="GraniteServiceVersion20100801.ListMetrics")
    form = asked("POST", "/", "monitoring", b"Action=ListMetrics&Version=2010-08-01", content_type=FORM)
    path = "/service/GraniteServiceVersion20100801/operation/ListMetrics"
    cbor = asked("POST", path, "monitoring", smithy_protocol="rpc-v2-cbor")
    assert [found.protocol for found in (target, form, cbor)] == ["json", "query", "smithy-rpc-v2-cbor"]
    assert {(found.service, found.operation.name) for found in (target, form, cbor)} == {
        ("cloudwatch", "ListMetrics")
    }


def test_an_action_may_be_in_the_query_string_or_in_a_form_that_is_still_there_to_be_read() -> None:
    assert asked("GET", "/?Action=GetUser&Version=2010-05-08", "iam").operation.name == "GetUser"
    body = b"Action=GetUser&Version=2010-05-08&UserName=ada"
    request = Request("POST", "/", "", Headers([("content-type", FORM), ("authorization", scope("iam"))]))
    request.body, request.length = io.BytesIO(body), len(body)
    assert protocols.parse(route(request, CARRIED), request) == {"UserName": "ada"}


def test_an_unsigned_action_finds_its_service_by_its_name() -> None:
    body = b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
    assert asked("POST", "/", "", body, content_type=FORM).service == "sts"


def test_a_form_elsewhere_than_at_the_root_is_a_body_like_any_other() -> None:
    found = asked("POST", "/endpoints/e/invocations", "sagemaker", b"Action=GetUser", content_type=FORM)
    assert found.operation.name == "InvokeEndpoint"
    assert (
        asked("PUT", "/b/k?Action=x", "s3", b"Action=GetUser", content_type=FORM).operation.name
        == "PutObject"
    )


def test_the_host_name_says_what_an_unsigned_request_means() -> None:
    assert (
        asked("POST", "//runtime.sagemaker.us-east-1.amazonaws.com/endpoints/e/invocations").region
        == "us-east-1"
    )
    request = Request("GET", "/", headers=Headers([("host", "sts.eu-central-1.amazonaws.com")]))
    assert meant(request, CARRIED) == ["sts"]


def test_an_unsigned_path_is_s3() -> None:
    assert asked("GET", "/b/k").service == "s3"
    assert asked("GET", "/b/k?AWSAccessKeyId=a&Signature=b&Expires=1").service == "s3"


def test_the_region_is_that_of_the_signature() -> None:
    headers = Headers([("authorization", scope("s3", "ap-southeast-7"))])
    assert route(Request("GET", "/b", headers=headers), CARRIED).region == "ap-southeast-7"
    query = "X-Amz-Credential=AKID%2F20240229%2Feu-west-3%2Fs3%2Faws4_request"
    assert route(Request("GET", "/b/k", query), CARRIED).region == "eu-west-3"


def test_a_service_that_is_not_carried_is_still_known() -> None:
    found = asked("POST", "/", "kinesis", b"{}", x_amz_target="Kinesis_20131202.ListStreams")
    assert (found.service, found.operation.name) == ("kinesis", "ListStreams")
    assert asked("GET", "/2015-03-31/functions/", "lambda").operation.name == "ListFunctions"


@pytest.mark.parametrize(
    ("method", "uri", "service", "headers", "code"),
    [
        ("POST", "/", "glue", {"x_amz_target": "AWSGlue.Nonsense"}, "UnknownOperationException"),
        ("POST", "/", "glue", {"x_amz_target": "Nobody.Nothing"}, "UnknownOperationException"),
        ("GET", "/?Action=Nonsense", "iam", {}, "InvalidAction"),
        ("GET", "/nonsense", "lambda", {}, "UnknownOperationException"),
        ("POST", "/nonsense", "glue", {"smithy_protocol": "rpc-v2-cbor"}, "UnknownOperationException"),
        ("OPTIONS", "/b/k", "s3", {}, "MethodNotAllowed"),
        ("HEAD", "/", "", {}, "MethodNotAllowed"),
        ("GET", "/", "nosuchservice", {}, "UnknownOperationException"),
    ],
)
def test_what_is_no_operation_gets_the_error_of_its_protocol(
    method: str, uri: str, service: str, headers: dict[str, str], code: str
) -> None:
    with pytest.raises(AwsError) as caught:
        asked(method, uri, service, **headers)
    assert caught.value.code == code
