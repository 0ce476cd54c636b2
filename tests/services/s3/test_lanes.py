"""Bodies that go several ways at once: every way sees every byte, in order, or all of them stop."""

from __future__ import annotations

import hashlib
import io
import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

from cumulet.services.s3.lanes import AHEAD, PIECE, Lanes

BODY = os.urandom(PIECE) * (AHEAD * 3) + b"a last piece"


def run(*acts: Callable[[memoryview], object]) -> None:
    with Lanes(*acts) as lanes:
        source = io.BytesIO(BODY)
        while lanes.take(source.readinto):
            pass


def test_every_lane_sees_every_byte_in_order() -> None:
    first, second, kept = hashlib.md5(), hashlib.sha256(), io.BytesIO()
    run(first.update, second.update, kept.write)
    assert first.digest() == hashlib.md5(BODY).digest()
    assert second.digest() == hashlib.sha256(BODY).digest()
    assert kept.getvalue() == BODY


def test_a_body_of_nothing_is_none_for_all() -> None:
    seen: list[bytes] = []
    with Lanes(lambda piece: seen.append(bytes(piece))) as lanes:
        assert lanes.take(lambda room: 0) == 0
    assert seen == []


@pytest.mark.parametrize("after", [0, 1, AHEAD * 2])
def test_what_fails_in_one_lane_fails_for_who_reads(after: int) -> None:
    seen: list[int] = []

    def fail(piece: memoryview) -> None:
        seen.append(len(piece))
        if len(seen) > after:
            raise OSError("No space left on device")

    threads = threading.active_count()
    with pytest.raises(OSError, match="No space"):
        run(hashlib.md5().update, fail)
    assert threading.active_count() == threads


def test_what_fails_in_reading_ends_all_lanes() -> None:
    def broken(room: memoryview) -> int:
        raise ConnectionError("gone")

    threads = threading.active_count()
    with pytest.raises(ConnectionError), Lanes(hashlib.md5().update) as lanes:
        lanes.take(broken)
    assert threading.active_count() == threads


def test_a_lane_that_lags_holds_the_reader_back() -> None:
    may_go, ahead = threading.Event(), []

    def lag(piece: memoryview) -> None:
        may_go.wait(20)

    def read(room: memoryview) -> int:
        ahead.append(1)
        if len(ahead) == AHEAD:
            may_go.set()  # there is no buffer for another piece before a lane has gone on
        return len(room) if len(ahead) < AHEAD * 2 else 0

    with Lanes(lag) as lanes:
        while lanes.take(read):
            pass
    assert len(ahead) == AHEAD * 2


def test_the_checksum_of_a_large_copy_is_that_of_its_bytes(client: Any) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="lanes")
    upload = s3.create_multipart_upload(Bucket="lanes", Key="parts")["UploadId"]
    parts = []
    for number, body in enumerate((BODY, b"and more"), 1):
        named = {"Bucket": "lanes", "Key": "parts", "UploadId": upload, "PartNumber": number}
        parts.append({"PartNumber": number, "ETag": s3.upload_part(**named, Body=body)["ETag"]})
    s3.complete_multipart_upload(
        Bucket="lanes", Key="parts", UploadId=upload, MultipartUpload={"Parts": parts}
    )
    told = s3.copy_object(Bucket="lanes", Key="copy", CopySource="lanes/parts", ChecksumAlgorithm="SHA256")
    whole = BODY + b"and more"
    assert told["CopyObjectResult"]["ETag"] == f'"{hashlib.md5(whole).hexdigest()}"'
    assert s3.get_object(Bucket="lanes", Key="copy")["Body"].read() == whole
