"""The lifecycle of a bucket's objects: rules that move, expire and give up what is old enough.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cumulet.services import Answer
from cumulet.services.s3 import errors
from cumulet.services.s3.lifecycle_checks import checked
from cumulet.services.s3.lifecycle_rules import ALL_CLASSES, VARIES
from cumulet.services.s3.members import DIGESTS, honours
from cumulet.services.s3.sweeping import Sweeping


class Lifecycles(Sweeping):
    @honours(DIGESTS)
    def put_bucket_lifecycle_configuration(
        self,
        *,
        Bucket: str,
        LifecycleConfiguration: dict[str, Any] | None = None,
        TransitionDefaultMinimumObjectSize: str = ALL_CLASSES,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """Replace all rules. They are obeyed from the next midnight (UTC) on, for what is there already too."""
        self._bucket(Bucket, "s3:PutLifecycleConfiguration", owner=ExpectedBucketOwner)
        rules = checked(LifecycleConfiguration)
        minimum = TransitionDefaultMinimumObjectSize
        if minimum not in (ALL_CLASSES, VARIES):
            what = f"TransitionDefaultMinimumObjectSize must be {ALL_CLASSES} or {VARIES}."
            raise errors.invalid_argument(what, "x-amz-transition-default-minimum-object-size", minimum)
        self.store.atomically(lambda: self._set_rules(Bucket, {"rules": rules, "minimum": minimum}))
        return {"TransitionDefaultMinimumObjectSize": minimum}

    def get_bucket_lifecycle_configuration(
        self, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        self._bucket(Bucket, "s3:GetLifecycleConfiguration", owner=ExpectedBucketOwner)
        kept = self.store.records.get("s3.configuration", Bucket, "lifecycle")
        if kept is None:
            raise errors.no_such_configuration(
                "NoSuchLifecycleConfiguration", "lifecycle configuration", Bucket
            )
        return {"Rules": kept["rules"], "TransitionDefaultMinimumObjectSize": kept["minimum"]}

    def delete_bucket_lifecycle(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        """Objects expire no more; what has expired stays so."""
        self._bucket(Bucket, "s3:PutLifecycleConfiguration", owner=ExpectedBucketOwner)
        self.store.atomically(lambda: self._set_rules(Bucket, None))
        return Answer(status=204)

    @honours(DIGESTS)
    def put_bucket_lifecycle(
        self,
        *,
        Bucket: str,
        LifecycleConfiguration: dict[str, Any] | None = None,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """The older form, in which a rule has one transition; on the wire they cannot be told apart."""
        rules = [_newer_form(rule) for rule in (LifecycleConfiguration or {}).get("Rules") or []]
        self.put_bucket_lifecycle_configuration(
            Bucket=Bucket, LifecycleConfiguration={"Rules": rules}, ExpectedBucketOwner=ExpectedBucketOwner
        )
        return {}

    def get_bucket_lifecycle(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        """The older form: clients of it see of each rule what they know."""
        told = self.get_bucket_lifecycle_configuration(Bucket=Bucket, ExpectedBucketOwner=ExpectedBucketOwner)
        return {"Rules": [_older_form(rule) for rule in told["Rules"]]}

    def _set_rules(self, name: str, kept: dict[str, Any] | None) -> None:
        """Inside a change; the flag on the bucket spares all other buckets the look for rules."""
        self._edit_bucket(name, lifecycle=True if kept else None)
        if kept is None:
            self.store.records.delete("s3.configuration", name, "lifecycle")
            return
        self.store.records.put("s3.configuration", name, "lifecycle", kept)
        self._promise_sweep()


OLDER = {"Transition": "Transitions", "NoncurrentVersionTransition": "NoncurrentVersionTransitions"}


def _newer_form(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {OLDER.get(name, name): [value] if name in OLDER else value for name, value in rule.items()}


def _older_form(rule: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in rule.items() if name not in (*OLDER.values(), "Filter")}
    first = {old: rule[new][0] for old, new in OLDER.items() if rule.get(new)}
    return {"Prefix": rule.get("Filter", {}).get("Prefix", ""), **told, **first}
