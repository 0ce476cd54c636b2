"""Small PUTs without `Expect: 100-continue`, which no thread waits for: told as any others."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from .quick import Quick


@pytest.fixture
def quick(server: Any, s3: Any, bucket: str) -> Quick:
    s3.list_buckets()  # so that nothing is asked for the first time
    told = server.credentials
    return Quick(server.endpoint, told["aws_access_key_id"], told["aws_secret_access_key"])


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 900_000])
def test_what_was_put_is_read_at_once_and_is_a_file_soon(
    quick: Quick, server: Any, bucket: str, size: int
) -> None:
    data = b"x" * size
    for _ in range(3):
        assert quick.ask("PUT", f"/{bucket}/a/b.csv", body=data).status == 200
        found = quick.ask("GET", f"/{bucket}/a/b.csv")
        assert (found.status, found.body) == (200, data)
    assert quick.ask("DELETE", f"/{bucket}/a/b.csv").status == 204
    assert quick.ask("GET", f"/{bucket}/a/b.csv").status == 404
    assert not (server.data_dir / "s3" / bucket / "a/b.csv").exists()


def test_conditions_hold(quick: Quick, bucket: str) -> None:
    once = {"if-none-match": "*"}
    assert quick.ask("PUT", f"/{bucket}/a", headers=once, body=b"1").status == 200
    refused = quick.ask("PUT", f"/{bucket}/a", headers=once, body=b"2")
    assert (refused.status, refused.element("Code")) == (412, "PreconditionFailed")
    assert quick.ask("GET", f"/{bucket}/a").body == b"1"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"content-md5": base64.b64encode(bytes(16)).decode()}, "BadDigest"),
        ({"x-amz-checksum-crc32": "AAAAAA=="}, "BadDigest"),
        ({"x-amz-storage-class": "NONE"}, "InvalidStorageClass"),
    ],
)
def test_what_is_wrong_is_told_and_not_kept(
    quick: Quick, bucket: str, headers: dict[str, str], code: str
) -> None:
    refused = quick.ask("PUT", f"/{bucket}/a", headers=headers, body=b"1")
    assert (refused.status, refused.element("Code")) == (400, code)
    assert quick.ask("GET", f"/{bucket}/a").status == 404


def test_versions_and_encryption_are_told(quick: Quick, s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    sealed = {"x-amz-server-side-encryption": "AES256"}
    told = [quick.ask("PUT", f"/{bucket}/a", headers=sealed, body=b"%d" % n).headers for n in range(2)]
    assert len({answer["x-amz-version-id"] for answer in told}) == 2
    assert all(answer["x-amz-server-side-encryption"] == "AES256" for answer in told)
    first = quick.ask("GET", f"/{bucket}/a", {"versionId": told[0]["x-amz-version-id"]})
    assert (first.body, first.headers["x-amz-server-side-encryption"]) == (b"0", "AES256")
    assert quick.ask("GET", f"/{bucket}/a").body == b"1"


def test_other_requests_with_small_bodies_take_the_usual_way(quick: Quick, bucket: str) -> None:
    assert quick.ask("PUT", f"/{bucket}/a", body=b"1").status == 200
    copied = quick.ask("PUT", f"/{bucket}/b", headers={"x-amz-copy-source": f"{bucket}/a"})
    assert (copied.status, quick.ask("GET", f"/{bucket}/b").body) == (200, b"1")
    tags = b"<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>"
    assert quick.ask("PUT", f"/{bucket}/a", {"tagging": ""}, body=tags).status == 200
    assert b"<Value>v</Value>" in quick.ask("GET", f"/{bucket}/a", {"tagging": ""}).body
