from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.config import Config

from .asking import body


@pytest.fixture(params=["s3", "s3v4"])
def signing(request: pytest.FixtureRequest, server: Any) -> Any:
    """A client of each of the two ways to presign."""
    return server.client("s3", config=Config(signature_version=request.param))


def test_a_presigned_url_brings_the_object_with_the_headers_it_names(signing: Any, bucket: str) -> None:
    signing.put_object(Bucket=bucket, Key="a b/é.csv", Body=b"x")
    address = signing.generate_presigned_url(
        "get_object",
        Params={
            "Bucket": bucket,
            "Key": "a b/é.csv",
            "ResponseContentType": "text/plain",
            "ResponseContentDisposition": "attachment",
        },
    )
    with urllib.request.urlopen(address) as answer:
        assert answer.read() == b"x"
        assert answer.headers["Content-Type"] == "text/plain"
        assert answer.headers["Content-Disposition"] == "attachment"


def test_a_presigned_url_takes_an_object(signing: Any, bucket: str) -> None:
    address = signing.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "a"})
    request = urllib.request.Request(address, data=b"posted", method="PUT")
    request.add_header("Content-Type", "")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
    assert body(signing.get_object(Bucket=bucket, Key="a")) == b"posted"


def test_a_presigned_url_is_for_one_key(signing: Any, bucket: str) -> None:
    signing.put_object(Bucket=bucket, Key="a", Body=b"x")
    signing.put_object(Bucket=bucket, Key="b", Body=b"secret")
    address = signing.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(address.replace("/a?", "/b?"))
    assert caught.value.code == 403
