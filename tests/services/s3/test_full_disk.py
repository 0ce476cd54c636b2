"""On a full disk writes are refused by name, nothing that is there is lost or hidden, and deleting goes on."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from .asking import MIB, body, names, refused


@pytest.fixture
def small(serve: Any, small_disk: Path) -> Any:
    return serve(small_disk / "cumulet")


def fill(disk: Path) -> None:
    """Take all room that there is, to the last block."""
    with (disk / "filler").open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def room(disk: Path) -> int:
    status = os.statvfs(disk)
    return status.f_bavail * status.f_frsize


@pytest.fixture
def stocked(small: Any, small_disk: Path) -> Any:
    """A bucket with ten objects and an upload under way, and not a block left."""
    s3 = small.client("s3")
    s3.create_bucket(Bucket="lake")
    for number in range(10):
        s3.put_object(Bucket="lake", Key=f"{number}", Body=bytes([number]) * 100_000)
    s3.upload = s3.create_multipart_upload(Bucket="lake", Key="parts")["UploadId"]
    s3.part = s3.upload_part(Bucket="lake", Key="parts", UploadId=s3.upload, PartNumber=1, Body=bytes(MIB))
    fill(small_disk)
    return s3


def complete(s3: Any) -> None:
    parts = {"Parts": [{"PartNumber": 1, "ETag": s3.part["ETag"]}]}
    s3.complete_multipart_upload(Bucket="lake", Key="parts", UploadId=s3.upload, MultipartUpload=parts)


def test_a_body_that_does_not_fit_is_refused_and_takes_no_room(small: Any, small_disk: Path) -> None:
    s3 = small.client("s3")
    s3.create_bucket(Bucket="lake")
    before = room(small_disk)
    with refused("InsufficientStorage", 507):
        s3.put_object(Bucket="lake", Key="large", Body=bytes(before + MIB))
    assert "Contents" not in s3.list_objects_v2(Bucket="lake")
    assert room(small_disk) > before - MIB
    s3.put_object(Bucket="lake", Key="small", Body=b"fits")


def test_all_writes_are_refused_and_all_reads_are_answered(stocked: Any) -> None:
    where = {"Bucket": "lake", "Key": "new"}
    for size in (0, 1000, 2 * MIB):
        with refused("InsufficientStorage", 507):
            stocked.put_object(**where, Body=bytes(size))
    with refused("InsufficientStorage", 507):
        stocked.upload_part(Bucket="lake", Key="parts", UploadId=stocked.upload, PartNumber=2, Body=b"x")
    with refused("InsufficientStorage", 507):
        complete(stocked)
    assert len(names(stocked.list_objects_v2(Bucket="lake"))) == 10
    for number in range(10):
        assert body(stocked.get_object(Bucket="lake", Key=str(number))) == bytes([number]) * 100_000
    assert len(stocked.list_parts(Bucket="lake", Key="parts", UploadId=stocked.upload)["Parts"]) == 1


def test_deleting_makes_room_and_writes_go_on(stocked: Any) -> None:
    for number in range(9):
        stocked.delete_object(Bucket="lake", Key=str(number))
    assert names(stocked.list_objects_v2(Bucket="lake")) == ["9"]
    complete(stocked)
    stocked.put_object(Bucket="lake", Key="new", Body=b"fits")
    assert body(stocked.get_object(Bucket="lake", Key="new")) == b"fits"
    assert stocked.head_object(Bucket="lake", Key="parts")["ContentLength"] == MIB


def test_many_deletes_and_an_abort_work_on_a_full_disk(stocked: Any) -> None:
    everything = [{"Key": str(number)} for number in range(10)]
    assert len(stocked.delete_objects(Bucket="lake", Delete={"Objects": everything})["Deleted"]) == 10
    stocked.abort_multipart_upload(Bucket="lake", Key="parts", UploadId=stocked.upload)
    stocked.delete_bucket(Bucket="lake")


def test_when_there_is_room_again_everything_works_and_the_reserve_is_kept_again(
    stocked: Any, small_disk: Path
) -> None:
    stocked.delete_object(Bucket="lake", Key="0")
    assert not (small_disk / "cumulet/reserve").exists()
    (small_disk / "filler").unlink()
    stocked.put_object(Bucket="lake", Key="new", Body=b"fits")
    complete(stocked)
    assert (small_disk / "cumulet/reserve").stat().st_size > MIB


def test_a_server_killed_on_a_full_disk_starts_again_on_it(
    stocked: Any, small: Any, small_disk: Path
) -> None:
    small.kill()
    small.start()
    s3 = small.client("s3")
    assert len(names(s3.list_objects_v2(Bucket="lake"))) == 10
    fill(small_disk)
    assert body(s3.get_object(Bucket="lake", Key="1")) == bytes([1]) * 100_000
