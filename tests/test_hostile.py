"""Mutations of valid requests, signed anew so that they get past the door: never a 500, never a crash.

`CUMULET_MUTATIONS=10000 pytest tests/test_hostile.py` is the long run; a few hundred of each are the default.
"""

from __future__ import annotations

import io
import json
import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from cumulet import app
from cumulet.house import House
from cumulet.services import iam
from cumulet.wire.message import Headers, Request

MUTATIONS = int(os.environ.get("CUMULET_MUTATIONS", "300"))
HOST = "127.0.0.1:4566"


@dataclass
class Sample:
    """One valid request before it is signed."""

    service: str
    method: str = "POST"
    path: str = "/"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def json_call(service: str, target: str, members: dict[str, object], version: str = "1.1") -> Sample:
    headers = {"X-Amz-Target": target, "Content-Type": f"application/x-amz-json-{version}"}
    return Sample(service, headers=headers, body=json.dumps(members).encode())


def query_call(service: str, body: str) -> Sample:
    return Sample(service, headers={"Content-Type": "application/x-www-form-urlencoded"}, body=body.encode())


def cbor_call(service: str, name: str, operation: str, members: dict[str, object]) -> Sample:
    import cbor2

    headers = {
        "smithy-protocol": "rpc-v2-cbor",
        "Content-Type": "application/cbor",
        "Accept": "application/cbor",
    }
    return Sample(
        service, path=f"/service/{name}/operation/{operation}", headers=headers, body=cbor2.dumps(members)
    )


TABLE = {
    "Name": "t",
    "StorageDescriptor": {"Columns": [{"Name": "a", "Type": "int"}], "Location": "s3://b/t/"},
}
DELETE = b"<Delete><Object><Key>a</Key></Object><Quiet>true</Quiet></Delete>"
SAMPLES = {
    "json": [
        json_call("glue", "AWSGlue.CreateTable", {"DatabaseName": "d", "TableInput": TABLE}),
        json_call(
            "glue", "AWSGlue.GetPartitions", {"DatabaseName": "d", "TableName": "t", "Expression": "a > 1"}
        ),
        json_call("sagemaker", "SageMaker.ListTrainingJobs", {"NameContains": "x", "CreationTimeAfter": 1.5}),
        json_call(
            "logs", "Logs_20140328.GetLogEvents", {"logGroupName": "g", "logStreamName": "s", "limit": 5}
        ),
        json_call("athena", "AmazonAthena.GetQueryExecution", {"QueryExecutionId": "x" * 36}),
    ],
    "query": [
        query_call("sts", "Action=GetCallerIdentity&Version=2011-06-15"),
        query_call("iam", "Action=ListRoles&Version=2010-05-08&PathPrefix=%2F&MaxItems=5"),
        query_call(
            "iam",
            "Action=SimulatePrincipalPolicy&Version=2010-05-08&PolicySourceArn=arn:aws:iam::1:role/r"
            "&ActionNames.member.1=s3%3AGetObject&ResourceArns.member.1=%2A",
        ),
    ],
    "rest-xml": [
        Sample("s3", "PUT", "/bucket/key%20a?tagging", body=b"<Tagging><TagSet/></Tagging>"),
        Sample("s3", "POST", "/bucket?delete", body=DELETE),
        Sample("s3", "GET", "/bucket?list-type=2&prefix=a%2F&max-keys=5&encoding-type=url"),
        Sample(
            "s3", "PUT", "/bucket/k", headers={"Content-Type": "text/plain", "x-amz-meta-a": "b"}, body=b"x"
        ),
        Sample("s3", "GET", "/bucket/k", headers={"Range": "bytes=0-3", "If-None-Match": '"x"'}),
    ],
    "rest-json": [
        Sample(
            "sagemaker", path="/endpoints/e/invocations", headers={"Content-Type": "text/csv"}, body=b"1,2"
        ),
    ],
    "cbor": [
        cbor_call("logs", "Logs_20140328", "DescribeLogGroups", {"logGroupNamePrefix": "a", "limit": 3}),
    ],
}


def mutate(dice: random.Random, data: bytes) -> bytes:
    """One to four small wounds: bytes flipped, cut, doubled, or something nasty put in."""
    nasty = [
        b"\x00",
        b"%00",
        b"../",
        b"%2e%2e%2f",
        b"\xff\xfe",
        b"<!DOCTYPE a>",
        b"[" * 3000,
        b"9" * 400,
        b'"',
        b"&",
        b"-1",
    ]
    for _ in range(dice.randint(1, 4)):
        at, to = sorted(dice.randint(0, len(data)) for _ in range(2))
        data = dice.choice(
            [
                data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :],
                data[:at] + data[to:],
                data[:to] + data[at:],
                data[:at] + dice.choice(nasty) + data[at:],
            ]
        )
    return data


def printable(data: bytes) -> str:
    """What an HTTP server lets through as a request target or a header value."""
    return "".join(c for c in data.decode("latin-1") if 0x21 <= ord(c) < 0x7F)


def wounded(dice: random.Random, sample: Sample) -> Sample:
    """The sample with one of its parts mutated."""
    part = dice.choice(["body", "body", "path", "header", "method"])
    headers = dict(sample.headers)
    changed = Sample(sample.service, sample.method, sample.path, headers, sample.body)
    if part == "body":
        changed.body = mutate(dice, sample.body)
    elif part == "path":
        changed.path = "/" + printable(mutate(dice, sample.path[1:].encode()))
    elif part == "header" and headers:
        name = dice.choice(sorted(headers))
        headers[name] = printable(mutate(dice, headers[name].encode()))
    else:
        changed.method = dice.choice(["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"])
    return changed


def signed(sample: Sample, credentials: Credentials) -> Request:
    signer = S3SigV4Auth if sample.service == "s3" else SigV4Auth
    request = AWSRequest(
        sample.method, f"http://{HOST}{sample.path}", headers=sample.headers, data=sample.body
    )
    signer(credentials, sample.service, "us-east-1").add_auth(request)
    path, _, query = sample.path.partition("?")
    headers = Headers([("Host", HOST), ("Content-Length", str(len(sample.body))), *request.headers.items()])
    return Request(sample.method, path, query, headers, io.BytesIO(sample.body), len(sample.body))


@pytest.fixture
def sign(house: House) -> Callable[[Sample], Request]:
    house.clock = lambda: datetime.now(UTC).timestamp()
    key = iam.administrator(house)
    credentials = Credentials(key.access_key, key.secret, key.token or None)
    return lambda sample: signed(sample, credentials)


@pytest.mark.parametrize("protocol", sorted(SAMPLES))
def test_a_mutated_request_gets_an_answer_that_is_not_a_500(
    house: House, sign: Callable[[Sample], Request], protocol: str
) -> None:
    dice = random.Random(f"{protocol} {MUTATIONS}")
    for round_ in range(MUTATIONS):
        sample = wounded(dice, dice.choice(SAMPLES[protocol]))
        response = app.respond(house, sign(sample))
        assert response.status not in (0, 500), (round_, sample, response)


@pytest.mark.parametrize("protocol", sorted(SAMPLES))
def test_the_samples_are_valid_before_they_are_mutated(
    house: House, sign: Callable[[Sample], Request], protocol: str
) -> None:
    for sample in SAMPLES[protocol]:
        response = app.respond(house, sign(sample))
        assert response.status not in (403, 500, 501), (sample, response)
