"""Buckets: made, found, listed and deleted. Their names are global, each lies in one region.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingBucket.html
"""

from __future__ import annotations

import re
from typing import Any

from cumulet.services import Answer
from cumulet.services.s3 import acl_requests, errors, grants, names, owners, tags
from cumulet.services.s3.access import Bucket
from cumulet.services.s3.granting import Granting, not_with_enforced, opened_to_acls
from cumulet.services.s3.members import GRANTS, honours
from cumulet.wire.errors import AwsError

DEFAULT_REGION = "us-east-1"  # the one region that may not be named as a location, and is told as none
REGION = re.compile(r"EU|[a-z]{2}(-[a-z]+)+-\d")
BLOCK = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
PAGE = 10_000


class Buckets(Granting):
    @honours(GRANTS)
    def create_bucket(
        self,
        *,
        Bucket: str,
        CreateBucketConfiguration: dict[str, Any] | None = None,
        ObjectOwnership: str = "",
        ACL: str = "",
        ObjectLockEnabledForBucket: bool = False,
        **members: Any,
    ) -> dict[str, Any]:
        """Make a bucket in the caller's region, whose name the location constraint must repeat.

        In us-east-1 making one's own bucket again is no error, for AWS's historical reasons: it resets the ACL.
        """
        names.check_bucket(Bucket)
        location = (CreateBucketConfiguration or {}).get("LocationConstraint") or ""
        self._check_location(location)
        asked = {**members, "ACL": ACL, "ObjectOwnership": ObjectOwnership, "Location": location}
        self._check_creation(Bucket, asked)
        bucket: dict[str, Any] = {
            "name": Bucket,
            "account": self.caller.account,
            "region": "eu-west-1" if location == "EU" else location or self.caller.region,
            "created": float(int(self.house.clock())),
            **self._openness(ObjectOwnership, acl_requests.opens({**members, "ACL": ACL})),
        }
        self._set_acl(bucket, {**members, "ACL": ACL})
        if ObjectLockEnabledForBucket:
            bucket |= {"lock": {}, "versioning": "Enabled"}  # a lock is on versions
        pairs = (CreateBucketConfiguration or {}).get("Tags")
        self.store.atomically(lambda: self._add(bucket, pairs))
        self.store.tree.add_bucket(Bucket)
        return {"Location": f"/{Bucket}", "BucketArn": f"arn:aws:s3:::{Bucket}"}

    def head_bucket(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        found = self._bucket(Bucket, "s3:ListBucket", owner=ExpectedBucketOwner)
        return {
            "BucketArn": f"arn:aws:s3:::{Bucket}",
            "BucketRegion": found["region"],
            "AccessPointAlias": False,
        }

    def get_bucket_location(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        """The region; us-east-1 is told as none, as AWS does."""
        region = self._bucket(Bucket, "s3:GetBucketLocation", owner=ExpectedBucketOwner)["region"]
        return {"LocationConstraint": None if region == DEFAULT_REGION else region}

    def list_buckets(
        self, *, MaxBuckets: int = PAGE, ContinuationToken: str = "", Prefix: str = "", BucketRegion: str = ""
    ) -> dict[str, Any]:
        """The caller's own buckets, of all regions, by name."""
        self._check_own("s3:ListAllMyBuckets", "*", {})
        mine = [
            bucket
            for _, bucket in self.store.records.list("s3.bucket", "", prefix=Prefix, after=ContinuationToken)
            if bucket["account"] == self.caller.account and BucketRegion in ("", bucket["region"])
        ]
        page = mine[:MaxBuckets]
        return {
            "Buckets": [_shown(bucket) for bucket in page],
            "Owner": self._owner(),
            "ContinuationToken": page[-1]["name"] if len(mine) > len(page) else None,
            "Prefix": Prefix or None,
        }

    def delete_bucket(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        """Only an empty bucket can be deleted; uploads that were never completed go with it."""
        self._bucket(Bucket, "s3:DeleteBucket", owner=ExpectedBucketOwner)
        lost = self.store.making_room(lambda: self._forget(Bucket))
        for blob in lost:
            self.store.blobs.delete(blob)
        self.store.tree.remove_bucket(Bucket)
        return Answer(status=204)

    def _check_creation(self, name: str, asked: dict[str, Any]) -> None:
        """May the caller make a bucket, with what the request sets on it?"""
        also = {
            "s3:PutBucketAcl": acl_requests.tells(asked),
            "s3:PutBucketOwnershipControls": asked["ObjectOwnership"],
        }
        for action in ("s3:CreateBucket", *(action for action, told in also.items() if told)):
            self._check_own(action, f"arn:aws:s3:::{name}", asked)

    def _openness(self, setting: str, opened: bool) -> dict[str, Any]:
        """Whether ACLs count in a new bucket, and what of the public is blocked: AWS's defaults since 2023,
        or those before (the setting `open_buckets`).

        A bucket that is asked for with an ACL is one in which ACLs count, and the block that nobody has asked
        for gives way to the first ACL or policy that opens the bucket: AWS wants to be told so apart.
        """
        if setting not in ("", *owners.SETTINGS):
            name, message = "x-amz-object-ownership", "Invalid x-amz-object-ownership header"
            raise errors.invalid_argument(message, name, setting)
        before_2023 = self.house.config.open_buckets
        block = {} if before_2023 else {"block": dict.fromkeys(BLOCK, True), "unasked": True}
        if setting == owners.ENFORCED or not (setting or before_2023 or opened):
            return {"block": {}, **block}
        return {"block": {}, **block, "ownership": setting or owners.UNSET}

    def _set_acl(self, bucket: Bucket, asked: dict[str, Any]) -> None:
        """The grants that a new bucket begins with, if its request tells any."""
        if not acl_requests.tells(asked):
            return
        owner = owners.bucket_owner(bucket)
        enforced = not owners.acls_on(bucket)
        acl = self._asked_acl({**bucket, "block": {}}, owner, asked, of_bucket=True)
        if acl == grants.by_default(owner):
            return
        if enforced:
            raise not_with_enforced()
        bucket["acl"] = acl
        if grants.names_public(acl):
            bucket["block"] = opened_to_acls(bucket["block"])

    def _check_location(self, location: str) -> None:
        """Outside of us-east-1 the location must be told, and be the region that the request went to."""
        region = self.caller.region
        if location == DEFAULT_REGION or (location and not REGION.fullmatch(location)):
            message = "The specified location-constraint is not valid"
            raise AwsError("InvalidLocationConstraint", message, status=400)
        if region != DEFAULT_REGION and location != region and (location, region) != ("EU", "eu-west-1"):
            raise AwsError(
                "IllegalLocationConstraintException",
                f"The {location or 'unspecified'} location constraint is incompatible for the region "
                "specific endpoint this request was sent to.",
                status=400,
            )

    def _add(self, bucket: Bucket, pairs: list[dict[str, str]] | None) -> None:
        name = bucket["name"]
        if there := self.store.records.get("s3.bucket", "", name):
            _refuse_again(there, self.caller.account, bucket["region"])
            return self._edit_bucket(name, acl=bucket.get("acl")) if owners.acls_on(there) else None
        self.store.records.put("s3.bucket", "", name, bucket)
        if pairs:
            told = {"tags": tags.checked(pairs, tags.OF_BUCKET)}
            self.store.records.put("s3.configuration", name, "tagging", told)
        return None

    def _forget(self, name: str) -> list[str]:
        if self.store.objects.any(name):
            raise AwsError(
                "BucketNotEmpty", "The bucket you tried to delete is not empty", status=409, BucketName=name
            )
        self.store.records.delete("s3.bucket", "", name)
        self.store.records.delete_under("s3.configuration", name, "")
        uploads = self.store.uploads.under(name, b"", b"\xff", (b"", ""), 2**31)
        return [blob for upload in uploads for blob in self.store.uploads.end(upload)]


def _refuse_again(there: Bucket, account: str, region: str) -> None:
    if there["account"] != account:
        raise AwsError(
            "BucketAlreadyExists",
            "The requested bucket name is not available. The bucket namespace is shared by all users of the "
            "system. Please select a different name and try again.",
            status=409,
            BucketName=there["name"],
        )
    if not (region == there["region"] == DEFAULT_REGION):
        raise AwsError(
            "BucketAlreadyOwnedByYou",
            "Your previous request to create the named bucket succeeded and you already own it.",
            status=409,
            BucketName=there["name"],
        )


def _shown(bucket: Bucket) -> dict[str, Any]:
    name = bucket["name"]
    return {
        "Name": name,
        "CreationDate": bucket["created"],
        "BucketRegion": bucket["region"],
        "BucketArn": f"arn:aws:s3:::{name}",
    }
