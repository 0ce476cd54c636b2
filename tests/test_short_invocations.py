"""InvokeEndpoint on the short road comes to the same as on the long one, and what is out of the ordinary takes the
long one."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.credentials import Credentials

from cumulet import app, short_invocations
from cumulet.config import Config
from cumulet.house import House
from cumulet.services import Caller, iam
from cumulet.store import haste
from cumulet.wire.message import Request, Response
from test_hostile import Sample, signed

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-base-python:1.0"
PATH = "/endpoints/both-roads/invocations"
CUSTOM = "x-amzn-sagemaker-custom-attributes"
SCRIPT = """
class Answer:
    def __init__(self, text, kind):
        self.response, self.mimetype = text, kind
def model_fn(folder):
    return None
def transform_fn(model, body, content_type, accept):
    if body == "raise":
        raise ValueError("not this one")
    if body == "odd":
        return b"odd", "text/pl\\nain"
    return repr((body, content_type)), accept
"""
TAKEN: list[dict[str, str]] = [
    {},
    {"content-type": "image/png", "accept": "text/csv", "user-agent": "boto"},
    {CUSTOM: "a, b=c", "x-amzn-sagemaker-inference-id": "mine"},
    {"x-amzn-sagemaker-target-variant": "B"},
    {"x-amz-content-sha256": hashlib.sha256(b"body").hexdigest()},
    {"content-type": "application/x-www-form-urlencoded", "amz-sdk-request": "attempt=1"},
]
OTHER: list[dict[str, str]] = [
    {"x-amzn-sagemaker-target-variant": "Z"},
    {"x-amzn-sagemaker-target-variant": "-"},
    {"x-amzn-sagemaker-inference-id": " "},
    {"x-amzn-sagemaker-inference-id": "x" * 65},
    {"x-amzn-sagemaker-target-model": "one.tar.gz"},
    {"x-amzn-sagemaker-session-id": "one"},
    {"x-amzn-sagemaker-enable-explanations": "`true`"},
    {"x-amz-content-sha256": hashlib.sha256(b"another").hexdigest()},
    {CUSTOM: "x" * 1025},
    {"content-type": "t\u00e9xt"},
    {"origin": "https://example.com"},
    {"smithy-protocol": "rpc-v2-cbor"},
    {"x-amz-target": "SageMaker.ListModels"},
]
ELSEWHERE = ["/endpoints/nobody/invocations", f"{PATH}?a=b", "/endpoints/-/invocations", f"{PATH}/"]


loop = asyncio.Runner()  # one for all: it keeps the connections to the models


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(Config(data_dir=tmp_path_factory.mktemp("roads") / "house"))
    iam.bootstrap(made)
    made.jobs.start()
    yield made
    made.close()
    loop.close()


@pytest.fixture(scope="module")
def bob(house: House, tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    """An administrator who has an endpoint of two variants."""
    key = iam.administrator(house)
    caller = Caller(key.account, "us-east-1", key.arn, key.user_id, key.access_key)
    s3, sagemaker = (house.service(name, caller) for name in ("s3", "sagemaker"))
    s3.create_bucket(Bucket="models")
    s3.put_object(Bucket="models", Key="model.tar.gz", Body=archive(tmp_path_factory.mktemp("model")))
    container = {"Image": IMAGE, "ModelDataUrl": "s3://models/model.tar.gz"}
    role = f"arn:aws:iam::{key.account}:role/CumuletAdministrator"
    sagemaker.create_model(ModelName="echo", ExecutionRoleArn=role, PrimaryContainer=container)
    sagemaker.create_endpoint_config(
        EndpointConfigName="both-roads", ProductionVariants=[variant("A", 3.0), variant("B", 1.0)]
    )
    sagemaker.create_endpoint(EndpointName="both-roads", EndpointConfigName="both-roads")
    while sagemaker.describe_endpoint(EndpointName="both-roads")["EndpointStatus"] == "Creating":
        time.sleep(0.05)
    credentials = Credentials(key.access_key, key.secret, key.token or None)
    app.respond(house, ask(credentials))  # the first use of a key is noted, in a commit
    return credentials


def archive(folder: Path) -> bytes:
    (folder / "inference.py").write_text(SCRIPT)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        tar.add(folder / "inference.py", "code/inference.py")
    return buffer.getvalue()


def variant(name: str, weight: float) -> dict[str, Any]:
    about = {"VariantName": name, "ModelName": "echo", "InitialVariantWeight": weight}
    return {**about, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}


def ask(
    credentials: Credentials, headers: dict[str, str] | None = None, path: str = PATH, body: bytes = b"body"
) -> Request:
    return signed(Sample("sagemaker", "POST", path, headers or {}, body), credentials)


def soon(house: House, request: Request) -> Response:
    """As the event loop answers; where that takes time, as a thread does."""
    body = request.body
    answer = loop.run(app.respond_soon(house, request))
    if answer is None:
        body.seek(0)  # type: ignore[attr-defined]
        request.body = body
        return app.respond(house, request)
    return answer


def taken(house: House, request: Request) -> bool:
    """Whether the short road takes a request (and answers it, then)."""

    async def begin() -> bool:
        body, coming = request.body, None
        with haste.hurried(), contextlib.suppress(haste.TakesTime):
            coming = short_invocations.begin(house, request, "the-id")
        if coming is None:
            assert body.read() == b"body"  # which is where the long road begins
            return False
        await coming
        return True

    return loop.run(begin())


def told(response: Response) -> tuple[Any, ...]:
    """What of an answer must be the same on both roads."""
    headers = sorted((name.lower(), value) for name, value in response.headers)
    passing = {"x-amzn-requestid", "x-amzn-invoked-production-variant", "content-length"}
    return (
        response.status,
        [name for name, _ in headers],
        [pair for pair in headers if pair[0] not in passing],
        response.body,
    )


@pytest.mark.parametrize("headers", [*TAKEN, *OTHER], ids=lambda headers: " ".join(headers))
def test_both_roads_come_to_the_same(house: House, bob: Credentials, headers: dict[str, str]) -> None:
    for path in (PATH, *ELSEWHERE):
        long = app.respond(house, ask(bob, headers, path))
        assert told(soon(house, ask(bob, headers, path))) == told(long)


@pytest.mark.parametrize("body", [b"", b"raise", b"odd", b"\xff" * 100_000])
def test_whatever_the_model_says(house: House, bob: Credentials, body: bytes) -> None:
    headers = {"x-amzn-sagemaker-target-variant": "A"}  # as errors name the instance
    long = app.respond(house, ask(bob, headers, body=body))
    assert told(soon(house, ask(bob, headers, body=body))) == told(long)


def test_a_wrong_signature_is_refused_in_the_same_words(house: House, bob: Credentials) -> None:
    other = Credentials(bob.access_key, "not the secret", bob.token)
    answer = soon(house, ask(other))
    assert answer.status == 403
    assert told(answer) == told(app.respond(house, ask(other)))


def test_what_is_usual_takes_the_short_road_and_nothing_else(house: House, bob: Credentials) -> None:
    assert all(taken(house, ask(bob, headers)) for headers in TAKEN)
    assert not any(taken(house, ask(bob, headers)) for headers in OTHER)
    assert not any(taken(house, ask(bob, path=path)) for path in ELSEWHERE)


def test_shares_are_exact_on_both_roads_together(house: House, bob: Credentials) -> None:
    counts = {"A": 0, "B": 0}
    for number in range(40):
        respond = soon if number % 2 else app.respond
        counts[dict(respond(house, ask(bob)).headers)["x-Amzn-Invoked-Production-Variant"]] += 1
    assert counts == {"A": 30, "B": 10}


def test_many_at_once_are_each_answered_with_their_own(house: House, bob: Credentials) -> None:
    async def all_of() -> list[Response | None]:
        asked = (app.respond_soon(house, ask(bob, body=b"%d" % number)) for number in range(200))
        return await asyncio.gather(*asked)

    answers = loop.run(all_of())
    assert [answer and answer.body for answer in answers] == [
        repr((str(number), "application/json")).encode() for number in range(200)
    ]
