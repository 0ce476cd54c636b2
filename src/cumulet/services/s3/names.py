"""What may be the name of a bucket, and what the key of an object.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
"""

from __future__ import annotations

import re

from cumulet.wire.errors import AwsError

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
RESERVED_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
KEY_BYTES = 1024


def check_bucket(name: str) -> None:
    """Refuse a name that AWS would refuse for a new bucket."""
    good = BUCKET.fullmatch(name) and ".." not in name and not ADDRESS.fullmatch(name)
    if not good or name.startswith(RESERVED_PREFIXES) or name.endswith(RESERVED_SUFFIXES):
        raise AwsError("InvalidBucketName", "The specified bucket is not valid.", status=400, BucketName=name)


def check_key(key: str) -> None:
    """Any UTF-8 text of 1 to 1,024 bytes is a key; what it would mean as a path is of no concern here."""
    try:
        size = len(key) if key.isascii() else len(key.encode())
    except UnicodeEncodeError:
        raise AwsError("InvalidURI", "Couldn't parse the specified URI.", status=400) from None
    if size > KEY_BYTES:
        raise AwsError(
            "KeyTooLongError",
            "Your key is too long",
            status=400,
            Size=str(size),
            MaxSizeAllowed=str(KEY_BYTES),
        )
