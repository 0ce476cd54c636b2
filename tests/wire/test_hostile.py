"""Mutated requests: the wire answers each with values or with an error of the caller's, and never falls over.

`CUMULET_EXAMPLES=10000 pytest tests/wire/test_hostile.py` is the long run; some hundreds are the default.
"""

from __future__ import annotations

import gzip
import io
import json
import os
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cumulet.wire import models, protocols, validate
from cumulet.wire.errors import AwsError
from cumulet.wire.message import Headers, Request, Response
from cumulet.wire.route import route

from . import client
from .samples import sample

EXAMPLES = int(os.environ.get("CUMULET_EXAMPLES", "300"))
SEEDS = {
    "json": [
        "glue:CreateTable",
        "sagemaker:CreateTrainingJob",
        "logs:PutLogEvents",
        "dynamodb:PutItem",
        "kms:Encrypt",
    ],
    "query": ["iam:CreateRole", "sts:AssumeRole", "sns:Publish", "cloudwatch:PutMetricData", "ses:SendEmail"],
    "ec2": ["ec2:RunInstances", "ec2:DescribeInstances"],
    "rest-json": [
        "lambda:CreateFunction",
        "lambda:Invoke",
        "bedrock-runtime:Converse",
        "apigateway:PutMethod",
    ],
    "rest-xml": [
        "s3:PutObject",
        "s3:DeleteObjects",
        "s3:ListObjectsV2",
        "s3:PutBucketAcl",
        "cloudfront:CreateDistribution",
    ],
    "smithy-rpc-v2-cbor": [
        "cloudwatch:PutMetricData",
        "cloudwatch:GetMetricData",
        "cloudwatch:PutMetricAlarm",
    ],
}
CARRIED = frozenset(seed.partition(":")[0] for seeds in SEEDS.values() for seed in seeds)

# Pieces that parsers are known to stumble over.
TOKENS = [
    *(
        b"{",
        b"[",
        b'"',
        b"}",
        b"]",
        b",",
        b":",
        b"null",
        b"true",
        b"-1",
        b"1e999",
        b"NaN",
        b"1" * 5000,
        b"[" * 3000,
    ),
    *(
        b"<",
        b"</",
        b"/>",
        b"<a>" * 300,
        b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
        b"<![CDATA[",
        b"&b;",
        b"<?xml?>",
        b"&#0;",
    ),
    *(
        b"&",
        b"=",
        b"%",
        b"%zz",
        b"%ff",
        b"%00",
        b".",
        b".member.",
        b".1",
        b".999999999999",
        b"+",
        b";",
        b"a." * 200,
    ),
    *(
        b"\x00",
        b"\xff",
        b"\xed\xa0\x80",
        b"\\ud800",
        b"\x9f\xff",
        b"\xbf\xff",
        b"\x9b" + b"\xff" * 8,
        b"\xc1" * 300,
        b"\x81" * 3000,
    ),
    *(
        b"2024-02-30T25:61:61Z",
        b"0000-00-00",
        b"Thu, 99 Foo 99999 99:99:99 GMT",
        b"99999999999999999999",
        b"====",
        b"\r\n",
    ),
]


@dataclass(frozen=True)
class Raw:
    """A request's parts, as bytes to be meddled with."""

    method: str
    path: bytes
    query: bytes
    headers: tuple[tuple[str, bytes], ...]
    body: bytes

    def request(self) -> Request:
        headers = Headers((name, value.decode("latin-1")) for name, value in self.headers)
        path, query = self.path.decode("latin-1"), self.query.decode("latin-1")
        return Request(self.method, path, query, headers, io.BytesIO(self.body), len(self.body))


@cache
def seeds(protocol: str) -> list[Raw]:
    """Valid requests of a protocol."""
    found = []
    for name in SEEDS[protocol]:
        service, _, operation = name.partition(":")
        model = models.service(service).operation_model(operation)
        sent = client.send(model, protocol, sample(model.input_shape, rich=True))
        headers = tuple((name, value.encode("latin-1")) for name, value in sent.headers)
        found.append(Raw(sent.method, sent.path.encode(), sent.query.encode(), headers, sent.body.read()))
    return found


@st.composite
def changed(draw: st.DrawFn, data: bytes) -> bytes:
    """Bytes with a piece of them taken out, doubled or replaced."""
    start = draw(st.integers(0, len(data)))
    end = min(len(data), start + draw(st.sampled_from([0, 0, 1, 2, 8, 64, 100_000])))
    piece = draw(st.one_of(st.sampled_from(TOKENS), st.binary(max_size=8), st.just(data[start:end] * 2)))
    return data[:start] + piece + data[end:]


@st.composite
def mutants(draw: st.DrawFn, protocol: str) -> Raw:
    raw = draw(st.sampled_from(seeds(protocol)))
    for _ in range(draw(st.integers(1, 3))):
        part = draw(st.sampled_from(["body", "body", "body", "query", "path", "headers", "method"]))
        if part == "headers":
            at = draw(st.integers(0, len(raw.headers) - 1))
            name, value = raw.headers[at]
            raw = replace(
                raw, headers=(*raw.headers[:at], (name, draw(changed(value))), *raw.headers[at + 1 :])
            )
        elif part == "method":
            raw = replace(
                raw, method=draw(st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "X"]))
            )
        else:
            raw = replace(raw, **{part: draw(changed(getattr(raw, part)))})
    return raw


def answer(raw: Raw) -> dict[str, Any] | Response:
    """What the wire makes of a request: its members, or the response to its error."""
    request, found = raw.request(), None
    try:
        found = route(request, CARRIED)
        members = protocols.parse(found, request)
        validate.check(found.operation, members, "ValidationException")
    except AwsError as error:
        return protocols.serialize_error(found, request, error, "id-1")
    return members


@pytest.mark.parametrize("protocol", SEEDS)
def test_a_mutated_request_is_answered_never_fallen_over(protocol: str) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(mutants(protocol))
    def holds(raw: Raw) -> None:
        found = answer(raw)
        if isinstance(found, Response):
            assert 400 <= found.status < 500, found.body
            assert isinstance(found.body, bytes)
        else:
            storable(found)

    holds()


def storable(value: Any) -> None:
    """Strings that got through can be written anywhere: they hold no half of a surrogate pair."""
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, dict):
        for key, item in value.items():
            storable(key)
            storable(item)
    elif isinstance(value, list):
        for item in value:
            storable(item)


def body(protocol: str, seed: int, data: bytes, **headers: bytes) -> Response:
    raw = seeds(protocol)[seed]
    extra = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    found = answer(replace(raw, body=data, headers=(*raw.headers, *extra)))
    assert isinstance(found, Response)
    return found


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"[]",
        b'"text"',
        b'{"DatabaseName": 1}',
        b'{"DatabaseName": "\\ud800"}',
        b'{"TableInput": ' + b'{"StorageDescriptor":' * 100_000,
        b'{"TableInput": {"Retention": 1' + b"0" * 5000 + b"}}",
        b'{"TableInput": {"Retention": NaN}}',
        b'{"TableInput": {"LastAccessTime": 1e300}}',
        b'{"TableInput": {"LastAccessTime": "yesterday"}}',
        b'{"TableInput": {"PartitionKeys": [null]}}',
        b"\xff\xfe",
    ],
)
def test_json_that_does_not_fit_is_a_serialization_exception(data: bytes) -> None:
    response = body("json", 0, data)
    assert isinstance(response.body, bytes)
    assert (response.status, json.loads(response.body)["__type"]) == (400, "SerializationException")


@pytest.mark.parametrize(
    "data",
    [
        b"<Delete>",
        b"<!DOCTYPE d [<!ENTITY a 'b'>]><Delete><Object><Key>&a;</Key></Object></Delete>",
        b"<Delete>" + b"<Object>" * 5000,
        b"<Other/>",
        b"<Delete><Quiet>maybe</Quiet></Delete>",
        b"<Delete><Object><Key><b/></Key></Object></Delete>",
        b"\x00",
    ],
)
def test_xml_that_does_not_fit_is_malformed_xml(data: bytes) -> None:
    response = body("rest-xml", 1, data)
    assert isinstance(response.body, bytes)
    assert response.status == 400
    assert b"<Code>MalformedXML</Code>" in response.body


def test_a_gzip_bomb_is_too_large() -> None:
    bomb = gzip.compress(bytes(200 << 20))
    assert body("json", 2, bomb, Content_Encoding=b"gzip").status == 413


def test_a_body_larger_than_any_operation_needs_is_refused_unread() -> None:
    raw = seeds("json")[0].request()
    raw.length = 1 << 40
    found = route(raw, CARRIED)
    with pytest.raises(AwsError, match="RequestEntityTooLarge"):
        protocols.parse(found, raw)
