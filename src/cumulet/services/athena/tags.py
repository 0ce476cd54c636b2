"""Tags of work groups and data catalogs."""

from __future__ import annotations

from typing import Any

from cumulet.services import Service
from cumulet.services.athena import paging

KIND = "athena.tags"


def remember_tags(service: Service, arn: str, tags: list[dict[str, str]]) -> None:
    if tags:
        service.store.records.put(
            KIND, service.caller.scope, arn, {each["Key"]: each.get("Value", "") for each in tags}
        )


class Tags(Service):
    def tag_resource(self, *, ResourceARN: str, Tags: list[dict[str, str]]) -> dict[str, Any]:
        self._taggable(ResourceARN)
        old = self.store.records.get(KIND, self.caller.scope, ResourceARN) or {}
        new = {**old, **{each["Key"]: each.get("Value", "") for each in Tags}}
        self.store.records.put(KIND, self.caller.scope, ResourceARN, new)
        return {}

    def untag_resource(self, *, ResourceARN: str, TagKeys: list[str]) -> dict[str, Any]:
        self._taggable(ResourceARN)
        old = self.store.records.get(KIND, self.caller.scope, ResourceARN) or {}
        left = {key: value for key, value in old.items() if key not in TagKeys}
        self.store.records.put(KIND, self.caller.scope, ResourceARN, left)
        return {}

    def list_tags_for_resource(
        self, *, ResourceARN: str, NextToken: str | None = None, MaxResults: int = 75
    ) -> dict[str, Any]:
        self._taggable(ResourceARN)
        found = self.store.records.get(KIND, self.caller.scope, ResourceARN) or {}
        keys, token = paging.page(sorted(found), MaxResults, NextToken)
        return {"Tags": [{"Key": key, "Value": found[key]} for key in keys], "NextToken": token}

    def _taggable(self, arn: str) -> None:
        """Only what exists has tags."""
        kind, _, name = arn.rpartition(":")[2].partition("/")
        look: Any = self
        if kind == "workgroup":
            look.work_group(name)
        else:
            look.data_catalog(name)
