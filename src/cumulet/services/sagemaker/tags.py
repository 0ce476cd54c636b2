"""Tags on any resource of SageMaker, found by its ARN.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AddTags.html
"""

from __future__ import annotations

from typing import Any

from cumulet.services.sagemaker.refusals import already_existing, could_not_find, invalid
from cumulet.services.sagemaker.resources import KINDS, WORDS, Resources

TAGS = "tags"
MOST = 50

TagList = list[dict[str, str]]


class Tags(Resources):
    def add_tags(self, *, ResourceArn: str, Tags: TagList) -> dict[str, Any]:
        resource = self._taggable(ResourceArn)
        return {"Tags": self.store.atomically(lambda: self._tag(resource, Tags))}

    def list_tags(
        self, *, ResourceArn: str, NextToken: str | None = None, MaxResults: int | None = None
    ) -> dict[str, Any]:
        tags = [t for t in self._tags(self._taggable(ResourceArn)) if t["Key"] > (NextToken or "")]
        shown = tags[: MaxResults or MOST]
        return {"Tags": shown, "NextToken": shown[-1]["Key"] if len(tags) > len(shown) else None}

    def delete_tags(self, *, ResourceArn: str, TagKeys: list[str]) -> dict[str, Any]:
        def change(body: dict[str, Any]) -> None:
            for key in TagKeys:
                body.pop(key, None)

        self._change(TAGS, self._taggable(ResourceArn), change)
        return {}

    def _create(self, kind: str, name: str, body: dict[str, Any], tags: TagList | None) -> None:
        """Remember a new resource and its tags; members that are None are left out."""

        def create() -> None:
            if self._get(kind, name) is not None:
                raise already_existing(WORDS.get(kind, kind), self._arn_of(kind, name))
            self._put(kind, name, {member: value for member, value in body.items() if value is not None})
            self._tag(f"{kind}/{name}", tags)

        self.store.atomically(create)

    def _forget(self, kind: str, name: str) -> dict[str, Any]:
        """Delete a resource that has to be there, and its tags."""

        def forget() -> None:
            self._found(kind, name)
            self._delete(kind, name)
            self._untag(f"{kind}/{name}")

        self.store.atomically(forget)
        return {}

    def _tag(self, resource: str, tags: TagList | None) -> TagList:
        """Add tags to a resource named as in its ARN ("model/reviews"); all that it has then."""
        if tags:
            body = self._get(TAGS, resource) or {}
            body.update({tag["Key"]: tag["Value"] for tag in tags})
            _check(resource, body)
            self._put(TAGS, resource, body)
        return self._tags(resource)

    def _untag(self, resource: str) -> None:
        """Forget the tags of a resource that is no more."""
        self._delete(TAGS, resource)

    def _tags(self, resource: str) -> TagList:
        body = self._get(TAGS, resource) or {}
        return [{"Key": key, "Value": value} for key, value in sorted(body.items())]

    def _taggable(self, arn: str) -> str:
        """The resource that an ARN of this account and region names, which must exist."""
        resource = arn.removeprefix(self.arn("", "sagemaker"))
        kind, _, name = resource.partition("/")
        if resource == arn or kind not in KINDS:
            raise invalid(f"{arn} is not the ARN of a {', '.join(KINDS)} of this account and region.")
        if self._get(kind, name) is None:
            raise could_not_find(kind, arn)
        return resource


def _check(resource: str, tags: dict[str, str]) -> None:
    if len(tags) > MOST:
        raise invalid(f"{resource} would have more than {MOST} tags.")
    if reserved := next((key for key in tags if key.lower().startswith("aws:")), None):
        raise invalid(f"Tag key {reserved} is reserved: it starts with aws:.")
