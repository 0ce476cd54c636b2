"""Answers that come piece by piece, and one that breaks off."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EventStreamError

STREAM = """
def model_fn(model_dir):
    return None
def transform_fn(model, body, content_type, accept):
    if body == "refuse":
        raise ValueError("not this")
    def pieces():
        for word in body.split():
            if word == "break":
                raise RuntimeError("the thread is lost")
            yield word + " "
    return pieces(), "text/plain"
"""


@pytest.fixture(scope="module")
def talker(studio):
    return studio.endpoint(studio.config(studio.model({"inference.py": STREAM})))


def stream(studio, endpoint, body):
    answer = studio.runtime.invoke_endpoint_with_response_stream(
        EndpointName=endpoint, Body=body, ContentType="text/csv"
    )
    return answer, (event["PayloadPart"]["Bytes"] for event in answer["Body"])


def test_each_piece_is_an_event(studio, talker):
    answer, pieces = stream(studio, talker, b"one two three")
    assert answer["ContentType"] == "text/plain"
    assert answer["InvokedProductionVariant"] == "A"
    assert list(pieces) == [b"one ", b"two ", b"three "]


def test_a_stream_that_breaks_off_says_so(studio, talker):
    _, pieces = stream(studio, talker, b"one break two")
    assert next(pieces) == b"one "
    with pytest.raises(EventStreamError, match="the thread is lost"):
        next(pieces)


def test_a_model_that_refuses_before_the_first_piece_is_a_model_error(studio, talker):
    with pytest.raises(ClientError, match="not this"):
        stream(studio, talker, b"refuse")


def test_who_asks_for_no_stream_gets_it_whole(studio, talker):
    assert studio.ask(talker, b"one two", "text/csv")["Body"] == b"one two "


def test_an_answer_of_one_piece_is_a_stream_too(studio):
    endpoint = studio.endpoint(studio.config(studio.model(factor=2)))
    answer = studio.runtime.invoke_endpoint_with_response_stream(
        EndpointName=endpoint, Body=b"[1]", ContentType="application/json"
    )
    assert b"".join(event["PayloadPart"]["Bytes"] for event in answer["Body"]) == b"[2.0]"
