"""Two accounts in one Cumulet share nothing: without a grant every operation of S3 on another's bucket is refused.

The operations are those that are written, whichever they are: a new one is walked over as soon as it is there.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore import xform_name
from botocore.model import ListShape, Shape, StructureShape

from cumulet import services
from cumulet.services import Caller
from cumulet.wire import models
from cumulet.wire.errors import AwsError

MODEL = models.service("s3")
WRITTEN = [
    name
    for name in MODEL.operation_names
    if services.operation("s3", xform_name(name)) and MODEL.operation_model(name).input_shape
]
ON_BUCKETS = [name for name in WRITTEN if "Bucket" in MODEL.operation_model(name).input_shape.members]

NAMED = {"Bucket": "lake", "Key": "a", "CopySource": "lake/a"}
SAMPLES: dict[str, Callable[[Any], Any]] = {
    "string": lambda shape: shape.enum[0] if shape.enum else "x",
    "structure": lambda shape: structure(shape),
    "list": lambda shape: [sample(shape.member)],
    "map": lambda shape: {},
    "blob": lambda _: b"",
    "boolean": lambda _: True,
    "timestamp": lambda _: datetime(2030, 1, 1, tzinfo=UTC),
}


def sample(shape: Shape) -> Any:
    return SAMPLES.get(shape.type_name, lambda _: 1)(shape)


def structure(shape: StructureShape) -> dict[str, Any]:
    """As little as the model asks for; of what it leaves open, whatever makes the document say something."""
    wanted = shape.required_members or [
        name for name, member in shape.members.items() if isinstance(member, ListShape)
    ]
    return {name: sample(shape.members[name]) for name in wanted}


def arguments(operation: str, upload: str) -> dict[str, Any]:
    shape = MODEL.operation_model(operation).input_shape
    named = {**NAMED, "UploadId": upload}
    return {
        name: named.get(name) or sample(shape.members[name])
        for name in services.operation("s3", xform_name(operation)).requires  # type: ignore[union-attr]
    }


def as_it_is(lake: Any) -> None:
    """A new bucket: its owner's alone."""


def with_acls(lake: Any) -> None:
    lake.delete_public_access_block(Bucket="lake")
    rules = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    lake.put_bucket_ownership_controls(Bucket="lake", OwnershipControls=rules)


def with_a_policy(lake: Any) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "123456789012"},
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::lake", "arn:aws:s3:::lake/*"],
    }
    lake.put_bucket_policy(
        Bucket="lake", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )


def with_a_public_policy_that_is_restricted(lake: Any) -> None:
    lake.delete_public_access_block(Bucket="lake")
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::lake", "arn:aws:s3:::lake/*"],
    }
    lake.put_bucket_policy(
        Bucket="lake", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    restricted = {"RestrictPublicBuckets": True}
    lake.put_public_access_block(Bucket="lake", PublicAccessBlockConfiguration=restricted)


PREPARED = (as_it_is, with_acls, with_a_policy, with_a_public_policy_that_is_restricted)


def everything(lake: Any) -> Any:
    """What there is of the bucket."""
    objects = [entry.row() for entry in lake.store.objects.walk("lake")]
    settings = lake.store.records.list("s3.configuration", "lake")
    return objects, settings, lake.store.records.get("s3.bucket", "", "lake")


@pytest.mark.parametrize("prepare", PREPARED, ids=lambda prepare: prepare.__name__)
@pytest.mark.parametrize("anonymous", [False, True], ids=["another account", "nobody"])
def test_every_operation_on_anothers_bucket_is_refused(
    lake: Any, stranger: Any, prepare: Callable[[Any], None], anonymous: bool
) -> None:
    prepare(lake)
    lake.put_object(Bucket="lake", Key="a", Body=b"x")
    upload = lake.create_multipart_upload(Bucket="lake", Key="a")["UploadId"]
    caller = Caller("", "us-east-1") if anonymous else stranger.caller
    before, let_in = everything(lake), {}
    for operation in ON_BUCKETS:
        if operation in ("CreateBucket", "DeleteObjects"):
            continue
        try:
            told = arguments(operation, upload)
            let_in[operation] = str(services.perform(lake.house, caller, "s3", xform_name(operation), told))
        except AwsError as error:
            if error.code != "AccessDenied":
                let_in[operation] = str(error)
    assert let_in == {}
    assert everything(lake) == before


def test_a_name_that_is_taken_stays_its_owners(lake: Any, stranger: Any) -> None:
    with pytest.raises(AwsError, match="BucketAlreadyExists"):
        stranger.create_bucket(Bucket="lake")
    assert stranger.list_buckets()["Buckets"] == []


def test_of_many_deletions_each_is_refused(lake: Any, stranger: Any) -> None:
    lake.put_object(Bucket="lake", Key="a")
    answer = stranger.delete_objects(Bucket="lake", Delete={"Objects": [{"Key": "a"}, {"Key": "b"}]})
    assert [failed["Code"] for failed in answer["Errors"]] == ["AccessDenied"] * 2
    assert answer["Deleted"] == []
    lake.get_object(Bucket="lake", Key="a")


def test_nothing_is_copied_out_of_anothers_bucket(lake: Any, stranger: Any) -> None:
    lake.put_object(Bucket="lake", Key="a", Body=b"x")
    stranger.create_bucket(Bucket="pond")
    with pytest.raises(AwsError, match="AccessDenied"):
        stranger.copy_object(Bucket="pond", Key="a", CopySource="lake/a")
    upload = stranger.create_multipart_upload(Bucket="pond", Key="a")["UploadId"]
    with pytest.raises(AwsError, match="AccessDenied"):
        stranger.upload_part_copy(Bucket="pond", Key="a", PartNumber=1, UploadId=upload, CopySource="lake/a")
