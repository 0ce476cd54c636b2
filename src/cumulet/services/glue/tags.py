"""Tags on whatever of Glue can carry them, found by the resource's ARN.

https://docs.aws.amazon.com/glue/latest/dg/monitor-tags.html
"""

from __future__ import annotations

from typing import Any

from cumulet.services import Service
from cumulet.services.glue.refusals import invalid, missing

TAGS = "glue.tags"
MOST = 50
TAGGABLE = {kind: f"glue.{kind}" for kind in ("database", "connection", "crawler", "job")}


class TaggedResources(Service):
    """What the owners of taggable resources use. A resource is named as in its ARN: "crawler/reviews"."""

    def _tag(self, resource: str, tags: dict[str, str] | None) -> None:
        if not tags:
            return
        body = self.store.records.get(TAGS, self.caller.scope, resource) or {}
        body.update(tags)
        if len(body) > MOST:
            raise invalid(f"{resource} would have more than {MOST} tags.")
        if reserved := next((name for name in tags if name.lower().startswith("aws:")), None):
            raise invalid(f"Tag key {reserved} is reserved: it starts with aws:.")
        self.store.records.put(TAGS, self.caller.scope, resource, body)

    def _untag(self, resource: str) -> None:
        """Forget all tags of a resource that is no more."""
        self.store.records.delete(TAGS, self.caller.scope, resource)

    def _tags(self, resource: str) -> dict[str, str]:
        return self.store.records.get(TAGS, self.caller.scope, resource) or {}


class Tags(TaggedResources):
    def tag_resource(self, *, ResourceArn: str, TagsToAdd: dict[str, str]) -> dict[str, Any]:
        resource = self._taggable(ResourceArn)
        self.store.atomically(lambda: self._tag(resource, TagsToAdd))
        return {}

    def untag_resource(self, *, ResourceArn: str, TagsToRemove: list[str]) -> dict[str, Any]:
        def change(body: dict[str, Any]) -> None:
            for name in TagsToRemove:
                body.pop(name, None)

        self.store.records.update(TAGS, self.caller.scope, self._taggable(ResourceArn), change)
        return {}

    def get_tags(self, *, ResourceArn: str) -> dict[str, Any]:
        return {"Tags": self._tags(self._taggable(ResourceArn))}

    def _taggable(self, arn: str) -> str:
        """The resource that an ARN names, which must exist."""
        resource = arn.removeprefix(self.arn(""))
        kind, _, name = resource.partition("/")
        if resource == arn or kind not in TAGGABLE:
            kinds = ", ".join(sorted(TAGGABLE))
            raise invalid(f"{arn} is not the ARN of a Glue {kinds} in this region.")
        if self.store.records.get(TAGGABLE[kind], self.caller.scope, name) is None:
            raise missing(kind.capitalize(), name)
        return resource
