from __future__ import annotations

import base64
import hashlib
import io
import zlib
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig

from cumulet.wire.errors import AwsError

from .asking import MIB, body, folders, refused

FIRST, LAST = b"a" * (5 * MIB), b"the end"


def send(
    s3: Any, where: dict[str, str], upload: str, *contents: bytes, **options: Any
) -> list[dict[str, Any]]:
    """Upload parts; what completing them must name."""
    parts = []
    for number, content in enumerate(contents, 1):
        told = s3.upload_part(**where, UploadId=upload, PartNumber=number, Body=content, **options)
        told.pop("ResponseMetadata", None)
        parts.append({"PartNumber": number, **told})
    return parts


def test_parts_become_an_object(s3: Any, bucket: str) -> None:
    where = {"Bucket": bucket, "Key": "a"}
    upload = s3.create_multipart_upload(**where, ContentType="text/csv", Metadata={"a": "b"})["UploadId"]
    parts = send(s3, where, upload, FIRST, LAST)
    with refused("404"):
        s3.head_object(**where)
    told = s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": parts})
    digests = b"".join(hashlib.md5(content).digest() for content in (FIRST, LAST))
    assert told["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-2"'
    got = s3.get_object(**where)
    assert (body(got), got["ETag"]) == (FIRST + LAST, told["ETag"])
    assert (got["ContentType"], got["Metadata"]) == ("text/csv", {"a": "b"})
    with refused("NoSuchUpload", 404):
        s3.list_parts(**where, UploadId=upload)


def test_an_object_is_read_part_by_part(s3: Any, bucket: str) -> None:
    where = {"Bucket": bucket, "Key": "a"}
    upload = s3.create_multipart_upload(**where)["UploadId"]
    parts = send(s3, where, upload, FIRST, LAST)
    s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": parts})
    got = s3.get_object(**where, PartNumber=2)
    assert (body(got), got["PartsCount"]) == (LAST, 2)
    assert got["ContentRange"] == f"bytes {len(FIRST)}-{len(FIRST + LAST) - 1}/{len(FIRST + LAST)}"
    assert s3.head_object(**where, PartNumber=1)["ContentLength"] == len(FIRST)
    with refused("InvalidPartNumber", 416):
        s3.get_object(**where, PartNumber=3)


def test_the_last_part_of_a_number_counts_and_parts_may_be_left_out(s3: Any, bucket: str) -> None:
    where = {"Bucket": bucket, "Key": "a"}
    upload = s3.create_multipart_upload(**where)["UploadId"]
    first = send(s3, where, upload, b"old", b"left out")
    second = send(s3, where, upload, b"new")
    with refused("InvalidPart", 400):
        s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": first[:1]})
    s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": second})
    assert body(s3.get_object(**where)) == b"new"


def test_completing_names_its_parts_rightly(s3: Any, bucket: str) -> None:
    where = {"Bucket": bucket, "Key": "a"}
    upload = s3.create_multipart_upload(**where)["UploadId"]
    parts = send(s3, where, upload, b"small", b"last")
    complete = {**where, "UploadId": upload}
    with refused("EntityTooSmall", 400) as told:
        s3.complete_multipart_upload(**complete, MultipartUpload={"Parts": parts})
    assert told["Error"]["PartNumber"] == "1"
    with refused("InvalidPartOrder", 400):
        s3.complete_multipart_upload(**complete, MultipartUpload={"Parts": parts[::-1]})
    with refused("InvalidPart", 400):
        wrong = [{"PartNumber": 7, "ETag": parts[0]["ETag"]}]
        s3.complete_multipart_upload(**complete, MultipartUpload={"Parts": wrong})
    with refused("MalformedXML", 400):
        s3.complete_multipart_upload(**complete, MultipartUpload={"Parts": []})
    with refused("PreconditionFailed", 412):
        s3.put_object(**where, Body=b"in the way")
        s3.complete_multipart_upload(**complete, MultipartUpload={"Parts": parts[1:]}, IfNoneMatch="*")
    s3.complete_multipart_upload(**complete, MultipartUpload={"Parts": parts[1:]})


def test_part_numbers_go_from_1_to_10000(lake: Any) -> None:
    where = {"Bucket": "lake", "Key": "a"}
    upload = lake.create_multipart_upload(**where)["UploadId"]
    for number in (0, 10_001):
        with pytest.raises(AwsError, match="InvalidArgument"):
            lake.upload_part(**where, UploadId=upload, PartNumber=number, Body=b"x")


def test_an_aborted_upload_leaves_nothing(lake: Any) -> None:
    where = {"Bucket": "lake", "Key": "a"}
    upload = lake.create_multipart_upload(**where)["UploadId"]
    send(lake, where, upload, b"one", b"two")
    lake.abort_multipart_upload(**where, UploadId=upload)
    assert list(lake.store.blobs.folder.glob("??/*")) == []
    with pytest.raises(AwsError, match="NoSuchUpload"):
        lake.abort_multipart_upload(**where, UploadId=upload)
    with pytest.raises(AwsError, match="NoSuchUpload"):
        lake.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"x")


def test_a_completed_upload_leaves_nothing_but_the_object(lake: Any) -> None:
    where = {"Bucket": "lake", "Key": "a"}
    upload = lake.create_multipart_upload(**where)["UploadId"]
    parts = send(
        lake,
        where,
        upload,
        FIRST,
        LAST,
    )
    lake.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": parts})
    lake.store.leftovers.close()  # the parts go behind the answer
    (left,) = lake.store.blobs.folder.glob("??/*")
    assert left.read_bytes() == FIRST + LAST


def test_parts_list_in_pages(s3: Any, bucket: str) -> None:
    where = {"Bucket": bucket, "Key": "a"}
    upload = s3.create_multipart_upload(**where)["UploadId"]
    send(s3, where, upload, b"1", b"22", b"333")
    pages = list(
        s3.get_paginator("list_parts").paginate(**where, UploadId=upload, PaginationConfig={"PageSize": 2})
    )
    assert [[part["Size"] for part in page["Parts"]] for page in pages] == [[1, 2], [3]]


def test_uploads_list_by_key_and_age_with_folders_and_in_pages(s3: Any, bucket: str) -> None:
    keys = ["a", "a", "b/1", "b/2", "c"]
    made = [s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"] for key in keys]
    told = s3.list_multipart_uploads(Bucket=bucket)
    assert [upload["UploadId"] for upload in told["Uploads"]] == made
    pages = list(
        s3.get_paginator("list_multipart_uploads").paginate(
            Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 1}
        )
    )
    assert [[u["UploadId"] for u in page.get("Uploads", [])] or folders(page) for page in pages] == [
        [made[0]],
        [made[1]],
        ["b/"],
        [made[4]],
    ]
    told = s3.list_multipart_uploads(Bucket=bucket, KeyMarker="a", UploadIdMarker=made[0])
    assert [upload["UploadId"] for upload in told["Uploads"]] == made[1:]
    told = s3.list_multipart_uploads(Bucket=bucket, KeyMarker="a", Prefix="b")
    assert [upload["Key"] for upload in told["Uploads"]] == ["b/1", "b/2"]


def crc32(content: bytes) -> str:
    return base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()


def test_the_crc_of_the_whole_is_put_together_from_the_parts(s3: Any, bucket: str) -> None:
    where = {"Bucket": bucket, "Key": "a"}
    begun = s3.create_multipart_upload(**where, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    parts = send(s3, where, begun["UploadId"], FIRST, LAST, ChecksumAlgorithm="CRC32")
    complete = {**where, "UploadId": begun["UploadId"], "MultipartUpload": {"Parts": parts}}
    with refused("BadDigest", 400):
        s3.complete_multipart_upload(**complete, ChecksumCRC32=crc32(b"else"), ChecksumType="FULL_OBJECT")
    right = crc32(FIRST + LAST)
    told = s3.complete_multipart_upload(**complete, ChecksumCRC32=right, ChecksumType="FULL_OBJECT")
    assert (told["ChecksumCRC32"], told["ChecksumType"]) == (right, "FULL_OBJECT")
    assert body(s3.get_object(**where, ChecksumMode="ENABLED")) == FIRST + LAST


def test_a_composite_checksum_is_that_of_the_parts_checksums(s3: Any, bucket: str) -> None:
    where = {"Bucket": bucket, "Key": "a"}
    upload = s3.create_multipart_upload(**where, ChecksumAlgorithm="SHA256")["UploadId"]
    parts = send(s3, where, upload, FIRST, LAST, ChecksumAlgorithm="SHA256")
    told = s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": parts})
    digests = b"".join(hashlib.sha256(content).digest() for content in (FIRST, LAST))
    right = f"{base64.b64encode(hashlib.sha256(digests).digest()).decode()}-2"
    assert (told["ChecksumSHA256"], told["ChecksumType"]) == (right, "COMPOSITE")
    listed = s3.get_object_attributes(**where, ObjectAttributes=["ObjectParts"])["ObjectParts"]
    assert listed["TotalPartsCount"] == 2
    assert [part["ChecksumSHA256"] for part in listed["Parts"]] == [part["ChecksumSHA256"] for part in parts]


def test_a_hash_cannot_cover_the_whole_of_parts(s3: Any, bucket: str) -> None:
    with refused("InvalidRequest", 400):
        s3.create_multipart_upload(
            Bucket=bucket, Key="a", ChecksumAlgorithm="SHA256", ChecksumType="FULL_OBJECT"
        )


def test_boto3s_transfers_go_in_parts_both_ways(s3: Any, bucket: str) -> None:
    content = bytes(range(256)) * (80 * 1024)
    parts = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.upload_fileobj(io.BytesIO(content), bucket, "a", Config=parts)
    assert s3.head_object(Bucket=bucket, Key="a")["ETag"].endswith('-4"')
    s3.copy({"Bucket": bucket, "Key": "a"}, bucket, "b", Config=parts)
    received = io.BytesIO()
    s3.download_fileobj(bucket, "b", received, Config=parts)
    assert received.getvalue() == content


def test_an_upload_may_be_completed_again_when_its_answer_was_lost(s3: Any, bucket: str) -> None:
    upload = {"Bucket": bucket, "Key": "again"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    part = {"PartNumber": 1, "ETag": s3.upload_part(PartNumber=1, Body=b"x", **upload)["ETag"]}
    first = s3.complete_multipart_upload(MultipartUpload={"Parts": [part]}, **upload)
    again = s3.complete_multipart_upload(MultipartUpload={"Parts": [part]}, **upload)
    assert again["ETag"] == first["ETag"]
    s3.put_object(Bucket=bucket, Key="again", Body=b"new")
    with refused("NoSuchUpload", 404):
        s3.complete_multipart_upload(MultipartUpload={"Parts": [part]}, **upload)
