"""Tags of objects and buckets: what AWS allows, and the forms in which they come.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from cumulet.wire.errors import AwsError

OF_OBJECT, OF_BUCKET = 10, 50


def from_header(text: str) -> dict[str, str]:
    """The x-amz-tagging header: a query string, in which a name alone is a tag without a value."""
    pairs = parse_qsl(text, keep_blank_values=True)
    return checked([{"Key": key, "Value": value} for key, value in pairs], OF_OBJECT)


def from_set(tagging: dict[str, list[dict[str, str]]], most: int) -> dict[str, str]:
    return checked(tagging.get("TagSet", []), most)


def to_set(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def checked(pairs: list[dict[str, str]], most: int) -> dict[str, str]:
    tags = {pair["Key"]: pair.get("Value", "") for pair in pairs}
    if len(tags) < len(pairs):
        raise _invalid("Cannot provide multiple Tags with the same key")
    if len(tags) > most:
        kind = "Object" if most == OF_OBJECT else "Bucket"
        raise AwsError("BadRequest", f"{kind} tags cannot be greater than {most}", status=400)
    for key, value in tags.items():
        if not key or len(key) > 128:
            raise _invalid("The TagKey you have provided is invalid")
        if len(value) > 256:
            raise _invalid("The TagValue you have provided is invalid")
        if key.lower().startswith("aws:"):
            raise _invalid("System tags cannot be added/updated by requester")
    return dict(sorted(tags.items()))


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidTag", message, status=400)
