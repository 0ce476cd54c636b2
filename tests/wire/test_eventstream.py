"""Event streams: framing as AWS's SDKs frame it, and what is not well-formed refused."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from cumulet.wire import eventstream, models, protocols
from cumulet.wire.errors import AwsError
from cumulet.wire.route import Route
from cumulet.wire.shapes import Malformed

from . import client

HEADERS = {
    "yes": True,
    "no": False,
    "short": -7,
    "long": 1 << 40,
    "bytes": b"\x00\xff",
    "text": "straße",
    "moment": datetime(2024, 2, 29, 12, 30, 45, 123000, tzinfo=UTC),
    "id": uuid.UUID(int=7),
}


def read(data: bytes) -> list[tuple[dict[str, Any], bytes]]:
    return list(eventstream.messages(io.BytesIO(data).read))


def test_a_message_is_read_as_it_was_written() -> None:
    assert read(eventstream.message(HEADERS, b"payload") * 2) == [(HEADERS, b"payload")] * 2


def test_botocore_reads_what_we_write() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(eventstream.message({"text": "a", "short": 5}, b"payload"))
    event = next(iter(buffer))
    assert (event.headers, event.payload) == ({"text": "a", "short": 5}, b"payload")


@given(st.integers(0, 60), st.binary(min_size=1, max_size=3))
def test_a_damaged_message_is_refused(at: int, piece: bytes) -> None:
    whole = eventstream.message({"a": "b"}, b"p" * 30)
    damaged = whole[:at] + piece + whole[at + len(piece) :]
    if damaged != whole:
        with pytest.raises(Malformed):
            read(damaged)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_messages_are_refused(data: bytes) -> None:
    if data:
        with pytest.raises(Malformed):
            read(data)


def test_an_error_within_a_stream_ends_it_and_reaches_the_client() -> None:
    operation = models.service("sagemaker-runtime").operation_model("InvokeEndpointWithResponseStream")

    def events() -> Iterator[dict[str, Any]]:
        yield {"PayloadPart": {"Bytes": b"first"}}
        raise AwsError("ModelStreamError", "The model left.", ErrorCode="gone")

    route = Route("sagemaker-runtime", operation, "rest-json")
    response = protocols.serialize(route, {"Body": events()}, "id-1")
    with pytest.raises(Exception, match="The model left"):
        client.receive(operation, "rest-json", response, operation.output_shape)
