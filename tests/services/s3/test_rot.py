"""Bytes that changed on disk are told as damaged, whatever the object came as; others are served as ever."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from cumulet.services.s3 import rot
from cumulet.store.objects import Entry
from cumulet.wire.errors import AwsError
from cumulet.wire.message import FileSpan

from .asking import MIB, body, filed, refused

LARGE = 3 * MIB
SSE_C = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": base64.b64encode(b"k" * 32).decode()}
SSE_C["SSECustomerKeyMD5"] = base64.b64encode(hashlib.md5(b"k" * 32).digest()).decode()


def entry_of(lake: Any, key: str) -> Entry:
    found: Entry = lake.store.objects.find("lake", key)
    return found


def blob_of(lake: Any, key: str) -> Path:
    lake.store.settler.settle()
    path: Path = lake.store.blobs.path(entry_of(lake, key).blob)
    return path


def spoil(path: Path, place: int = 0, times: bool = False) -> None:
    """One bit flips, as a disk does it: the file's times stay as they were (`times`: as an editor does it)."""
    before = path.stat()
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)
        file.seek(place)
        file.write(bytes([byte[0] ^ 1]))
    path.chmod(0o444)
    if not times:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def content(answer: dict[str, Any]) -> bytes:
    found = answer["Body"]
    if isinstance(found, FileSpan):
        return found.read()
    return found if isinstance(found, bytes) else b"".join(found)


def is_damaged(lake: Any, key: str, **how: Any) -> bool:
    try:
        content(lake.get_object(Bucket="lake", Key=key, **how))
    except AwsError as error:
        return (error.code, error.status) == ("InternalError", 500) and f"s3://lake/{key}" in error.message
    return False


@pytest.mark.parametrize("size", [10, MIB, MIB + 1, LARGE])
@pytest.mark.parametrize(
    "members",
    [{}, {"ChecksumAlgorithm": "SHA256"}, {"ServerSideEncryption": "AES256"}, SSE_C],
    ids=["plain", "sha256", "sealed", "locked"],
)
def test_a_flipped_bit_is_reported_and_not_served(lake: Any, size: int, members: dict[str, Any]) -> None:
    data = os.urandom(size)
    kept = {name: value for name, value in members.items() if name != "ChecksumAlgorithm"}
    if "ChecksumAlgorithm" in members:
        kept["ChecksumSHA256"] = base64.b64encode(hashlib.sha256(data).digest()).decode()
    how = members if members is SSE_C else {}
    lake.put_object(Bucket="lake", Key="k", Body=data, **kept)
    assert content(lake.get_object(Bucket="lake", Key="k", **how)) == data
    spoil(blob_of(lake, "k"), blob_of(lake, "k").stat().st_size - 1)
    assert is_damaged(lake, "k", **how)
    assert is_damaged(lake, "k", Range="bytes=0-1", **how)
    lake.put_object(Bucket="lake", Key="k", Body=data, **kept)
    assert content(lake.get_object(Bucket="lake", Key="k", Range="bytes=1-3", **how)) == data[1:4]


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256", "MD5", "XXHASH3"])
def test_every_checksum_finds_damage(lake: Any, algorithm: str) -> None:
    from cumulet.wire.digests import DIGESTS

    for key, data in (("small", b"some bytes"), ("large", bytes(LARGE))):
        digest = DIGESTS[algorithm]()
        digest.update(data)
        told = {f"Checksum{algorithm}": base64.b64encode(digest.digest()).decode()}
        lake.put_object(Bucket="lake", Key=key, Body=data, **told)
        assert not is_damaged(lake, key)
        spoil(blob_of(lake, key), 5)
        assert is_damaged(lake, key)


@pytest.mark.parametrize("place", [0, 20, 70], ids=["magic", "wrapped key", "counter"])
def test_the_damaged_head_of_a_sealed_file_is_damage_too(lake: Any, place: int) -> None:
    for key, how in (("sealed", {"ServerSideEncryption": "AES256"}), ("locked", SSE_C)):
        for size in (10, LARGE):
            lake.put_object(Bucket="lake", Key=key, Body=bytes(size), **how)
            spoil(blob_of(lake, key), place if place != 70 else 63)
            assert is_damaged(lake, key, **(how if key == "locked" else {}))


@pytest.mark.parametrize("size", [10, LARGE])
@pytest.mark.parametrize("change", [-1, 1], ids=["cut short", "grown"])
def test_another_size_is_damage(lake: Any, size: int, change: int) -> None:
    lake.put_object(Bucket="lake", Key="k", Body=bytes(size))
    blob_of(lake, "k").chmod(0o644)
    os.truncate(blob_of(lake, "k"), size + change)
    assert is_damaged(lake, "k")
    assert is_damaged(lake, "k", Range="bytes=0-0")


def upload(lake: Any, key: str, parts: list[bytes], **members: Any) -> None:
    where = {"Bucket": "lake", "Key": key}
    upload = lake.create_multipart_upload(**where, **members)["UploadId"]
    told = []
    for number, part in enumerate(parts, 1):
        answer = lake.upload_part(**where, UploadId=upload, PartNumber=number, Body=part)
        checksums = {name: answer[name] for name in answer if name.startswith("Checksum")}
        told.append({"PartNumber": number, "ETag": answer["ETag"], **checksums})
    lake.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": told})


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"ChecksumAlgorithm": "CRC32"},
        {"ChecksumAlgorithm": "SHA256"},
        {"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"},
        {"ServerSideEncryption": "AES256"},
    ],
    ids=["plain", "composite", "sha256", "full", "sealed"],
)
def test_of_an_object_in_parts_only_the_damaged_ones_are_refused(lake: Any, members: dict[str, Any]) -> None:
    part, last = 5 * MIB, os.urandom(MIB)
    upload(lake, "k", [bytes(part), bytes(part), last], **members)
    head = 0 if "ServerSideEncryption" not in members else 64
    spoil(blob_of(lake, "k"), head + part + 7)
    assert not is_damaged(lake, "k", Range=f"bytes=0-{part - 1}")
    assert is_damaged(lake, "k", Range=f"bytes=0-{part}")
    assert is_damaged(lake, "k", Range=f"bytes={2 * part - 1}-{2 * part}")
    assert content(lake.get_object(Bucket="lake", Key="k", Range=f"bytes={2 * part}-")) == last
    assert is_damaged(lake, "k", PartNumber=2)
    assert content(lake.get_object(Bucket="lake", Key="k", PartNumber=3)) == last
    assert is_damaged(lake, "k")


def test_a_copy_of_damaged_bytes_gets_no_fresh_checksum(lake: Any) -> None:
    upload(lake, "k", [bytes(5 * MIB), b"end"])
    lake.put_object(Bucket="lake", Key="small", Body=b"some bytes")
    spoil(blob_of(lake, "k"), 3)
    spoil(blob_of(lake, "small"), 3)
    blobs = set(lake.store.blobs.folder.glob("??/*"))
    with pytest.raises(AwsError, match="lake/k are damaged"):
        lake.copy_object(Bucket="lake", Key="copy", CopySource="lake/k")
    with pytest.raises(AwsError, match="lake/small are damaged"):
        lake.copy_object(Bucket="lake", Key="copy", CopySource="lake/small", ChecksumAlgorithm="SHA256")
    where = {"Bucket": "lake", "Key": "parts", "PartNumber": 1}
    started = lake.create_multipart_upload(Bucket="lake", Key="parts")["UploadId"]
    with pytest.raises(AwsError, match="lake/k are damaged"):
        lake.upload_part_copy(**where, UploadId=started, CopySource="lake/k", CopySourceRange="bytes=0-9")
    assert set(lake.store.blobs.folder.glob("??/*")) == blobs
    lake.copy_object(Bucket="lake", Key="copy", CopySource="lake/small")  # a second name of the same bytes
    assert is_damaged(lake, "copy")


def test_an_object_without_a_checksum_is_held_against_its_etag(lake: Any) -> None:
    for key, size in (("small", 10), ("large", LARGE)):
        lake.put_object(Bucket="lake", Key=key, Body=bytes(size))
        entry = entry_of(lake, key)
        del entry.detail["checksum"]
        lake.store.objects.edit(entry)
        assert not is_damaged(lake, key)
        spoil(blob_of(lake, key))
        assert is_damaged(lake, key)


def test_an_object_that_nothing_can_verify_is_served(lake: Any) -> None:
    lake.put_object(Bucket="lake", Key="k", Body=b"old", ServerSideEncryption="AES256")
    entry = entry_of(lake, "k")
    del entry.detail["checksum"]
    lake.store.objects.edit(entry)
    assert rot.spans(entry) == []
    assert content(lake.get_object(Bucket="lake", Key="k")) == b"old"


def test_a_large_file_is_read_once_for_as_long_as_it_stays_the_same(lake: Any) -> None:
    lake.put_object(Bucket="lake", Key="k", Body=bytes(LARGE))
    sound, path = lake.store.blobs.sound, blob_of(lake, "k")
    assert sound.knows(path.stat(), 0), "what was just written needs no second look"
    path.touch()
    assert not sound.knows(path.stat(), 0)
    assert not is_damaged(lake, "k")
    assert sound.knows(path.stat(), 0)
    spoil(path, LARGE - 1, times=True)
    assert is_damaged(lake, "k")


def test_what_is_remembered_of_files_has_a_bound(lake: Any, tmp_path: Path) -> None:
    from cumulet.store.soundness import MOST

    file = tmp_path / "file"
    file.touch()
    sound, status = lake.store.blobs.sound, list(file.stat())
    for inode in range(MOST + 10):
        status[1] = inode
        sound.remember(os.stat_result(status), 0)
    assert len(sound.seen) == MOST


def test_missing_bytes_are_told(lake: Any) -> None:
    for size in (10, LARGE):
        lake.put_object(Bucket="lake", Key="k", Body=bytes(size))
        blob_of(lake, "k").unlink()
        with pytest.raises(AwsError, match="missing on disk"):
            lake.get_object(Bucket="lake", Key="k")


def test_a_client_is_told_of_damage_as_an_error_of_s3(own_server: Any) -> None:
    s3 = own_server.client("s3")
    s3.create_bucket(Bucket="rotten")
    for key, size in (("small", 10), ("large", LARGE)):
        s3.put_object(Bucket="rotten", Key=key, Body=bytes(size))
        spoil(filed(own_server.data_dir / "s3/rotten" / key))
        with refused("InternalError", 500) as told:
            s3.get_object(Bucket="rotten", Key=key)
        assert f"s3://rotten/{key}" in told["Error"]["Message"]
    s3.put_object(Bucket="rotten", Key="sound", Body=b"fine")
    assert body(s3.get_object(Bucket="rotten", Key="sound")) == b"fine"
