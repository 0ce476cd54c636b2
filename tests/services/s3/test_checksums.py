from __future__ import annotations

import base64
import hashlib
import io
from typing import Any

import pytest

from cumulet.wire.errors import AwsError

from .asking import body, refused

CHECK = {  # of b"123456789", as the algorithms' own pages give them
    "CRC32": "cbf43926",
    "CRC32C": "e3069283",
    "CRC64NVME": "ae8b14860a799888",
    "SHA1": "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
    "SHA256": "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
    "SHA512": hashlib.sha512(b"123456789").hexdigest(),
    "XXHASH64": "8cb841db40e6ae83",
}


def base64_of(digest: str) -> str:
    return base64.b64encode(bytes.fromhex(digest)).decode()


@pytest.mark.parametrize("algorithm", CHECK)
def test_a_checksum_is_verified_kept_and_told_on_request(s3: Any, bucket: str, algorithm: str) -> None:
    member, right = f"Checksum{algorithm}", base64_of(CHECK[algorithm])
    put = s3.put_object(Bucket=bucket, Key="a", Body=b"123456789", **{member: right})
    assert (put[member], put["ChecksumType"]) == (right, "FULL_OBJECT")
    assert member not in s3.head_object(Bucket=bucket, Key="a")
    assert s3.head_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")[member] == right
    with refused("BadDigest", 400):
        s3.put_object(Bucket=bucket, Key="b", Body=b"12345678", **{member: right})
    with refused("404"):
        s3.head_object(Bucket=bucket, Key="b")


class Trailed(io.BytesIO):
    """A body as the wire hands it on, whose checksum comes behind it."""

    def __init__(self, content: bytes, **trailers: str) -> None:
        super().__init__(content)
        self.trailers = {f"x-amz-checksum-{name}": value for name, value in trailers.items()}


@pytest.mark.parametrize("announced", ["SHA256", ""])
def test_a_checksum_behind_the_body_is_verified(lake: Any, announced: str) -> None:
    where = {"Bucket": "lake", "Key": "a", "ChecksumAlgorithm": announced}
    told = lake.put_object(**where, Body=Trailed(b"123456789", sha256=base64_of(CHECK["SHA256"])))
    assert told["ChecksumSHA256"] == base64_of(CHECK["SHA256"])
    with pytest.raises(AwsError, match="BadDigest"):
        lake.put_object(**where, Body=Trailed(b"12345678", sha256=base64_of(CHECK["SHA256"])))


def test_s3_computes_a_checksum_where_none_is_told(lake: Any) -> None:
    told = lake.put_object(Bucket="lake", Key="a", Body=b"123456789")
    assert told["ChecksumCRC64NVME"] == base64_of(CHECK["CRC64NVME"])


def test_a_checksum_that_is_none_is_refused(lake: Any) -> None:
    with pytest.raises(AwsError, match="InvalidRequest"):
        lake.put_object(Bucket="lake", Key="a", Body=b"x", ChecksumCRC32="AAAA")
    with pytest.raises(AwsError, match="InvalidRequest"):
        lake.put_object(Bucket="lake", Key="a", Body=b"x", ChecksumAlgorithm="SHA256")


def test_content_md5_is_verified(s3: Any, bucket: str) -> None:
    right = base64.b64encode(hashlib.md5(b"x").digest()).decode()
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", ContentMD5=right)
    with refused("BadDigest", 400):
        s3.put_object(Bucket=bucket, Key="a", Body=b"y", ContentMD5=right)
    with refused("InvalidDigest", 400):
        s3.put_object(Bucket=bucket, Key="a", Body=b"x", ContentMD5="rubbish")
    assert body(s3.get_object(Bucket=bucket, Key="a")) == b"x"


def test_a_range_tells_no_checksum_of_the_whole(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"123456789")
    got = s3.get_object(Bucket=bucket, Key="a", Range="bytes=0-1", ChecksumMode="ENABLED")
    assert "ChecksumCRC32" not in got


def test_attributes_tell_what_is_asked_for(s3: Any, bucket: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="a", Body=b"123456789", ChecksumSHA256=base64_of(CHECK["SHA256"]))
    told = s3.get_object_attributes(
        Bucket=bucket,
        Key="a",
        ObjectAttributes=["ETag", "Checksum", "ObjectSize", "StorageClass", "ObjectParts"],
    )
    assert told["ETag"] == put["ETag"].strip('"')
    assert told["Checksum"] == {"ChecksumSHA256": base64_of(CHECK["SHA256"]), "ChecksumType": "FULL_OBJECT"}
    assert (told["ObjectSize"], told["StorageClass"]) == (9, "STANDARD")
    assert "ObjectParts" not in told
