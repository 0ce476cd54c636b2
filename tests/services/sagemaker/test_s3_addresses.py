"""Where a request says that data is: S3 URIs, and the addresses of S3 that AWS takes for them."""

from __future__ import annotations

import pytest

from cumulet.services.sagemaker.training_request import split_uri
from cumulet.wire.errors import AwsError


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("s3://lake/a/b.csv", ("lake", "a/b.csv")),
        ("s3://lake", ("lake", "")),
        ("s3://lake/a#b?c", ("lake", "a#b?c")),
        ("https://s3-us-east-1.amazonaws.com/lake/a/b", ("lake", "a/b")),
        ("https://s3.eu-west-1.amazonaws.com/lake", ("lake", "")),
        ("https://s3.amazonaws.com/lake/a/", ("lake", "a/")),
        ("https://my.lake.s3.eu-west-1.amazonaws.com/a/b", ("my.lake", "a/b")),
    ],
)
def test_the_bucket_and_the_key_of_an_address(uri, place):
    assert split_uri(uri) == place


@pytest.mark.parametrize(
    "uri", ["/data", "lake/a", "https://example.com/lake/a", "https://s3.amazonaws.com/", "s3://"]
)
def test_what_is_no_address_of_s3_is_refused_by_name(uri):
    with pytest.raises(AwsError, match="is not an S3 URI"):
        split_uri(uri)
