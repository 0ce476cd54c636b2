"""Documents (policies, tag sets, lists of keys) are the ones that their senders digested, or are refused."""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import Any

import pytest

from .asking import refused

WRONG = {
    "Content-MD5": base64.b64encode(hashlib.md5(b"other").digest()).decode(),
    "x-amz-checksum-crc32": base64.b64encode(zlib.crc32(b"other").to_bytes(4, "big")).decode(),
    "x-amz-checksum-sha256": base64.b64encode(hashlib.sha256(b"other").digest()).decode(),
}


@pytest.fixture
def asking(client: Any) -> Any:
    """A client that says one header more (or another) than it computed; `asking(header, value)`."""

    def made(header: str, value: str) -> Any:
        from botocore.config import Config

        s3 = client("s3", config=Config(request_checksum_calculation="when_required"))

        def say(params: dict[str, Any], **_: Any) -> None:
            for name in [
                n for n in params["headers"] if n.lower().startswith(("x-amz-checksum", "content-md5"))
            ]:
                del params["headers"][name]
            params["headers"][header] = value

        s3.meta.events.register_last("before-call.s3.PutBucketTagging", say)
        return s3

    return made


TAGS = {"TagSet": [{"Key": "a", "Value": "1"}]}


@pytest.mark.parametrize("header", WRONG)
def test_a_document_with_another_ones_digest_is_refused(
    asking: Any, s3: Any, bucket: str, header: str
) -> None:
    with refused("BadDigest", 400):
        asking(header, WRONG[header]).put_bucket_tagging(Bucket=bucket, Tagging=TAGS)
    with refused("NoSuchTagSet", 404):
        s3.get_bucket_tagging(Bucket=bucket)


def test_what_is_no_digest_is_refused(asking: Any, bucket: str) -> None:
    with refused("InvalidDigest", 400):
        asking("Content-MD5", "bm8=").put_bucket_tagging(Bucket=bucket, Tagging=TAGS)
    with refused("InvalidRequest", 400):
        asking("x-amz-checksum-crc32", "bm8=").put_bucket_tagging(Bucket=bucket, Tagging=TAGS)
